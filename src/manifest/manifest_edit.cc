// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_edit.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "manifest/manifest_codec.h"
#include "manifest/manifest_envelope.h"
#include "manifest/version_chain.h"
#include "varve/hybrid_timestamp.h"

namespace varve::internal {
namespace {

constexpr uint64_t kTimeLimit = uint64_t{1} << 63;
// How far rows that bring their times may take the table's clock ahead of the committer's.
constexpr int64_t kClockLeadMillis = int64_t{24} * 60 * 60 * 1000;

Status Invalid(std::string_view message, const char* field, std::string found) {
  return MakeError(ErrorKind::kInvalid, message, {.field = field, .found = std::move(found)});
}

Status Conflict(std::string_view message, std::string expected, std::string found) {
  return MakeError(ErrorKind::kCommitConflict, message,
                   {.expected = std::move(expected), .found = std::move(found)});
}

const SegmentEntry* FindSegment(const Manifest& manifest, uint64_t id) {
  const auto at = std::lower_bound(
      manifest.segments.begin(), manifest.segments.end(), id,
      [](const auto& segment, uint64_t wanted) { return segment->segment_id < wanted; });
  if (at == manifest.segments.end() || (*at)->segment_id != id) return nullptr;
  return at->get();
}

const std::string* FindProperty(const Manifest& manifest, const std::string& key) {
  for (const auto& [name, value] : manifest.properties) {
    if (name == key) return &value;
  }
  return nullptr;
}

const TagEntry* FindTag(const Manifest& manifest, const std::string& name) {
  for (const TagEntry& tag : manifest.tags) {
    if (tag.name == name) return &tag;
  }
  return nullptr;
}

template <typename T>
bool SameOrBothAbsent(const T* left, const T* right) {
  return left == nullptr || right == nullptr ? left == right : *left == *right;
}

bool IsNaN(const StatisticValue& value) {
  const double* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

Status ValidateSegment(const SegmentEntry& segment) {
  if (segment.num_rows < 0 || static_cast<uint64_t>(segment.num_rows) >= kRowLimit) {
    return Invalid("number of rows out of range", "num_rows", std::to_string(segment.num_rows));
  }
  if (segment.min_ts > segment.max_ts) {
    return Invalid("times out of order", "min_ts, max_ts",
                   std::to_string(segment.min_ts) + ", " + std::to_string(segment.max_ts));
  }
  for (const FileEntry& file : segment.files) {
    if (!IsContainedPath(file.path)) {
      return Invalid("not a relative path inside the table", "path", "'" + file.path + "'");
    }
    if (file.file_bytes < 0) {
      return Invalid("negative size", "file_bytes", std::to_string(file.file_bytes));
    }
  }
  for (const ColumnStatistics& column : segment.statistics) {
    if (column.null_count < -1 || column.null_count > segment.num_rows) {
      return Invalid("number of nulls out of range", "null_count",
                     std::to_string(column.null_count));
    }
    if (IsNaN(column.min) || IsNaN(column.max)) {
      return Invalid("NaN as a bound", "statistics", "NaN");
    }
  }
  if (!segment.deletion_vectors.empty()) {
    return MakeError(ErrorKind::kUnsupported, "deletion vectors cannot be written yet");
  }
  return Status::OK();
}

bool OnlyAppends(const ManifestEdit& edit) {
  return edit.removed_segment_ids.empty() && edit.new_schema == nullptr &&
         edit.operation.segments_read.empty() && edit.operation.kind == OperationKind::kAppend;
}

// Whether the rows of `segment` bring their times, in its files.
bool StoresTimestamps(const SegmentEntry& segment) {
  return std::ranges::any_of(segment.files, [](const FileEntry& file) {
    return std::ranges::find(file.field_ids, kTimestampFieldId) != file.field_ids.end();
  });
}

void AddFeature(std::string_view feature, std::vector<std::string>* features) {
  if (std::ranges::find(*features, feature) == features->end()) features->emplace_back(feature);
}

// Rows that already have ids and times keep them.
bool KeepsRows(const ManifestEdit& edit) { return edit.operation.kind == OperationKind::kCompact; }

// The chain of the version after `current`. Without the link it needs (a base that was written by a
// later rule), the version is stored in full.
std::vector<Manifest::Link> NextChain(const Manifest& current, std::vector<uint64_t> removed) {
  Manifest::Link own{.version = current.version + 1};
  const uint64_t base = BaseVersionOf(own.version);
  const auto at = std::find_if(current.chain.begin(), current.chain.end(),
                               [&](const auto& link) { return link.version == base; });
  if (base == 0 || at == current.chain.end()) return {std::move(own)};
  for (auto link = current.chain.begin(); link != at; ++link) {
    removed.insert(removed.end(), link->removed_segments.begin(), link->removed_segments.end());
  }
  // What was added and removed after the base, the base never had.
  std::erase_if(removed, [&](uint64_t id) { return id >= at->next_segment_id; });
  std::sort(removed.begin(), removed.end());
  own.removed_segments = std::move(removed);
  std::vector<Manifest::Link> chain{std::move(own)};
  chain.insert(chain.end(), at, current.chain.end());
  return chain;
}

void SetProperties(const ManifestEdit& edit, Manifest* next) {
  for (const auto& property : edit.set_properties) {
    const auto at = std::find_if(next->properties.begin(), next->properties.end(),
                                 [&](const auto& old) { return old.first == property.first; });
    if (at == next->properties.end()) {
      next->properties.push_back(property);
    } else {
      at->second = property.second;
    }
    next->changed_at.properties = next->version;
  }
}

void SetTags(const ManifestEdit& edit, Manifest* next) {
  for (const TagEntry& tag : edit.set_tags) {
    const auto at = std::find_if(next->tags.begin(), next->tags.end(),
                                 [&](const TagEntry& other) { return other.name == tag.name; });
    if (at == next->tags.end()) {
      next->tags.push_back(tag);
    } else {
      *at = tag;
    }
    next->changed_at.tags = next->version;
  }
}

}  // namespace

Status ValidateEdit(const Manifest& base, const ManifestEdit& edit) {
  for (const SegmentEntry& segment : edit.added_segments) {
    ARROW_RETURN_NOT_OK(ValidateSegment(segment));
  }
  std::vector<uint64_t> removed = edit.removed_segment_ids;
  std::sort(removed.begin(), removed.end());
  for (size_t i = 0; i < removed.size(); ++i) {
    if (FindSegment(base, removed[i]) == nullptr || (i > 0 && removed[i] == removed[i - 1])) {
      return Invalid("not a segment of the version read, or named twice", "removed_segment_ids",
                     std::to_string(removed[i]));
    }
  }
  for (const uint64_t id : edit.operation.segments_read) {
    if (FindSegment(base, id) == nullptr) {
      return Invalid("not a segment of the version read", "segments_read", std::to_string(id));
    }
  }
  return Status::OK();
}

Status CheckRebase(const Manifest& base, const Manifest& latest, const ManifestEdit& edit) {
  if (latest.version == base.version) return Status::OK();
  // Entries never change in place and ids are never reused: comparing the two states says as much
  // as all operation records between them, and needs none of those versions.
  const auto check_segments = [&](const std::vector<uint64_t>& ids) {
    for (const uint64_t id : ids) {
      const SegmentEntry* then = FindSegment(base, id);
      const SegmentEntry* now = FindSegment(latest, id);
      if (then != now && !SameOrBothAbsent(then, now)) {
        return Conflict("another commit replaced a segment this one is based on",
                        "segment " + std::to_string(id), now == nullptr ? "none" : "other deletes");
      }
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(check_segments(edit.removed_segment_ids));
  ARROW_RETURN_NOT_OK(check_segments(edit.operation.segments_read));
  if (!OnlyAppends(edit) && latest.schemas.back().schema_id != base.schemas.back().schema_id) {
    return Conflict("another commit changed the schema",
                    "schema " + std::to_string(base.schemas.back().schema_id),
                    "schema " + std::to_string(latest.schemas.back().schema_id));
  }
  // Two upserts of one new key touch no common row; until keys can be compared, any new rows are
  // too many.
  if (edit.operation.kind == OperationKind::kUpsert &&
      latest.next_segment_id != base.next_segment_id) {
    return Conflict("another commit added rows that may hold the same keys", "no new segments",
                    std::to_string(latest.next_segment_id - base.next_segment_id));
  }
  for (const auto& [key, value] : edit.set_properties) {
    if (!SameOrBothAbsent(FindProperty(base, key), FindProperty(latest, key))) {
      return Conflict("another commit set the same property", "", "'" + key + "'");
    }
  }
  for (const TagEntry& tag : edit.set_tags) {
    if (!SameOrBothAbsent(FindTag(base, tag.name), FindTag(latest, tag.name))) {
      return Conflict("another commit set the same tag", "", "'" + tag.name + "'");
    }
  }
  return Status::OK();
}

Result<Manifest> ApplyEdit(const Manifest& current, const ManifestEdit& edit,
                           const CommitStamp& stamp) {
  if (current.version + 1 >= kVersionLimit || current.max_ts >= kTimeLimit ||
      edit.added_segments.size() > kRowLimit - std::min(kRowLimit, current.next_segment_id)) {
    return MakeError(ErrorKind::kResourceExhausted, "no versions, times or segment ids left");
  }
  Manifest next = current;
  next.version = current.version + 1;
  next.parent_version = current.version;
  next.parent_crc32c = current.chain.empty() ? 0 : current.chain.front().crc32c;
  next.commit_id = stamp.commit_id;
  // Never before its parent, whatever the clocks of two machines say: FindByTime searches by it.
  next.commit_micros = std::max(current.commit_micros, stamp.now_micros);
  const int64_t now_millis = std::max<int64_t>(stamp.now_micros, 0) / 1000;
  const uint64_t commit_ts = std::max(current.max_ts + 1, HybridFromMillis(now_millis));
  const uint64_t clock_limit = std::max(commit_ts, HybridFromMillis(now_millis + kClockLeadMillis));
  next.max_ts = commit_ts;

  next.operation = edit.operation;
  next.operation.read_version = stamp.read_version;
  next.operation.segments_removed = edit.removed_segment_ids;
  next.operation.segments_added.clear();
  next.operation.rows_added = 0;
  next.operation.rows_removed = 0;

  std::vector<uint64_t> removed = edit.removed_segment_ids;
  std::sort(removed.begin(), removed.end());
  std::erase_if(next.segments, [&](const auto& segment) {
    if (!std::binary_search(removed.begin(), removed.end(), segment->segment_id)) return false;
    next.operation.rows_removed += segment->num_rows;
    return true;
  });

  next.segments.reserve(next.segments.size() + edit.added_segments.size());
  for (const SegmentEntry& added : edit.added_segments) {
    auto segment = std::make_shared<SegmentEntry>(added);
    const auto rows = static_cast<uint64_t>(added.num_rows);
    segment->segment_id = next.next_segment_id++;
    segment->sequence = next.version;
    if (rows > kRowLimit - std::min(kRowLimit, next.next_row_id)) {
      return MakeError(ErrorKind::kResourceExhausted, "no row ids left");
    }
    if (!KeepsRows(edit)) {
      segment->first_row_id = next.next_row_id;
      next.next_row_id += rows;
    } else if (rows > next.next_row_id || segment->first_row_id > next.next_row_id - rows) {
      return Invalid("row ids that were never given", "first_row_id",
                     std::to_string(segment->first_row_id));
    }
    if (segment->max_ts == 0 && !StoresTimestamps(*segment)) {
      segment->min_ts = segment->max_ts = commit_ts;
    }
    // The clock follows, so that whatever is appended later is newer. Where it did for a time that
    // no clock shows, all appends to come would have such times, until there are none left.
    if (segment->max_ts <= clock_limit) {
      next.max_ts = std::max(next.max_ts, segment->max_ts);
    } else {
      AddFeature(kFutureTimestamps, &next.reader_features);
    }
    next.operation.segments_added.push_back(segment->segment_id);
    next.operation.rows_added += added.num_rows;
    next.segments.push_back(std::move(segment));
  }
  if (edit.new_schema != nullptr) {
    next.schemas.push_back({current.schemas.back().schema_id + 1, edit.new_schema, next.version});
  }
  SetProperties(edit, &next);
  SetTags(edit, &next);
  next.chain = NextChain(current, std::move(removed));
  next.chain.front().next_segment_id = next.next_segment_id;
  return next;
}

Manifest EmptyTable(const Uuid& table_id, std::shared_ptr<const CollectionSchema> schema) {
  Manifest empty;
  empty.table_id = table_id;
  empty.schemas.push_back({.schema_id = 0, .schema = std::move(schema), .version = 1});
  return empty;
}

}  // namespace varve::internal
