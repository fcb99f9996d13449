// SPDX-License-Identifier: Apache-2.0
#include "cli/column_statistics.h"

#include <algorithm>
#include <cmath>

#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/compute/api_aggregate.h"
#include "arrow/compute/exec.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/float16.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;

Status Widen(const std::shared_ptr<arrow::Scalar>& min, const std::shared_ptr<arrow::Scalar>& max,
             ColumnSummary* column) {
  if (min == nullptr || max == nullptr || !min->is_valid || !max->is_valid) return Status::OK();
  if (column->min == nullptr) {
    column->min = min;
    column->max = max;
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto least,
                        arrow::compute::CallFunction("min_element_wise", {column->min, min}));
  ARROW_ASSIGN_OR_RAISE(auto most,
                        arrow::compute::CallFunction("max_element_wise", {column->max, max}));
  column->min = least.scalar();
  column->max = most.scalar();
  return Status::OK();
}

bool HasOrder(const arrow::DataType& type) {
  return arrow::is_primitive(type.id()) || arrow::is_base_binary_like(type.id()) ||
         arrow::is_decimal(type.id());
}

template <typename ValueAt>
void AddNorms(const arrow::FixedSizeListArray& vectors, ValueAt value_at, ColumnSummary* column) {
  const int32_t dimension = vectors.value_length();
  for (int64_t row = 0; row < vectors.length(); ++row) {
    if (vectors.IsNull(row)) continue;
    double sum = 0;
    const int64_t begin = vectors.value_offset(row);
    for (int32_t i = 0; i < dimension; ++i) {
      const double value = value_at(begin + i);
      sum += value * value;
    }
    const double norm = std::sqrt(sum);
    if (!std::isfinite(norm)) {
      ++column->non_finite;
      continue;
    }
    if (norm == 0) ++column->zero;
    column->smallest_norm = column->num_vectors == 0 ? norm : std::min(column->smallest_norm, norm);
    column->largest_norm = std::max(column->largest_norm, norm);
    column->sum_of_norms += norm;
    ++column->num_vectors;
  }
}

}  // namespace

Status AddChunk(const ColumnChunkSummary& chunk, ColumnSummary* column) {
  column->num_values += chunk.num_values;
  column->null_count =
      column->null_count < 0 || chunk.null_count < 0 ? -1 : column->null_count + chunk.null_count;
  column->compressed_bytes += chunk.compressed_bytes;
  column->uncompressed_bytes += chunk.uncompressed_bytes;
  for (const std::string& encoding : chunk.encodings) {
    column->encodings.insert(chunk.compression == "none" ? encoding
                                                         : encoding + " " + chunk.compression);
  }
  const bool only_nulls = chunk.null_count == chunk.num_values;
  if (chunk.min == nullptr && !only_nulls) column->bounds_known = false;
  return Widen(chunk.min, chunk.max, column);
}

Status AddValues(const std::shared_ptr<arrow::Array>& values, ColumnSummary* column) {
  column->num_values += values->length();
  column->null_count += values->null_count();
  if (HasOrder(*values->type())) {
    ARROW_ASSIGN_OR_RAISE(auto bounds, arrow::compute::MinMax(values));
    const auto& pair = checked_cast<const arrow::StructScalar&>(*bounds.scalar());
    return Widen(pair.value[0], pair.value[1], column);
  }
  column->bounds_known = false;
  if (values->type_id() != arrow::Type::FIXED_SIZE_LIST) return Status::OK();
  const auto& vectors = checked_cast<const arrow::FixedSizeListArray&>(*values);
  const auto& items = *vectors.values();
  if (items.type_id() == arrow::Type::FLOAT) {
    const float* numbers = checked_cast<const arrow::FloatArray&>(items).raw_values();
    AddNorms(
        vectors, [numbers](int64_t i) -> double { return numbers[i]; }, column);
  } else if (items.type_id() == arrow::Type::INT8) {
    const int8_t* numbers = checked_cast<const arrow::Int8Array&>(items).raw_values();
    AddNorms(
        vectors, [numbers](int64_t i) -> double { return numbers[i]; }, column);
  } else if (items.type_id() == arrow::Type::HALF_FLOAT) {
    const uint16_t* bits = checked_cast<const arrow::HalfFloatArray&>(items).raw_values();
    AddNorms(
        vectors,
        [bits](int64_t i) -> double { return arrow::util::Float16::FromBits(bits[i]).ToFloat(); },
        column);
  }
  return Status::OK();
}

}  // namespace varve::cli
