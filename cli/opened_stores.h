// SPDX-License-Identifier: Apache-2.0
// The stores that a command opens: remembered, so that --metrics can tell what they were asked,
// also by a command that failed.
//
// Threads: may be called concurrently
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"

namespace varve::cli {

/// As OpenChunkManager.
Result<std::shared_ptr<ChunkManager>> OpenStore(const std::string& location,
                                                const ChunkManagerOptions& options);

/// What those that count were asked so far, as Prometheus scrapes it: by the label `store`, an
/// address without credentials, by operation and by outcome. A comment if there is none.
std::string MetricsOfOpenedStores();

/// What is to be said of stores that have replicas and left requests unanswered, a line each.
std::vector<std::string> UnansweredStores();

}  // namespace varve::cli
