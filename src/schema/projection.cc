// SPDX-License-Identifier: Apache-2.0
#include "schema/projection.h"

#include <algorithm>
#include <set>
#include <utility>

#include "arrow/type.h"
#include "base/edit_distance.h"
#include "schema/system_fields.h"

namespace varve::internal {
namespace {

// Of a wide table, as many names as a line can show.
constexpr size_t kNamesShown = 12;

const std::vector<FieldSchema>& SystemFields() {
  static const std::vector<FieldSchema> fields = {RowIdField(), TimestampField()};
  return fields;
}

const FieldSchema* FindField(const CollectionSchema& schema, const std::string& name) {
  if (const FieldSchema* field = schema.FindByName(name)) return field;
  for (const FieldSchema& field : SystemFields()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Status UnknownColumn(const CollectionSchema& schema, const std::string& name) {
  std::vector<std::string> names;
  for (const FieldSchema& field : schema.fields()) names.push_back(field.name);
  std::string shown;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    shown += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesShown) shown += ", …";
  for (const FieldSchema& field : SystemFields()) names.push_back(field.name);
  const std::string meant = DidYouMean(name, names);
  return MakeError(ErrorKind::kInvalid, "no such column" + meant,
                   {.field = name, .expected = meant.empty() ? "one of " + shown : ""});
}

}  // namespace

const FieldSchema* SystemField(int64_t field_id) {
  for (const FieldSchema& field : SystemFields()) {
    if (field.field_id == field_id) return &field;
  }
  return nullptr;
}

Result<Projection> MakeProjection(const CollectionSchema& schema,
                                  const std::vector<std::string>& names) {
  Projection projection;
  if (names.empty()) {
    projection.fields = schema.fields();
    projection.schema = schema.ToArrow();
    return projection;
  }
  std::set<std::string_view> seen;
  arrow::FieldVector arrow_fields;
  const auto all = schema.ToArrow();
  for (const std::string& name : names) {
    const FieldSchema* field = FindField(schema, name);
    if (field == nullptr) return UnknownColumn(schema, name);
    if (!seen.insert(field->name).second) {
      return MakeError(ErrorKind::kInvalid, "column asked for twice", {.field = name});
    }
    projection.fields.push_back(*field);
    auto arrow_field = all->GetFieldByName(name);
    if (arrow_field == nullptr) {
      arrow_field = arrow::field(field->name, field->arrow_type, /*nullable=*/false);
    }
    arrow_fields.push_back(std::move(arrow_field));
  }
  projection.schema = arrow::schema(std::move(arrow_fields));
  return projection;
}

}  // namespace varve::internal
