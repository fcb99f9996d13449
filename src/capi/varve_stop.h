// SPDX-License-Identifier: Apache-2.0
// What a varve_stop stands for.
#pragma once

#include "capi/stoppable.h"
#include "varve/c/varve.h"

namespace varve::capi {

// Its flag, which outlives it; nullptr for NULL.
StopFlag FlagOf(const varve_stop* stop);

}  // namespace varve::capi
