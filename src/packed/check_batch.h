// SPDX-License-Identifier: Apache-2.0
// What both writers ask of a batch before they take it.
#pragma once

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::internal {

/// Whether `batch` has the columns of `schema` in their order; names are the schema's.
/// Errors: Invalid naming the field, for another number of columns, another type, a null in a field
///         that has none
Status CheckBatch(const arrow::Schema& schema, const arrow::RecordBatch& batch);

}  // namespace varve::internal
