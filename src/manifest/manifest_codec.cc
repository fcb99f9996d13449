// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_codec.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "google/protobuf/arena.h"
#include "manifest/manifest.pb.h"
#include "manifest/manifest_envelope.h"
#include "manifest/manifest_fields.h"
#include "manifest/segment_codec.h"
#include "manifest/version_chain.h"
#include "schema/serialize.h"

namespace varve::internal {
namespace {

namespace pb = manifest::v1;

std::string_view BytesOf(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

Status Bad(const std::string& object, const char* field, std::string expected, std::string found) {
  return Corruption("impossible value in a manifest", {.object = object,
                                                       .field = field,
                                                       .expected = std::move(expected),
                                                       .found = std::move(found)});
}

Result<Uuid> DecodeUuid(const std::string& bytes, const char* field, const std::string& object) {
  Uuid id;
  if (bytes.size() != id.size()) {
    return Bad(object, field, "16 bytes", std::to_string(bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

Result<int64_t> DecodeCount(uint64_t value, const char* field, const std::string& object) {
  if (value > uint64_t{INT64_MAX}) return Bad(object, field, "below 2^63", std::to_string(value));
  return static_cast<int64_t>(value);
}

template <typename List>
auto ToVector(const List& list) {
  return std::vector<typename List::value_type>(list.begin(), list.end());
}

void EncodeOperation(const OperationRecord& from, pb::Operation* to) {
  to->set_kind(static_cast<int32_t>(from.kind));
  to->set_read_version(from.read_version);
  to->mutable_segments_read()->Add(from.segments_read.begin(), from.segments_read.end());
  to->mutable_segments_added()->Add(from.segments_added.begin(), from.segments_added.end());
  to->mutable_segments_removed()->Add(from.segments_removed.begin(), from.segments_removed.end());
  to->set_touched_row_ids(from.touched_row_ids);
  to->set_written_keys(from.written_keys);
  to->set_predicate(from.predicate);
  to->set_rows_added(static_cast<uint64_t>(from.rows_added));
  to->set_rows_removed(static_cast<uint64_t>(from.rows_removed));
  to->set_message(from.message);
}

Result<OperationRecord> DecodeOperation(const pb::Operation& from, const std::string& object) {
  OperationRecord to;
  to.kind = static_cast<OperationKind>(from.kind());
  to.read_version = from.read_version();
  to.segments_read = ToVector(from.segments_read());
  to.segments_added = ToVector(from.segments_added());
  to.segments_removed = ToVector(from.segments_removed());
  to.touched_row_ids = from.touched_row_ids();
  to.written_keys = from.written_keys();
  to.predicate = from.predicate();
  ARROW_ASSIGN_OR_RAISE(to.rows_added, DecodeCount(from.rows_added(), "rows_added", object));
  ARROW_ASSIGN_OR_RAISE(to.rows_removed, DecodeCount(from.rows_removed(), "rows_removed", object));
  to.message = from.message();
  return to;
}

// A list is written as a whole where it changed after `base`; a full version has base 0, so that it
// holds every list that was ever touched.
void EncodeLists(const Manifest& from, uint64_t base, pb::Manifest* to) {
  if (from.changed_at.bases > base) {
    auto* list = to->mutable_bases();
    for (const BaseEntry& entry : from.bases) {
      pb::Base* out = list->add_entries();
      out->set_id(entry.id);
      out->set_uri(entry.uri);
    }
  }
  if (from.changed_at.indexes > base) {
    auto* list = to->mutable_indexes();
    for (const IndexEntry& entry : from.indexes) {
      pb::Index* out = list->add_entries();
      out->set_name(entry.name);
      out->set_kind(entry.kind);
      out->mutable_field_ids()->Add(entry.field_ids.begin(), entry.field_ids.end());
      out->mutable_segment_ids()->Add(entry.segment_ids.begin(), entry.segment_ids.end());
      out->set_sequence(entry.sequence);
      out->set_path(entry.path);
      out->set_base_id(entry.base_id);
    }
  }
  if (from.changed_at.tags > base) {
    auto* list = to->mutable_tags();
    for (const TagEntry& entry : from.tags) {
      pb::Tag* out = list->add_entries();
      out->set_name(entry.name);
      out->set_version(entry.version);
    }
  }
  if (from.changed_at.properties > base) {
    auto* list = to->mutable_properties();
    for (const auto& [key, value] : from.properties) {
      pb::Property* out = list->add_entries();
      out->set_key(key);
      out->set_value(value);
    }
  }
}

Status DecodeLists(const pb::Manifest& from, const std::string& object, Manifest* to) {
  if (from.has_bases()) {
    to->changed_at.bases = to->version;
    for (const pb::Base& entry : from.bases().entries()) {
      to->bases.push_back({entry.id(), entry.uri()});
    }
  }
  if (from.has_indexes()) {
    to->changed_at.indexes = to->version;
    for (const pb::Index& entry : from.indexes().entries()) {
      if (!IsContainedPath(entry.path())) {
        return Bad(object, "indexes", "a relative path inside the table", entry.path());
      }
      to->indexes.push_back({.name = entry.name(),
                             .kind = entry.kind(),
                             .field_ids = ToVector(entry.field_ids()),
                             .segment_ids = ToVector(entry.segment_ids()),
                             .sequence = entry.sequence(),
                             .base_id = entry.base_id(),
                             .path = entry.path()});
    }
  }
  if (from.has_tags()) {
    to->changed_at.tags = to->version;
    for (const pb::Tag& entry : from.tags().entries()) {
      to->tags.push_back({entry.name(), entry.version()});
    }
  }
  if (from.has_properties()) {
    to->changed_at.properties = to->version;
    for (const pb::Property& entry : from.properties().entries()) {
      to->properties.emplace_back(entry.key(), entry.value());
    }
  }
  return Status::OK();
}

Status DecodeSchemas(const pb::Manifest& from, const std::string& object, Manifest* to) {
  for (const pb::Schema& entry : from.schemas()) {
    if (!to->schemas.empty() && entry.schema_id() <= to->schemas.back().schema_id) {
      return Bad(object, "schema_id", "above " + std::to_string(to->schemas.back().schema_id),
                 std::to_string(entry.schema_id()));
    }
    if (entry.version() == 0 || entry.version() > to->version) {
      return Bad(object, "schema version", "1 to " + std::to_string(to->version),
                 std::to_string(entry.version()));
    }
    ARROW_ASSIGN_OR_RAISE(auto schema, DeserializeSchema(entry.schema(), object));
    to->schemas.push_back({entry.schema_id(), std::move(schema), entry.version()});
  }
  return Status::OK();
}

Status DecodeDeltas(const pb::Manifest& from, const std::string& object, ManifestObject* to) {
  for (const pb::DeltaFile& entry : from.delta_files()) {
    if (!IsContainedPath(entry.path())) {
      return Bad(object, "delta_files", "a relative path inside the table", entry.path());
    }
    DeltaEntry delta{.base_id = entry.base_id(), .path = entry.path()};
    ARROW_ASSIGN_OR_RAISE(delta.file_bytes, DecodeCount(entry.file_bytes(), "file_bytes", object));
    ARROW_ASSIGN_OR_RAISE(delta.num_rows, DecodeCount(entry.num_rows(), "num_rows", object));
    delta.sequence = entry.sequence();
    if (delta.sequence == 0 || delta.sequence > to->values.version) {
      return Bad(object, "delta_files", "a sequence of 1 to " + std::to_string(to->values.version),
                 std::to_string(delta.sequence));
    }
    to->values.deltas.push_back(std::move(delta));
  }
  to->removed_deltas.assign(from.removed_delta_files().begin(), from.removed_delta_files().end());
  return Status::OK();
}

Status CheckSegment(const SegmentEntry& segment, const Manifest& version,
                    const std::string& object) {
  const auto rows = static_cast<uint64_t>(segment.num_rows);
  const auto bad = [&](const char* field, uint64_t limit, uint64_t found) {
    return Corruption("impossible value in segment " + std::to_string(segment.segment_id),
                      {.object = object,
                       .field = field,
                       .expected = "at most " + std::to_string(limit),
                       .found = std::to_string(found)});
  };
  if (segment.segment_id >= version.next_segment_id) {
    return bad("segment_id", version.next_segment_id - 1, segment.segment_id);
  }
  if (rows > version.next_row_id || segment.first_row_id > version.next_row_id - rows) {
    return bad("first_row_id + num_rows", version.next_row_id, segment.first_row_id);
  }
  if (segment.sequence == 0 || segment.sequence > version.version) {
    return bad("sequence", version.version, segment.sequence);
  }
  if (segment.max_ts <= version.max_ts) return Status::OK();
  const auto& features = version.reader_features;
  if (std::ranges::find(features, kFutureTimestamps) != features.end()) return Status::OK();
  return bad("max_ts", version.max_ts, segment.max_ts);
}

Status DecodeSegments(const pb::Manifest& from, const std::string& object, ManifestObject* to) {
  std::vector<std::vector<int64_t>> field_lists;
  field_lists.reserve(from.field_lists_size());
  for (const pb::FieldList& list : from.field_lists()) {
    field_lists.push_back(ToVector(list.field_ids()));
  }
  Manifest& values = to->values;
  values.segments.reserve(from.segments_size());
  uint64_t last_id = 0;
  for (const pb::Segment& entry : from.segments()) {
    if (entry.segment_id() <= last_id) {
      return Bad(object, "segment_id", "above " + std::to_string(last_id),
                 std::to_string(entry.segment_id()));
    }
    last_id = entry.segment_id();
    ARROW_ASSIGN_OR_RAISE(auto segment, DecodeSegment(entry, field_lists, object));
    ARROW_RETURN_NOT_OK(CheckSegment(*segment, values, object));
    values.segments.push_back(std::move(segment));
  }
  auto& removed = values.chain.front().removed_segments;
  removed = ToVector(from.removed_segments());
  for (size_t i = 0; i < removed.size(); ++i) {
    const uint64_t above = i == 0 ? 0 : removed[i - 1];
    if (removed[i] <= above) {
      return Bad(object, "removed_segments", "above " + std::to_string(above),
                 std::to_string(removed[i]));
    }
  }
  return Status::OK();
}

}  // namespace

bool IsContainedPath(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<std::string> EncodeManifest(Manifest* manifest) {
  google::protobuf::Arena arena;
  auto* out = google::protobuf::Arena::CreateMessage<pb::Manifest>(&arena);
  out->set_table_id(std::string(BytesOf(manifest->table_id)));
  out->set_version(manifest->version);
  out->set_commit_id(std::string(BytesOf(manifest->commit_id)));
  out->set_commit_micros(manifest->commit_micros);
  out->set_parent_branch(manifest->parent_branch);
  out->set_parent_version(manifest->parent_version);
  out->set_parent_crc32c(manifest->parent_crc32c);
  EncodeOperation(manifest->operation, out->mutable_operation());
  out->set_next_row_id(manifest->next_row_id);
  out->set_next_segment_id(manifest->next_segment_id);
  out->set_max_ts(manifest->max_ts);
  out->set_num_rows(static_cast<uint64_t>(manifest->num_rows()));
  out->set_num_segments(manifest->segments.size());

  uint64_t base = 0;
  auto first_new = manifest->segments.begin();
  if (manifest->chain.size() > 1) {
    const Manifest::Link& link = manifest->chain[1];
    base = link.version;
    out->set_base_version(base);
    out->set_base_crc32c(link.crc32c);
    // Ids are given in order, so what the base does not have stands at the end.
    first_new = std::partition_point(
        manifest->segments.begin(), manifest->segments.end(),
        [&](const auto& segment) { return segment->segment_id < link.next_segment_id; });
    const auto& removed = manifest->chain.front().removed_segments;
    out->mutable_removed_segments()->Add(removed.begin(), removed.end());
  }
  SegmentEncoder segments(out);
  for (auto at = first_new; at != manifest->segments.end(); ++at) segments.Add(**at);
  for (const SchemaEntry& entry : manifest->schemas) {
    if (entry.version <= base) continue;
    pb::Schema* schema = out->add_schemas();
    schema->set_schema_id(entry.schema_id);
    schema->set_version(entry.version);
    schema->set_schema(SerializeSchema(*entry.schema));
  }
  for (const DeltaEntry& entry : manifest->deltas) {
    if (entry.sequence <= base) continue;
    pb::DeltaFile* delta = out->add_delta_files();
    delta->set_path(entry.path);
    delta->set_file_bytes(static_cast<uint64_t>(entry.file_bytes));
    delta->set_num_rows(static_cast<uint64_t>(entry.num_rows));
    delta->set_sequence(entry.sequence);
    delta->set_base_id(entry.base_id);
  }
  EncodeLists(*manifest, base, out);

  ManifestEnvelope envelope{.reader_features = manifest->reader_features,
                            .writer_features = manifest->writer_features};
  if (out->ByteSizeLong() > kMaxPayloadBytes) {
    return MakeError(ErrorKind::kResourceExhausted, "the manifest is too large",
                     {.expected = "at most " + std::to_string(kMaxPayloadBytes) + " bytes",
                      .found = std::to_string(out->ByteSizeLong())});
  }
  envelope.payload = out->SerializeAsString();
  ARROW_ASSIGN_OR_RAISE(auto sealed, SealManifest(envelope));
  manifest->chain.front().crc32c = sealed.crc32c;
  return std::move(sealed.bytes);
}

Result<ManifestObject> DecodeManifestObject(std::span<const uint8_t> bytes,
                                            const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(auto envelope, OpenManifestEnvelope(bytes, object));
  google::protobuf::Arena arena;
  auto* from = google::protobuf::Arena::CreateMessage<pb::Manifest>(&arena);
  if (!from->ParseFromArray(envelope.payload.data(), static_cast<int>(envelope.payload.size()))) {
    return Corruption("a manifest's payload does not parse",
                      {.object = object, .field = "payload", .expected = "protobuf"});
  }

  ManifestObject to;
  Manifest& values = to.values;
  values.has_unknown_fields = HasUnknownManifestFields(envelope.payload);
  values.reader_features = std::move(envelope.reader_features);
  values.writer_features = std::move(envelope.writer_features);
  ARROW_ASSIGN_OR_RAISE(values.table_id, DecodeUuid(from->table_id(), "table_id", object));
  ARROW_ASSIGN_OR_RAISE(values.commit_id, DecodeUuid(from->commit_id(), "commit_id", object));
  values.version = from->version();
  if (values.version == 0 || values.version >= kVersionLimit) {
    return Bad(object, "version", "1 to 2^62 - 1", std::to_string(values.version));
  }
  values.commit_micros = from->commit_micros();
  values.parent_branch = from->parent_branch();
  values.parent_version = from->parent_version();
  values.parent_crc32c = from->parent_crc32c();
  to.base_version = from->base_version();
  to.base_crc32c = from->base_crc32c();
  if (to.base_version != 0 && to.base_version != BaseVersionOf(values.version)) {
    return Bad(object, "base_version", "0 or " + std::to_string(BaseVersionOf(values.version)),
               std::to_string(to.base_version));
  }
  values.next_row_id = from->next_row_id();
  if (values.next_row_id > kRowLimit) {
    return Bad(object, "next_row_id", "at most 2^62", std::to_string(values.next_row_id));
  }
  values.next_segment_id = from->next_segment_id();
  if (values.next_segment_id == 0) return Bad(object, "next_segment_id", "1 or more", "0");
  values.max_ts = from->max_ts();
  to.total_rows = from->num_rows();
  to.total_segments = from->num_segments();
  values.chain.push_back({.version = values.version,
                          .crc32c = envelope.crc32c,
                          .next_segment_id = values.next_segment_id});
  ARROW_ASSIGN_OR_RAISE(values.operation, DecodeOperation(from->operation(), object));
  // Harmless to a reader; but a writer must know what the versions it builds on have done.
  if (!IsKnownOperation(values.operation.kind)) values.has_unknown_fields = true;
  ARROW_RETURN_NOT_OK(DecodeSegments(*from, object, &to));
  ARROW_RETURN_NOT_OK(DecodeSchemas(*from, object, &values));
  ARROW_RETURN_NOT_OK(DecodeDeltas(*from, object, &to));
  ARROW_RETURN_NOT_OK(DecodeLists(*from, object, &values));
  return to;
}

}  // namespace varve::internal
