// SPDX-License-Identifier: Apache-2.0
// One JSON document, or one line of many, on standard output.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/output/console.h"

namespace varve::cli {

/// On one line. Text that is no UTF-8 (a path may be) is shown with U+FFFD.
void PrintJson(Console* console, const nlohmann::ordered_json& document);

}  // namespace varve::cli
