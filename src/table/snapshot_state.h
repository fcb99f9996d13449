// SPDX-License-Identifier: Apache-2.0
// What every read of one version shares: its manifest, its segments and where their rows begin.
//
// Threads: immutable; share freely
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "manifest/manifest.h"
#include "table/file_pool.h"
#include "table/segment_reader.h"

namespace varve::internal {

struct SnapshotState {
  SnapshotState(std::shared_ptr<const Manifest> manifest, std::shared_ptr<FilePool> files);

  const CollectionSchema& schema() const { return *manifest->schema(); }
  Executor* executor() const { return files->executor(); }
  int64_t num_rows() const { return starts.back(); }
  /// The segment that holds position `row`.  REQUIRES: 0 <= row < num_rows()
  size_t SegmentOf(int64_t row) const;

  const std::shared_ptr<const Manifest> manifest;
  const std::shared_ptr<FilePool> files;
  std::vector<SegmentReader> segments;
  std::vector<int64_t> starts;  // position of each segment's first row, and the number of rows
};

}  // namespace varve::internal
