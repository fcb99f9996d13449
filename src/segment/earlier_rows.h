// SPDX-License-Identifier: Apache-2.0
// Rows that a segment had before a pack, read back for statistics that came without them, as those
// of a segment that was restored: a filter that lacks keys would hide their rows.
//
// Errors:   those of SegmentReader
// Threads:  as the store
// Lifetime: within that of what it was made of
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "segment/sync_context.h"
#include "varve/schema.h"
#include "varve/segment.h"
#include "varve/status.h"

namespace varve::internal {

class EarlierRows {
 public:
  EarlierRows(const SyncContext& context, std::shared_ptr<const CollectionSchema> schema,
              const SegmentFiles& files);

  /// False: by what metadata say, the logs are of some of the rows alone. Logs of which they do not
  /// say it are taken to have what they should.
  bool AreAllIn(const std::vector<Binlog>& logs) const;
  /// Number and times of all of them, as metadata say, for the log that is written.
  Binlog Extent() const;
  /// The values of one field, deleted or not.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const std::string& field) const;

 private:
  const SyncContext& context_;
  const std::shared_ptr<const CollectionSchema> schema_;
  const SegmentFiles& files_;
};

/// Adds the rows of `logs`, and widens the times, of a log that stands for them.
void AddRowsOf(const std::vector<Binlog>& logs, Binlog* log);

}  // namespace varve::internal
