// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"
#include "base/edit_distance.h"
#include "base/executor.h"
#include "base/random.h"
#include "packed/check_batch.h"
#include "packed/packed_file_writer.h"
#include "packed/split_policy.h"
#include "varve/codec.h"

namespace varve {

using internal::Executor;
using internal::PackedFileWriter;

namespace {

// Below this, handing a batch to other threads costs more than it saves.
constexpr int64_t kParallelBytes = 1 << 20;

int64_t Bytes(const arrow::Array& array) {
  return arrow::util::ReferencedBufferSize(array).ValueOr(0);
}

// Of the columns that statistics are kept of beside the key and the timestamp. Files have those of
// all.
constexpr int64_t kOtherStatisticsMax = 32;

// Drops what lies beyond: the first fields of the schema stay.
void LimitStatistics(const CollectionSchema& schema, PackedFiles* files) {
  std::set<int64_t> known;
  for (const PackedFile& file : *files) {
    for (const ColumnStatistics& column : file.statistics) known.insert(column.field_id);
  }
  std::set<int64_t> kept;
  int64_t others = 0;
  for (const FieldSchema& field : schema.fields()) {
    if (!known.contains(field.field_id)) continue;
    const bool always = field.primary_key || field.field_id == kTimestampFieldId;
    if (always || others++ < kOtherStatisticsMax) kept.insert(field.field_id);
  }
  for (PackedFile& file : *files) {
    std::erase_if(file.statistics,
                  [&](const ColumnStatistics& column) { return !kept.contains(column.field_id); });
  }
}

// Each codec chosen by name is of a field that can have it.
Status CheckCodecs(const CollectionSchema& schema, const PackedWriteOptions& options) {
  for (const auto& [name, codec] : options.fields) {
    const FieldSchema* field = schema.FindByName(name);
    if (field == nullptr) {
      return MakeError(ErrorKind::kInvalid,
                       "a codec is chosen for an unknown field" +
                           internal::DidYouMean(name, schema.ToArrow()->field_names()),
                       {.field = name});
    }
    const int highest =
        std::ranges::find(kCodecs, codec.compression, &Codec::compression)->highest_level;
    if (codec.level < 0 || codec.level > highest) {
      return MakeError(ErrorKind::kInvalid, "the codec has no such level",
                       {.field = name,
                        .expected = highest == 0 ? "0" : "0 to " + std::to_string(highest),
                        .found = std::to_string(codec.level)});
    }
    if (codec.compression != Compression::kNone && IsDenseVector(field->data_type) &&
        field->layout != VectorLayout::kCompact) {
      return MakeError(ErrorKind::kInvalid,
                       "a codec is chosen for a vector field that is stored as it is: its layout "
                       "must be compact",
                       {.field = name});
    }
  }
  return Status::OK();
}

}  // namespace

class PackedWriter::Impl {
 public:
  Impl(std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
       PackedWriteOptions options, std::function<std::string(int)> path_of_group)
      : store_(std::move(store)),
        schema_(std::move(schema)),
        options_(std::move(options)),
        path_of_group_(std::move(path_of_group)) {}

  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) {
    RETURN_NOT_OK(CheckOpen());
    RETURN_NOT_OK(internal::CheckBatch(*schema_->ToArrow(), *batch));
    if (batch->num_rows() == 0) return Status::OK();
    num_rows_ += batch->num_rows();
    const Status status = Append(batch);
    failed_ = !status.ok();
    return status;
  }

  int64_t num_rows() const { return num_rows_; }

  Result<PackedFiles> Close() {
    RETURN_NOT_OK(CheckOpen());
    // Whatever happens, nothing can be written any more.
    closed_ = true;
    if (files_.empty()) RETURN_NOT_OK(Split(/*small=*/true));
    PackedFiles files(files_.size());
    const auto count = static_cast<int64_t>(files_.size());
    const Status finished = executor_->ParallelFor(count, [&](int64_t i) -> Status {
      const auto index = static_cast<size_t>(i);
      ARROW_ASSIGN_OR_RAISE(files[index], files_[index]->Finish());
      return Status::OK();
    });
    if (!finished.ok()) {
      static_cast<void>(AbortFiles());  // the first error says more
      return finished;
    }
    std::vector<uint8_t> published(files_.size());
    const Status status = executor_->ParallelFor(count, [&](int64_t i) -> Status {
      const auto index = static_cast<size_t>(i);
      RETURN_NOT_OK(files_[index]->Publish());
      published[index] = 1;
      return Status::OK();
    });
    if (!status.ok()) {
      static_cast<void>(AbortFiles());
      for (size_t i = 0; i < files.size(); ++i) {
        // Best effort: the names are ours alone, and a leftover is garbage, not damage.
        if (published[i] != 0) static_cast<void>(store_->Remove(files[i].path));
      }
      return status;
    }
    LimitStatistics(*schema_, &files);
    return files;
  }

  Status Abort() {
    closed_ = true;
    pending_.clear();
    return AbortFiles();
  }

 private:
  Status CheckOpen() const {
    if (failed_ || closed_) {
      return MakeError(ErrorKind::kInvalid, "packed writer is closed or has failed");
    }
    return Status::OK();
  }

  Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) {
    if (!files_.empty()) return WriteToFiles(*batch);
    pending_.push_back(batch);
    for (const auto& column : batch->columns()) pending_bytes_ += Bytes(*column);
    const bool waits = options_.split == SplitPolicy::kDefault ||
                       options_.split == SplitPolicy::kBySchema ||
                       options_.split == SplitPolicy::kByAverageSize;
    if (waits && pending_bytes_ <= options_.small_write_bytes) return Status::OK();
    return Split(/*small=*/false);
  }

  // Opens the files and writes what has waited for the decision.
  Status Split(bool small) {
    const auto& fields = schema_->fields();
    internal::SplitInput input{.small = small,
                               .average_bytes = std::vector<double>(fields.size(), 0.0)};
    int64_t rows = 0;
    for (const auto& batch : pending_) rows += batch->num_rows();
    for (const auto& batch : pending_) {
      for (size_t i = 0; i < fields.size(); ++i) {
        input.average_bytes[i] += static_cast<double>(Bytes(*batch->column(static_cast<int>(i))));
      }
    }
    // Once, at the end: a sum of quotients may fall short of a limit that the average reaches.
    const auto num_rows = static_cast<double>(std::max<int64_t>(1, rows));
    for (double& bytes : input.average_bytes) bytes /= num_rows;
    ARROW_ASSIGN_OR_RAISE(groups_, internal::SplitColumns(fields, options_, input));
    double row_bytes = 1;
    for (const double bytes : input.average_bytes) row_bytes += bytes;
    for (size_t i = 0; i < groups_.size(); ++i) {
      internal::PackedFileSpec spec{.fields = {},
                                    .options = options_,
                                    .row_bytes = row_bytes,
                                    .copy_rows = groups_.size() > 1,
                                    .file_id = internal::Random::System()->NextUuid(),
                                    .executor = executor_};
      for (const int column : groups_[i])
        spec.fields.push_back(fields[static_cast<size_t>(column)]);
      ARROW_ASSIGN_OR_RAISE(auto writer,
                            store_->OpenWriter(path_of_group_(static_cast<int>(i)),
                                               {.name_is_fresh = options_.names_are_fresh}));
      files_.push_back(std::make_unique<PackedFileWriter>(std::move(writer), std::move(spec)));
    }
    for (const auto& batch : std::exchange(pending_, {})) RETURN_NOT_OK(WriteToFiles(*batch));
    return Status::OK();
  }

  Status WriteToFiles(const arrow::RecordBatch& batch) {
    int64_t bytes = 0;
    std::vector<arrow::ArrayVector> columns(groups_.size());
    for (size_t i = 0; i < groups_.size(); ++i) {
      for (const int column : groups_[i]) {
        columns[i].push_back(batch.column(column));
        bytes += Bytes(*columns[i].back());
      }
    }
    const bool parallel = groups_.size() > 1 && bytes >= kParallelBytes;
    return (parallel ? executor_ : Executor::Inline())
        ->ParallelFor(static_cast<int64_t>(groups_.size()), [&](int64_t i) {
          return files_[static_cast<size_t>(i)]->Write(columns[static_cast<size_t>(i)]);
        });
  }

  Status AbortFiles() {
    Status first;
    for (auto& file : files_) {
      const Status status = file->Abort();
      if (first.ok()) first = status;
    }
    files_.clear();
    return first;
  }

  std::shared_ptr<ChunkManager> store_;
  std::shared_ptr<const CollectionSchema> schema_;
  PackedWriteOptions options_;
  std::function<std::string(int)> path_of_group_;
  Executor* executor_ = Executor::Default();
  std::vector<std::shared_ptr<arrow::RecordBatch>> pending_;
  int64_t pending_bytes_ = 0;
  std::vector<std::vector<int>> groups_;
  std::vector<std::unique_ptr<PackedFileWriter>> files_;
  int64_t num_rows_ = 0;
  bool failed_ = false;
  bool closed_ = false;
};

PackedWriter::PackedWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PackedWriter::~PackedWriter() = default;

Result<std::unique_ptr<PackedWriter>> PackedWriter::Make(
    std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
    PackedWriteOptions options, std::function<std::string(int group)> path_of_group) {
  if (schema->fields().empty()) {
    return MakeError(ErrorKind::kInvalid, "a packed file needs at least one field");
  }
  // Mistakes in the options are found now rather than with the first rows.
  RETURN_NOT_OK(CheckCodecs(*schema, options));
  RETURN_NOT_OK(
      internal::SplitColumns(schema->fields(), options,
                             {.average_bytes = std::vector<double>(schema->fields().size(), 0.0)})
          .status());
  return std::unique_ptr<PackedWriter>(new PackedWriter(std::make_unique<Impl>(
      std::move(store), std::move(schema), std::move(options), std::move(path_of_group))));
}

Status PackedWriter::Write(const std::shared_ptr<arrow::RecordBatch>& batch) {
  return impl_->Write(batch);
}
int64_t PackedWriter::num_rows() const { return impl_->num_rows(); }
Result<PackedFiles> PackedWriter::Close() { return impl_->Close(); }
Status PackedWriter::Abort() { return impl_->Abort(); }

}  // namespace varve
