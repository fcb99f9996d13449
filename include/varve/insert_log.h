// SPDX-License-Identifier: Apache-2.0
// Insert logs: the values of one field, in the Arrow form of the collection schema.
//
// Errors:  ReadInsertLog: Corruption naming object, field and row; WriteInsertLog: Invalid likewise
// Threads: functions; call them from any thread
// Source:  docs/format/binlog-v1.md
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/binlog_event.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// All values of the binlog as field.arrow_type (its default, where it is null), checked.
/// Errors: also Corruption for the log of another field or data type, and for other events
VARVE_EXPORT Result<std::shared_ptr<arrow::Array>> ReadInsertLog(
    const FieldSchema& field, std::shared_ptr<arrow::Buffer> bytes, const std::string& object);

/// A file with one event. `descriptor` says whose rows these are, when they were inserted and when
/// the file is written; field, data type and nullable follow from `field`.
VARVE_EXPORT Result<std::shared_ptr<arrow::Buffer>> WriteInsertLog(
    const FieldSchema& field, const std::shared_ptr<arrow::Array>& values,
    BinlogDescriptor descriptor);

}  // namespace varve
