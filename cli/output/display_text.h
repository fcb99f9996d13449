// SPDX-License-Identifier: Apache-2.0
// Text from data, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace varve::cli {

/// `text` without anything a terminal would act on: control characters become spaces (line breaks
/// and tabs) or "\x1b"; bytes that are no UTF-8 become "\xff".
std::string Printable(std::string_view text);

/// Columns of a terminal that printable `text` takes.  REQUIRES: text is UTF-8
int DisplayWidth(std::string_view text);

/// `text`, cut to `width` columns with "…" at the end where it is longer.
std::string CutToWidth(std::string_view text, int width);

/// `text` and spaces up to `width` columns; on the left where `right_aligned`.
std::string PadToWidth(std::string_view text, int width, bool right_aligned);

}  // namespace varve::cli
