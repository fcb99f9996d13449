// SPDX-License-Identifier: Apache-2.0
// Compares a version with the bytes in the store.
#pragma once

#include <string>
#include <vector>

#include "table/snapshot_state.h"

namespace varve::internal {

/// Every file of the version: its length, its identity and its footer; with `deep`, every byte. One
/// line a problem. Errors: only what keeps the check itself from going on; damage is a problem, not
/// an error
Status VerifyFiles(const SnapshotState& state, bool deep, std::vector<std::string>* problems);

}  // namespace varve::internal
