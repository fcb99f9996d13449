// SPDX-License-Identifier: Apache-2.0
// What the rows of an array take in memory, as Milvus counts it for its metadata: a bitmap where
// there is one, the offsets, and of the values those that the rows refer to.
//
// Threads: call from any thread
// Source:  shared specification of Milvus' formats, section 6.7
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"

namespace varve::internal {

/// REQUIRES: a type of Milvus' storage (MilvusArrowType), or a list of such
int64_t VisibleBytes(const arrow::Array& array);

}  // namespace varve::internal
