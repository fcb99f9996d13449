// SPDX-License-Identifier: Apache-2.0
#include "cli/list_notes.h"

#include <algorithm>
#include <cstdint>

#include "arrow/array/array_nested.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "cli/output/amounts.h"

namespace varve::cli {
namespace {

struct Lengths {
  int64_t shortest = 0;
  int64_t longest = 0;
  int64_t num_lists = 0;
  bool has_null_numbers = false;
};

template <typename ListArray>
Lengths LengthsOf(const arrow::Array& array) {
  const auto& lists = static_cast<const ListArray&>(array);
  Lengths lengths;
  lengths.has_null_numbers = lists.values()->null_count() > 0;
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    const int64_t length = lists.value_length(row);
    lengths.shortest = lengths.num_lists == 0 ? length : std::min(lengths.shortest, length);
    lengths.longest = std::max(lengths.longest, length);
    ++lengths.num_lists;
  }
  return lengths;
}

bool IsListOfFloats(const arrow::DataType& type) {
  return (type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST) &&
         arrow::is_floating(static_cast<const arrow::BaseListType&>(type).value_type()->id());
}

std::string Reason(const arrow::Array* column) {
  if (column == nullptr || column->length() == 0) return "there are no rows to tell from";
  const Lengths lengths = column->type_id() == arrow::Type::LIST
                              ? LengthsOf<arrow::ListArray>(*column)
                              : LengthsOf<arrow::LargeListArray>(*column);
  const std::string seen = "of the first " + Plural(column->length(), "row") + ", ";
  if (lengths.num_lists == 0) return seen + "none has a value";
  if (lengths.shortest != lengths.longest) {
    return seen + "the shortest has " + Plural(lengths.shortest, "number") + ", the longest " +
           std::to_string(lengths.longest);
  }
  if (lengths.longest == 0) return seen + "none has a number";
  if (lengths.longest == 1) return seen + "each has 1 number";
  if (lengths.num_lists == 1) return "one list is too few to tell from";
  const auto& items = *static_cast<const arrow::BaseListType&>(*column->type()).value_type();
  const bool is_float = items.id() == arrow::Type::FLOAT;
  if (is_float || lengths.has_null_numbers) return seen + "some have nulls among their numbers";
  if (column->null_count() > 0) return seen + std::to_string(column->null_count()) + " are null";
  return "its numbers are of type " + items.ToString() + ", those of vectors are float";
}

}  // namespace

std::vector<std::string> ListNotes(const CollectionSchema& schema,
                                   const arrow::RecordBatch* first) {
  std::vector<std::string> notes;
  for (const FieldSchema& field : schema.fields()) {
    if (!IsListOfFloats(*field.arrow_type)) continue;
    const auto column = first == nullptr ? nullptr : first->GetColumnByName(field.name);
    const bool is_list = column == nullptr || IsListOfFloats(*column->type());
    if (!is_list) continue;
    notes.push_back("note: column '" + field.name +
                    "' is stored as lists, not as vectors: " + Reason(column.get()));
  }
  return notes;
}

}  // namespace varve::cli
