// SPDX-License-Identifier: Apache-2.0
// One V2 segment as it is written: a packed set, and the statistics of its primary keys.
//
// Errors:  Invalid naming field and row for values that Milvus does not take; those of the store
// Threads: one caller at a time
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "schema/timestamp_range.h"
#include "varve/chunk_manager.h"
#include "varve/milvus_packed.h"
#include "varve/schema.h"
#include "varve/segment.h"
#include "varve/status.h"

namespace varve::internal {

class ExportedSegment {
 public:
  /// `first` is a sample: how its columns are shared out over files follows from it. `ids` gives
  /// ids that nothing has, of logs. `written` gets every path before anything is put there.
  static Result<std::unique_ptr<ExportedSegment>> Open(std::shared_ptr<ChunkManager> store,
                                                       std::vector<FieldSchema> fields,
                                                       const arrow::RecordBatch& first,
                                                       SegmentFiles files,
                                                       std::function<int64_t()> ids,
                                                       std::vector<std::string>* written);

  /// Rows as EncodePackedRows gives them.
  Status Write(const std::shared_ptr<arrow::RecordBatch>& rows);
  int64_t memory_bytes() const { return memory_bytes_; }

  /// Publishes all files.
  Result<SegmentFiles> Close();

 private:
  ExportedSegment(std::shared_ptr<ChunkManager> store, std::vector<FieldSchema> fields,
                  SegmentFiles files, std::function<int64_t()> ids,
                  std::vector<std::string>* written)
      : store_(std::move(store)),
        fields_(std::move(fields)),
        files_(std::move(files)),
        ids_(std::move(ids)),
        written_(written) {}

  Status WriteStatistics();

  const std::shared_ptr<ChunkManager> store_;
  const std::vector<FieldSchema> fields_;
  SegmentFiles files_;
  const std::function<int64_t()> ids_;
  std::vector<std::string>* const written_;
  std::vector<int64_t> log_ids_;  // of the files of the set
  std::unique_ptr<MilvusPackedWriter> writer_;
  arrow::ArrayVector keys_;
  TimestampRange timestamps_;
  int64_t memory_bytes_ = 0;
};

}  // namespace varve::internal
