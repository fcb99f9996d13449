// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_store.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "manifest/manifest_codec.h"
#include "manifest/version_chain.h"

namespace varve::internal {
namespace {

// The state of `known` at `version`, one of its chain. Possible where nothing was removed or
// replaced since; then the past is the present without what came later.
std::optional<Manifest> Rewind(const Manifest& known, uint64_t version) {
  const auto at = std::find_if(known.chain.begin(), known.chain.end(),
                               [&](const auto& link) { return link.version == version; });
  if (at == known.chain.end()) return std::nullopt;
  if (at == known.chain.begin()) return known;
  const auto& changed = known.changed_at;
  if (std::max({changed.bases, changed.indexes, changed.tags, changed.properties}) > version ||
      !known.deltas.empty()) {
    return std::nullopt;
  }
  for (auto link = known.chain.begin(); link != at; ++link) {
    if (!link->removed_segments.empty()) return std::nullopt;
  }
  Manifest past;
  past.table_id = known.table_id;
  past.version = version;
  past.next_segment_id = at->next_segment_id;
  past.has_unknown_fields = known.has_unknown_fields;
  past.changed_at = changed;
  past.bases = known.bases;
  past.indexes = known.indexes;
  past.tags = known.tags;
  past.properties = known.properties;
  for (const SchemaEntry& entry : known.schemas) {
    if (entry.version <= version) past.schemas.push_back(entry);
  }
  const auto end = std::partition_point(
      known.segments.begin(), known.segments.end(),
      [&](const auto& segment) { return segment->segment_id < at->next_segment_id; });
  past.segments.assign(known.segments.begin(), end);
  past.chain.assign(at, known.chain.end());
  return past;
}

Result<ManifestObject> DecodeVersion(uint64_t version, const arrow::Buffer& bytes) {
  const std::string path = VersionPath(version);
  ARROW_ASSIGN_OR_RAISE(
      auto object, DecodeManifestObject({bytes.data(), static_cast<size_t>(bytes.size())}, path));
  if (object.values.version != version) {
    return Corruption("a version under another's name",
                      {.object = path,
                       .field = "version",
                       .expected = std::to_string(version),
                       .found = std::to_string(object.values.version)});
  }
  return object;
}

}  // namespace

ManifestStore::ManifestStore(std::shared_ptr<ChunkManager> store, ManifestStoreOptions options)
    : store_(std::move(store)), options_(options) {}

std::string ManifestStore::PathOf(uint64_t version) { return VersionPath(version); }
uint64_t ManifestStore::BaseOf(uint64_t version) { return BaseVersionOf(version); }

Result<ManifestObject> ManifestStore::ReadObject(uint64_t version) {
  return DecodeOrReadAgain(version, store_->Read(VersionPath(version)));
}

Result<ManifestObject> ManifestStore::DecodeOrReadAgain(
    uint64_t version, const Result<std::shared_ptr<arrow::Buffer>>& bytes) {
  ARROW_RETURN_NOT_OK(bytes.status());
  auto object = DecodeVersion(version, **bytes);
  if (!IsCorruption(object.status()) || ProbesAreCheap()) return object;
  // It may have been damaged on its way here.
  ARROW_ASSIGN_OR_RAISE(const auto again, store_->Read(VersionPath(version)));
  return DecodeVersion(version, *again);
}

// `versions`: newest first, ending just above `state` (or with a full version, if that is empty).
Result<std::shared_ptr<const Manifest>> ManifestStore::LoadChain(std::span<const uint64_t> versions,
                                                                 Manifest state) {
  const size_t count = versions.size();
  std::vector<std::optional<ManifestObject>> objects(count);
  std::vector<Status> missing(count);
  std::vector<std::string> paths;
  for (const uint64_t version : versions) paths.push_back(VersionPath(version));
  const auto bytes = store_->ReadMany(paths);
  for (size_t i = 0; i < count; ++i) {
    auto object = DecodeOrReadAgain(versions[i], bytes[i]);
    // An older object that is not there matters only if no newer one is full.
    if (!object.ok() && IsNotFound(object.status())) {
      missing[i] = object.status();
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(objects[i], std::move(object));
  }

  size_t num_needed = 0;
  while (num_needed < count) {
    const size_t i = num_needed++;
    if (!missing[i].ok()) {
      if (i == 0) return Absent(versions[i]);
      return Corruption("a version is built on one that is missing",
                        {.object = VersionPath(versions[i - 1]),
                         .field = "base_version",
                         .expected = VersionPath(versions[i]),
                         .found = "no such object"});
    }
    if (objects[i]->base_version == 0) {
      state = Manifest{};
      break;
    }
  }
  for (size_t i = num_needed; i-- > 0;) {
    ARROW_RETURN_NOT_OK(
        ApplyManifestObject(std::move(*objects[i]), VersionPath(versions[i]), &state));
  }
  return std::make_shared<const Manifest>(std::move(state));
}

Result<std::shared_ptr<const Manifest>> ManifestStore::Load(uint64_t version,
                                                            const Manifest* known) {
  if (version == 0 || version >= kVersionLimit) return NoSuchVersion(version);
  const std::vector<uint64_t> chain = VersionChainOf(version);
  if (known != nullptr) {
    if (known->version == version) return std::make_shared<const Manifest>(*known);
    for (size_t i = 1; i < chain.size(); ++i) {
      auto state = Rewind(*known, chain[i]);
      if (!state) continue;
      auto loaded = LoadChain(std::span(chain).first(i), std::move(*state));
      // What is known may be of a table that has been replaced: then the store alone decides.
      if (loaded.ok() || !IsCorruption(loaded.status())) return loaded;
      break;
    }
  }
  return LoadChain(chain, Manifest{});
}

Result<std::shared_ptr<const Manifest>> ManifestStore::LoadLatest(const Manifest* known) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t version, FindLatest(known == nullptr ? 0 : known->version));
  return Load(version, known);
}

Result<ManifestSummary> ManifestStore::Summarize(uint64_t version) {
  if (version == 0 || version >= kVersionLimit) return NoSuchVersion(version);
  auto read = ReadObject(version);
  if (!read.ok() && IsNotFound(read.status())) return Absent(version);
  ARROW_ASSIGN_OR_RAISE(auto object, std::move(read));
  return ManifestSummary{.version = version,
                         .commit_id = object.values.commit_id,
                         .commit_micros = object.values.commit_micros,
                         .operation = std::move(object.values.operation),
                         .num_rows = static_cast<int64_t>(object.total_rows)};
}

Result<uint64_t> ManifestStore::FindByTime(int64_t micros) {
  ARROW_ASSIGN_OR_RAISE(uint64_t high, FindLatest());
  ++high;
  // Times never go back from a version to the next. `low` is early enough, `high` is not.
  uint64_t low = 0;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    ARROW_ASSIGN_OR_RAISE(const auto summary, Summarize(middle));
    (summary.commit_micros <= micros ? low : high) = middle;
  }
  if (low != 0) return low;
  return MakeError(ErrorKind::kNotFound, "no version is that old",
                   {.object = store_->uri(), .found = std::to_string(micros) + " us"});
}

Result<std::vector<ObjectInfo>> ManifestStore::ListVersions() {
  ARROW_ASSIGN_OR_RAISE(auto objects, store_->List(kVersionsFolder));
  std::erase_if(objects, [](const ObjectInfo& info) { return !VersionOfPath(info.path); });
  std::reverse(objects.begin(), objects.end());
  return objects;
}

}  // namespace varve::internal
