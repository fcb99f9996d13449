// SPDX-License-Identifier: Apache-2.0
// Arrays of one column put together.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::internal {

/// `parts`, one at least and all of one type, as one array in memory of its own. As
/// arrow::Concatenate, but values that may lie in a mapped file are read under the map guard
/// (varve/map_guard.h).  Errors: Corruption if such a file was truncated
Result<std::shared_ptr<arrow::Array>> JoinArrays(const arrow::ArrayVector& parts);

}  // namespace varve::internal
