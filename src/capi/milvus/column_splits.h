// SPDX-License-Identifier: Apache-2.0
// What a CColumnSplits stands for.
#pragma once

#include <vector>

#include "varve/c/milvus_packed.h"
#include "varve/milvus_packed.h"
#include "varve/status.h"

namespace varve::capi {

// The groups, as they are now; ids are their positions.
// Errors: Invalid for what is no open handle, and for a group that was not to be read when it came
Result<std::vector<ColumnGroup>> ReadColumnSplits(CColumnSplits splits);

}  // namespace varve::capi
