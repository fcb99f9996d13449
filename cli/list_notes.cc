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

bool IsListOfNumbers(const arrow::DataType& type) {
  return (type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST) &&
         arrow::is_numeric(static_cast<const arrow::BaseListType&>(type).value_type()->id());
}

bool IsListOfIntegers(const arrow::DataType& type) {
  return IsListOfNumbers(type) &&
         arrow::is_integer(static_cast<const arrow::BaseListType&>(type).value_type()->id());
}

Lengths LengthsOfColumn(const arrow::Array& column) {
  return column.type_id() == arrow::Type::LIST ? LengthsOf<arrow::ListArray>(column)
                                               : LengthsOf<arrow::LargeListArray>(column);
}

// Lists of integers are tags and counts more often than vectors; those of one length may be either.
bool MayBeVectors(const arrow::Array& column) {
  const Lengths lengths = LengthsOfColumn(column);
  return lengths.num_lists >= 2 && lengths.shortest == lengths.longest && lengths.longest >= 2;
}

bool IsListOfDoubles(const arrow::DataType& type) {
  return arrow::is_list_like(type.id()) &&
         static_cast<const arrow::BaseListType&>(type).value_type()->id() == arrow::Type::DOUBLE;
}

bool IsFixedListOfNumbers(const arrow::DataType& type) {
  return type.id() == arrow::Type::FIXED_SIZE_LIST &&
         arrow::is_numeric(static_cast<const arrow::BaseListType&>(type).value_type()->id());
}

std::string OtherNumbers(const arrow::DataType& list) {
  return "its numbers are of type " +
         static_cast<const arrow::BaseListType&>(list).value_type()->ToString() +
         ", those of vectors are float";
}

std::string Reason(const arrow::Array* column) {
  if (column == nullptr || column->length() == 0) return "there are no rows to tell from";
  const Lengths lengths = LengthsOfColumn(*column);
  const std::string seen = "of the first " + Plural(column->length(), "row") + ", ";
  if (lengths.num_lists == 0) return seen + "none has a value";
  if (lengths.shortest != lengths.longest) {
    return seen + "the shortest has " + Plural(lengths.shortest, "number") + ", the longest " +
           std::to_string(lengths.longest);
  }
  if (lengths.longest == 0) return seen + "none has a number";
  if (lengths.longest == 1) return seen + "each has 1 number";
  const auto& items = *static_cast<const arrow::BaseListType&>(*column->type()).value_type();
  const bool is_float = items.id() == arrow::Type::FLOAT;
  if (is_float || lengths.has_null_numbers) return seen + "some have nulls among their numbers";
  if (column->null_count() > 0) return seen + std::to_string(column->null_count()) + " are null";
  return OtherNumbers(*column->type());
}

}  // namespace

std::vector<std::string> ListNotes(const CollectionSchema& schema,
                                   const arrow::RecordBatch* first) {
  std::vector<std::string> notes;
  for (const FieldSchema& field : schema.fields()) {
    const auto column = first == nullptr ? nullptr : first->GetColumnByName(field.name);
    if (field.data_type == DataType::kFloatVector && column != nullptr &&
        IsListOfDoubles(*column->type())) {
      notes.push_back("note: the numbers of column '" + field.name +
                      "' are doubles; its vectors are float, so they are rounded");
      continue;
    }
    if (!IsListOfNumbers(*field.arrow_type)) {
      if (field.data_type == DataType::kNone && IsFixedListOfNumbers(*field.arrow_type)) {
        notes.push_back("note: column '" + field.name +
                        "' is stored as lists, not as vectors: " + OtherNumbers(*field.arrow_type));
      }
      continue;
    }
    const bool is_list = column == nullptr || IsListOfNumbers(*column->type());
    if (!is_list) continue;
    if (IsListOfIntegers(*field.arrow_type) && (column == nullptr || !MayBeVectors(*column))) {
      continue;
    }
    notes.push_back("note: column '" + field.name +
                    "' is stored as lists, not as vectors: " + Reason(column.get()));
  }
  return notes;
}

}  // namespace varve::cli
