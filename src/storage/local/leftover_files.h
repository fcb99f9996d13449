// SPDX-License-Identifier: Apache-2.0
// Temporary files that killed writers have left behind: those of StagedFile, where the file system
// has no unnamed ones.
//
// Safe:     a file counts by its age alone, on the clock that stamps files; a writer that is at
// work touches its own far
//           more often. One that was suspended for so long fails when it names its object, and
//           nothing else happens.
// Cost:     the names in at most kLeftoverDirectoriesMax directories, and one look at each
// temporary file.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/local/directory_tree.h"
#include "storage/local/staged_file.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

inline constexpr int64_t kLeftoverAgeMinMicros = 3'600'000'000;
inline constexpr int kLeftoverDirectoriesMax = 1000;

/// Leftovers below the root of `tree`, directory by directory; removed if `options` say so.
Result<std::vector<ObjectInfo>> FindLeftovers(StagingArea* area, DirectoryTree* tree,
                                              const LeftoverOptions& options);

}  // namespace varve::internal
