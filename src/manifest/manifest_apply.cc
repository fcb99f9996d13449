// SPDX-License-Identifier: Apache-2.0
// What an object changes in the version it is built on.
#include <algorithm>
#include <utility>

#include "manifest/manifest_codec.h"

namespace varve::internal {
namespace {

Status Bad(const std::string& object, const char* field, std::string expected, std::string found) {
  return Corruption("a version does not fit the one it is built on",
                    {.object = object,
                     .field = field,
                     .expected = std::move(expected),
                     .found = std::move(found)});
}

Status CheckBase(const ManifestObject& change, const std::string& object, const Manifest& state) {
  const uint64_t state_version = state.chain.empty() ? 0 : state.version;
  if (change.base_version != state_version) {
    return Bad(object, "base_version", std::to_string(state_version),
               std::to_string(change.base_version));
  }
  if (state_version == 0) return Status::OK();
  if (change.base_crc32c != state.chain.front().crc32c) {
    return Bad(object, "base_crc32c", std::to_string(state.chain.front().crc32c),
               std::to_string(change.base_crc32c));
  }
  if (change.values.table_id != state.table_id) {
    return Bad(object, "table_id", "that of the base", "another");
  }
  const auto not_below = [&](const char* field, uint64_t base, uint64_t found) {
    if (found >= base) return Status::OK();
    return Bad(object, field, "at least " + std::to_string(base), std::to_string(found));
  };
  const Manifest& values = change.values;
  ARROW_RETURN_NOT_OK(not_below("next_row_id", state.next_row_id, values.next_row_id));
  ARROW_RETURN_NOT_OK(not_below("next_segment_id", state.next_segment_id, values.next_segment_id));
  return not_below("max_ts", state.max_ts, values.max_ts);
}

Status RemoveSegments(const std::vector<uint64_t>& removed, const std::string& object,
                      Manifest* state) {
  size_t next = 0;
  std::erase_if(state->segments, [&](const auto& segment) {
    if (next == removed.size() || segment->segment_id != removed[next]) return false;
    ++next;
    return true;
  });
  if (next == removed.size()) return Status::OK();
  return Bad(object, "removed_segments", "segments of the base",
             "segment " + std::to_string(removed[next]));
}

Status AddSegments(std::vector<std::shared_ptr<const SegmentEntry>> added, uint64_t base_next_id,
                   const std::string& object, Manifest* state) {
  auto& segments = state->segments;
  if (segments.empty() && base_next_id == 0) {
    segments = std::move(added);
    return Status::OK();
  }
  segments.reserve(segments.size() + added.size());
  for (auto& segment : added) {
    const uint64_t id = segment->segment_id;
    if (id >= base_next_id) {
      segments.push_back(std::move(segment));
      continue;
    }
    const auto at = std::lower_bound(
        segments.begin(), segments.end(), id,
        [](const auto& entry, uint64_t wanted) { return entry->segment_id < wanted; });
    if (at == segments.end() || (*at)->segment_id != id) {
      return Bad(object, "segments", "a new segment, or one of the base",
                 "segment " + std::to_string(id));
    }
    *at = std::move(segment);
  }
  return Status::OK();
}

Status ApplyDeltas(const ManifestObject& change, const std::string& object, Manifest* state) {
  for (const std::string& path : change.removed_deltas) {
    const auto num_erased =
        std::erase_if(state->deltas, [&](const DeltaEntry& entry) { return entry.path == path; });
    if (num_erased != 1) {
      return Bad(object, "removed_delta_files", "a file of the base", "'" + path + "'");
    }
  }
  const auto& added = change.values.deltas;
  state->deltas.insert(state->deltas.end(), added.begin(), added.end());
  return Status::OK();
}

Status ApplySchemas(std::vector<SchemaEntry> added, const std::string& object, Manifest* state) {
  for (SchemaEntry& entry : added) {
    if (!state->schemas.empty() && entry.schema_id <= state->schemas.back().schema_id) {
      return Bad(object, "schema_id", "above " + std::to_string(state->schemas.back().schema_id),
                 std::to_string(entry.schema_id));
    }
    state->schemas.push_back(std::move(entry));
  }
  if (!state->schemas.empty()) return Status::OK();
  return Bad(object, "schemas", "one or more", "none");
}

void ApplyLists(Manifest* change, Manifest* state) {
  if (change->changed_at.bases != 0) {
    state->bases = std::move(change->bases);
    state->changed_at.bases = change->changed_at.bases;
  }
  if (change->changed_at.indexes != 0) {
    state->indexes = std::move(change->indexes);
    state->changed_at.indexes = change->changed_at.indexes;
  }
  if (change->changed_at.tags != 0) {
    state->tags = std::move(change->tags);
    state->changed_at.tags = change->changed_at.tags;
  }
  if (change->changed_at.properties != 0) {
    state->properties = std::move(change->properties);
    state->changed_at.properties = change->changed_at.properties;
  }
}

// The totals an object states are a second opinion on everything below it.
Status CheckTotals(const ManifestObject& change, const std::string& object, const Manifest& state) {
  if (state.segments.size() != change.total_segments) {
    return Bad(object, "num_segments", std::to_string(change.total_segments),
               std::to_string(state.segments.size()));
  }
  uint64_t rows = 0;
  for (const auto& segment : state.segments) {
    const auto more = static_cast<uint64_t>(segment->num_rows);
    if (more > uint64_t{INT64_MAX} - rows) return Bad(object, "num_rows", "below 2^63", "more");
    rows += more;
  }
  if (rows == change.total_rows) return Status::OK();
  return Bad(object, "num_rows", std::to_string(change.total_rows), std::to_string(rows));
}

}  // namespace

Status ApplyManifestObject(ManifestObject change, const std::string& object, Manifest* state) {
  ARROW_RETURN_NOT_OK(CheckBase(change, object, *state));
  const uint64_t base_next_id = state->chain.empty() ? 0 : state->next_segment_id;
  Manifest& values = change.values;
  ARROW_RETURN_NOT_OK(RemoveSegments(values.chain.front().removed_segments, object, state));
  ARROW_RETURN_NOT_OK(AddSegments(std::move(values.segments), base_next_id, object, state));
  ARROW_RETURN_NOT_OK(ApplySchemas(std::move(values.schemas), object, state));
  ARROW_RETURN_NOT_OK(ApplyDeltas(change, object, state));
  ApplyLists(&values, state);

  state->table_id = values.table_id;
  state->version = values.version;
  state->parent_version = values.parent_version;
  state->parent_crc32c = values.parent_crc32c;
  state->parent_branch = std::move(values.parent_branch);
  state->commit_id = values.commit_id;
  state->commit_micros = values.commit_micros;
  state->reader_features = std::move(values.reader_features);
  state->writer_features = std::move(values.writer_features);
  state->next_row_id = values.next_row_id;
  state->next_segment_id = values.next_segment_id;
  state->max_ts = values.max_ts;
  state->operation = std::move(values.operation);
  state->chain.insert(state->chain.begin(), std::move(values.chain.front()));
  state->has_unknown_fields = state->has_unknown_fields || values.has_unknown_fields;
  return CheckTotals(change, object, *state);
}

}  // namespace varve::internal
