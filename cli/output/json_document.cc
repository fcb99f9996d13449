// SPDX-License-Identifier: Apache-2.0
#include "cli/output/json_document.h"

#include <nlohmann/json.hpp>

namespace varve::cli {

void PrintJson(Console* console, const nlohmann::ordered_json& document) {
  console->DataLine(
      document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace varve::cli
