// SPDX-License-Identifier: Apache-2.0
// Arrow arrays whose values are plain bytes at a constant distance, as Parquet's PLAIN encoding
// stores them.
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"

namespace varve::internal {

/// Bytes a value where PLAIN stores the very bytes of the Arrow array (a whole vector for
/// fixed_size_list); 0 where it does not: booleans, bytes and shorts, decimals, seconds, texts,
/// nested types, vectors of 2 GiB and more (a Parquet page cannot hold one).
int32_t PlainWidth(const arrow::DataType& type);

/// The bytes of the array's first value. REQUIRES: PlainWidth(*array.type()) > 0
const uint8_t* PlainValues(const arrow::Array& array);

}  // namespace varve::internal
