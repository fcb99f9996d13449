// SPDX-License-Identifier: Apache-2.0
#include "segment/insert_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "packed/join_arrays.h"
#include "packed/milvus_values.h"
#include "packed/visible_bytes.h"
#include "schema/system_fields.h"
#include "schema/timestamp_range.h"

namespace varve::internal {
namespace {

Result<std::shared_ptr<arrow::Array>> SystemColumn(const arrow::RecordBatch& batch,
                                                   const FieldSchema& field) {
  const auto column = batch.GetColumnByName(field.name);
  const std::string found = column == nullptr ? "none" : column->type()->ToString();
  if (column == nullptr || column->type_id() != arrow::Type::INT64) {
    return MakeError(ErrorKind::kInvalid, "rows of a segment need this column",
                     {.field = field.name, .expected = "int64", .found = found});
  }
  if (column->null_count() > 0) {
    return MakeError(ErrorKind::kInvalid, "null in a required field", {.field = field.name});
  }
  return column;
}

Result<std::shared_ptr<arrow::RecordBatch>> WithoutColumn(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::string& name) {
  return batch->RemoveColumn(batch->schema()->GetFieldIndex(name));
}

// As ConformBatch, with the system columns last.
Result<std::shared_ptr<arrow::RecordBatch>> ConformRows(
    const CollectionSchema& schema, const std::shared_ptr<arrow::RecordBatch>& batch) {
  if (const Status valid = batch->Validate(); !valid.ok()) {
    return MakeError(ErrorKind::kInvalid, "batch is not valid Arrow data",
                     {.found = valid.message()});
  }
  const FieldSchema system[] = {RowIdField(), TimestampField()};
  auto user = batch;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const FieldSchema& field : system) {
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), SystemColumn(*batch, field));
    ARROW_ASSIGN_OR_RAISE(user, WithoutColumn(user, field.name));
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, ConformBatch(schema, user));
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        rows, rows->AddColumn(rows->num_columns(),
                              arrow::field(system[i].name, arrow::int64(), false), columns[i]));
  }
  return rows;
}

}  // namespace

Result<InsertRows> InsertRows::Make(const CollectionSchema& schema, const SyncPack& pack) {
  InsertRows rows;
  rows.fields_ = schema.fields();
  rows.fields_.push_back(RowIdField());
  rows.fields_.push_back(TimestampField());
  TimestampRange times;
  for (const auto& batch : pack.inserts) {
    if (batch->num_rows() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(rows.batches_.emplace_back(), ConformRows(schema, batch));
    times.Add(*rows.batches_.back()->columns().back());
    rows.num_rows_ += batch->num_rows();
  }
  if (rows.num_rows_ == 0) return rows;
  rows.timestamp_from_ = times.from;
  rows.timestamp_to_ = times.to;
  if (pack.timestamp_from == 0 && pack.timestamp_to == 0) return rows;
  if (pack.timestamp_from > rows.timestamp_from_ || pack.timestamp_to < rows.timestamp_to_) {
    return MakeError(ErrorKind::kInvalid, "rows outside the time range of their pack",
                     {.field = std::string(kTimestampFieldName),
                      .expected = std::to_string(pack.timestamp_from) + " to " +
                                  std::to_string(pack.timestamp_to),
                      .found = std::to_string(rows.timestamp_from_) + " to " +
                               std::to_string(rows.timestamp_to_)});
  }
  return rows;
}

Result<StoredColumn> InsertRows::EncodeColumn(size_t i) const {
  StoredColumn stored;
  arrow::ArrayVector parts;
  parts.reserve(batches_.size());
  for (const auto& batch : batches_) {
    ARROW_ASSIGN_OR_RAISE(parts.emplace_back(),
                          EncodeValues(fields_[i], batch->column(static_cast<int>(i))));
    stored.memory_bytes += VisibleBytes(*parts.back());
  }
  if (parts.size() == 1) {
    stored.values = std::move(parts.front());
  } else {
    ARROW_ASSIGN_OR_RAISE(stored.values, JoinArrays(parts));
  }
  return stored;
}

}  // namespace varve::internal
