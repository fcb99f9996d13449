// SPDX-License-Identifier: Apache-2.0
#include "varve/record_builder.h"

#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table_builder.h"
#include "arrow/type.h"

namespace varve {
namespace {

Status CheckType(const arrow::Field& field, const arrow::DataType& type) {
  if (field.type()->Equals(type)) return Status::OK();
  return MakeError(
      ErrorKind::kInvalid, "values of another type",
      {.field = field.name(), .expected = field.type()->ToString(), .found = type.ToString()});
}

Status NullIn(const arrow::Field& field) {
  return MakeError(ErrorKind::kInvalid, "null in a required field", {.field = field.name()});
}

}  // namespace

Result<RecordBuilder> RecordBuilder::Make(std::shared_ptr<arrow::Schema> schema,
                                          int64_t reserve_rows) {
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::RecordBatchBuilder::Make(
                                          schema, arrow::default_memory_pool(), reserve_rows));
  return RecordBuilder(std::move(builder));
}

RecordBuilder::RecordBuilder(std::unique_ptr<arrow::RecordBatchBuilder> builder)
    : builder_(std::move(builder)) {}
RecordBuilder::RecordBuilder(RecordBuilder&&) noexcept = default;
RecordBuilder::~RecordBuilder() = default;

int64_t RecordBuilder::num_rows() const {
  return builder_->num_fields() == 0 ? 0 : builder_->GetField(0)->length();
}

Status RecordBuilder::AppendRow(std::span<const std::shared_ptr<arrow::Scalar>> row) {
  const arrow::Schema& schema = *builder_->schema();
  if (static_cast<int>(row.size()) != schema.num_fields()) {
    return MakeError(
        ErrorKind::kInvalid, "a row needs a value for each column",
        {.expected = std::to_string(schema.num_fields()), .found = std::to_string(row.size())});
  }
  // All of them before any is appended: columns stay of one length.
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto& value = row[i];
    if (value != nullptr) ARROW_RETURN_NOT_OK(CheckType(*schema.field(i), *value->type));
    const bool is_null = value == nullptr || !value->is_valid;
    if (is_null && !schema.field(i)->nullable()) return NullIn(*schema.field(i));
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    arrow::ArrayBuilder* column = builder_->GetField(i);
    ARROW_RETURN_NOT_OK(row[i] == nullptr ? column->AppendNull() : column->AppendScalar(*row[i]));
  }
  return Status::OK();
}

Status RecordBuilder::AppendBatch(const arrow::RecordBatch& batch) {
  const arrow::Schema& schema = *builder_->schema();
  if (batch.num_columns() != schema.num_fields()) {
    return MakeError(ErrorKind::kInvalid, "a batch needs each column",
                     {.expected = std::to_string(schema.num_fields()),
                      .found = std::to_string(batch.num_columns())});
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    ARROW_RETURN_NOT_OK(CheckType(*schema.field(i), *batch.column(i)->type()));
    const bool has_nulls = batch.column(i)->null_count() > 0;
    if (has_nulls && !schema.field(i)->nullable()) return NullIn(*schema.field(i));
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    arrow::ArrayBuilder* column = builder_->GetField(i);
    ARROW_RETURN_NOT_OK(column->Reserve(batch.num_rows()));
    ARROW_RETURN_NOT_OK(column->AppendArraySlice(*batch.column(i)->data(), 0, batch.num_rows()));
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> RecordBuilder::Finish() { return builder_->Flush(); }

Result<std::shared_ptr<arrow::RecordBatch>> RecordFromColumns(
    const std::shared_ptr<arrow::Schema>& schema,
    const std::map<std::string, std::shared_ptr<arrow::Array>>& columns) {
  arrow::ArrayVector ordered;
  for (const auto& field : schema->fields()) {
    const auto at = columns.find(field->name());
    if (at == columns.end() || at->second == nullptr) {
      return MakeError(ErrorKind::kInvalid, "missing column", {.field = field->name()});
    }
    const auto& column = at->second;
    ARROW_RETURN_NOT_OK(CheckType(*field, *column->type()));
    if (column->null_count() > 0 && !field->nullable()) return NullIn(*field);
    if (!ordered.empty() && column->length() != ordered.front()->length()) {
      return MakeError(ErrorKind::kInvalid, "columns of different lengths",
                       {.field = field->name(),
                        .expected = std::to_string(ordered.front()->length()),
                        .found = std::to_string(column->length())});
    }
    ordered.push_back(column);
  }
  const int64_t num_rows = ordered.empty() ? 0 : ordered.front()->length();
  return arrow::RecordBatch::Make(schema, num_rows, std::move(ordered));
}

}  // namespace varve
