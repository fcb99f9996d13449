// SPDX-License-Identifier: Apache-2.0
// Checks of a store: what commits rely on.
#pragma once

#include <string>

#include "cli/doctor/check.h"
#include "varve/chunk_manager.h"
#include "varve/store_inspection.h"

namespace varve::cli {

/// On local disk: beside `path`, in a folder of its own that goes away again.
Status CheckLocalStore(const std::string& path, const ChunkManagerOptions& options,
                       CheckList* checks);

/// What was found in an object store.  Errors: what kept it from being used
Status CheckObjectStore(const StoreInspection& found, CheckList* checks);

/// Aborts uploads that were begun before that moment of the store's clock.
/// Errors: Unsupported where a store does not tell its uploads apart; else as ChunkManager
Status AbortOldUploads(ChunkManager* store, int64_t before_micros, CheckList* checks);

/// Uploads that were begun an hour ago or earlier and never finished, where the store tells.
void CheckUnfinishedUploads(ChunkManager* store, CheckList* checks);

}  // namespace varve::cli
