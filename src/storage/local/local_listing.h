// SPDX-License-Identifier: Apache-2.0
// Lists objects below a directory tree in the byte order of their whole paths.
#pragma once

#include <string>
#include <vector>

#include "storage/local/directory_tree.h"
#include "storage/local/file_system.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

/// Reads only the directories that can hold an object of the answer, and asks for the attributes of
/// those objects only. `prefix` must have passed CheckObjectPrefix.
Result<std::vector<ObjectInfo>> ListObjects(FileSystem* files, DirectoryTree* tree,
                                            const std::string& prefix, const ListOptions& options);

}  // namespace varve::internal
