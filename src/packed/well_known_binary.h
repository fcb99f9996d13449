// SPDX-License-Identifier: Apache-2.0
// Geometries as Milvus stores them: well-known binary, little-endian.
//
// Accepted: the seven simple types, nested, with Z and M in either spelling (ISO codes above 1000,
//           the flags of EWKB, with or without its SRID). Values are not looked at: an empty point
//           has NaN coordinates
// Source:   OGC 06-103r4, "Well-known Binary Representation"
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace varve::internal {

/// What is wrong with `bytes` as one geometry; "": nothing.
std::string_view FindWkbMistake(std::span<const uint8_t> bytes);

}  // namespace varve::internal
