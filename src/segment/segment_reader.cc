// SPDX-License-Identifier: Apache-2.0
#include <mutex>
#include <utility>

#include "arrow/record_batch.h"
#include "segment/delete_set.h"
#include "segment/segment_chunks.h"
#include "segment/segment_scan.h"
#include "varve/segment.h"

namespace varve {

using internal::DeleteSet;
using internal::SegmentChunk;

class SegmentReader::Impl {
 public:
  Impl(std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
       std::shared_ptr<const SegmentFiles> files, std::vector<SegmentChunk> chunks,
       std::vector<FieldBinlog> deltas)
      : store_(std::move(store)),
        schema_(std::move(schema)),
        files_(std::move(files)),
        chunks_(std::move(chunks)),
        deltas_(std::move(deltas)) {}

  const SegmentFiles& files() const { return *files_; }

  // Read when they are first needed; a failure is not remembered.
  Result<std::shared_ptr<const DeleteSet>> Deletes() const {
    const std::lock_guard lock(mutex_);
    if (deletes_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(deletes_,
                            DeleteSet::Load(store_.get(), deltas_, schema_->primary_key()));
    }
    return deletes_;
  }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(const SegmentReadOptions& options) const {
    ARROW_ASSIGN_OR_RAISE(auto deletes, Deletes());
    return internal::ScanSegment({.store = store_,
                                  .schema = schema_,
                                  .files = files_,
                                  .chunks = chunks_,
                                  .deletes = std::move(deletes)},
                                 options);
  }

 private:
  const std::shared_ptr<ChunkManager> store_;
  const std::shared_ptr<const CollectionSchema> schema_;
  const std::shared_ptr<const SegmentFiles> files_;
  const std::vector<SegmentChunk> chunks_;  // points into files_
  const std::vector<FieldBinlog> deltas_;   // the segment's own and further ones

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const DeleteSet> deletes_;  // guarded by mutex_
};

SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::~SegmentReader() = default;

Result<std::unique_ptr<SegmentReader>> SegmentReader::Open(
    std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
    SegmentFiles files, const std::vector<FieldBinlog>& deltas) {
  ARROW_RETURN_NOT_OK(internal::CheckVersion(files));
  ARROW_RETURN_NOT_OK(internal::SortLogs(&files));
  std::vector<FieldBinlog> all_deltas = files.deltas;
  all_deltas.insert(all_deltas.end(), deltas.begin(), deltas.end());
  auto shared = std::make_shared<const SegmentFiles>(std::move(files));
  ARROW_ASSIGN_OR_RAISE(auto chunks, internal::ChunksOf(*shared));
  return std::unique_ptr<SegmentReader>(new SegmentReader(
      std::make_unique<Impl>(std::move(store), std::move(schema), std::move(shared),
                             std::move(chunks), std::move(all_deltas))));
}

const SegmentFiles& SegmentReader::files() const { return impl_->files(); }

Result<int64_t> SegmentReader::CountDeletes() const {
  ARROW_ASSIGN_OR_RAISE(const auto deletes, impl_->Deletes());
  return deletes->size();
}

Result<std::shared_ptr<arrow::RecordBatchReader>> SegmentReader::Scan(
    const SegmentReadOptions& options) const {
  return impl_->Scan(options);
}

}  // namespace varve
