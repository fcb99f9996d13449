// SPDX-License-Identifier: Apache-2.0
// Every byte of a file against every checksum there is.
#pragma once

#include <string>
#include <vector>

#include "packed/file_source.h"
#include "packed/packed_layout.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

/// Appends one line a problem. `layout`: the file's geometry, or nullptr for files of others, of
/// which only page headers and page checksums can be checked.
/// Errors: of reading; what is merely wrong is a problem
Status VerifyFile(const FileSource& source, const ParquetMetadata& metadata,
                  const PackedLayout* layout, std::vector<std::string>* problems);

}  // namespace varve::internal
