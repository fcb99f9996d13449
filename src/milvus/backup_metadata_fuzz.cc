// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the metadata of a backup, as its collections, as its segments, as all in one:
// refused, or collections whose segments have logs.
// Seeds: tests/fixtures/fuzz/backup_metadata/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/coding.h"
#include "milvus/backup_metadata.h"

namespace {

constexpr std::string_view kCollections =
    R"({"infos": [{"collection_id": 1, "schema": {"fields": [{"fieldID": 100, "name": "key",
    "data_type": 5, "is_primary_key": true}]}}]})";
constexpr std::string_view kSegments = R"({"infos": []})";

void Read(varve::ChunkManager* store) {
  const auto metadata = varve::internal::ReadBackupMetadata(store);
  if (!metadata.ok()) return;
  for (const auto& collection : (*metadata)->collections) {
    if ((collection.schema == nullptr) == collection.unreadable.ok()) std::abort();
    for (const auto& files : collection.segments) {
      if (files.version >= varve::StorageVersion::kV3) continue;
      if (files.inserts.empty() || files.inserts.front().logs.front().path.empty()) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve::internal;  // NOLINT
  static const auto store = varve::OpenChunkManager("memory://fuzz").ValueOrDie();
  const auto put = [](const char* path, std::span<const uint8_t> bytes) {
    if (!store->Write(path, bytes).ok()) std::abort();
  };
  put("meta/collection_meta.json", {data, size});
  put("meta/segment_meta.json", AsBytes(kSegments));
  Read(store.get());
  put("meta/collection_meta.json", AsBytes(kCollections));
  put("meta/segment_meta.json", {data, size});
  Read(store.get());
  if (!store->Remove("meta/collection_meta.json").ok()) std::abort();
  put("meta/full_meta.json", {data, size});
  Read(store.get());
  return 0;
}
