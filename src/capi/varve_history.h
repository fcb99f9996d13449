// SPDX-License-Identifier: Apache-2.0
// The history of a table as C reads it.
#pragma once

#include <vector>

#include "varve/c/varve.h"
#include "varve/table.h"

namespace varve::capi {

// Freed by varve_history_free.
varve_history* MakeHistory(std::vector<VersionInfo> versions);

}  // namespace varve::capi
