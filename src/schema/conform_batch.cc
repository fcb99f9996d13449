// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "schema/check_values.h"
#include "schema/convert_array.h"
#include "varve/schema.h"

namespace varve {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// The batch's column of each field, null where it has none.
Result<std::vector<ArrayPtr>> MatchColumns(const std::vector<FieldSchema>& fields,
                                           const arrow::RecordBatch& batch) {
  std::vector<ArrayPtr> columns(fields.size());
  for (int i = 0; i < batch.num_columns(); ++i) {
    const std::string& name = batch.column_name(i);
    // Most batches come in the schema's order.
    size_t at = static_cast<size_t>(i) < fields.size() && fields[i].name == name ? i : 0;
    while (at < fields.size() && fields[at].name != name) ++at;
    if (at == fields.size()) {
      std::string expected;
      for (const FieldSchema& field : fields) {
        expected += (expected.empty() ? "one of " : ", ") + field.name;
      }
      return MakeError(ErrorKind::kInvalid, "unknown column",
                       {.field = name, .expected = std::move(expected)});
    }
    if (columns[at] != nullptr) {
      return MakeError(ErrorKind::kInvalid, "duplicate column", {.field = name});
    }
    columns[at] = batch.column(i);
  }
  return columns;
}

Result<ArrayPtr> FillAbsent(const FieldSchema& field, int64_t num_rows) {
  if (field.default_value != nullptr) {
    return arrow::MakeArrayFromScalar(*field.default_value, num_rows);
  }
  if (field.nullable) return arrow::MakeArrayOfNull(field.arrow_type, num_rows);
  return MakeError(ErrorKind::kInvalid, "missing column",
                   {.field = field.name, .expected = field.arrow_type->ToString() + " not null"});
}

Result<ArrayPtr> ConformColumn(const FieldSchema& field, const ArrayPtr& column) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array,
                        IsDenseVector(field.data_type)
                            ? internal::ConvertVectors(field, column)
                            : internal::ConvertArray(field, column, field.arrow_type));
  ARROW_RETURN_NOT_OK(internal::CheckValues(field, *array));
  return array;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ConformBatch(
    const CollectionSchema& schema, const std::shared_ptr<arrow::RecordBatch>& batch) {
  if (const Status valid = batch->Validate(); !valid.ok()) {
    return MakeError(ErrorKind::kInvalid, "batch is not valid Arrow data",
                     {.found = valid.message()});
  }
  ARROW_ASSIGN_OR_RAISE(auto columns, MatchColumns(schema.fields(), *batch));
  for (size_t i = 0; i < columns.size(); ++i) {
    const FieldSchema& field = schema.fields()[i];
    ARROW_ASSIGN_OR_RAISE(columns[i], columns[i] == nullptr ? FillAbsent(field, batch->num_rows())
                                                            : ConformColumn(field, columns[i]));
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), batch->num_rows(), std::move(columns));
}

}  // namespace varve
