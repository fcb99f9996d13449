// SPDX-License-Identifier: Apache-2.0
// What follows from a data type alone: element widths, kinds.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// True for the codes that DataType names.
bool IsKnownDataType(DataType type);
/// String, VarChar, Text.
bool IsText(DataType type);
/// Types an Array may hold.
bool IsArrayElement(DataType type);

/// Bytes of one vector.  REQUIRES: IsDenseVector(type)
int64_t VectorWidth(DataType type, int32_t dim);
/// Arrow elements a vector has as a fixed_size_list: dim, for BinaryVector dim / 8.
/// REQUIRES: IsDenseVector(type)
int32_t VectorElements(DataType type, int32_t dim);
/// Arrow type of those elements: float, half_float, int8; uint16 for BFloat16Vector, uint8 for
/// BinaryVector.  REQUIRES: IsDenseVector(type)
const std::shared_ptr<arrow::DataType>& VectorElementType(DataType type);

}  // namespace varve::internal
