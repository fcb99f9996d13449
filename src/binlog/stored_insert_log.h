// SPDX-License-Identifier: Apache-2.0
// Insert logs of values that are in the form that Milvus stores already, as EncodeValues gives it.
//
// Threads: a function; call it from any thread
// Source:  docs/format/binlog-v1.md
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/binlog_event.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// As WriteInsertLog, which encodes first.  Errors: Invalid naming the field
Result<std::shared_ptr<arrow::Buffer>> WriteStoredInsertLog(
    const FieldSchema& field, const std::shared_ptr<arrow::Array>& stored,
    BinlogDescriptor descriptor);

}  // namespace varve::internal
