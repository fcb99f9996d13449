// SPDX-License-Identifier: Apache-2.0
// Delta logs: which primary keys were deleted, and when.
//
// Forms:   read: rows of text "<pk>,<ts>" or JSON and two Parquet columns (MULTI_FIELD), in a V1
//          binlog, and the packed Parquet file of V3; written: JSON rows and MULTI_FIELD
// Units:   hybrid timestamps, all 64 bits of them
// Errors:  Corruption naming object, row, expected and found; Unsupported for encrypted files and
//          versions that are not known
// Threads: functions; call them from any thread
// Source:  docs/format/delta-log.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/binlog_event.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Deletes by primary key, in the order they came; a key may be there more than once.
struct VARVE_EXPORT DeleteData {
  std::shared_ptr<arrow::Array> primary_keys;      ///< int64 or utf8, no nulls
  std::shared_ptr<arrow::UInt64Array> timestamps;  ///< hybrid, one a key

  int64_t num_rows() const;
  /// Errors: Invalid for a column that is missing, other types, nulls, or columns of different
  /// lengths
  Status Validate() const;
};

enum class DeltaLogForm {
  kJsonRows,    ///< what Milvus writes unless told otherwise
  kMultiField,  ///< `dataNode.storage.deltalog` = parquet
};

/// The whole of a delta log, whatever its form. One without rows has int64 keys: nothing in it
/// tells.
VARVE_EXPORT Result<DeleteData> ReadDeltaLog(const std::shared_ptr<arrow::Buffer>& bytes,
                                             const std::string& object);

/// A file with one event. `descriptor` says whose it is and when it is written; all else in it
/// follows from `deletes`.
VARVE_EXPORT Result<std::shared_ptr<arrow::Buffer>> WriteDeltaLog(const DeleteData& deletes,
                                                                  BinlogDescriptor descriptor,
                                                                  DeltaLogForm form);

}  // namespace varve
