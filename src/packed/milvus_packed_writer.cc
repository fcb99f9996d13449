// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"
#include "base/executor.h"
#include "packed/check_batch.h"
#include "packed/field_id.h"
#include "packed/milvus_file_writer.h"
#include "packed/milvus_footer.h"
#include "packed/visible_bytes.h"
#include "varve/milvus_packed.h"

namespace varve {

using internal::CheckPartBytes;
using internal::Executor;
using internal::MilvusFileWriter;

namespace {

// What MilvusArrowType gives; others may be written to Parquet, and come back as another type.
bool IsElement(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
      return true;
    default:
      return false;
  }
}

Status CheckTypes(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    const arrow::DataType& type = *field->type();
    const bool is_list = type.id() == arrow::Type::LIST;
    if (IsElement(is_list ? type.field(0)->type()->id() : type.id())) continue;
    return MakeError(ErrorKind::kInvalid, "Milvus stores no such type",
                     {.field = field->name(), .found = field->type()->ToString()});
  }
  return Status::OK();
}

// Every column in exactly one group, ascending in it; a path for every group.
Status CheckGroups(const arrow::Schema& schema, const std::vector<ColumnGroup>& groups,
                   const std::vector<std::string>& paths) {
  if (groups.size() != paths.size()) {
    return MakeError(
        ErrorKind::kInvalid, "not as many paths as column groups",
        {.expected = std::to_string(groups.size()), .found = std::to_string(paths.size())});
  }
  std::set<int> known;
  std::set<std::string_view> known_paths;
  for (size_t at = 0; at < groups.size(); ++at) {
    const ColumnGroup& group = groups[at];
    // One without columns has no file.
    if (!group.columns.empty() && !known_paths.insert(paths[at]).second) {
      return MakeError(ErrorKind::kInvalid, "two column groups have one path",
                       {.object = paths[at]});
    }
    for (size_t i = 0; i < group.columns.size(); ++i) {
      const int column = group.columns[i];
      const std::string found = std::to_string(column);
      if (column < 0 || column >= schema.num_fields()) {
        return MakeError(
            ErrorKind::kInvalid, "a column group names a column that is not there",
            {.expected = "below " + std::to_string(schema.num_fields()), .found = found});
      }
      if (!known.insert(column).second) {
        return MakeError(ErrorKind::kInvalid, "a column is in two groups",
                         {.field = schema.field(column)->name()});
      }
      if (i > 0 && column < group.columns[i - 1]) {
        return MakeError(ErrorKind::kInvalid,
                         "the columns of a group are not in the order of the schema",
                         {.field = schema.field(column)->name(), .found = found});
      }
    }
  }
  for (int column = 0; column < schema.num_fields(); ++column) {
    if (!known.contains(column)) {
      return MakeError(ErrorKind::kInvalid, "a column is in no group",
                       {.field = schema.field(column)->name()});
    }
  }
  if (known.empty()) return MakeError(ErrorKind::kInvalid, "a packed set needs at least one field");
  return Status::OK();
}

}  // namespace

class MilvusPackedWriter::Impl {
 public:
  Impl(std::shared_ptr<ChunkManager> store, std::shared_ptr<arrow::Schema> schema,
       MilvusPackedWriteOptions options)
      : store_(std::move(store)), schema_(std::move(schema)), options_(std::move(options)) {}

  ~Impl() { static_cast<void>(AbortFiles()); }

  Status Open(const std::vector<int64_t>& ids, const std::vector<ColumnGroup>& groups,
              std::vector<std::string> paths) {
    RETURN_NOT_OK(CheckAbsent(groups, paths));
    std::vector<std::vector<int64_t>> ids_of_groups;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (groups[i].columns.empty()) continue;
      MilvusPackedFile file{.path = std::move(paths[i]), .group_id = groups[i].group_id};
      arrow::FieldVector fields;
      for (const int column : groups[i].columns) {
        fields.push_back(schema_->field(column));
        file.field_ids.push_back(ids[static_cast<size_t>(column)]);
        file.null_counts[file.field_ids.back()] = 0;
      }
      ids_of_groups.push_back(file.field_ids);
      ARROW_ASSIGN_OR_RAISE(
          auto object, store_->OpenWriter(file.path, {.name_is_fresh = options_.names_are_fresh,
                                                      .part_bytes = options_.part_bytes}));
      ARROW_ASSIGN_OR_RAISE(
          auto writer, MilvusFileWriter::Open(std::move(object), arrow::schema(std::move(fields)),
                                              options_.row_group_bytes));
      files_.push_back(std::move(file));
      columns_.push_back(groups[i].columns);
      writers_.push_back(std::move(writer));
    }
    group_field_ids_ = internal::EncodeGroupFieldIds(ids_of_groups);
    return Status::OK();
  }

  Status Write(const arrow::RecordBatch& batch) {
    RETURN_NOT_OK(CheckOpen());
    RETURN_NOT_OK(internal::CheckBatch(*schema_, batch));
    if (batch.num_rows() == 0) return Status::OK();
    const Status status = Append(batch);
    is_failed_ = !status.ok();
    return status;
  }

  Result<std::vector<MilvusPackedFile>> Close() {
    RETURN_NOT_OK(CheckOpen());
    // Whatever happens, nothing can be written any more.
    is_closed_ = true;
    const auto count = static_cast<int64_t>(files_.size());
    Status status = Executor::Default()->ParallelFor(count, [&](int64_t i) {
      return writers_[static_cast<size_t>(i)]->Finish(group_field_ids_, options_.metadata);
    });
    std::vector<uint8_t> published(files_.size());
    if (status.ok()) {
      status = Executor::Default()->ParallelFor(count, [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        RETURN_NOT_OK(writers_[at]->Publish());
        published[at] = 1;
        files_[at].file_bytes = writers_[at]->file_bytes();
        return Status::OK();
      });
    }
    if (status.ok()) {
      writers_.clear();
      return std::move(files_);
    }
    static_cast<void>(AbortFiles());  // the first error says more
    for (size_t i = 0; i < files_.size(); ++i) {
      // Best effort: without its companions the file is garbage, not damage.
      if (published[i] != 0) static_cast<void>(store_->Remove(files_[i].path));
    }
    return status;
  }

  Status Abort() {
    is_closed_ = true;
    return AbortFiles();
  }

 private:
  Status CheckOpen() const {
    if (!is_failed_ && !is_closed_) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "packed writer is closed or has failed");
  }

  // So that a job does not learn it after all its rows; a file that comes later, Close meets.
  Status CheckAbsent(const std::vector<ColumnGroup>& groups,
                     const std::vector<std::string>& paths) const {
    if (options_.names_are_fresh) return Status::OK();
    const auto count = static_cast<int64_t>(groups.size());
    return Executor::Default()->ParallelFor(count, [&](int64_t i) -> Status {
      const auto at = static_cast<size_t>(i);
      if (groups[at].columns.empty()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(const bool is_there, store_->Exist(paths[at]));
      if (!is_there) return Status::OK();
      return MakeError(ErrorKind::kAlreadyExists, "a file is there, and is not overwritten",
                       {.object = paths[at]});
    });
  }

  Status Append(const arrow::RecordBatch& batch) {
    RETURN_NOT_OK(MakeRoom(arrow::util::TotalBufferSize(batch)));
    for (size_t i = 0; i < writers_.size(); ++i) {
      MilvusPackedFile& file = files_[i];
      arrow::ArrayVector columns;
      for (size_t at = 0; at < columns_[i].size(); ++at) {
        columns.push_back(batch.column(columns_[i][at]));
        file.memory_bytes += internal::VisibleBytes(*columns.back());
        file.null_counts[file.field_ids[at]] += columns.back()->null_count();
      }
      file.num_rows += batch.num_rows();
      writers_[i]->Append(std::move(columns), batch.num_rows());
    }
    return Status::OK();
  }

  // Flushes the group with the most memory, until `bytes` more stay within the buffer.
  Status MakeRoom(int64_t bytes) {
    while (true) {
      int64_t waiting = 0;
      MilvusFileWriter* largest = writers_.front().get();
      for (const auto& writer : writers_) {
        waiting += writer->waiting_bytes();
        if (writer->waiting_bytes() > largest->waiting_bytes()) largest = writer.get();
      }
      if (waiting == 0 || waiting + bytes < options_.buffer_bytes) return Status::OK();
      RETURN_NOT_OK(largest->Flush());
    }
  }

  Status AbortFiles() {
    Status first;
    for (auto& writer : std::exchange(writers_, {})) {
      const Status status = writer->Abort();
      if (first.ok()) first = status;
    }
    return first;
  }

  const std::shared_ptr<ChunkManager> store_;
  const std::shared_ptr<arrow::Schema> schema_;
  const MilvusPackedWriteOptions options_;
  // One a file.
  std::vector<MilvusPackedFile> files_;
  std::vector<std::vector<int>> columns_;
  std::vector<std::unique_ptr<MilvusFileWriter>> writers_;
  std::string group_field_ids_;
  bool is_failed_ = false;
  bool is_closed_ = false;
};

MilvusPackedWriter::MilvusPackedWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MilvusPackedWriter::~MilvusPackedWriter() = default;

Result<std::unique_ptr<MilvusPackedWriter>> MilvusPackedWriter::Make(
    std::shared_ptr<ChunkManager> store, std::shared_ptr<arrow::Schema> schema,
    std::vector<ColumnGroup> groups, std::vector<std::string> paths,
    MilvusPackedWriteOptions options) {
  ARROW_ASSIGN_OR_RAISE(const auto ids, internal::FieldIdsOf(*schema));
  RETURN_NOT_OK(CheckPartBytes(options.part_bytes));
  RETURN_NOT_OK(CheckTypes(*schema));
  RETURN_NOT_OK(CheckGroups(*schema, groups, paths));
  auto impl = std::make_unique<Impl>(std::move(store), std::move(schema), std::move(options));
  RETURN_NOT_OK(impl->Open(ids, groups, std::move(paths)));
  return std::unique_ptr<MilvusPackedWriter>(new MilvusPackedWriter(std::move(impl)));
}

Status MilvusPackedWriter::Write(const std::shared_ptr<arrow::RecordBatch>& batch) {
  return impl_->Write(*batch);
}
Result<std::vector<MilvusPackedFile>> MilvusPackedWriter::Close() { return impl_->Close(); }
Status MilvusPackedWriter::Abort() { return impl_->Abort(); }

}  // namespace varve
