// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/coding.h"
#include "binlog/event_codec.h"
#include "milvus/backup_metadata.h"
#include "milvus/log_listing.h"
#include "varve/milvus.h"

namespace varve {
namespace {

using internal::LogListing;

constexpr char kParquetMagic[] = {'P', 'A', 'R', '1'};
constexpr char kEncryptedParquetMagic[] = {'P', 'A', 'R', 'E'};

// The list of `field_id`, which is made if there is none.
FieldBinlog* ListOf(int64_t field_id, std::vector<FieldBinlog>* lists) {
  const auto found = std::ranges::find(*lists, field_id, &FieldBinlog::field_id);
  if (found != lists->end()) return &*found;
  return &lists->emplace_back(FieldBinlog{.field_id = field_id});
}

std::vector<FieldBinlog>* ListsOf(PathKind kind, SegmentFiles* files) {
  switch (kind) {
    case PathKind::kInsertLog:
      return &files->inserts;
    case PathKind::kDeltaLog:
      return &files->deltas;
    case PathKind::kPrimaryKeyStatistics:
      return &files->statistics;
    default:
      return &files->bm25;
  }
}

// What lies there, as the paths say whose it is.
Result<std::vector<MilvusCollection>> FromListing(const LogListing& listing) {
  if (!listing.others.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "an object among logs that is none, and no metadata that say what counts",
                     {.object = listing.others.front(), .expected = "logs"});
  }
  // The map's order is that of kinds first.
  std::map<internal::SegmentKey, SegmentFiles> segments;
  for (const auto& [key, object] : listing.logs) {
    SegmentFiles& files = segments[{key.collection, key.partition, key.segment}];
    ListOf(key.field, ListsOf(key.kind, &files))
        ->logs.push_back({.path = object.path, .log_id = key.log, .file_bytes = object.size});
  }
  // What they consist of, their manifests say.
  for (const internal::SegmentKey& key : listing.v3_segments) {
    segments[key] = {.version = StorageVersion::kV3};
  }
  std::vector<MilvusCollection> collections;
  for (auto& [key, files] : segments) {
    files.collection_id = key.collection;
    files.partition_id = key.partition;
    files.segment_id = key.segment;
    if (collections.empty() || collections.back().collection_id != files.collection_id) {
      collections.push_back({.collection_id = files.collection_id});
    }
    MilvusCollection& collection = collections.back();
    if (files.partition_id != kAllPartitions) collection.partitions[files.partition_id];
    if (!files.inserts.empty() || files.version == StorageVersion::kV3) {
      collection.segments.push_back(std::move(files));
    } else if (!files.deltas.empty()) {
      collection.level_zero.push_back(std::move(files));
    }
  }
  return collections;
}

// A planned delta log that got no deletes was never written, and Go leaves out all its zeros.
void DropMarkers(const LogListing& listing, std::vector<FieldBinlog>* deltas) {
  for (FieldBinlog& list : *deltas) {
    std::erase_if(list.logs, [&](const Binlog& log) {
      const auto key = internal::LogKeyOf(log.path);
      return log.num_rows == 0 && log.file_bytes == 0 && log.memory_bytes == 0 &&
             (!key || !listing.logs.contains(*key));
    });
  }
  std::erase_if(*deltas, [](const FieldBinlog& list) { return list.logs.empty(); });
}

// Puts the path at which a log lies in place of that which it had in Milvus; one that lies nowhere
// has the path at which it should, which goes to `missing`.
Status Resolve(const LogListing& listing, SegmentFiles* files, std::set<std::string>* missing) {
  DropMarkers(listing, &files->deltas);
  for (const PathKind kind : {PathKind::kInsertLog, PathKind::kDeltaLog,
                              PathKind::kPrimaryKeyStatistics, PathKind::kBm25Statistics}) {
    for (FieldBinlog& list : *ListsOf(kind, files)) {
      for (Binlog& log : list.logs) {
        const auto key = internal::LogKeyOf(log.path);
        if (!key || key->kind != kind || key->segment != files->segment_id) {
          return Corruption("a log of another kind or segment",
                            {.object = log.path,
                             .expected = std::string(PathKindName(kind)) + " of segment " +
                                         std::to_string(files->segment_id)});
        }
        const auto found = listing.logs.find(*key);
        if (found != listing.logs.end()) {
          log.path = found->second.path;
          log.file_bytes = found->second.size;
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(log.path, PrintPath(kind,
                                                  {.collection = key->collection,
                                                   .partition = key->partition,
                                                   .segment = key->segment,
                                                   .field = key->field,
                                                   .log = key->log},
                                                  listing.root));
        missing->insert(log.path);
      }
    }
  }
  return Status::OK();
}

// The first bytes of the first insert log tell.
Status FindVersions(ChunkManager* store, std::vector<SegmentFiles*> segments) {
  std::vector<int32_t> magics(segments.size());
  std::vector<ObjectRanges> reads;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Binlog& log = segments[i]->inserts.front().logs.front();
    if (log.file_bytes < static_cast<int64_t>(sizeof(int32_t))) {
      return Corruption("too short for an insert log",
                        {.object = log.path,
                         .expected = "a magic number",
                         .found = std::to_string(log.file_bytes) + " bytes"});
    }
    reads.push_back({.path = log.path,
                     .size = log.file_bytes,
                     .ranges = {{.length = sizeof(int32_t), .out = &magics[i]}}});
  }
  ARROW_RETURN_NOT_OK(store->ReadRangesOf(reads));
  for (size_t i = 0; i < segments.size(); ++i) {
    if (magics[i] == internal::kBinlogMagic) {
      segments[i]->version = StorageVersion::kV1;
    } else if (std::memcmp(&magics[i], kParquetMagic, sizeof(int32_t)) == 0) {
      segments[i]->version = StorageVersion::kV2;
    } else if (std::memcmp(&magics[i], kEncryptedParquetMagic, sizeof(int32_t)) == 0) {
      return MakeError(ErrorKind::kUnsupported, "encrypted insert logs are not read",
                       {.object = reads[i].path, .offset = 0, .found = "PARE"});
    } else {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&magics[i]);
      return Corruption("not an insert log", {.object = reads[i].path,
                                              .offset = 0,
                                              .expected = "bcfaff00 (V1) or 50415231 (V2)",
                                              .found = internal::ToHex({bytes, sizeof(int32_t)})});
    }
  }
  return Status::OK();
}

// One that is listed twice would have its rows twice.
Status CheckSegments(const MilvusCollection& collection) {
  for (size_t i = 1; i < collection.segments.size(); ++i) {
    const SegmentFiles& files = collection.segments[i];
    if (files.segment_id != collection.segments[i - 1].segment_id) continue;
    return Corruption("a segment is described twice",
                      {.object = "collection " + std::to_string(collection.collection_id),
                       .field = "segment_id",
                       .found = std::to_string(files.segment_id)});
  }
  return Status::OK();
}

void KeepThoseAt(const MilvusPlace& place, std::vector<MilvusCollection>* collections) {
  const auto elsewhere = [](const std::optional<int64_t>& wanted, int64_t id) {
    return wanted && *wanted != id;
  };
  std::erase_if(*collections, [&](const MilvusCollection& collection) {
    return elsewhere(place.collection_id, collection.collection_id);
  });
  for (MilvusCollection& collection : *collections) {
    std::erase_if(collection.segments, [&](const SegmentFiles& files) {
      return elsewhere(place.partition_id, files.partition_id) ||
             elsewhere(place.segment_id, files.segment_id);
    });
    std::erase_if(collection.level_zero, [&](const SegmentFiles& files) {
      return files.partition_id != kAllPartitions &&
             elsewhere(place.partition_id, files.partition_id);
    });
    const auto by_id = [](const SegmentFiles& files) {
      return std::pair(files.partition_id, files.segment_id);
    };
    std::ranges::sort(collection.segments, {}, by_id);
    std::ranges::sort(collection.level_zero, {}, by_id);
  }
  std::ranges::sort(*collections, {}, &MilvusCollection::collection_id);
}

Status NothingIs(const ChunkManager& store, const std::string& what, int64_t id) {
  return MakeError(ErrorKind::kNotFound, "there is no such " + what + " here",
                   {.object = store.uri(),
                    .expected = "logs or metadata of " + what + " " + std::to_string(id)});
}

// What `place` names, after KeepThoseAt.
Status CheckIsThere(const ChunkManager& store, const MilvusPlace& place,
                    const std::vector<MilvusCollection>& collections) {
  const auto any_has = [&](int64_t SegmentFiles::*member, int64_t id) {
    return std::ranges::any_of(collections, [&](const MilvusCollection& one) {
      return std::ranges::find(one.segments, id, member) != one.segments.end() ||
             std::ranges::find(one.level_zero, id, member) != one.level_zero.end();
    });
  };
  const auto is_named = [&](int64_t partition_id) {
    return std::ranges::any_of(collections, [&](const MilvusCollection& one) {
      return one.partitions.contains(partition_id);
    });
  };
  if (place.collection_id && collections.empty()) {
    return NothingIs(store, "collection", *place.collection_id);
  }
  if (place.partition_id && !is_named(*place.partition_id) &&
      !any_has(&SegmentFiles::partition_id, *place.partition_id)) {
    return NothingIs(store, "partition", *place.partition_id);
  }
  if (place.segment_id && !any_has(&SegmentFiles::segment_id, *place.segment_id)) {
    return NothingIs(store, "segment", *place.segment_id);
  }
  return Status::OK();
}

}  // namespace

Result<std::vector<MilvusCollection>> FindMilvusCollections(
    const std::shared_ptr<ChunkManager>& store, const MilvusPlace& place) {
  ARROW_ASSIGN_OR_RAISE(const LogListing listing, internal::ListLogs(store.get(), place));
  ARROW_ASSIGN_OR_RAISE(auto metadata, internal::ReadBackupMetadata(store.get()));
  std::vector<MilvusCollection> collections;
  if (metadata) {
    collections = std::move(metadata->collections);
  } else {
    if (listing.empty()) return internal::NoLogs(*store, place);
    ARROW_ASSIGN_OR_RAISE(collections, FromListing(listing));
  }
  KeepThoseAt(place, &collections);
  ARROW_RETURN_NOT_OK(CheckIsThere(*store, place, collections));
  std::vector<SegmentFiles*> untold;
  for (MilvusCollection& collection : collections) {
    ARROW_RETURN_NOT_OK(CheckSegments(collection));
    for (SegmentFiles& files : collection.segments) {
      if (metadata) ARROW_RETURN_NOT_OK(Resolve(listing, &files, &collection.missing));
      if (files.version >= StorageVersion::kV3) continue;
      const bool told =
          metadata && std::ranges::find(metadata->untold_versions, files.segment_id) ==
                          metadata->untold_versions.end();
      const auto key = internal::LogKeyOf(files.inserts.front().logs.front().path);
      if (!told && listing.logs.contains(*key)) untold.push_back(&files);
    }
    if (!metadata) continue;
    for (SegmentFiles& files : collection.level_zero) {
      ARROW_RETURN_NOT_OK(Resolve(listing, &files, &collection.missing));
    }
  }
  ARROW_RETURN_NOT_OK(FindVersions(store.get(), std::move(untold)));
  return collections;
}

std::vector<FieldBinlog> MilvusDeltasOf(const MilvusCollection& collection, int64_t partition_id) {
  std::vector<FieldBinlog> deltas;
  for (const SegmentFiles& files : collection.level_zero) {
    if (files.partition_id != kAllPartitions && files.partition_id != partition_id) continue;
    deltas.insert(deltas.end(), files.deltas.begin(), files.deltas.end());
  }
  return deltas;
}

}  // namespace varve
