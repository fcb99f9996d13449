// SPDX-License-Identifier: Apache-2.0
// Rules for vector values: no nulls inside, finite where the field says so, sparse rows well
// formed.
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// `array` is the fixed_size_list or fixed_size_binary of a dense vector field. Null rows pass.
Status CheckVectors(const FieldSchema& field, const arrow::Array& array);

/// The lists of an ArrayOfVector field.
Status CheckVectorLists(const FieldSchema& field, const arrow::ListArray& lists);

/// Rows of (u32 index, f32 value) pairs, by ascending index.
Status CheckSparseVectors(const FieldSchema& field, const arrow::BinaryArray& rows);

}  // namespace varve::internal
