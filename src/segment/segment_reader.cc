// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "schema/projection.h"
#include "schema/system_fields.h"
#include "segment/delete_set.h"
#include "segment/insert_log_rows.h"
#include "segment/packed_rows.h"
#include "segment/segment_chunks.h"
#include "segment/visible_rows.h"
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
    ARROW_RETURN_NOT_OK(CheckOptions(options));
    ARROW_ASSIGN_OR_RAISE(const auto projection,
                          internal::MakeProjection(*schema_, options.columns));
    ARROW_ASSIGN_OR_RAISE(auto deletes, Deletes());

    std::vector<FieldSchema> fields = projection.fields;
    const auto column_of = [&](const FieldSchema& field) {
      const auto found = std::ranges::find(fields, field.field_id, &FieldSchema::field_id);
      const auto index = static_cast<int>(found - fields.begin());
      if (found == fields.end()) fields.push_back(field);
      return index;
    };
    internal::VisibleRowsPlan plan{.schema = projection.schema,
                                   .as_of = options.as_of,
                                   .begin_row = options.begin_row,
                                   .end_row = options.end_row,
                                   .batch_rows = options.batch_rows,
                                   .segment = internal::NameOf(*files_),
                                   .total_rows = files_->num_rows};
    for (size_t i = 0; i < fields.size(); ++i) plan.columns.push_back(static_cast<int>(i));
    if (deletes->size() > 0) plan.key_column = column_of(*schema_->primary_key());
    if (deletes->size() > 0 || options.as_of != UINT64_MAX) {
      plan.timestamp_column = column_of(internal::TimestampField());
    }
    plan.deletes = std::move(deletes);

    // Whole chunks before the range are not read, where their lengths are known.
    size_t first_chunk = 0;
    while (first_chunk < chunks_.size() && chunks_[first_chunk].num_rows >= 0 &&
           plan.first_row + chunks_[first_chunk].num_rows <= options.begin_row) {
      plan.first_row += chunks_[first_chunk++].num_rows;
    }
    if (files_->version == StorageVersion::kV1) {
      plan.stored =
          internal::OpenInsertLogs(store_, files_, chunks_, first_chunk, std::move(fields));
    } else {
      ARROW_ASSIGN_OR_RAISE(
          plan.stored, internal::OpenPackedRows(store_, SetsFrom(first_chunk), std::move(fields),
                                                {.batch_rows = options.batch_rows}));
    }
    return internal::OpenVisibleRows(std::move(plan));
  }

 private:
  static Status CheckOptions(const SegmentReadOptions& options) {
    if (options.begin_row < 0 || options.end_row < options.begin_row) {
      return MakeError(
          ErrorKind::kInvalid, "no range of rows",
          {.expected = "0 <= begin_row <= end_row",
           .found = std::to_string(options.begin_row) + ", " + std::to_string(options.end_row)});
    }
    if (options.batch_rows < 1) {
      return MakeError(ErrorKind::kInvalid, "batches must have rows",
                       {.field = "batch_rows",
                        .expected = "1 or more",
                        .found = std::to_string(options.batch_rows)});
    }
    return Status::OK();
  }

  // The paths of each chunk's files, group by group.
  std::vector<std::vector<std::string>> SetsFrom(size_t first_chunk) const {
    std::vector<std::vector<std::string>> sets;
    for (size_t i = first_chunk; i < chunks_.size(); ++i) {
      auto& paths = sets.emplace_back();
      for (const Binlog* log : chunks_[i].logs) {
        if (log != nullptr) paths.push_back(log->path);
      }
    }
    return sets;
  }

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
  if (files.version != StorageVersion::kV1 && files.version != StorageVersion::kV2) {
    return MakeError(ErrorKind::kUnsupported, "segments of this storage version are not read",
                     {.object = internal::NameOf(files),
                      .expected = "0 or 2",
                      .found = std::to_string(static_cast<int64_t>(files.version))});
  }
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
