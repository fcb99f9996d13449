// SPDX-License-Identifier: Apache-2.0
// Rows of an Array field: protobuf messages in a binlog, lists in Arrow.
//
// Errors:  Invalid naming field and row, for bytes that are no such message and elements of another
//          type or range
// Threads: functions; call them from any thread
// Source:  docs/format/binlog-v1.md, "Arrays"
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// `rows` as lists of the default Arrow type of field.element_type.
Result<std::shared_ptr<arrow::Array>> DecodeArrayRows(const FieldSchema& field,
                                                      const arrow::BinaryArray& rows);

/// Lists of that type as rows of binary.  Errors: also Invalid for a null among the elements
Result<std::shared_ptr<arrow::Array>> EncodeArrayRows(const FieldSchema& field,
                                                      const arrow::ListArray& lists);

}  // namespace varve::internal
