// SPDX-License-Identifier: Apache-2.0
// How a Milvus node keeps a column in memory or in a file of its own: values without a frame.
//
// Layout:  i32 rows, i32 dimension (1 for scalars), values, and for a nullable field a validity
//          bitmap, bit set: valid. A boolean takes a byte; a null its place
// Types:   those whose values are all of one width
// Errors:  Unsupported for other types; Invalid and Corruption naming object, expected and found
// Threads: functions; call them from any thread
// Source:  docs/format/binlog-v1.md, "Local files"
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// `values` of MilvusArrowType(field).
Result<std::shared_ptr<arrow::Buffer>> EncodeLocalInsertFile(
    const FieldSchema& field, const std::shared_ptr<arrow::Array>& values);

/// The same back. Type and nullability are not in the file, so `field` has to tell them.
Result<std::shared_ptr<arrow::Array>> DecodeLocalInsertFile(
    const FieldSchema& field, const std::shared_ptr<arrow::Buffer>& bytes,
    const std::string& object);

}  // namespace varve::internal
