// SPDX-License-Identifier: Apache-2.0
#include "query/arrow_filter.h"

#include <set>
#include <utility>

#include "arrow/array.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/initialize.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/edit_distance.h"

namespace varve::internal {

Status InitializeArrowCompute() {
  static const Status status = arrow::compute::Initialize();
  return status;
}

Result<std::shared_ptr<const ArrowFilter>> ArrowFilter::Make(
    const arrow::compute::Expression& expression, bool negated, const CollectionSchema& schema) {
  ARROW_RETURN_NOT_OK(InitializeArrowCompute());
  auto filter = std::shared_ptr<ArrowFilter>(new ArrowFilter());
  arrow::FieldVector fields;
  std::vector<FilterColumn> all;
  std::vector<std::string> names;
  for (const FieldSchema& field : schema.fields()) {
    fields.push_back(arrow::field(field.name, field.arrow_type, field.nullable));
    all.push_back({field.field_id, field.name, field.arrow_type});
    names.push_back(field.name);
  }
  for (const std::string_view name : {kRowIdFieldName, kTimestampFieldName}) {
    all.push_back(FindFilterColumn(schema, name));
    fields.push_back(arrow::field(all.back().name, all.back().type, /*nullable=*/false));
    names.push_back(all.back().name);
  }
  filter->schema_ = arrow::schema(std::move(fields));

  std::set<int> positions;
  for (const arrow::FieldRef& ref : arrow::compute::FieldsInExpression(expression)) {
    const auto paths = ref.FindAll(*filter->schema_);
    if (paths.empty()) {
      const std::string* name = ref.name();
      return MakeError(ErrorKind::kInvalid,
                       "the expression names a column that does not exist" +
                           (name ? DidYouMean(*name, names) : ""),
                       {.field = name ? *name : ref.ToString()});
    }
    if (paths.size() > 1) {
      return MakeError(ErrorKind::kInvalid, "the expression's column is ambiguous",
                       {.field = ref.ToString()});
    }
    positions.insert(paths.front().indices().front());
  }
  for (const int position : positions) {
    filter->positions_.push_back(position);
    filter->columns_.push_back(all[static_cast<size_t>(position)]);
  }
  const auto wanted = negated ? arrow::compute::not_(expression) : expression;
  ARROW_ASSIGN_OR_RAISE(filter->bound_, wanted.Bind(*filter->schema_));
  if (!filter->bound_.IsScalarExpression() || filter->bound_.type() == nullptr ||
      filter->bound_.type()->id() != arrow::Type::BOOL) {
    return MakeError(ErrorKind::kInvalid, "the expression is no filter",
                     {.expected = "a truth value for each row", .found = expression.ToString()});
  }
  return filter;
}

Status ArrowFilter::Narrow(
    const std::function<std::shared_ptr<arrow::Array>(int64_t field_id)>& column,
    Selection* selection) const {
  std::vector<arrow::Datum> values;
  for (const auto& field : schema_->fields())
    values.emplace_back(arrow::MakeNullScalar(field->type()));
  for (size_t i = 0; i < columns_.size(); ++i) {
    arrow::Datum array(column(columns_[i].field_id));
    if (!array.type()->Equals(*columns_[i].type)) {
      ARROW_ASSIGN_OR_RAISE(array, arrow::compute::Cast(array, columns_[i].type));
    }
    values[static_cast<size_t>(positions_[i])] = std::move(array);
  }
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum result,
      arrow::compute::ExecuteScalarExpression(
          bound_, arrow::compute::ExecBatch(std::move(values), selection->num_rows())));
  if (result.is_scalar()) {
    const auto& truth = result.scalar_as<arrow::BooleanScalar>();
    if (!truth.is_valid || !truth.value) selection->Clear();
    return Status::OK();
  }
  if (!result.is_array()) {
    return MakeError(ErrorKind::kInternal, "the expression gave no array",
                     {.found = result.ToString()});
  }
  const auto array = std::static_pointer_cast<arrow::BooleanArray>(result.make_array());
  selection->Filter([&](int64_t row) { return array->IsValid(row) && array->Value(row); });
  return Status::OK();
}

}  // namespace varve::internal
