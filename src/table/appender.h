// SPDX-License-Identifier: Apache-2.0
// Rows into files: the part of an append that comes before its commit.
//
// Files written are complete and durable when Finish returns, and nobody sees them until a manifest
// names them. Destroying an appender that was not released removes what it wrote. Threads: one
// caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/random.h"
#include "manifest/manifest.h"
#include "schema/timestamp_range.h"
#include "varve/chunk_manager.h"
#include "varve/packed.h"

namespace varve::internal {

/// Where files of rows are.
inline constexpr std::string_view kDataFolder = "data/";

class Appender {
 public:
  /// `schema`: of the rows, and so of their files; those that bring their times have it
  /// WithTimestamps. `next_segment_id` only makes file names readable.
  Appender(std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
           uint32_t schema_id, PackedWriteOptions options, uint64_t next_segment_id,
           Random* random);
  ~Appender();

  /// Errors: Invalid for rows that do not fit the schema, naming field and row
  Status Append(const std::shared_ptr<arrow::RecordBatch>& batch);

  /// The segments written, none if there were no rows.  Errors: also Invalid for options that fit
  /// no rows of the schema
  Result<std::vector<SegmentEntry>> Finish();

  /// The files belong to a commit now, or may: they stay.
  void Release() { written_paths_.clear(); }

 private:
  Result<std::unique_ptr<PackedWriter>> MakeWriter();
  Status CloseSegment();

  const std::shared_ptr<ChunkManager> store_;
  const std::shared_ptr<const CollectionSchema> schema_;
  const uint32_t schema_id_;
  PackedWriteOptions options_;
  const uint64_t next_segment_id_;
  Random* const random_;

  std::unique_ptr<PackedWriter> writer_;      // of the segment being written
  std::optional<TimestampRange> timestamps_;  // of its rows, where these bring them
  std::vector<SegmentEntry> segments_;
  std::vector<std::string> written_paths_;
};

}  // namespace varve::internal
