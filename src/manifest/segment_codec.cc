// SPDX-License-Identifier: Apache-2.0
#include "manifest/segment_codec.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "base/coding.h"
#include "manifest/manifest.pb.h"
#include "manifest/manifest_codec.h"

namespace varve::internal {
namespace {

namespace pb = manifest::v1;

// "data/<segment>-<group>-<hex>.parquet", the name the table gives: 9 bytes instead of 34.
constexpr std::string_view kNamePrefix = "data/";
constexpr std::string_view kNameSuffix = ".parquet";
constexpr size_t kMaxRandomBytes = 32;

struct FileName {
  uint64_t segment = 0;
  uint64_t group = 0;
  std::string random;
};

std::string PathOfName(const FileName& name) {
  std::string path(kNamePrefix);
  path += std::to_string(name.segment) + "-" + std::to_string(name.group) + "-" +
          ToHex(AsBytes(name.random));
  path += kNameSuffix;
  return path;
}

std::optional<uint64_t> TakeNumber(std::string_view* text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(end - text->data());
  if (text->empty() || text->front() != '-') return std::nullopt;
  text->remove_prefix(1);
  return value;
}

std::optional<FileName> NameOfPath(std::string_view path) {
  if (!path.starts_with(kNamePrefix) || !path.ends_with(kNameSuffix)) return std::nullopt;
  std::string_view rest = path.substr(kNamePrefix.size());
  if (rest.size() < kNameSuffix.size()) return std::nullopt;
  rest.remove_suffix(kNameSuffix.size());
  const auto segment = TakeNumber(&rest);
  if (!segment) return std::nullopt;
  const auto group = TakeNumber(&rest);
  if (!group || rest.size() % 2 != 0 || rest.size() > 2 * kMaxRandomBytes) return std::nullopt;
  FileName name{.segment = *segment, .group = *group};
  for (size_t i = 0; i < rest.size(); i += 2) {
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(rest.data() + i, rest.data() + i + 2, byte, 16);
    if (error != std::errc() || end != rest.data() + i + 2) return std::nullopt;
    name.random.push_back(static_cast<char>(byte));
  }
  // Leading zeros and capital digits would not come back.
  if (PathOfName(name) != path) return std::nullopt;
  return name;
}

void EncodeBounds(const ColumnStatistics& from, pb::ColumnStatistics* to) {
  const int64_t* int_min = std::get_if<int64_t>(&from.min);
  if (int_min != nullptr) to->set_int_min(*int_min);
  if (const auto* value = std::get_if<uint64_t>(&from.min)) to->set_uint_min(*value);
  if (const auto* value = std::get_if<double>(&from.min)) to->set_double_min(*value);
  if (const auto* value = std::get_if<std::string>(&from.min)) to->set_bytes_min(*value);
  if (const auto* value = std::get_if<int64_t>(&from.max)) {
    if (int_min != nullptr) {
      to->set_int_span(static_cast<uint64_t>(*value) - static_cast<uint64_t>(*int_min));
    } else {
      to->set_int_max(*value);
    }
  }
  if (const auto* value = std::get_if<uint64_t>(&from.max)) to->set_uint_max(*value);
  if (const auto* value = std::get_if<double>(&from.max)) to->set_double_max(*value);
  if (const auto* value = std::get_if<std::string>(&from.max)) to->set_bytes_max(*value);
}

Status BadSegment(const std::string& object, uint64_t segment_id, const char* field,
                  std::string expected, std::string found) {
  return Corruption("impossible value in segment " + std::to_string(segment_id),
                    {.object = object,
                     .field = field,
                     .expected = std::move(expected),
                     .found = std::move(found)});
}

Result<ColumnStatistics> DecodeStatistics(const pb::ColumnStatistics& from, uint64_t segment_id,
                                          const std::string& object) {
  const int num_min =
      from.has_int_min() + from.has_uint_min() + from.has_double_min() + from.has_bytes_min();
  const int num_max = from.has_int_max() + from.has_int_span() + from.has_uint_max() +
                      from.has_double_max() + from.has_bytes_max();
  if (num_min > 1 || num_max > 1 || (from.has_int_span() && !from.has_int_min())) {
    return BadSegment(object, segment_id, "statistics", "one minimum and one maximum at most",
                      "several");
  }
  if (std::isnan(from.double_min()) || std::isnan(from.double_max())) {
    return BadSegment(object, segment_id, "statistics", "a number", "NaN");
  }
  if (from.null_count_plus_one() > uint64_t{INT64_MAX}) {
    return BadSegment(object, segment_id, "null count", "below 2^63",
                      std::to_string(from.null_count_plus_one()));
  }
  ColumnStatistics to;
  to.field_id = from.field_id();
  to.null_count = static_cast<int64_t>(from.null_count_plus_one()) - 1;
  to.exact = !from.inexact();
  if (from.has_int_min()) to.min = from.int_min();
  if (from.has_uint_min()) to.min = from.uint_min();
  if (from.has_double_min()) to.min = from.double_min();
  if (from.has_bytes_min()) to.min = from.bytes_min();
  if (from.has_int_max()) to.max = from.int_max();
  if (from.has_int_span()) {
    to.max = static_cast<int64_t>(static_cast<uint64_t>(from.int_min()) + from.int_span());
  }
  if (from.has_uint_max()) to.max = from.uint_max();
  if (from.has_double_max()) to.max = from.double_max();
  if (from.has_bytes_max()) to.max = from.bytes_max();
  return to;
}

Result<FileEntry> DecodeFile(const pb::File& from,
                             const std::vector<std::vector<int64_t>>& field_lists,
                             uint64_t segment_id, const std::string& object) {
  FileEntry to;
  to.base_id = from.base_id();
  to.schema_id = from.schema_id();
  to.layout = from.layout();
  if (from.file_bytes() > uint64_t{INT64_MAX}) {
    return BadSegment(object, segment_id, "file_bytes", "below 2^63",
                      std::to_string(from.file_bytes()));
  }
  to.file_bytes = static_cast<int64_t>(from.file_bytes());
  if (from.field_list() >= field_lists.size()) {
    return BadSegment(object, segment_id, "field_list",
                      "below " + std::to_string(field_lists.size()),
                      std::to_string(from.field_list()));
  }
  to.field_ids = field_lists[from.field_list()];
  if (from.path().empty()) {
    to.path = PathOfName({from.name_segment(), from.name_group(), from.name_random()});
  } else {
    to.path = from.path();
    if (!IsContainedPath(to.path)) {
      return BadSegment(object, segment_id, "path", "a relative path inside the table",
                        "'" + to.path + "'");
    }
  }
  return to;
}

}  // namespace

uint32_t SegmentEncoder::IndexOf(const std::vector<int64_t>& field_ids) {
  const auto [at, added] = lists_.try_emplace(field_ids, static_cast<uint32_t>(lists_.size()));
  if (added) {
    auto* list = out_->add_field_lists()->mutable_field_ids();
    list->Add(field_ids.begin(), field_ids.end());
  }
  return at->second;
}

void SegmentEncoder::Add(const SegmentEntry& segment) {
  pb::Segment* to = out_->add_segments();
  to->set_segment_id(segment.segment_id);
  to->set_first_row_id(segment.first_row_id);
  to->set_num_rows(static_cast<uint64_t>(segment.num_rows));
  to->set_sequence(segment.sequence);
  to->set_min_ts(segment.min_ts);
  to->set_ts_span(segment.max_ts - segment.min_ts);
  for (const FileEntry& from : segment.files) {
    pb::File* file = to->add_files();
    file->set_file_bytes(static_cast<uint64_t>(from.file_bytes));
    file->set_field_list(IndexOf(from.field_ids));
    file->set_layout(from.layout);
    if (auto name = NameOfPath(from.path)) {
      file->set_name_segment(name->segment);
      file->set_name_group(name->group);
      file->set_name_random(std::move(name->random));
    } else {
      file->set_path(from.path);
    }
    file->set_base_id(from.base_id);
    file->set_schema_id(from.schema_id);
  }
  for (const ColumnStatistics& from : segment.statistics) {
    pb::ColumnStatistics* statistics = to->add_statistics();
    statistics->set_field_id(from.field_id);
    statistics->set_null_count_plus_one(static_cast<uint64_t>(from.null_count) + 1);
    statistics->set_inexact(!from.exact);
    EncodeBounds(from, statistics);
  }
  for (const DeletionVectorEntry& from : segment.deletion_vectors) {
    pb::DeletionVector* vector = to->add_deletion_vectors();
    vector->set_path(from.path);
    vector->set_offset(static_cast<uint64_t>(from.offset));
    vector->set_length(static_cast<uint64_t>(from.length));
    vector->set_cardinality(static_cast<uint64_t>(from.cardinality));
    vector->set_crc32c(from.crc32c);
    vector->set_base_id(from.base_id);
  }
}

Result<std::shared_ptr<const SegmentEntry>> DecodeSegment(
    const pb::Segment& from, const std::vector<std::vector<int64_t>>& field_lists,
    const std::string& object) {
  const uint64_t id = from.segment_id();
  auto to = std::make_shared<SegmentEntry>();
  to->segment_id = id;
  to->first_row_id = from.first_row_id();
  if (from.num_rows() > uint64_t{INT64_MAX}) {
    return BadSegment(object, id, "num_rows", "below 2^63", std::to_string(from.num_rows()));
  }
  to->num_rows = static_cast<int64_t>(from.num_rows());
  to->sequence = from.sequence();
  to->min_ts = from.min_ts();
  if (from.ts_span() > UINT64_MAX - from.min_ts()) {
    return BadSegment(object, id, "ts_span", "at most " + std::to_string(UINT64_MAX - to->min_ts),
                      std::to_string(from.ts_span()));
  }
  to->max_ts = from.min_ts() + from.ts_span();
  to->files.reserve(from.files_size());
  for (const pb::File& file : from.files()) {
    ARROW_ASSIGN_OR_RAISE(auto entry, DecodeFile(file, field_lists, id, object));
    to->files.push_back(std::move(entry));
  }
  to->statistics.reserve(from.statistics_size());
  for (const pb::ColumnStatistics& statistics : from.statistics()) {
    ARROW_ASSIGN_OR_RAISE(auto entry, DecodeStatistics(statistics, id, object));
    to->statistics.push_back(std::move(entry));
  }
  if (from.deletion_vectors_size() > 1) {
    return BadSegment(object, id, "deletion_vectors", "at most 1",
                      std::to_string(from.deletion_vectors_size()));
  }
  for (const pb::DeletionVector& vector : from.deletion_vectors()) {
    constexpr uint64_t kLimit = INT64_MAX;
    if (!IsContainedPath(vector.path()) || vector.offset() > kLimit ||
        vector.length() > kLimit - vector.offset() || vector.cardinality() > from.num_rows()) {
      return BadSegment(object, id, "deletion_vectors",
                        "a file inside the table, a range below 2^63, at most as many as rows",
                        "'" + vector.path() + "', " + std::to_string(vector.offset()) + "+" +
                            std::to_string(vector.length()) + ", " +
                            std::to_string(vector.cardinality()));
    }
    to->deletion_vectors.push_back({.base_id = vector.base_id(),
                                    .path = vector.path(),
                                    .offset = static_cast<int64_t>(vector.offset()),
                                    .length = static_cast<int64_t>(vector.length()),
                                    .cardinality = static_cast<int64_t>(vector.cardinality()),
                                    .crc32c = vector.crc32c()});
  }
  return std::shared_ptr<const SegmentEntry>(std::move(to));
}

}  // namespace varve::internal
