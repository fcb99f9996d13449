// SPDX-License-Identifier: Apache-2.0
#include "packed/value_bounds.h"

#include <cmath>
#include <cstring>

#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/checked_cast.h"
#include "packed/text_bounds.h"
#include "parquet/schema.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;

template <typename T>
bool Load(const std::string& bytes, T* value) {
  if (bytes.size() != sizeof(T)) return false;
  std::memcpy(value, bytes.data(), sizeof(T));
  return true;
}

// Parquet has no seconds and no milliseconds since the epoch for dates; parquet-cpp converts.
int64_t InUnitOf(const arrow::DataType& type, int64_t value) {
  const auto seconds = [](int64_t millis) { return millis / 1000; };
  switch (type.id()) {
    case arrow::Type::DATE64:
      return value * 86'400'000;
    case arrow::Type::TIME32:
      return checked_cast<const arrow::Time32Type&>(type).unit() == arrow::TimeUnit::SECOND
                 ? seconds(value)
                 : value;
    case arrow::Type::TIMESTAMP:
      return checked_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::SECOND
                 ? seconds(value)
                 : value;
    default:
      return value;
  }
}

StatisticValue Decode(const arrow::DataType& type, parquet::Type::type physical,
                      const std::string& bytes) {
  const bool is_unsigned = arrow::is_unsigned_integer(type.id());
  switch (physical) {
    case parquet::Type::BOOLEAN: {
      uint8_t value = 0;
      if (Load(bytes, &value)) return int64_t{value != 0};
      break;
    }
    case parquet::Type::INT32: {
      int32_t value = 0;
      if (arrow::is_decimal(type.id()) || !Load(bytes, &value)) break;
      if (is_unsigned) return uint64_t{static_cast<uint32_t>(value)};
      return InUnitOf(type, value);
    }
    case parquet::Type::INT64: {
      int64_t value = 0;
      if (arrow::is_decimal(type.id()) || !Load(bytes, &value)) break;
      if (is_unsigned) return static_cast<uint64_t>(value);
      return InUnitOf(type, value);
    }
    case parquet::Type::FLOAT: {
      float value = 0;
      if (Load(bytes, &value) && !std::isnan(value)) return double{value};
      break;
    }
    case parquet::Type::DOUBLE: {
      double value = 0;
      if (Load(bytes, &value) && !std::isnan(value)) return value;
      break;
    }
    case parquet::Type::BYTE_ARRAY:
      return bytes;
    default:
      break;
  }
  return {};
}

bool Known(const StatisticValue& value) { return !std::holds_alternative<std::monostate>(value); }

}  // namespace

ColumnStatistics FileStatistics(const FieldSchema& field, const parquet::ColumnDescriptor& descr,
                                const std::vector<const LeafChunk*>& chunks) {
  ColumnStatistics result{.field_id = field.field_id, .null_count = 0};
  bool bounded = true;
  for (const LeafChunk* chunk : chunks) {
    if (!chunk->statistics.has_value() || !chunk->statistics->has_null_count) {
      result.null_count = -1;
      bounded = false;
      continue;
    }
    const auto& statistics = *chunk->statistics;
    if (result.null_count >= 0) result.null_count += statistics.null_count;
    if (statistics.null_count == chunk->num_levels) continue;
    StatisticValue min, max;
    if (statistics.has_min)
      min = Decode(*field.arrow_type, descr.physical_type(), statistics.min());
    if (statistics.has_max)
      max = Decode(*field.arrow_type, descr.physical_type(), statistics.max());
    if (!Known(min) || !Known(max)) {
      bounded = false;
      continue;
    }
    if (!Known(result.min) || min < result.min) result.min = std::move(min);
    if (!Known(result.max) || result.max < max) result.max = std::move(max);
  }
  if (!bounded) {
    result.min = {};
    result.max = {};
    return result;
  }
  const bool utf8 = arrow::is_string(field.arrow_type->id());
  if (auto* text = std::get_if<std::string>(&result.min);
      text != nullptr && text->size() > kTextBoundBytes) {
    result.min = CutLowerBound(*text, utf8);
    result.exact = false;
  }
  if (auto* text = std::get_if<std::string>(&result.max);
      text != nullptr && text->size() > kTextBoundBytes) {
    result.exact = false;
    if (auto bound = CutUpperBound(*text, utf8)) {
      result.max = *std::move(bound);
    } else {
      result.max = {};
    }
  }
  return result;
}

}  // namespace varve::internal
