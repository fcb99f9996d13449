// SPDX-License-Identifier: Apache-2.0
#include "varve/primary_key_statistics.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "arrow/array.h"
#include "arrow/util/utf8.h"
#include "base/coding.h"
#include "binlog/bloom_filter_json.h"
#include "binlog/json_members.h"
#include "varve/path_template.h"

namespace varve {

using internal::AsBytes;
using internal::AsString;
using internal::BloomFilterFromJson;
using internal::BloomFilterToJson;
using internal::Excerpt;
using internal::JsonMembers;
using internal::ParseJson;
using internal::ToHex;

namespace {

// The container that Milvus is about to write instead.
constexpr std::string_view kBinaryMagic = "mpkstats";

bool IsKeyType(DataType type) { return type == DataType::kInt64 || type == DataType::kVarChar; }

bool HasType(const PrimaryKey& key, DataType type) {
  return std::holds_alternative<int64_t>(key) == (type == DataType::kInt64);
}

std::string_view AsKeyBytes(const int64_t& key) {
  return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

// The bytes that go into the filter.
std::string_view AsKeyBytes(const PrimaryKey& key) {
  if (const auto* number = std::get_if<int64_t>(&key)) return AsKeyBytes(*number);
  return std::get<std::string>(key);
}

Result<nlohmann::ordered_json> BoundToJson(const std::optional<PrimaryKey>& bound, DataType type,
                                           const char* name) {
  if (!bound.has_value() || !HasType(*bound, type)) {
    return MakeError(ErrorKind::kInvalid, "statistics of primary keys need bounds of their type",
                     {.field = name,
                      .expected = std::string(DataTypeName(type)),
                      .found = bound.has_value() ? "a key of another type" : "none"});
  }
  if (const auto* number = std::get_if<int64_t>(&*bound)) return *number;
  const std::string& text = std::get<std::string>(*bound);
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(text)) {
    return MakeError(ErrorKind::kInvalid, "JSON holds only UTF-8",
                     {.field = name, .expected = "UTF-8", .found = ToHex(AsBytes(text))});
  }
  return text;
}

Result<nlohmann::ordered_json> ToJson(const PrimaryKeyStatistics& statistics) {
  if (!IsKeyType(statistics.type)) {
    return MakeError(ErrorKind::kInvalid, "primary keys are of another type",
                     {.field = "pkType",
                      .expected = "Int64 or VarChar",
                      .found = std::string(DataTypeName(statistics.type))});
  }
  ARROW_ASSIGN_OR_RAISE(auto max, BoundToJson(statistics.max, statistics.type, "maxPk"));
  ARROW_ASSIGN_OR_RAISE(auto min, BoundToJson(statistics.min, statistics.type, "minPk"));
  // Readers from before VarChar keys know only these two, and refuse a file without them.
  const bool numbers = statistics.type == DataType::kInt64;
  nlohmann::ordered_json value = {
      {"fieldID", statistics.field_id},
      {"max", numbers ? max : nlohmann::ordered_json(0)},
      {"min", numbers ? min : nlohmann::ordered_json(0)},
      {"bfType", static_cast<int32_t>(statistics.filter->type())},
  };
  value["bf"] = BloomFilterToJson(*statistics.filter);
  value["pkType"] = static_cast<int32_t>(statistics.type);
  value["maxPk"] = std::move(max);
  value["minPk"] = std::move(min);
  return value;
}

// The bound that is called `name`, or nullopt.
Result<std::optional<PrimaryKey>> ReadBound(const JsonMembers& members, DataType type,
                                            const char* name) {
  if (members.Find(name) == nullptr) return std::nullopt;
  if (type == DataType::kInt64) {
    ARROW_ASSIGN_OR_RAISE(const int64_t number, members.GetInt64(name));
    return PrimaryKey(number);
  }
  ARROW_ASSIGN_OR_RAISE(std::string text, members.GetText(name));
  return PrimaryKey(std::move(text));
}

Result<std::unique_ptr<BloomFilter>> ReadFilter(const JsonMembers& members, int64_t type,
                                                const std::string& object) {
  if (type < INT32_MIN || type > INT32_MAX) type = 0;  // no type either
  static const nlohmann::json kNone;
  const nlohmann::json* value = members.Find("bf");
  return BloomFilterFromJson(static_cast<BloomFilterType>(type), value == nullptr ? kNone : *value,
                             object);
}

Result<PrimaryKeyStatistics> FromJson(const nlohmann::json& value, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members,
                        JsonMembers::Of(value, object, "primary key statistics"));
  PrimaryKeyStatistics statistics;
  ARROW_ASSIGN_OR_RAISE(statistics.field_id, members.GetInt64("fieldID"));
  ARROW_ASSIGN_OR_RAISE(const auto key_type, members.FindInt64("pkType"));
  if (key_type.value_or(0) > 0) {
    if (*key_type > INT32_MAX || !IsKeyType(static_cast<DataType>(*key_type))) {
      return MakeError(ErrorKind::kUnsupported, "primary keys are of another type",
                       {.object = object,
                        .field = "pkType",
                        .expected = "5 (Int64) or 21 (VarChar)",
                        .found = std::to_string(*key_type)});
    }
    statistics.type = static_cast<DataType>(*key_type);
  }
  ARROW_ASSIGN_OR_RAISE(statistics.max, ReadBound(members, statistics.type, "maxPk"));
  ARROW_ASSIGN_OR_RAISE(statistics.min, ReadBound(members, statistics.type, "minPk"));
  if (statistics.type == DataType::kInt64) {
    ARROW_ASSIGN_OR_RAISE(const int64_t max, members.GetInt64("max"));
    ARROW_ASSIGN_OR_RAISE(const int64_t min, members.GetInt64("min"));
    if (!statistics.max.has_value()) statistics.max = max;
    if (!statistics.min.has_value()) statistics.min = min;
  }
  ARROW_ASSIGN_OR_RAISE(const auto filter_type, members.FindInt64("bfType"));
  auto filter = ReadFilter(
      members, filter_type.value_or(static_cast<int64_t>(BloomFilterType::kBasic)), object);
  if (!filter.ok()) {
    statistics.filter_status = filter.status();
    filter = BloomFilterFromJson(BloomFilterType::kAlwaysTrue, {}, object);
  }
  ARROW_ASSIGN_OR_RAISE(statistics.filter, std::move(filter));
  return statistics;
}

Result<nlohmann::json> ParseDocument(std::span<const uint8_t> bytes, const std::string& object) {
  if (AsString(bytes).starts_with(kBinaryMagic)) {
    return MakeError(ErrorKind::kUnsupported, "the binary form of primary key statistics",
                     {.object = object, .offset = 0, .expected = "JSON", .found = "'mpkstats'"});
  }
  return ParseJson(bytes, object);
}

}  // namespace

bool PrimaryKeyStatistics::MayContain(const PrimaryKey& key) const {
  if (!HasType(key, type)) return false;
  if (min.has_value() && key < *min) return false;
  if (max.has_value() && key > *max) return false;
  return filter->MayContain(AsKeyBytes(key));
}

Result<std::string> EncodePrimaryKeyStatistics(const PrimaryKeyStatistics& statistics) {
  ARROW_ASSIGN_OR_RAISE(const auto value, ToJson(statistics));
  return value.dump();
}

Result<std::string> EncodeCompoundPrimaryKeyStatistics(
    std::span<const PrimaryKeyStatistics> statistics) {
  auto values = nlohmann::ordered_json::array();
  for (const PrimaryKeyStatistics& one : statistics) {
    ARROW_ASSIGN_OR_RAISE(auto value, ToJson(one));
    values.push_back(std::move(value));
  }
  return values.dump();
}

Result<PrimaryKeyStatistics> DecodePrimaryKeyStatistics(std::span<const uint8_t> bytes,
                                                        const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json document, ParseDocument(bytes, object));
  return FromJson(document, object);
}

Result<std::vector<PrimaryKeyStatistics>> DecodeCompoundPrimaryKeyStatistics(
    std::span<const uint8_t> bytes, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json document, ParseDocument(bytes, object));
  if (!document.is_array()) {
    return Corruption("not compound statistics of primary keys",
                      {.object = object, .expected = "an array", .found = Excerpt(document)});
  }
  std::vector<PrimaryKeyStatistics> statistics;
  for (const nlohmann::json& value : document) {
    ARROW_ASSIGN_OR_RAISE(statistics.emplace_back(), FromJson(value, object));
  }
  return statistics;
}

bool IsCompoundStatisticsPath(std::string_view path) {
  static const std::string kName = std::to_string(kCompoundLogId);
  return path.substr(path.find_last_of('/') + 1) == kName;
}

std::vector<std::string> StatisticsToRead(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (IsCompoundStatisticsPath(path)) return {path};
  }
  return paths;
}

PrimaryKeyStatisticsBuilder::PrimaryKeyStatisticsBuilder(int64_t field_id, DataType type,
                                                         std::unique_ptr<BloomFilter> filter)
    : filter_(std::move(filter)) {
  statistics_.field_id = field_id;
  statistics_.type = type;
}

Result<PrimaryKeyStatisticsBuilder> PrimaryKeyStatisticsBuilder::Make(int64_t field_id,
                                                                      DataType type,
                                                                      int64_t num_rows,
                                                                      BloomFilterType filter_type,
                                                                      double false_positive_rate) {
  if (!IsKeyType(type)) {
    return MakeError(ErrorKind::kInvalid, "primary keys are of another type",
                     {.field = std::to_string(field_id),
                      .expected = "Int64 or VarChar",
                      .found = std::string(DataTypeName(type))});
  }
  ARROW_ASSIGN_OR_RAISE(auto filter, BloomFilter::Make(filter_type, num_rows, false_positive_rate));
  return PrimaryKeyStatisticsBuilder(field_id, type, std::move(filter));
}

void PrimaryKeyStatisticsBuilder::Add(int64_t key) {
  filter_->Add(AsKeyBytes(key));
  if (!statistics_.min.has_value()) {
    statistics_.min = statistics_.max = key;
    return;
  }
  auto& min = std::get<int64_t>(*statistics_.min);
  auto& max = std::get<int64_t>(*statistics_.max);
  min = std::min(min, key);
  max = std::max(max, key);
}

void PrimaryKeyStatisticsBuilder::Add(std::string_view key) {
  filter_->Add(key);
  if (!statistics_.min.has_value()) {
    statistics_.min = statistics_.max = std::string(key);
    return;
  }
  auto& min = std::get<std::string>(*statistics_.min);
  auto& max = std::get<std::string>(*statistics_.max);
  if (key < min) min = key;
  if (key > max) max = key;
}

Status PrimaryKeyStatisticsBuilder::AddKeys(const arrow::Array& keys) {
  const bool numbers = statistics_.type == DataType::kInt64;
  if (keys.type_id() != (numbers ? arrow::Type::INT64 : arrow::Type::STRING) ||
      keys.null_count() != 0) {
    return MakeError(ErrorKind::kInvalid, "these are no primary keys of the field",
                     {.field = std::to_string(statistics_.field_id),
                      .expected = numbers ? "int64 without nulls" : "utf8 without nulls",
                      .found = keys.type()->ToString() + " with " +
                               std::to_string(keys.null_count()) + " nulls"});
  }
  for (int64_t i = 0; i < keys.length(); ++i) {
    if (numbers) {
      Add(static_cast<const arrow::Int64Array&>(keys).Value(i));
    } else {
      Add(static_cast<const arrow::StringArray&>(keys).GetView(i));
    }
  }
  return Status::OK();
}

Result<PrimaryKeyStatistics> PrimaryKeyStatisticsBuilder::Finish() && {
  if (!statistics_.min.has_value()) {
    return MakeError(ErrorKind::kInvalid, "statistics of no primary keys",
                     {.field = std::to_string(statistics_.field_id), .expected = "a key"});
  }
  statistics_.filter = std::move(filter_);
  return std::move(statistics_);
}

}  // namespace varve
