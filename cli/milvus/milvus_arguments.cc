// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/milvus_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <map>
#include <set>

#include "arrow/buffer.h"
#include "cli/location.h"
#include "cli/milvus/recorded_segments.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "varve/hybrid_timestamp.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

std::string Described(const MilvusCollection& collection) {
  const std::string id = std::to_string(collection.collection_id);
  return collection.name.empty() ? id : collection.name + " (" + id + ")";
}

bool IsNamed(const std::string& name, int64_t id, const std::string& word) {
  return word == name || word == std::to_string(id);
}

Status NotFound(const std::string& what, const std::string& word,
                const std::vector<std::string>& known) {
  std::string names;
  for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
  return MakeError(ErrorKind::kNotFound, "there is no " + what + " '" + word + "'" +
                                             DidYouMean(word, known) + "; there are: " + names);
}

// Names by id, empty for what only the segments tell of.
std::map<int64_t, std::string> PartitionsOf(const MilvusCollection& collection) {
  std::map<int64_t, std::string> partitions = collection.partitions;
  for (const auto* segments : {&collection.segments, &collection.level_zero}) {
    for (const SegmentFiles& files : *segments) partitions[files.partition_id];
  }
  partitions.erase(kAllPartitions);
  return partitions;
}

// Only partitions that `words` name stay, with the deletes that concern all.
Status KeepPartitions(const std::vector<std::string>& words, MilvusCollection* collection) {
  const auto partitions = PartitionsOf(*collection);
  std::set<int64_t> ids;
  for (const std::string& word : words) {
    const auto found = std::ranges::find_if(partitions, [&](const auto& partition) {
      return IsNamed(partition.second, partition.first, word);
    });
    if (found == partitions.end()) {
      std::vector<std::string> known;
      for (const auto& [id, name] : partitions) {
        known.push_back(name.empty() ? std::to_string(id) : name);
      }
      return NotFound("partition", word, known);
    }
    ids.insert(found->first);
  }
  const auto is_elsewhere = [&](const SegmentFiles& files) {
    return files.partition_id != kAllPartitions && !ids.contains(files.partition_id);
  };
  std::erase_if(collection->segments, is_elsewhere);
  std::erase_if(collection->level_zero, is_elsewhere);
  return Status::OK();
}

// Only what lies at `place` stays, with the deletes of level zero that concern it.
Status KeepPlace(const MilvusPlace& place, const std::string& path,
                 std::vector<MilvusCollection>* collections) {
  if (!place.collection_id) return Status::OK();
  const auto differs = [](const std::optional<int64_t>& id, int64_t of) { return id && *id != of; };
  const auto is_elsewhere = [&](const SegmentFiles& files) {
    return differs(place.collection_id, files.collection_id) ||
           differs(place.partition_id, files.partition_id) ||
           differs(place.segment_id, files.segment_id);
  };
  const auto concerns_others = [&](const SegmentFiles& files) {
    return differs(place.collection_id, files.collection_id) ||
           (files.partition_id != kAllPartitions &&
            differs(place.partition_id, files.partition_id));
  };
  std::erase_if(*collections, [&](MilvusCollection& collection) {
    std::erase_if(collection.segments, is_elsewhere);
    const bool is_here =
        !collection.segments.empty() || !std::ranges::all_of(collection.level_zero, is_elsewhere);
    std::erase_if(collection.level_zero, concerns_others);
    return !is_here;
  });
  if (!collections->empty()) return Status::OK();
  return MakeError(ErrorKind::kNotFound, "the table records no such segments", {.object = path});
}

// Of a schema that comes from the logs.
Status CheckKeyIsTold(const MilvusCollection& collection) {
  const auto has_deltas = [](const SegmentFiles& files) { return !files.deltas.empty(); };
  if (collection.schema->primary_key() != nullptr ||
      (collection.level_zero.empty() && std::ranges::none_of(collection.segments, has_deltas))) {
    return Status::OK();
  }
  std::string names;
  for (const FieldSchema& field : collection.schema->fields()) {
    names += (names.empty() ? "" : ", ") + field.name;
  }
  return MakeError(ErrorKind::kInvalid,
                   "there are deletes, and the logs do not tell the primary key: name it with "
                   "--primary-key: " +
                       names);
}

// Whether a log is there, of those that metadata name.
bool HasLogs(const MilvusCollection& collection) {
  const auto is_here = [&](const Binlog& log) { return !collection.missing.contains(log.path); };
  const auto has_logs = [&](const std::vector<FieldBinlog>& lists) {
    return std::ranges::any_of(
        lists, [&](const FieldBinlog& list) { return std::ranges::any_of(list.logs, is_here); });
  };
  const auto is_there = [&](const SegmentFiles& files) {
    return files.version >= StorageVersion::kV3 ||  // what it has, its manifest says
           has_logs(files.inserts) || has_logs(files.deltas) || has_logs(files.statistics) ||
           has_logs(files.bm25);
  };
  return std::ranges::any_of(collection.segments, is_there) ||
         std::ranges::any_of(collection.level_zero, is_there);
}

Result<std::string> ReadText(const std::string& path, const StoreArguments& store) {
  const FileLocation file = SplitFileLocation(path);
  ARROW_ASSIGN_OR_RAISE(const auto options, store.ToOptions(path));
  ARROW_ASSIGN_OR_RAISE(const auto folder, OpenStore(file.folder, options));
  ARROW_ASSIGN_OR_RAISE(const auto bytes, folder->Read(file.name));
  return bytes->ToString();
}

// Seconds, milliseconds and microseconds since 1970 would be hybrid timestamps of long ago, at
// which no row is visible; nanoseconds would be of the next century, at which all are.
Status CheckIsHybrid(uint64_t timestamp, int64_t now_micros) {
  constexpr uint64_t kSecondsLeast = 1'000'000'000;
  constexpr int64_t kMillisLeast = 946'684'800'000;  // of the year 2000
  constexpr int64_t kMillisOfDay = 24 * 60 * 60 * 1000;
  const auto is_of_milvus = [&](int64_t millis) {
    return millis >= kMillisLeast && millis <= now_micros / 1000 + kMillisOfDay;
  };
  const bool is_nanoseconds = !is_of_milvus(MillisOfHybrid(timestamp)) &&
                              is_of_milvus(static_cast<int64_t>(timestamp / 1'000'000));
  const bool is_long_ago = timestamp >= kSecondsLeast && timestamp < HybridFromMillis(kMillisLeast);
  if (!is_long_ago && !is_nanoseconds) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "'" + std::to_string(timestamp) + "' as a hybrid timestamp is " +
                       FormatHybridTime(timestamp) +
                       ", and rather a time in another unit; write it as 2026-11-21T04:00Z");
}

// "backup/demo/binlogs" is all of the backup, if its metadata lie beside that folder.
Result<MilvusPlace> PlaceOf(const std::string& path, const StoreArguments& store) {
  MilvusPlace place = LocateMilvus(path);
  const size_t options = path.find("://") == std::string::npos ? std::string::npos : path.find('?');
  const std::string tail = options == std::string::npos ? "" : path.substr(options);
  const MilvusPlace above = LocateMilvus(path.substr(0, options) + "/insert_log" + tail);
  if (place.collection_id || above.store_uri == place.store_uri) return place;
  ARROW_ASSIGN_OR_RAISE(const auto store_options, store.ToOptions(above.store_uri));
  ARROW_ASSIGN_OR_RAISE(const auto opened, OpenStore(above.store_uri, store_options));
  ARROW_ASSIGN_OR_RAISE(const auto metadata, opened->List("meta/", {.names_only = true}));
  return metadata.empty() ? place : above;
}

}  // namespace

void MilvusArguments::Configure(CLI::App* app) {
  app->add_option("--collection", collection, "Milvus: this collection, by name or id");
  app->add_option("--partition", partitions, "Milvus: only these partitions, by name or id")
      ->allow_extra_args(false);
  app->add_option("--schema", schema,
                  "Milvus: JSON of the collection's schema, such as a collection_meta.json");
  app->add_option("--as-of", as_of,
                  "Milvus: rows as they were then: a hybrid timestamp, 2026-11-21T04:00Z, or an "
                  "age: 15m, 2h");
}

bool MilvusArguments::IsGiven() const {
  return !collection.empty() || !partitions.empty() || !schema.empty() || !as_of.empty();
}

Result<FoundMilvus> MilvusArguments::Find(const std::string& path,
                                          const StoreArguments& store) const {
  if (IsLocalFile(path)) {
    return MakeError(ErrorKind::kInvalid,
                     "this is a file and no folder of logs: varve binlog reads a binlog, varve "
                     "head and info a Parquet file",
                     {.object = path});
  }
  ARROW_ASSIGN_OR_RAISE(const MilvusPlace place, PlaceOf(path, store));
  FoundMilvus found;
  ARROW_ASSIGN_OR_RAISE(const auto options, store.ToOptions(place.store_uri));
  ARROW_ASSIGN_OR_RAISE(found.store, OpenStore(place.store_uri, options));
  ARROW_ASSIGN_OR_RAISE(auto recorded, RecordedCollections(found.store));
  if (recorded) {
    found.collections = *std::move(recorded);
    ARROW_RETURN_NOT_OK(KeepPlace(place, path, &found.collections));
  } else {
    ARROW_ASSIGN_OR_RAISE(found.collections, FindMilvusCollections(found.store, place));
  }
  if (!collection.empty()) {
    std::vector<std::string> known;
    for (const MilvusCollection& one : found.collections) {
      known.push_back(one.name.empty() ? std::to_string(one.collection_id) : one.name);
    }
    std::erase_if(found.collections, [&](const MilvusCollection& one) {
      return !IsNamed(one.name, one.collection_id, collection);
    });
    if (found.collections.empty()) return NotFound("collection", collection, known);
  }
  if (partitions.empty()) return found;
  for (MilvusCollection& one : found.collections) {
    ARROW_RETURN_NOT_OK(KeepPartitions(partitions, &one));
  }
  return found;
}

Result<MilvusCollection> MilvusArguments::Choose(const FoundMilvus& found,
                                                 const StoreArguments& store,
                                                 const std::string& primary_key,
                                                 Console* console) const {
  std::vector<MilvusCollection> candidates = found.collections;
  if (candidates.size() > 1) {
    std::vector<MilvusCollection> present;
    std::ranges::copy_if(candidates, std::back_inserter(present), HasLogs);
    if (present.size() == 1) {
      console->Say("collection " + Described(present.front()) +
                   ": of the others that the metadata name, no logs are here");
      candidates = std::move(present);
    }
  }
  if (candidates.size() != 1) {
    std::string names;
    for (const MilvusCollection& one : candidates) {
      names += (names.empty() ? "" : ", ") + Described(one);
    }
    return MakeError(ErrorKind::kInvalid, names.empty()
                                              ? "there is no collection here"
                                              : "there are several collections here; name one "
                                                "with --collection: " +
                                                    names);
  }
  MilvusCollection chosen = std::move(candidates.front());
  if (!schema.empty()) {
    ARROW_ASSIGN_OR_RAISE(const std::string json, ReadText(schema, store));
    ARROW_ASSIGN_OR_RAISE(chosen.schema,
                          MilvusSchemaFromJson(json, WithoutOptions(schema), chosen.collection_id));
  } else if (chosen.schema == nullptr) {
    ARROW_RETURN_NOT_OK(chosen.unreadable);
    ARROW_ASSIGN_OR_RAISE(chosen.schema, DescribeMilvusSchema(found.store, chosen, primary_key));
    ARROW_RETURN_NOT_OK(CheckKeyIsTold(chosen));
  }
  const FieldSchema* key = chosen.schema->primary_key();
  if (primary_key.empty() || (key != nullptr && key->name == primary_key)) return chosen;
  return MakeError(ErrorKind::kInvalid, "the collection has another primary key",
                   {.object = Described(chosen),
                    .expected = key == nullptr ? "none" : key->name,
                    .found = primary_key});
}

Result<uint64_t> MilvusArguments::AsOf() const {
  if (as_of.empty()) return UINT64_MAX;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return ParseHybridTime(as_of, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Result<uint64_t> ParseHybridTime(const std::string& text, int64_t now_micros) {
  uint64_t timestamp = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), timestamp);
  if (error == std::errc() && end == text.data() + text.size()) {
    ARROW_RETURN_NOT_OK(CheckIsHybrid(timestamp, now_micros));
    return timestamp;
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t micros, ParseTime(text, now_micros));
  constexpr int64_t kMillisMax = INT64_MAX >> kLogicalBits;
  if (micros < 0 || micros / 1000 > kMillisMax) {
    return MakeError(ErrorKind::kInvalid, "'" + text + "' is no time of Milvus'");
  }
  return HybridFromMillis(micros / 1000) | ((uint64_t{1} << kLogicalBits) - 1);
}

std::string FormatHybridTime(uint64_t timestamp) {
  return FormatTime(MillisOfHybrid(timestamp) * 1000);
}

}  // namespace varve::cli
