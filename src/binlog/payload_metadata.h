// SPDX-License-Identifier: Apache-2.0
// What a payload's Parquet file says beside its values, in its "ARROW:schema".
// Source: docs/format/binlog-v1.md, "Payload"
#pragma once

namespace varve::internal {

/// The footer key; only payloads of nullable dense vectors and arrays of vectors have it.
inline constexpr char kArrowSchemaKey[] = "ARROW:schema";
/// Keys of the column's Arrow field: decimal numbers.
inline constexpr char kPayloadDimKey[] = "dim";
inline constexpr char kPayloadElementTypeKey[] = "elementType";

}  // namespace varve::internal
