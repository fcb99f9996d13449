// SPDX-License-Identifier: Apache-2.0
#include "varve/partition_statistics.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "arrow/util/utf8.h"
#include "base/coding.h"
#include "binlog/bloom_filter_json.h"
#include "binlog/json_members.h"

namespace varve {

using internal::BloomFilterFromJson;
using internal::BloomFilterToJson;
using internal::Excerpt;
using internal::JsonMembers;
using internal::ParseJson;

namespace {

// What a field's bounds are.
enum class Kind { kInteger, kNumber, kText, kVector, kNone };

Kind KindOfType(DataType type) {
  switch (type) {
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kTimestamptz:
      return Kind::kInteger;
    case DataType::kFloat:
    case DataType::kDouble:
      return Kind::kNumber;
    case DataType::kString:
    case DataType::kVarChar:
      return Kind::kText;
    case DataType::kFloatVector:
      return Kind::kVector;
    default:
      return Kind::kNone;
  }
}

bool InRange(DataType type, int64_t value) {
  const auto within = [&](auto limits) {
    return value >= decltype(limits)::min() && value <= decltype(limits)::max();
  };
  switch (type) {
    case DataType::kInt8:
      return within(std::numeric_limits<int8_t>());
    case DataType::kInt16:
      return within(std::numeric_limits<int16_t>());
    case DataType::kInt32:
      return within(std::numeric_limits<int32_t>());
    default:
      return true;
  }
}

bool Fits(DataType type, const FieldBound& bound) {
  switch (KindOfType(type)) {
    case Kind::kInteger: {
      const auto* number = std::get_if<int64_t>(&bound);
      return number != nullptr && InRange(type, *number);
    }
    case Kind::kNumber: {
      const auto* number = std::get_if<double>(&bound);
      return number != nullptr && std::isfinite(*number);
    }
    case Kind::kText: {
      arrow::util::InitializeUTF8();
      const auto* text = std::get_if<std::string>(&bound);
      return text != nullptr && arrow::util::ValidateUTF8(*text);
    }
    default:
      return false;
  }
}

Result<nlohmann::ordered_json> BoundToJson(const FieldStatistics& field,
                                           const std::optional<FieldBound>& bound,
                                           const char* name) {
  if (!bound.has_value()) return nullptr;
  if (!Fits(field.type, *bound)) {
    return MakeError(ErrorKind::kInvalid,
                     "a bound of field " + std::to_string(field.field_id) + " is not of its type",
                     {.field = name, .expected = std::string(DataTypeName(field.type))});
  }
  return std::visit([](const auto& value) { return nlohmann::ordered_json(value); }, *bound);
}

Result<nlohmann::ordered_json> ToJson(const FieldStatistics& field) {
  if (KindOfType(field.type) == Kind::kNone) {
    return MakeError(
        ErrorKind::kInvalid, "fields of this type have no statistics",
        {.field = std::to_string(field.field_id), .found = std::string(DataTypeName(field.type))});
  }
  ARROW_ASSIGN_OR_RAISE(auto max, BoundToJson(field, field.max, "max"));
  ARROW_ASSIGN_OR_RAISE(auto min, BoundToJson(field, field.min, "min"));
  nlohmann::ordered_json value = {{"fieldID", field.field_id},
                                  {"type", static_cast<int32_t>(field.type)}};
  value["max"] = std::move(max);
  value["min"] = std::move(min);
  value["bfType"] = field.filter == nullptr ? 0 : static_cast<int32_t>(field.filter->type());
  value["bf"] =
      field.filter == nullptr ? nlohmann::ordered_json() : BloomFilterToJson(*field.filter);
  if (KindOfType(field.type) != Kind::kVector) {
    value["centroids"] = nullptr;
    return value;
  }
  auto centroids = nlohmann::ordered_json::array();
  for (const std::vector<float>& centroid : field.centroids) {
    for (const float element : centroid) {
      if (std::isfinite(element)) continue;
      return MakeError(ErrorKind::kInvalid, "JSON holds only finite numbers",
                       {.field = "centroids", .found = std::to_string(element)});
    }
    centroids.push_back(centroid);
  }
  value["centroids"] = std::move(centroids);
  return value;
}

Result<FieldBound> ReadBound(const JsonMembers& members, DataType type, const char* name,
                             const nlohmann::json& value) {
  switch (KindOfType(type)) {
    case Kind::kInteger: {
      ARROW_ASSIGN_OR_RAISE(const int64_t number, members.GetInt64(name));
      if (InRange(type, number)) return number;
      break;
    }
    case Kind::kNumber:
      if (value.is_number()) return value.get<double>();
      break;
    default:
      return members.GetText(name);
  }
  return members.Wrong("wrong kind of value", name, std::string(DataTypeName(type)),
                       Excerpt(value));
}

Result<std::optional<FieldBound>> FindBound(const JsonMembers& members, DataType type,
                                            const char* name) {
  const nlohmann::json* value = members.Find(name);
  if (value == nullptr) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto bound, ReadBound(members, type, name, *value));
  return bound;
}

Status ReadCentroids(const JsonMembers& members, FieldStatistics* field) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* centroids, members.Get("centroids"));
  const auto wrong = [&](const nlohmann::json& found) {
    return members.Wrong("wrong kind of value", "centroids", "arrays of numbers that a float holds",
                         Excerpt(found));
  };
  if (!centroids->is_array()) return wrong(*centroids);
  for (const nlohmann::json& elements : *centroids) {
    if (!elements.is_array()) return wrong(elements);
    std::vector<float>& centroid = field->centroids.emplace_back();
    centroid.reserve(elements.size());
    for (const nlohmann::json& element : elements) {
      if (!element.is_number()) return wrong(element);
      const auto number = element.get<double>();
      if (std::abs(number) > std::numeric_limits<float>::max()) return wrong(element);
      centroid.push_back(static_cast<float>(number));
    }
  }
  return Status::OK();
}

Status ReadFilter(const JsonMembers& members, const std::string& object, FieldStatistics* field) {
  const nlohmann::json* value = members.Find("bf");
  if (value == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto named, members.FindInt64("bfType"));
  int64_t type = named.value_or(static_cast<int64_t>(BloomFilterType::kBasic));
  if (type < INT32_MIN || type > INT32_MAX) type = 0;  // no type either
  auto filter = BloomFilterFromJson(static_cast<BloomFilterType>(type), *value, object);
  if (!filter.ok()) {
    field->filter_status = filter.status();
    filter = BloomFilterFromJson(BloomFilterType::kAlwaysTrue, {}, object);
  }
  ARROW_ASSIGN_OR_RAISE(field->filter, std::move(filter));
  return Status::OK();
}

Result<FieldStatistics> ReadField(const nlohmann::json& value, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(value, object, "fieldStats"));
  FieldStatistics field;
  ARROW_ASSIGN_OR_RAISE(field.field_id, members.GetInt64("fieldID"));
  ARROW_ASSIGN_OR_RAISE(const auto type, members.FindInt64("type"));
  if (type.value_or(0) > 0) {
    field.type = *type > INT32_MAX ? DataType::kNone : static_cast<DataType>(*type);
  }
  const Kind kind = KindOfType(field.type);
  if (kind == Kind::kNone) {
    return MakeError(ErrorKind::kUnsupported, "statistics of a field of unknown type",
                     {.object = object, .field = "type", .found = std::to_string(*type)});
  }
  if (kind == Kind::kVector) {
    ARROW_RETURN_NOT_OK(ReadCentroids(members, &field));
    return field;
  }
  ARROW_ASSIGN_OR_RAISE(field.max, FindBound(members, field.type, "max"));
  ARROW_ASSIGN_OR_RAISE(field.min, FindBound(members, field.type, "min"));
  ARROW_RETURN_NOT_OK(ReadFilter(members, object, &field));
  return field;
}

Result<SegmentStatistics> ReadSegment(const nlohmann::json& value, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(value, object, "segmentStats"));
  SegmentStatistics segment;
  ARROW_ASSIGN_OR_RAISE(segment.num_rows, members.GetInt64("NumRows"));
  if (segment.num_rows < 0) {
    return members.Wrong("a segment with fewer rows than none", "NumRows", "at least 0",
                         std::to_string(segment.num_rows));
  }
  const nlohmann::json* fields = members.Find("fieldStats");
  if (fields == nullptr) return segment;
  if (!fields->is_array()) {
    return members.Wrong("wrong kind of value", "fieldStats", "an array", Excerpt(*fields));
  }
  for (const nlohmann::json& field : *fields) {
    ARROW_ASSIGN_OR_RAISE(segment.fields.emplace_back(), ReadField(field, object));
  }
  return segment;
}

}  // namespace

Result<std::string> EncodePartitionStatistics(const PartitionStatistics& statistics) {
  auto segments = nlohmann::ordered_json::object();
  for (const auto& [id, segment] : statistics.segments) {
    auto fields = nlohmann::ordered_json::array();
    for (const FieldStatistics& field : segment.fields) {
      ARROW_ASSIGN_OR_RAISE(auto value, ToJson(field));
      fields.push_back(std::move(value));
    }
    segments[std::to_string(id)] = {{"fieldStats", std::move(fields)},
                                    {"NumRows", segment.num_rows}};
  }
  const nlohmann::ordered_json document = {{"segmentStats", std::move(segments)},
                                           {"Version", statistics.version}};
  return document.dump();
}

Result<PartitionStatistics> DecodePartitionStatistics(std::span<const uint8_t> bytes,
                                                      const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json document, ParseJson(bytes, object));
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members,
                        JsonMembers::Of(document, object, "partition statistics"));
  PartitionStatistics statistics;
  ARROW_ASSIGN_OR_RAISE(statistics.version, members.GetInt64("Version"));
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* segments, members.Get("segmentStats"));
  if (!segments->is_object()) {
    return members.Wrong("wrong kind of value", "segmentStats", "an object", Excerpt(*segments));
  }
  for (const auto& [name, value] : segments->items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || std::to_string(id) != name) {
      return members.Wrong("a segment id is no number", "segmentStats", "a decimal number",
                           "'" + name + "'");
    }
    ARROW_ASSIGN_OR_RAISE(statistics.segments[id], ReadSegment(value, object));
  }
  return statistics;
}

}  // namespace varve
