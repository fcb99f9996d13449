// SPDX-License-Identifier: Apache-2.0
// Finds what is wrong with JSON lines that Arrow's reader refused without saying where.
//
// Cost: reads the file once more, line by line; for errors only
#pragma once

#include <cstdint>
#include <string>

#include "arrow/type_fwd.h"

namespace varve::cli {

/// The first mistake of the file at `path`, as "line 7, column 3: …" or "line 7: field 'a': …";
/// "" if there is none. Lines are held against `schema` from row `first_row` (from 0) on; with
/// nullptr they only have to be JSON objects.
std::string FirstMistake(const std::string& path, int64_t first_row, const arrow::Schema* schema);

/// Where row `row` (from 0) stands: lines without anything are no rows. Of standard input ("-"),
/// which cannot be read twice, the row is all there is to say.
std::string PlaceOfRow(const std::string& path, int64_t row);

/// The first row of `column` with a number that was too large for its type, and so is infinite
/// (JSON has no way to write infinity); -1 if there is none.
int64_t FirstInfinite(const arrow::Array& column);

}  // namespace varve::cli
