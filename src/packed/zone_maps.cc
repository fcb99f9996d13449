// SPDX-License-Identifier: Apache-2.0
#include "packed/zone_maps.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "arrow/type.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/schema.h"
#include "parquet/bloom_filter.h"
#include "parquet/schema.h"

namespace varve::internal {
namespace {

using arrow::Type;

enum class Order { kNone, kBool, kSigned, kUnsigned, kFloat, kText };

bool IsText(Type::type id) {
  return id == Type::STRING || id == Type::LARGE_STRING || id == Type::BINARY ||
         id == Type::LARGE_BINARY || id == Type::STRING_VIEW || id == Type::BINARY_VIEW;
}

bool IsSigned(Type::type id) {
  return id == Type::INT8 || id == Type::INT16 || id == Type::INT32 || id == Type::INT64;
}

bool IsUnsigned(Type::type id) {
  return id == Type::UINT8 || id == Type::UINT16 || id == Type::UINT32 || id == Type::UINT64;
}

// How values of a flat column compare; kNone where the column's type is not the field's in all but
// width.
Order OrderOf(const arrow::DataType& file, const arrow::DataType& field,
              parquet::Type::type physical) {
  const bool int_physical = physical == parquet::Type::INT32 || physical == parquet::Type::INT64;
  if (IsText(file.id()) && IsText(field.id())) {
    return physical == parquet::Type::BYTE_ARRAY ? Order::kText : Order::kNone;
  }
  if (file.id() == Type::BOOL && field.id() == Type::BOOL) return Order::kBool;
  if (IsSigned(file.id()) && IsSigned(field.id()) && int_physical) {
    return Order::kSigned;
  }
  if (IsUnsigned(file.id()) && IsUnsigned(field.id()) && int_physical) {
    return Order::kUnsigned;
  }
  if (file.id() == field.id() && (file.id() == Type::FLOAT || file.id() == Type::DOUBLE)) {
    return Order::kFloat;
  }
  if (file.id() == Type::INT64 && field.id() == Type::DURATION) return Order::kSigned;
  if (file.id() != field.id() || !int_physical) return Order::kNone;
  switch (file.id()) {
    case Type::DATE32:
      return Order::kSigned;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(file).unit() ==
                     static_cast<const arrow::TimestampType&>(field).unit()
                 ? Order::kSigned
                 : Order::kNone;
    case Type::TIME32:
    case Type::TIME64:
      return static_cast<const arrow::TimeType&>(file).unit() ==
                     static_cast<const arrow::TimeType&>(field).unit()
                 ? Order::kSigned
                 : Order::kNone;
    default:
      return Order::kNone;
  }
}

// The order of column `column` if it is flat; kNone otherwise.
Result<Order> FlatOrder(const ParquetMetadata& metadata, int column,
                        const arrow::DataType& field_type) {
  const auto& entry = metadata.columns()[static_cast<size_t>(column)];
  if (entry.leaf_end != entry.leaf_begin + 1) return Order::kNone;
  const auto& schema = *metadata.footer()->schema();
  const auto* leaf = schema.Column(entry.leaf_begin);
  if (leaf->max_repetition_level() > 0 || leaf->max_definition_level() > 1) return Order::kNone;
  std::shared_ptr<arrow::Schema> file_schema;
  parquet::SchemaDescriptor one;
  const auto& node = static_cast<const parquet::schema::PrimitiveNode&>(*leaf->schema_node());
  if (!schema.group_node()->field(column)->is_primitive()) return Order::kNone;
  const auto clone = node.logical_type() != nullptr && node.logical_type()->is_valid() &&
                             !node.logical_type()->is_none()
                         ? parquet::schema::PrimitiveNode::Make(
                               node.name(), node.repetition(), node.logical_type(),
                               node.physical_type(), node.type_length())
                         : parquet::schema::PrimitiveNode::Make(
                               node.name(), node.repetition(), node.physical_type(),
                               node.converted_type(), node.type_length(),
                               node.decimal_metadata().precision, node.decimal_metadata().scale);
  one.Init(parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED, {clone}));
  ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(&one, &file_schema));
  return OrderOf(*file_schema->field(0)->type(), field_type, leaf->physical_type());
}

template <typename Index, typename Convert>
void FillBounds(const parquet::ColumnIndex& index, const Convert& convert,
                std::vector<ColumnStatistics>* pages) {
  const auto* typed = dynamic_cast<const Index*>(&index);
  if (typed == nullptr) return;
  for (size_t i = 0; i < pages->size(); ++i) {
    if (index.null_pages()[i]) continue;
    (*pages)[i].min = convert(typed->min_values()[i]);
    (*pages)[i].max = convert(typed->max_values()[i]);
  }
}

StatisticValue FromFloat(double value) {
  if (std::isnan(value)) return std::monostate();
  return value;
}

// Statistics of every page of the index, all of one column chunk.
std::vector<ColumnStatistics> PageStatistics(const parquet::ColumnIndex& index, Order order,
                                             parquet::Type::type physical, int64_t field_id) {
  std::vector<ColumnStatistics> pages(index.null_pages().size());
  for (size_t i = 0; i < pages.size(); ++i) {
    pages[i].field_id = field_id;
    if (index.has_null_counts()) pages[i].null_count = index.null_counts()[i];
    if (order == Order::kText) pages[i].exact = false;
  }
  const bool narrow = physical == parquet::Type::INT32;
  switch (order) {
    case Order::kBool:
      FillBounds<parquet::BoolColumnIndex>(
          index, [](bool v) { return StatisticValue(int64_t{v}); }, &pages);
      break;
    case Order::kSigned:
      if (narrow) {
        FillBounds<parquet::Int32ColumnIndex>(
            index, [](int32_t v) { return StatisticValue(int64_t{v}); }, &pages);
      } else {
        FillBounds<parquet::Int64ColumnIndex>(
            index, [](int64_t v) { return StatisticValue(v); }, &pages);
      }
      break;
    case Order::kUnsigned:
      if (narrow) {
        FillBounds<parquet::Int32ColumnIndex>(
            index, [](int32_t v) { return StatisticValue(uint64_t{static_cast<uint32_t>(v)}); },
            &pages);
      } else {
        FillBounds<parquet::Int64ColumnIndex>(
            index, [](int64_t v) { return StatisticValue(static_cast<uint64_t>(v)); }, &pages);
      }
      break;
    case Order::kFloat:
      if (physical == parquet::Type::FLOAT) {
        FillBounds<parquet::FloatColumnIndex>(
            index, [](float v) { return FromFloat(v); }, &pages);
      } else {
        FillBounds<parquet::DoubleColumnIndex>(index, FromFloat, &pages);
      }
      break;
    case Order::kText:
      FillBounds<parquet::ByteArrayColumnIndex>(
          index,
          [](const parquet::ByteArray& v) {
            return StatisticValue(std::string(reinterpret_cast<const char*>(v.ptr), v.len));
          },
          &pages);
      break;
    case Order::kNone:
      break;
  }
  return pages;
}

template <typename T>
std::optional<T> Narrowed(const StatisticValue& value) {
  if (const auto* v = std::get_if<int64_t>(&value); v != nullptr && std::in_range<T>(*v)) {
    return static_cast<T>(*v);
  }
  if (const auto* v = std::get_if<uint64_t>(&value); v != nullptr && std::in_range<T>(*v)) {
    return static_cast<T>(*v);
  }
  return std::nullopt;
}

// nullopt: the value has no hash, or may equal values with another one.
std::optional<uint64_t> HashOf(const parquet::BlockSplitBloomFilter& filter, Order order,
                               parquet::Type::type physical, const StatisticValue& value) {
  switch (order) {
    case Order::kSigned:
      if (physical == parquet::Type::INT32) {
        if (const auto v = Narrowed<int32_t>(value)) return filter.Hash(*v);
      } else if (const auto v = Narrowed<int64_t>(value)) {
        return filter.Hash(*v);
      }
      return std::nullopt;
    case Order::kUnsigned:
      if (physical == parquet::Type::INT32) {
        if (const auto v = Narrowed<uint32_t>(value)) return filter.Hash(static_cast<int32_t>(*v));
      } else if (const auto v = Narrowed<uint64_t>(value)) {
        return filter.Hash(static_cast<int64_t>(*v));
      }
      return std::nullopt;
    case Order::kFloat: {
      const auto* v = std::get_if<double>(&value);
      // Zero has two spellings, NaN many.
      if (v == nullptr || *v == 0 || std::isnan(*v)) return std::nullopt;
      if (physical == parquet::Type::DOUBLE) return filter.Hash(*v);
      const auto narrow = static_cast<float>(*v);
      if (static_cast<double>(narrow) != *v) return std::nullopt;
      return filter.Hash(narrow);
    }
    case Order::kText: {
      const auto* v = std::get_if<std::string>(&value);
      if (v == nullptr) return std::nullopt;
      const parquet::ByteArray bytes(*v);
      return filter.Hash(&bytes);
    }
    case Order::kBool:
    case Order::kNone:
      break;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<PageZone>> ReadZones(const ParquetMetadata& metadata, int column,
                                        int64_t field_id,
                                        const std::shared_ptr<arrow::DataType>& type) {
  const auto& entry = metadata.columns()[static_cast<size_t>(column)];
  return CatchParquet(metadata.source().path(), entry.name, [&]() -> Result<std::vector<PageZone>> {
    ARROW_ASSIGN_OR_RAISE(const Order order, FlatOrder(metadata, column, *type));
    const auto& starts = metadata.row_group_starts();
    std::vector<PageZone> zones;
    for (size_t group = 0; group + 1 < starts.size(); ++group) {
      if (starts[group] == starts[group + 1]) continue;
      PageZone whole{starts[group], starts[group + 1], {}};
      whole.statistics.field_id = field_id;
      if (order == Order::kNone) {
        zones.push_back(whole);
        continue;
      }
      const int row_group = static_cast<int>(group);
      ARROW_ASSIGN_OR_RAISE(const auto extent, metadata.Chunk(row_group, entry.leaf_begin));
      ARROW_ASSIGN_OR_RAISE(const auto index, metadata.ColumnIndexOf(row_group, entry.leaf_begin));
      const size_t num_pages = extent->pages.size();
      if (index == nullptr || num_pages == 0 || index->null_pages().size() != num_pages) {
        zones.push_back(whole);
        continue;
      }
      const auto* leaf = metadata.footer()->schema()->Column(entry.leaf_begin);
      auto statistics = PageStatistics(*index, order, leaf->physical_type(), field_id);
      for (size_t i = 0; i < num_pages; ++i) {
        const int64_t end =
            i + 1 < num_pages ? starts[group] + extent->pages[i + 1].begin_row : starts[group + 1];
        zones.push_back(
            {starts[group] + extent->pages[i].begin_row, end, std::move(statistics[i])});
      }
    }
    return zones;
  });
}

Result<std::vector<bool>> ReadMayContain(const ParquetMetadata& metadata, int column,
                                         const std::shared_ptr<arrow::DataType>& type,
                                         const StatisticValue& value) {
  const auto& entry = metadata.columns()[static_cast<size_t>(column)];
  return CatchParquet(metadata.source().path(), entry.name, [&]() -> Result<std::vector<bool>> {
    std::vector<bool> may(metadata.row_group_starts().size() - 1, true);
    ARROW_ASSIGN_OR_RAISE(const Order order, FlatOrder(metadata, column, *type));
    if (order == Order::kNone) return may;
    const auto* leaf = metadata.footer()->schema()->Column(entry.leaf_begin);
    for (size_t group = 0; group < may.size(); ++group) {
      ARROW_ASSIGN_OR_RAISE(const auto filter,
                            metadata.BloomFilterOf(static_cast<int>(group), entry.leaf_begin));
      if (filter == nullptr) continue;
      const auto hash = HashOf(*filter, order, leaf->physical_type(), value);
      if (hash) may[group] = filter->FindHash(*hash);
    }
    return may;
  });
}

}  // namespace varve::internal
