// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace varve::cli {

/// "312 B", "1.9 MiB": binary units, for sizes.
std::string FormatBytes(int64_t bytes);
/// "63,436".
std::string FormatCount(int64_t count);
/// "812 MB/s": decimal units, as disks and memory are sold; "-" when no time passed.
std::string FormatRate(int64_t bytes, double seconds);
/// "1.24 s", "3.1 ms", "12 us".
std::string FormatSeconds(double seconds);
/// "12 s", "3 min 5 s", "1 h 20 min": as long as something will take.
std::string FormatDuration(double seconds);
/// "2026-11-21 04:00:12 UTC".
std::string FormatTime(int64_t micros);
/// "2026-11-21T04:00:12.000345Z": for programs.
std::string FormatTimeIso(int64_t micros);
/// "1 row", "2 rows".
std::string Plural(int64_t count, const std::string& noun);

}  // namespace varve::cli
