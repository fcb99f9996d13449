// SPDX-License-Identifier: Apache-2.0
#include "segment/earlier_rows.h"

#include <algorithm>
#include <utility>

#include "arrow/record_batch.h"

namespace varve::internal {

EarlierRows::EarlierRows(const SyncContext& context, std::shared_ptr<const CollectionSchema> schema,
                         const SegmentFiles& files)
    : context_(context), schema_(std::move(schema)), files_(files) {}

bool EarlierRows::AreAllIn(const std::vector<Binlog>& logs) const {
  if (logs.empty()) return files_.inserts.empty();
  int64_t num_rows = 0;
  for (const Binlog& log : logs) {
    if (log.num_rows <= 0) return true;
    num_rows += log.num_rows;
  }
  return num_rows >= std::max(files_.num_rows, Extent().num_rows);
}

Binlog EarlierRows::Extent() const {
  // A field that was added later has logs of the later rows alone.
  Binlog extent;
  for (const FieldBinlog& field : files_.inserts) {
    Binlog of_field;
    AddRowsOf(field.logs, &of_field);
    if (of_field.num_rows > extent.num_rows) extent = std::move(of_field);
  }
  return extent;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> EarlierRows::Read(
    const std::string& field) const {
  SegmentFiles inserted = files_;
  inserted.deltas.clear();
  ARROW_ASSIGN_OR_RAISE(const auto reader, SegmentReader::Open(context_.environment.store, schema_,
                                                               std::move(inserted)));
  return reader->Scan({.columns = {field}});
}

void AddRowsOf(const std::vector<Binlog>& logs, Binlog* log) {
  for (const Binlog& part : logs) {
    const bool is_first = log->num_rows == 0;
    log->num_rows += part.num_rows;
    log->timestamp_from =
        is_first ? part.timestamp_from : std::min(log->timestamp_from, part.timestamp_from);
    log->timestamp_to = std::max(log->timestamp_to, part.timestamp_to);
  }
}

}  // namespace varve::internal
