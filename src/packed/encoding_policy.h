// SPDX-License-Identifier: Apache-2.0
// Chooses how a column is encoded, from a sample of its values: size against the cost of decoding.
//
// PLAIN, addressable and zero-copy, unless another encoding saves more than kMinSaving of a whole
// row's bytes. Primary keys and counters (each value one more than the last) stay PLAIN in any
// case: they are what scans and joins read. Otherwise the smallest of DELTA_BINARY_PACKED
// (integers), a dictionary, BYTE_STREAM_SPLIT + codec (floats). Texts: a dictionary where few
// values repeat, else PLAIN + codec in pages of about kTextPageBytes. A codec that was chosen for
// the field by name comes on top of whatever is chosen here; its values are not addressable then.
#pragma once

#include "arrow/type_fwd.h"
#include "packed/column_encoding.h"
#include "varve/packed.h"
#include "varve/schema.h"

namespace varve::internal {

/// Share of a row's bytes below which a saving is not worth decoding for.
inline constexpr double kMinSaving = 0.0015;
/// Raw bytes of a page of texts; a point read decompresses one page.
inline constexpr int64_t kTextPageBytes = 8 << 10;

/// `sample` holds rows of `type`, the type stored; `row_bytes` is what a row of the whole table
/// takes in memory. By `codec_told` the codec of `options` was chosen for this field: it is used
/// whatever it saves, and the encoding alone is chosen.
Result<ColumnEncoding> ChooseEncoding(const FieldSchema& field, const arrow::DataType& type,
                                      const arrow::ArrayVector& sample, double row_bytes,
                                      const FieldWriteOptions& options, bool codec_told = false);

}  // namespace varve::internal
