// SPDX-License-Identifier: Apache-2.0
#include "varve/schema.h"

namespace varve {

bool IsDenseVector(DataType type) {
  switch (type) {
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kInt8Vector:
      return true;
    default:
      return false;
  }
}

}  // namespace varve
