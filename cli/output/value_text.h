// SPDX-License-Identifier: Apache-2.0
// One value of any Arrow type as text, for people and for programs.
//
// JSON:    integers in full; floats with the fewest digits that read back to the same value, and
//          "NaN", "Infinity", "-Infinity" as texts; decimals, dates, times and timestamps as texts
//          (ISO 8601); binary as base64; lists as arrays, structs as objects, maps as arrays of
//          [key, value]. docs/guide/command-line.md "JSON"
// People:  vectors as [0.12, -0.3, … 384]; binary as 0x1f8b… (48 bytes); no control characters
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"

namespace varve::cli {

/// Appends value `row` of `array` as JSON.
void AppendJson(const arrow::Array& array, int64_t row, std::string* out);
/// Appends `text` as a JSON string; what is no UTF-8 becomes U+FFFD.
void AppendJsonText(std::string_view text, std::string* out);

/// Value `row` of `array` for a cell of at most `width` columns (0: as long as it is).
std::string CellText(const arrow::Array& array, int64_t row, int width = 0);

std::string ScalarJson(const arrow::Scalar& scalar);
std::string ScalarCell(const arrow::Scalar& scalar, int width = 0);

/// Numbers are aligned right.
bool IsRightAligned(const arrow::DataType& type);

}  // namespace varve::cli
