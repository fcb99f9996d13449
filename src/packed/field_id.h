// SPDX-License-Identifier: Apache-2.0
// The id that an Arrow field carries as metadata "PARQUET:field_id".
#pragma once

#include <cstdint>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::internal {

/// Those of all fields of `schema`.
/// Errors: Invalid naming the field: no id, not a number from 0 on, that of another field
Result<std::vector<int64_t>> FieldIdsOf(const arrow::Schema& schema);

}  // namespace varve::internal
