// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/recorded_segments.h"

#include <algorithm>
#include <utility>

#include "varve/table.h"
#include "varve/table_segments.h"

namespace varve::cli {

Result<std::optional<MilvusCollection>> RecordedCollection(
    const std::shared_ptr<ChunkManager>& store) {
  const auto table = Table::Open(store);
  if (IsNotFound(table.status())) return std::nullopt;
  ARROW_RETURN_NOT_OK(table.status());
  ARROW_ASSIGN_OR_RAISE(const auto writer, TableMetaWriter::Make(store));
  ARROW_ASSIGN_OR_RAISE(auto states, writer->LoadSegments());
  if (states.empty()) return std::nullopt;

  MilvusCollection collection{.collection_id = states.front().files.collection_id,
                              .schema = (*table)->snapshot()->schema()};
  for (SegmentState& state : states) {
    if (state.lifecycle == SegmentLifecycle::kDropped) continue;
    if (!state.files.inserts.empty()) {
      collection.partitions[state.files.partition_id];
      collection.segments.push_back(std::move(state.files));
    } else if (!state.files.deltas.empty()) {
      collection.level_zero.push_back(std::move(state.files));
    }
  }
  std::ranges::stable_sort(collection.segments, {}, &SegmentFiles::partition_id);
  return collection;
}

}  // namespace varve::cli
