// SPDX-License-Identifier: Apache-2.0
// Segments that the sync path (sync.h) fills, committed to a table: each flush is one version, in
// which the segment's record names all its logs.
//
//   ARROW_ASSIGN_OR_RAISE(auto writer, varve::TableMetaWriter::Make(store));
//   ... SyncManager with .writer = writer ...
//   ARROW_ASSIGN_OR_RAISE(auto states, writer->LoadSegments());      // after a restart
//   for (auto& state : states) cache->Put(state);
//
// Rows:    with adds_rows, rows of V2 segments are rows of the table, which its scans show, values
//          of all fields in the schema's form; without, a segment is read by SegmentReader alone.
//          Those of a dropped segment go with it
// Once:    the record says what the segment holds. A step that it shows as made is not made again,
//          whoever made it; two that are made at once are put in order by the commit
// Threads: all methods may be called concurrently
// Source:  docs/design/0004-segments-in-tables.md
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/segment_metadata.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct TableSegmentOptions {
  /// Rows appear in the table's own scans. Their fields must be those of the table, by id, type and
  /// nullability (Invalid naming the field), but for nullable and defaulted ones that they lack.
  /// Deletes and V1 segments are Unsupported then: a scan knows neither.
  /// A segment keeps to one choice: a step of a segment whose rows are not all shown is Invalid,
  /// and without adds_rows one that brings rows or deletes where some are. It is dropped with
  /// either, and its rows go.
  bool adds_rows = true;
  std::chrono::milliseconds commit_deadline{60'000};
};

class VARVE_EXPORT TableMetaWriter : public MetaWriter {
 public:
  /// `store`: the root of a table, and of the logs.  Errors: NotFound if there is no table
  static Result<std::shared_ptr<TableMetaWriter>> Make(std::shared_ptr<ChunkManager> store,
                                                       TableSegmentOptions options = {});
  ~TableMetaWriter() override;

  Status CheckPlan(const SegmentUpdate& planned) override;
  Result<SegmentState> Commit(const SegmentUpdate& update) override;

  /// As the newest version has it; nullopt: it has no such segment.
  Result<std::optional<SegmentState>> LoadSegment(int64_t segment_id) override;
  /// Of all segments of the newest version, by id.
  Result<std::vector<SegmentState>> LoadSegments();

 private:
  class Impl;
  explicit TableMetaWriter(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace varve
