// SPDX-License-Identifier: Apache-2.0
// varve::Snapshot over a SnapshotState.
#pragma once

#include <memory>

#include "manifest/manifest_store.h"
#include "table/snapshot_state.h"
#include "varve/table.h"

namespace varve::internal {

/// `versions` is the table's manifest store; the snapshot keeps it.
std::shared_ptr<const Snapshot> MakeSnapshot(std::shared_ptr<const Manifest> manifest,
                                             std::shared_ptr<FilePool> files,
                                             std::shared_ptr<ManifestStore> versions);

/// The manifest behind a snapshot that MakeSnapshot returned.
const std::shared_ptr<const Manifest>& ManifestOf(const Snapshot& snapshot);

}  // namespace varve::internal
