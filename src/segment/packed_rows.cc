// SPDX-License-Identifier: Apache-2.0
#include "segment/packed_rows.h"

#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "packed/milvus_packed_set.h"
#include "packed/milvus_values.h"
#include "schema/field_metadata.h"
#include "schema/system_fields.h"

namespace varve::internal {
namespace {

std::shared_ptr<const arrow::KeyValueMetadata> IdOf(const FieldSchema& field) {
  return arrow::key_value_metadata({kFieldIdKey}, {std::to_string(field.field_id)});
}

Result<std::shared_ptr<arrow::Array>> Absent(const FieldSchema& field, int64_t num_rows,
                                             const std::string& set) {
  if (field.default_value != nullptr) {
    return arrow::MakeArrayFromScalar(*field.default_value, num_rows);
  }
  if (field.nullable) return arrow::MakeArrayOfNull(field.arrow_type, num_rows);
  return Corruption("a packed set lacks a required field that has no default",
                    {.object = set, .field = field.name});
}

class PackedRows : public arrow::RecordBatchReader {
 public:
  PackedRows(std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
             std::vector<FieldSchema> fields, std::shared_ptr<arrow::Schema> stored,
             const MilvusPackedReadOptions& options)
      : store_(std::move(store)),
        sets_(std::move(sets)),
        fields_(std::move(fields)),
        stored_(std::move(stored)),
        options_(options) {
    arrow::FieldVector columns;
    arrow::FieldVector with_ids;
    for (const FieldSchema& field : fields_) {
      columns.push_back(arrow::field(field.name, field.arrow_type, field.nullable));
      with_ids.push_back(columns.back()->WithMetadata(IdOf(field)));
    }
    schema_ = arrow::schema(std::move(columns));
    own_ = arrow::schema(std::move(with_ids));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    out->reset();
    while (true) {
      if (stream_ != nullptr) {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(stream_->ReadNext(&batch));
        if (batch != nullptr) {
          ARROW_RETURN_NOT_OK(Decode(*batch).Value(out));
          first_row_ += batch->num_rows();
          return Status::OK();
        }
        stream_ = nullptr;
      }
      if (next_ == sets_.size()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(set_, MilvusPackedSet::Open(store_, sets_[next_++], *stored_, *own_));
      stream_ = set_->Scan(set_->is_own() ? own_ : stored_, options_);
      first_row_ = 0;
    }
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Decode(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector columns(fields_.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto column = static_cast<int>(i);
      if (set_->Has(column) && set_->is_own()) {
        columns[i] = batch.column(column);
      } else if (set_->Has(column)) {
        const StoredValues stored{.values = batch.column(column), .first_row = first_row_};
        ARROW_ASSIGN_OR_RAISE(columns[i], DecodeValues(fields_[i], stored, set_->PathOf(column)));
      } else {
        ARROW_ASSIGN_OR_RAISE(columns[i],
                              Absent(fields_[i], batch.num_rows(), sets_[next_ - 1].front()));
      }
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  const std::shared_ptr<ChunkManager> store_;
  const std::vector<std::vector<std::string>> sets_;
  const std::vector<FieldSchema> fields_;
  const std::shared_ptr<arrow::Schema> stored_;  // as sets of Milvus hold them
  std::shared_ptr<arrow::Schema> own_;           // as our own files do
  const MilvusPackedReadOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  size_t next_ = 0;
  std::shared_ptr<const MilvusPackedSet> set_;        // the one before next_
  std::shared_ptr<arrow::RecordBatchReader> stream_;  // of set_
  int64_t first_row_ = 0;                             // of the next batch, in set_
};

}  // namespace

std::vector<FieldSchema> PackedFields(const CollectionSchema& schema) {
  std::vector<FieldSchema> fields = schema.fields();
  fields.push_back(RowIdField());
  fields.push_back(TimestampField());
  return fields;
}

Result<std::shared_ptr<arrow::Schema>> PackedSchema(const std::vector<FieldSchema>& fields) {
  arrow::FieldVector columns;
  for (const FieldSchema& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto type, MilvusArrowType(field));
    columns.push_back(
        arrow::field(field.name, std::move(type), field.nullable,
                     arrow::key_value_metadata({kFieldIdKey}, {std::to_string(field.field_id)})));
  }
  return arrow::schema(std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> EncodePackedRows(const std::vector<FieldSchema>& fields,
                                                             const arrow::RecordBatch& rows) {
  ARROW_ASSIGN_OR_RAISE(auto schema, PackedSchema(fields));
  if (rows.num_columns() != schema->num_fields()) {
    return MakeError(ErrorKind::kInvalid, "wrong number of columns",
                     {.expected = std::to_string(schema->num_fields()),
                      .found = std::to_string(rows.num_columns())});
  }
  arrow::ArrayVector columns(fields.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(columns[i], EncodeValues(fields[i], rows.column(static_cast<int>(i))));
  }
  return arrow::RecordBatch::Make(std::move(schema), rows.num_rows(), std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenPackedRows(
    std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
    std::vector<FieldSchema> fields, const MilvusPackedReadOptions& options) {
  if (options.batch_rows < 1) {
    return MakeError(ErrorKind::kInvalid, "batch_rows must be at least 1",
                     {.found = std::to_string(options.batch_rows)});
  }
  ARROW_ASSIGN_OR_RAISE(auto stored, PackedSchema(fields));
  return std::make_shared<PackedRows>(std::move(store), std::move(sets), std::move(fields),
                                      std::move(stored), options);
}

}  // namespace varve::internal
