// SPDX-License-Identifier: Apache-2.0
#include "milvus/backup_metadata.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "arrow/buffer.h"
#include "binlog/json_members.h"
#include "milvus/log_listing.h"
#include "milvus/schema_json.h"
#include "varve/path_template.h"

namespace varve::internal {
namespace {

using nlohmann::json;

constexpr char kCollections[] = "meta/collection_meta.json";
constexpr char kPartitions[] = "meta/partition_meta.json";
constexpr char kSegments[] = "meta/segment_meta.json";
// All of them in one.
constexpr char kFull[] = "meta/full_meta.json";
// Of a document, so that one cannot make us hold any number of bytes many times over.
constexpr int64_t kDocumentBytesMax = int64_t{1} << 30;
constexpr int64_t kCountMax = int64_t{1} << 53;

Result<json> ReadDocument(ChunkManager* store, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, store->Size(path));
  if (size > kDocumentBytesMax) {
    return Corruption("metadata of such a size are not read",
                      {.object = path,
                       .expected = "at most " + std::to_string(kDocumentBytesMax) + " bytes",
                       .found = std::to_string(size)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(path));
  return ParseJson({bytes->data(), static_cast<size_t>(bytes->size())}, path);
}

// What Go leaves out is 0, or nothing.
Result<int64_t> NumberIn(const JsonMembers& members, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto number, members.FindInt64(name));
  return number.value_or(0);
}

// Of rows or bytes, so that sums of them fit.
Result<int64_t> CountIn(const JsonMembers& members, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, NumberIn(members, name));
  if (count >= 0 && count <= kCountMax) return count;
  return members.Wrong("no number of rows or bytes", name, "0 to 2^53", std::to_string(count));
}

Result<uint64_t> TimestampIn(const JsonMembers& members, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto timestamp, members.FindUint64(name));
  return timestamp.value_or(0);
}

Result<std::string> TextIn(const JsonMembers& members, const std::string& name) {
  if (members.Find(name) == nullptr) return "";
  return members.GetText(name);
}

// The elements of an array, each an object.
Result<std::vector<JsonMembers>> ObjectsIn(const JsonMembers& members, const std::string& name,
                                           const std::string& object) {
  std::vector<JsonMembers> objects;
  const json* values = members.Find(name);
  if (values == nullptr) return objects;
  if (!values->is_array()) {
    return members.Wrong("wrong kind of value", name, "an array", Excerpt(*values));
  }
  for (const json& value : *values) {
    ARROW_ASSIGN_OR_RAISE(const auto one, JsonMembers::OfProto(value, object, name));
    objects.push_back(one);
  }
  return objects;
}

Result<std::vector<int64_t>> ChildFieldsIn(const JsonMembers& members) {
  const std::string name = "child_fields";
  std::vector<int64_t> ids;
  const json* values = members.Find(name);
  if (values == nullptr) return ids;
  if (!values->is_array()) {
    return members.Wrong("wrong kind of value", name, "an array", Excerpt(*values));
  }
  for (const json& value : *values) {
    const auto id = AsProtoInt64(value);
    if (!id) return members.Wrong("wrong kind of value", name, "field ids", Excerpt(value));
    ids.push_back(*id);
  }
  return ids;
}

// An object whose names are field ids.
Result<std::map<int64_t, int64_t>> NullCountsIn(const JsonMembers& members,
                                                const std::string& object) {
  const std::string name = "field_null_counts";
  std::map<int64_t, int64_t> counts;
  const json* values = members.Find(name);
  if (values == nullptr) return counts;
  ARROW_ASSIGN_OR_RAISE(const auto found, JsonMembers::OfProto(*values, object, name));
  for (const auto& [key, value] : values->items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size()) {
      return members.Wrong("not the id of a field", name, "a number", Excerpt(key));
    }
    ARROW_ASSIGN_OR_RAISE(counts[id], found.GetInt64(key));
  }
  return counts;
}

// Where there is no path, the ids tell it: those of `place` and the log's own.
Result<Binlog> BinlogFrom(const JsonMembers& members, PathKind kind, PathFields place,
                          const std::string& object) {
  Binlog log;
  ARROW_ASSIGN_OR_RAISE(log.path, TextIn(members, "log_path"));
  if (log.path.empty()) {
    ARROW_ASSIGN_OR_RAISE(place.log, members.GetInt64("log_id"));
    ARROW_ASSIGN_OR_RAISE(log.path, PrintPath(kind, place, ""));
  }
  ARROW_ASSIGN_OR_RAISE(log.num_rows, CountIn(members, "entries_num"));
  ARROW_ASSIGN_OR_RAISE(log.timestamp_from, TimestampIn(members, "timestamp_from"));
  ARROW_ASSIGN_OR_RAISE(log.timestamp_to, TimestampIn(members, "timestamp_to"));
  ARROW_ASSIGN_OR_RAISE(log.null_counts, NullCountsIn(members, object));
  ARROW_ASSIGN_OR_RAISE(log.file_bytes, CountIn(members, "log_size"));
  ARROW_ASSIGN_OR_RAISE(log.memory_bytes, CountIn(members, "memory_size"));
  const auto key = LogKeyOf(log.path);
  if (!key) {
    return members.Wrong("not the path of a log", "log_path", "insert_log/… and the like",
                         log.path);
  }
  log.log_id = key->log;
  return log;
}

// A delta log without entries may stand for none: one that names no object was never written.
// Whether one that does was, the objects that are there tell.
Result<bool> IsMarker(const JsonMembers& log, PathKind kind) {
  if (kind != PathKind::kDeltaLog || log.Find("log_id") != nullptr) return false;
  ARROW_ASSIGN_OR_RAISE(const std::string path, TextIn(log, "log_path"));
  ARROW_ASSIGN_OR_RAISE(const int64_t entries, NumberIn(log, "entries_num"));
  return path.empty() && entries == 0;
}

Result<std::vector<FieldBinlog>> BinlogsIn(const JsonMembers& segment, const std::string& name,
                                           PathKind kind, const SegmentFiles& files,
                                           const std::string& object) {
  std::vector<FieldBinlog> lists;
  std::set<int64_t> seen;
  ARROW_ASSIGN_OR_RAISE(const auto found, ObjectsIn(segment, name, object));
  for (const JsonMembers& members : found) {
    FieldBinlog list;
    ARROW_ASSIGN_OR_RAISE(list.field_id, NumberIn(members, "fieldID"));
    if (kind == PathKind::kInsertLog && !seen.insert(list.field_id).second) {
      return members.Wrong("insert logs of a field are listed twice", "fieldID", "each once",
                           std::to_string(list.field_id));
    }
    ARROW_ASSIGN_OR_RAISE(list.child_fields, ChildFieldsIn(members));
    ARROW_ASSIGN_OR_RAISE(list.format, TextIn(members, "format"));
    const PathFields place{.collection = files.collection_id,
                           .partition = files.partition_id,
                           .segment = files.segment_id,
                           .field = list.field_id};
    ARROW_ASSIGN_OR_RAISE(const auto logs, ObjectsIn(members, "binlogs", object));
    for (const JsonMembers& log : logs) {
      ARROW_ASSIGN_OR_RAISE(const bool is_marker, IsMarker(log, kind));
      if (is_marker) continue;
      ARROW_ASSIGN_OR_RAISE(auto binlog, BinlogFrom(log, kind, place, object));
      list.logs.push_back(std::move(binlog));
    }
    if (!list.logs.empty()) lists.push_back(std::move(list));
  }
  return lists;
}

// The ids that a segment leaves out are those of `enclosing`, in which it lies.
Result<SegmentFiles> SegmentFrom(const JsonMembers& members, const PathFields& enclosing,
                                 const std::string& object, std::vector<int64_t>* untold_versions) {
  SegmentFiles files;
  ARROW_ASSIGN_OR_RAISE(files.segment_id, members.GetInt64("segment_id"));
  ARROW_ASSIGN_OR_RAISE(const auto collection_id, members.FindInt64("collection_id"));
  ARROW_ASSIGN_OR_RAISE(const auto partition_id, members.FindInt64("partition_id"));
  files.collection_id = collection_id.value_or(enclosing.collection);
  files.partition_id = partition_id.value_or(enclosing.partition);
  ARROW_ASSIGN_OR_RAISE(files.num_rows, CountIn(members, "num_of_rows"));
  ARROW_ASSIGN_OR_RAISE(files.commit_timestamp, TimestampIn(members, "commit_timestamp"));
  ARROW_ASSIGN_OR_RAISE(const auto version, members.FindInt64("storage_version"));
  if (version >= static_cast<int64_t>(StorageVersion::kV3)) {
    // What the lists name are no objects; the manifest of the segment says what there is.
    files.version = static_cast<StorageVersion>(*version);
    return files;
  }
  const auto lists = [&](const char* name, PathKind kind) {
    return BinlogsIn(members, name, kind, files, object);
  };
  ARROW_ASSIGN_OR_RAISE(files.inserts, lists("binlogs", PathKind::kInsertLog));
  ARROW_ASSIGN_OR_RAISE(files.statistics, lists("statslogs", PathKind::kPrimaryKeyStatistics));
  ARROW_ASSIGN_OR_RAISE(files.deltas, lists("deltalogs", PathKind::kDeltaLog));
  ARROW_ASSIGN_OR_RAISE(files.bm25, lists("bm25_statslogs", PathKind::kBm25Statistics));
  // Left out, it is 0 or was not known to the writer.
  if (!version || *version == 0) {
    untold_versions->push_back(files.segment_id);
  } else if (*version == 1 || *version == static_cast<int64_t>(StorageVersion::kV2)) {
    files.version = *version == 1 ? StorageVersion::kV1 : StorageVersion::kV2;
  } else {
    return members.Wrong("no storage version", "storage_version", "0 or more",
                         std::to_string(*version));
  }
  return files;
}

bool IsLevelZero(const JsonMembers& segment) {
  const json* value = segment.Find("is_l0");
  return value != nullptr && *value == true;
}

void Add(SegmentFiles files, bool is_level_zero, MilvusCollection* collection) {
  const bool is_v3 = files.version >= StorageVersion::kV3;
  if (!files.inserts.empty() || (is_v3 && !is_level_zero)) {
    collection->segments.push_back(std::move(files));
  } else if (!files.deltas.empty() || is_v3) {
    collection->level_zero.push_back(std::move(files));
  }
}

Result<MilvusCollection> CollectionFrom(const JsonMembers& members, const std::string& object,
                                        std::vector<int64_t>* untold_versions) {
  MilvusCollection collection;
  ARROW_ASSIGN_OR_RAISE(collection.collection_id, members.GetInt64("collection_id"));
  ARROW_ASSIGN_OR_RAISE(collection.name, TextIn(members, "collection_name"));
  ARROW_ASSIGN_OR_RAISE(const json* schema, members.Get("schema"));
  auto described = CollectionSchemaFromJson(*schema, object);
  if (KindOf(described.status()) == ErrorKind::kUnsupported) {
    collection.unreadable = described.status();  // others are read all the same
  } else {
    ARROW_ASSIGN_OR_RAISE(collection.schema, std::move(described));
  }
  // Those that concern all partitions.
  const PathFields place{.collection = collection.collection_id, .partition = kAllPartitions};
  ARROW_ASSIGN_OR_RAISE(const auto level_zero, ObjectsIn(members, "l0_segments", object));
  for (const JsonMembers& segment : level_zero) {
    ARROW_ASSIGN_OR_RAISE(auto files, SegmentFrom(segment, place, object, untold_versions));
    Add(std::move(files), /*is_level_zero=*/true, &collection);
  }
  return collection;
}

Result<std::vector<JsonMembers>> InfosOf(const json& document, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto members, JsonMembers::OfProto(document, object, "the document"));
  return ObjectsIn(members, "infos", object);
}

MilvusCollection* FindCollection(BackupMetadata* metadata, int64_t id) {
  const auto found = std::ranges::find(metadata->collections, id, &MilvusCollection::collection_id);
  return found == metadata->collections.end() ? nullptr : &*found;
}

// Names; a backup without them can be read.
Status AddPartitions(ChunkManager* store, BackupMetadata* metadata) {
  const std::string object = kPartitions;
  const auto document = ReadDocument(store, object);
  if (IsNotFound(document.status())) return Status::OK();
  ARROW_RETURN_NOT_OK(document.status());
  ARROW_ASSIGN_OR_RAISE(const auto infos, InfosOf(*document, object));
  for (const JsonMembers& info : infos) {
    ARROW_ASSIGN_OR_RAISE(const int64_t collection_id, NumberIn(info, "collection_id"));
    ARROW_ASSIGN_OR_RAISE(const int64_t partition_id, info.GetInt64("partition_id"));
    MilvusCollection* collection = FindCollection(metadata, collection_id);
    if (collection == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(collection->partitions[partition_id], TextIn(info, "partition_name"));
  }
  return Status::OK();
}

Status AddSegments(ChunkManager* store, BackupMetadata* metadata) {
  const std::string object = kSegments;
  ARROW_ASSIGN_OR_RAISE(const json document, ReadDocument(store, object));
  ARROW_ASSIGN_OR_RAISE(const auto infos, InfosOf(document, object));
  for (const JsonMembers& info : infos) {
    ARROW_ASSIGN_OR_RAISE(auto files, SegmentFrom(info, {}, object, &metadata->untold_versions));
    MilvusCollection* collection = FindCollection(metadata, files.collection_id);
    if (collection == nullptr) {
      return Corruption("a segment of a collection that is not described",
                        {.object = object,
                         .field = "collection_id",
                         .expected = std::string("one of ") + kCollections,
                         .found = std::to_string(files.collection_id)});
    }
    Add(std::move(files), IsLevelZero(info), collection);
  }
  return Status::OK();
}

// A partition of the full metadata, with its segments.
Status AddPartition(const JsonMembers& partition, const std::string& object,
                    MilvusCollection* collection, std::vector<int64_t>* untold_versions) {
  ARROW_ASSIGN_OR_RAISE(const int64_t id, partition.GetInt64("partition_id"));
  ARROW_ASSIGN_OR_RAISE(collection->partitions[id], TextIn(partition, "partition_name"));
  const PathFields place{.collection = collection->collection_id, .partition = id};
  ARROW_ASSIGN_OR_RAISE(const auto segments, ObjectsIn(partition, "segment_backups", object));
  for (const JsonMembers& segment : segments) {
    ARROW_ASSIGN_OR_RAISE(auto files, SegmentFrom(segment, place, object, untold_versions));
    Add(std::move(files), IsLevelZero(segment), collection);
  }
  return Status::OK();
}

Result<std::optional<BackupMetadata>> ReadFullMetadata(ChunkManager* store) {
  const std::string object = kFull;
  const auto document = ReadDocument(store, object);
  if (IsNotFound(document.status())) return std::nullopt;
  ARROW_RETURN_NOT_OK(document.status());
  ARROW_ASSIGN_OR_RAISE(const auto backup, JsonMembers::OfProto(*document, object, "the document"));
  ARROW_ASSIGN_OR_RAISE(const auto collections, ObjectsIn(backup, "collection_backups", object));
  BackupMetadata metadata;
  for (const JsonMembers& members : collections) {
    ARROW_ASSIGN_OR_RAISE(auto collection,
                          CollectionFrom(members, object, &metadata.untold_versions));
    ARROW_ASSIGN_OR_RAISE(const auto partitions, ObjectsIn(members, "partition_backups", object));
    for (const JsonMembers& partition : partitions) {
      ARROW_RETURN_NOT_OK(AddPartition(partition, object, &collection, &metadata.untold_versions));
    }
    metadata.collections.push_back(std::move(collection));
  }
  return metadata;
}

}  // namespace

Result<std::optional<BackupMetadata>> ReadBackupMetadata(ChunkManager* store) {
  const std::string object = kCollections;
  const auto document = ReadDocument(store, object);
  if (IsNotFound(document.status())) return ReadFullMetadata(store);
  ARROW_RETURN_NOT_OK(document.status());
  BackupMetadata metadata;
  ARROW_ASSIGN_OR_RAISE(const auto infos, InfosOf(*document, object));
  for (const JsonMembers& info : infos) {
    ARROW_ASSIGN_OR_RAISE(auto collection, CollectionFrom(info, object, &metadata.untold_versions));
    metadata.collections.push_back(std::move(collection));
  }
  ARROW_RETURN_NOT_OK(AddPartitions(store, &metadata));
  ARROW_RETURN_NOT_OK(AddSegments(store, &metadata));
  return metadata;
}

}  // namespace varve::internal
