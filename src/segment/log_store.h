// SPDX-License-Identifier: Apache-2.0
// Logs of one segment into the store: each under an id of its own, each with retries.
//
// Threads: one at a time
// Source:  shared specification of Milvus' formats, sections 5 and 10.4
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "arrow/type_fwd.h"
#include "segment/sync_context.h"
#include "varve/path_template.h"
#include "varve/segment.h"
#include "varve/status.h"

namespace varve::internal {

/// Whose log it is: `log` and the segment's ids are filled in.
struct LogName {
  PathKind kind = PathKind::kInsertLog;
  int64_t field = 0;
};

class LogStore {
 public:
  /// `context` outlives it.
  LogStore(const SyncContext& context, const SegmentFiles& segment);

  /// Asked once. Logs of a field are rows in the order of their ids.
  /// Errors: Invalid for one that is not beyond all that the segment has and this gave
  Result<int64_t> NextId();
  Result<std::string> PathOf(const LogName& name, int64_t log_id) const;

  /// A new log; nothing that is there is touched. Gives path, id and file_bytes.
  /// Errors: AlreadyExists naming the object, if the id was used before
  Result<Binlog> Put(const LogName& name, std::span<const uint8_t> bytes);
  /// The log under an id that stands for all others (kCompoundLogId), in the place of an older one.
  Result<Binlog> Replace(const LogName& name, int64_t log_id, std::span<const uint8_t> bytes) const;
  Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path) const;

 private:
  Status PutNew(const std::string& path, std::span<const uint8_t> bytes) const;

  const SyncContext& context_;
  const PathFields segment_;
  int64_t last_id_ = kCompoundLogId;
};

}  // namespace varve::internal
