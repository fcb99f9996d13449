// SPDX-License-Identifier: Apache-2.0
// The values of one insert log of either storage version, as they are stored.
//
// V1 logs:  the column of the binlog (varve/binlog_reader.h)
// V2 files: Parquet files of one column, as vectors and other wide fields have them. Nothing there
//           names the data type: values have the form that the column has
//           (docs/format/data-types.md, column "Milvus")
// Errors:   Corruption naming the object; Unsupported naming it for several columns, another
//           column, an encrypted file
// Threads:  a function; call it from any thread
// Lifetime: the array stands alone
// Source:   docs/format/binlog-v1.md, docs/format/milvus-packed.md
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::internal {

Result<std::shared_ptr<arrow::Array>> ReadStoredValues(std::shared_ptr<arrow::Buffer> bytes,
                                                       const std::string& object);

}  // namespace varve::internal
