// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "arrow/array/util.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "schema/projection.h"
#include "segment/delete_set.h"
#include "segment/segment_chunks.h"
#include "segment/segment_scan.h"
#include "varve/milvus.h"

namespace varve {
namespace {

// The segments' rows, one segment after the other.
class CollectionScan : public arrow::RecordBatchReader {
 public:
  CollectionScan(std::shared_ptr<ChunkManager> store, MilvusCollection collection,
                 MilvusScanOptions options, std::shared_ptr<arrow::Schema> schema)
      : store_(std::move(store)),
        collection_(std::move(collection)),
        options_(std::move(options)),
        schema_(std::move(schema)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    while (true) {
      if (rows_ == nullptr) {
        if (next_segment_ == collection_.segments.size()) return Status::OK();
        ARROW_RETURN_NOT_OK(OpenSegment(collection_.segments[next_segment_]));
        ++next_segment_;
      }
      ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
      if (*batch != nullptr) return ShowCommitTimestamp(batch);
      rows_.reset();
    }
  }

 private:
  Status OpenSegment(SegmentFiles files) {
    const FieldSchema* primary_key = collection_.schema->primary_key();
    // Segments stand in the order of their partitions: what these share is read once.
    if (shared_ == nullptr || shared_partition_ != files.partition_id) {
      ARROW_ASSIGN_OR_RAISE(
          shared_, internal::DeleteSet::Load(
                       store_.get(), MilvusDeltasOf(collection_, files.partition_id), primary_key));
      shared_partition_ = files.partition_id;
    }
    commit_timestamp_ = files.commit_timestamp;
    internal::SegmentScanPlan plan{.store = store_, .schema = collection_.schema};
    ARROW_ASSIGN_OR_RAISE(
        plan.deletes, internal::DeleteSet::Load(store_.get(), files.deltas, primary_key, shared_));
    ARROW_RETURN_NOT_OK(internal::SortLogs(&files));
    plan.files = std::make_shared<const SegmentFiles>(std::move(files));
    ARROW_ASSIGN_OR_RAISE(plan.chunks, internal::ChunksOf(*plan.files));
    ARROW_ASSIGN_OR_RAISE(rows_, internal::ScanSegment(plan, {.columns = options_.columns,
                                                              .as_of = options_.as_of,
                                                              .batch_rows = options_.batch_rows}));
    return Status::OK();
  }

  // In place of the timestamps stored, where the segment has one and the column is asked for.
  Status ShowCommitTimestamp(std::shared_ptr<arrow::RecordBatch>* batch) const {
    const int column = schema_->GetFieldIndex(std::string(kTimestampFieldName));
    if (commit_timestamp_ == 0 || column < 0) return Status::OK();
    const arrow::Int64Scalar timestamp(static_cast<int64_t>(commit_timestamp_));
    ARROW_ASSIGN_OR_RAISE(const auto timestamps,
                          arrow::MakeArrayFromScalar(timestamp, (*batch)->num_rows()));
    return (*batch)->SetColumn(column, schema_->field(column), timestamps).Value(batch);
  }

  const std::shared_ptr<ChunkManager> store_;
  const MilvusCollection collection_;
  const MilvusScanOptions options_;
  const std::shared_ptr<arrow::Schema> schema_;
  size_t next_segment_ = 0;
  std::shared_ptr<const internal::DeleteSet> shared_;  // level zero's, of shared_partition_
  int64_t shared_partition_ = 0;
  uint64_t commit_timestamp_ = 0;  // of the segment that rows_ are of
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> ScanMilvusCollection(
    const std::shared_ptr<ChunkManager>& store, const MilvusCollection& collection,
    const MilvusScanOptions& options) {
  if (collection.schema == nullptr) {
    ARROW_RETURN_NOT_OK(collection.unreadable);
    return MakeError(ErrorKind::kInvalid, "a collection without a schema cannot be read",
                     {.object = "collection " + std::to_string(collection.collection_id)});
  }
  for (const auto* segments : {&collection.segments, &collection.level_zero}) {
    for (const SegmentFiles& files : *segments) {
      ARROW_RETURN_NOT_OK(internal::CheckVersion(files));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto projection,
                        internal::MakeProjection(*collection.schema, options.columns));
  return std::make_shared<CollectionScan>(store, collection, options, std::move(projection.schema));
}

}  // namespace varve
