// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/recorded_segments.h"

#include <algorithm>
#include <map>
#include <utility>

#include "varve/table.h"
#include "varve/table_segments.h"

namespace varve::cli {

Result<std::optional<std::vector<MilvusCollection>>> RecordedCollections(
    const std::shared_ptr<ChunkManager>& store) {
  const auto table = Table::Open(store);
  if (IsNotFound(table.status())) return std::nullopt;
  ARROW_RETURN_NOT_OK(table.status());
  ARROW_ASSIGN_OR_RAISE(const auto writer, TableMetaWriter::Make(store));
  ARROW_ASSIGN_OR_RAISE(auto states, writer->LoadSegments());
  if (states.empty()) return std::nullopt;

  std::map<int64_t, MilvusCollection> by_id;
  for (SegmentState& state : states) {
    MilvusCollection& collection = by_id[state.files.collection_id];
    if (state.lifecycle == SegmentLifecycle::kDropped) continue;
    if (!state.files.inserts.empty()) {
      collection.partitions[state.files.partition_id];
      collection.segments.push_back(std::move(state.files));
    } else if (!state.files.deltas.empty()) {
      collection.level_zero.push_back(std::move(state.files));
    }
  }
  std::vector<MilvusCollection> collections;
  for (auto& [id, collection] : by_id) {
    collection.collection_id = id;
    collection.schema = (*table)->snapshot()->schema();
    std::ranges::stable_sort(collection.segments, {}, &SegmentFiles::partition_id);
    collections.push_back(std::move(collection));
  }
  return collections;
}

}  // namespace varve::cli
