// SPDX-License-Identifier: Apache-2.0
#include "schema/check_vectors.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "schema/check_values.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;

// Index of the first of `count` floating-point numbers that is NaN or infinite, or -1. Such numbers
// have all exponent bits set, whatever their width.
template <typename Word>
int64_t FindNonFinite(const uint8_t* bytes, int64_t count, Word exponent) {
  constexpr int64_t kBlock = 1024;
  const auto lowest = static_cast<Word>(exponent & -exponent);
  const auto sign = static_cast<Word>(exponent + lowest);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t end = std::min(count, begin + kBlock);
    // All exponent bits set, plus the lowest of them, carry into the sign bit. Nothing but and, add
    // and or, and no way out: compilers turn this into vector instructions.
    Word carries = 0;
    for (int64_t i = begin; i < end; ++i) {
      Word word;
      std::memcpy(&word, bytes + i * sizeof(Word), sizeof(Word));
      carries = static_cast<Word>(carries | ((word & exponent) + lowest));
    }
    const bool found = (carries & sign) != 0;
    if (!found) continue;
    for (int64_t i = begin; i < end; ++i) {
      Word word;
      std::memcpy(&word, bytes + i * sizeof(Word), sizeof(Word));
      if ((word & exponent) == exponent) return i;
    }
  }
  return -1;
}

int64_t FindNonFinite(DataType vector, const uint8_t* bytes, int64_t count) {
  switch (vector) {
    case DataType::kFloatVector:
      return FindNonFinite<uint32_t>(bytes, count, 0x7F800000u);
    case DataType::kFloat16Vector:
      return FindNonFinite<uint16_t>(bytes, count, 0x7C00u);
    case DataType::kBFloat16Vector:
      return FindNonFinite<uint16_t>(bytes, count, 0x7F80u);
    default:
      return -1;  // integers and bits are always finite
  }
}

// A defect inside a run of vectors: which vector and which of its elements; vector < 0: none.
struct Defect {
  int64_t vector = -1;
  int64_t element = 0;
  bool is_null = false;
};

Defect FindNullInside(const arrow::FixedSizeListArray& lists) {
  const auto& values = lists.values();
  if (values->null_count() == 0) return {};
  for (int64_t i = 0; i < lists.length(); ++i) {
    if (lists.IsNull(i)) continue;
    for (int64_t element = 0; element < lists.value_length(); ++element) {
      if (values->IsNull(lists.value_offset(i) + element)) return {i, element, true};
    }
  }
  return {};
}

const uint8_t* ValuesOf(const arrow::Array& vectors, int64_t width) {
  if (vectors.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    return checked_cast<const arrow::FixedSizeBinaryArray&>(vectors).raw_values();
  }
  const auto& lists = checked_cast<const arrow::FixedSizeListArray&>(vectors);
  const arrow::ArrayData& child = *lists.values()->data();
  return child.buffers[1]->data() + child.offset * (width / lists.value_length()) +
         lists.offset() * width;
}

Defect FindNonFiniteVector(DataType type, int32_t dim, const arrow::Array& vectors) {
  const int64_t elements = VectorElements(type, dim);
  const int64_t width = VectorWidth(type, dim);
  const uint8_t* bytes = ValuesOf(vectors, width);
  if (vectors.null_count() == 0) {
    const int64_t index = FindNonFinite(type, bytes, vectors.length() * elements);
    if (index < 0) return {};
    return {index / elements, index % elements, false};
  }
  for (int64_t i = 0; i < vectors.length(); ++i) {
    if (vectors.IsNull(i)) continue;
    const int64_t index = FindNonFinite(type, bytes + i * width, elements);
    if (index >= 0) return {i, index, false};
  }
  return {};
}

Defect FindDefect(const FieldSchema& field, DataType type, const arrow::Array& vectors) {
  if (vectors.length() == 0) return {};
  if (vectors.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const Defect defect = FindNullInside(checked_cast<const arrow::FixedSizeListArray&>(vectors));
    if (defect.vector >= 0) return defect;
  }
  if (field.allow_non_finite) return {};
  return FindNonFiniteVector(type, field.dim, vectors);
}

Status Report(const FieldSchema& field, int64_t row, const Defect& defect) {
  const std::string found = "dimension " + std::to_string(defect.element);
  if (defect.is_null) {
    return RowError(row, "null inside a vector", field.name, "", "null at " + found);
  }
  return RowError(row, "NaN or infinity in a vector", field.name, "finite values",
                  "other at " + found);
}

}  // namespace

Status CheckVectors(const FieldSchema& field, const arrow::Array& array) {
  const Defect defect = FindDefect(field, field.data_type, array);
  return defect.vector < 0 ? Status::OK() : Report(field, defect.vector, defect);
}

Status CheckVectorLists(const FieldSchema& field, const arrow::ListArray& lists) {
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    const auto vectors = lists.value_slice(row);
    if (vectors->null_count() > 0) {
      return RowError(row, "null vector in an array of vectors", field.name);
    }
    const Defect defect = FindDefect(field, field.element_type, *vectors);
    if (defect.vector >= 0) return Report(field, row, defect);
  }
  return Status::OK();
}

Status CheckSparseVectors(const FieldSchema& field, const arrow::BinaryArray& rows) {
  constexpr size_t kPair = sizeof(uint32_t) + sizeof(float);
  for (int64_t row = 0; row < rows.length(); ++row) {
    if (rows.IsNull(row)) continue;
    const std::string_view bytes = rows.GetView(row);
    if (bytes.size() % kPair != 0) {
      return RowError(row, "sparse vector of a wrong length", field.name, "a multiple of 8 bytes",
                      std::to_string(bytes.size()));
    }
    int64_t previous = -1;
    for (size_t at = 0; at < bytes.size(); at += kPair) {
      uint32_t index;
      std::memcpy(&index, bytes.data() + at, sizeof(index));
      if (index <= previous || index == UINT32_MAX) {
        return RowError(row, "sparse vector with indices out of order", field.name,
                        "ascending indices below 4294967295", std::to_string(index));
      }
      previous = index;
    }
    if (field.allow_non_finite) continue;
    for (size_t at = 0; at < bytes.size(); at += kPair) {
      const auto* value = reinterpret_cast<const uint8_t*>(bytes.data()) + at + sizeof(uint32_t);
      if (FindNonFinite(DataType::kFloatVector, value, 1) < 0) continue;
      return Report(field, row, {0, static_cast<int64_t>(at / kPair), false});
    }
  }
  return Status::OK();
}

}  // namespace varve::internal
