// SPDX-License-Identifier: Apache-2.0
#include "table/snapshot_state.h"

#include <algorithm>
#include <utility>

namespace varve::internal {

SnapshotState::SnapshotState(std::shared_ptr<const Manifest> version,
                             std::shared_ptr<FilePool> pool)
    : manifest(std::move(version)), files(std::move(pool)) {
  segments.reserve(manifest->segments.size());
  starts.reserve(manifest->segments.size() + 1);
  starts.push_back(0);
  for (const auto& entry : manifest->segments) {
    segments.emplace_back(entry, files);
    starts.push_back(starts.back() + entry->num_rows);
  }
}

size_t SnapshotState::SegmentOf(int64_t row) const {
  // The last segment that begins at or before `row`; empty segments begin where the next one does.
  const auto after = std::upper_bound(starts.begin(), starts.end(), row);
  return static_cast<size_t>(after - starts.begin()) - 1;
}

}  // namespace varve::internal
