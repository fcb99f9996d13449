// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/edit_distance.h"
#include "packed/column_scan.h"
#include "packed/exact_batches.h"
#include "packed/implicit_column.h"
#include "packed/packed_file_reader.h"
#include "varve/packed.h"

namespace varve {
namespace {

using internal::ColumnScan;
using internal::ColumnScanOptions;
using internal::Executor;
using internal::PackedColumnReader;
using internal::PackedFileReader;

// Rows [begin, end) of some columns as a stream.
class PackedScan : public arrow::RecordBatchReader {
 public:
  PackedScan(std::shared_ptr<arrow::Schema> schema,
             std::vector<std::shared_ptr<const PackedColumnReader>> columns, int64_t begin,
             int64_t end, ColumnScanOptions options)
      : schema_(std::move(schema)), scan_(std::move(columns), options), next_(begin), end_(end) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    if (next_ >= end_) {
      *out = nullptr;
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto arrays, scan_.Next(next_, end_));
    const int64_t num_rows = arrays.front()->length();
    *out = arrow::RecordBatch::Make(schema_, num_rows, std::move(arrays));
    next_ += num_rows;
    return Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  ColumnScan scan_;
  int64_t next_;
  const int64_t end_;
};

// The fields of all files, each once, in file order.
Result<std::shared_ptr<const CollectionSchema>> JoinSchemas(
    const std::vector<std::shared_ptr<PackedFileReader>>& files) {
  if (files.size() == 1) return files.front()->Schema();
  std::vector<FieldSchema> fields;
  std::set<int64_t> ids;
  std::set<std::string> names;
  for (const auto& file : files) {
    ARROW_ASSIGN_OR_RAISE(const auto schema, file->Schema());
    for (FieldSchema field : schema->fields()) {
      if (!names.insert(field.name).second) {
        return MakeError(ErrorKind::kInvalid, "two of the files have a column of one name",
                         {.object = file->path(), .field = field.name});
      }
      // Files of other writers number their columns each for itself.
      if (!ids.insert(field.field_id).second) field.field_id = -1;
      fields.push_back(std::move(field));
    }
  }
  return CollectionSchema::Make(std::move(fields));
}

}  // namespace

class PackedReader::Impl {
 public:
  std::vector<std::shared_ptr<PackedFileReader>> files;
  std::shared_ptr<const CollectionSchema> schema;
  std::shared_ptr<arrow::Schema> arrow_schema;
  int64_t num_rows = 0;

  struct Columns {
    std::shared_ptr<arrow::Schema> schema;
    std::vector<std::shared_ptr<const PackedColumnReader>> readers;
  };

  Result<Columns> Project(const std::vector<std::string>& names) const {
    std::vector<std::string> wanted = names;
    if (wanted.empty()) wanted = arrow_schema->field_names();
    Columns columns;
    arrow::FieldVector fields;
    for (const std::string& name : wanted) {
      const FieldSchema* field = schema->FindByName(name);
      if (field == nullptr) {
        return MakeError(ErrorKind::kInvalid,
                         "no such column" + internal::DidYouMean(name, arrow_schema->field_names()),
                         {.object = files.front()->path(), .field = name});
      }
      ARROW_ASSIGN_OR_RAISE(auto reader, OpenColumn(*field));
      columns.readers.push_back(std::move(reader));
      fields.push_back(arrow_schema->GetFieldByName(name));
    }
    columns.schema = arrow::schema(std::move(fields));
    return columns;
  }

 private:
  Result<std::shared_ptr<const PackedColumnReader>> OpenColumn(const FieldSchema& field) const {
    for (const auto& file : files) {
      ARROW_ASSIGN_OR_RAISE(auto column, file->Column(field));
      if (column != nullptr) return column;
    }
    if (field.default_value != nullptr) {
      return internal::MakeConstantColumn(field.default_value, num_rows);
    }
    if (!field.nullable) {
      return MakeError(ErrorKind::kInvalid, "no file has this required field",
                       {.object = files.front()->path(), .field = field.name});
    }
    return internal::MakeConstantColumn(arrow::MakeNullScalar(field.arrow_type), num_rows);
  }
};

PackedReader::PackedReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PackedReader::~PackedReader() = default;

Result<std::unique_ptr<PackedReader>> PackedReader::Open(
    std::shared_ptr<ChunkManager> store, std::vector<std::string> paths,
    std::shared_ptr<const CollectionSchema> schema) {
  if (paths.empty()) return MakeError(ErrorKind::kInvalid, "no files to read");
  auto impl = std::make_unique<Impl>();
  for (const std::string& path : paths) {
    ARROW_ASSIGN_OR_RAISE(auto file, PackedFileReader::Open(store, path));
    if (!impl->files.empty() && file->num_rows() != impl->num_rows) {
      return MakeError(
          ErrorKind::kInvalid, "column groups differ in their number of rows",
          {.object = path,
           .expected = std::to_string(impl->num_rows) + " rows, as in '" + paths.front() + "'",
           .found = std::to_string(file->num_rows())});
    }
    impl->num_rows = file->num_rows();
    impl->files.push_back(std::move(file));
  }
  if (schema == nullptr) {
    ARROW_ASSIGN_OR_RAISE(schema, JoinSchemas(impl->files));
  }
  impl->schema = std::move(schema);
  impl->arrow_schema = impl->schema->ToArrow();
  return std::unique_ptr<PackedReader>(new PackedReader(std::move(impl)));
}

int64_t PackedReader::num_rows() const { return impl_->num_rows; }
const std::shared_ptr<arrow::Schema>& PackedReader::schema() const { return impl_->arrow_schema; }

Result<std::shared_ptr<arrow::RecordBatchReader>> PackedReader::Scan(
    const PackedReadOptions& options) const {
  if (options.batch_size < 1) {
    return MakeError(ErrorKind::kInvalid, "batch_size must be at least 1",
                     {.found = std::to_string(options.batch_size)});
  }
  if (options.begin_row < 0) {
    return MakeError(ErrorKind::kInvalid, "begin_row must not be negative",
                     {.found = std::to_string(options.begin_row)});
  }
  ARROW_ASSIGN_OR_RAISE(auto columns, impl_->Project(options.columns));
  std::shared_ptr<arrow::RecordBatchReader> scan = std::make_shared<PackedScan>(
      std::move(columns.schema), std::move(columns.readers), options.begin_row,
      std::min(options.end_row, impl_->num_rows),
      ColumnScanOptions{.batch_size = std::min(options.batch_size, impl_->num_rows + 1),
                        .window_bytes = options.prefetch_bytes,
                        .verify = options.verify,
                        .executor = Executor::Default()});
  if (options.exact_batch_size) {
    scan = internal::MakeExactBatches(std::move(scan), options.batch_size);
  }
  return scan;
}

Result<std::shared_ptr<arrow::RecordBatch>> PackedReader::Take(
    const std::vector<int64_t>& rows, const std::vector<std::string>& columns, bool verify) const {
  for (const int64_t row : rows) {
    if (row < 0 || row >= impl_->num_rows) {
      return MakeError(ErrorKind::kInvalid,
                       "row " + std::to_string(row) + " is out of range: there are " +
                           std::to_string(impl_->num_rows) + " rows",
                       {.object = impl_->files.front()->path()});
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto projected, impl_->Project(columns));
  arrow::ArrayVector arrays(projected.readers.size());
  ARROW_RETURN_NOT_OK(Executor::Default()->ParallelFor(
      static_cast<int64_t>(arrays.size()), [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        ARROW_ASSIGN_OR_RAISE(arrays[at], projected.readers[at]->Take(rows, verify));
        return Status::OK();
      }));
  return arrow::RecordBatch::Make(std::move(projected.schema), static_cast<int64_t>(rows.size()),
                                  std::move(arrays));
}

Status PackedReader::Verify(std::vector<std::string>* problems) const {
  for (const auto& file : impl_->files) ARROW_RETURN_NOT_OK(file->Verify(problems));
  return Status::OK();
}

}  // namespace varve
