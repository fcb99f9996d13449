// SPDX-License-Identifier: Apache-2.0
#include "cli/option_checks.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

namespace varve::cli {
namespace {

std::optional<int64_t> WholeNumberOf(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

CLI::Validator WholeNumber(int64_t least) {
  return CLI::Validator(
      [least](const std::string& text) -> std::string {
        const auto value = WholeNumberOf(text);
        if (value.has_value() && *value >= least) return "";
        return "'" + text + "' is no whole number from " + std::to_string(least) + " on";
      },
      "");
}

CLI::Validator VersionNumber() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        const auto value = WholeNumberOf(text);
        if (value.has_value() && *value >= 1) return "";
        return "'" + text + "' is no version; versions count from 1";
      },
      "");
}

CLI::Validator FilterText() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        if (text.find_first_not_of(" \t\r\n") != std::string::npos) return "";
        return "the filter is empty; leave the option out to have all rows";
      },
      "");
}

CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        return text.empty() ? "the value is empty; leave the option out to have its default" : "";
      },
      "");
}

Status CheckNotGiven(const CLI::App& app, std::initializer_list<const char*> options,
                     const std::string& goes_with) {
  for (const char* option : options) {
    if (app.get_option(option)->count() == 0) continue;
    return MakeError(ErrorKind::kInvalid, std::string(option) + " goes with " + goes_with);
  }
  return Status::OK();
}

}  // namespace varve::cli
