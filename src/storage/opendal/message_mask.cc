// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/message_mask.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

constexpr std::string_view kHidden = "***";
// What is shorter could be found in any text, and is no secret that was worth the name.
constexpr size_t kSecretBytesMin = 6;

bool IsHarmless(std::string_view option) {
  constexpr std::array kHarmless = {"bucket",        "container",    "root",  "endpoint", "region",
                                    "access_key_id", "account_name", "scope", "domain"};
  constexpr std::array kSwitches = {"enable_", "disable_", "allow_"};
  return std::ranges::find(kHarmless, option) != kHarmless.end() ||
         std::ranges::any_of(kSwitches, [&](const char* each) { return option.starts_with(each); });
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') ||
                       std::string_view("-._~").find(each) != std::string_view::npos;
    if (plain) {
      encoded += each;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace

MessageMask::MessageMask(const std::map<std::string, std::string>& options) {
  for (const auto& [name, value] : options) {
    if (IsHarmless(name)) continue;
    Add(value);
    // A signed address says in it how it is signed.
    const std::string_view query = std::string_view(value).substr(value.starts_with('?') ? 1 : 0);
    const auto parameters = ParseQuery(query);
    if (!parameters.ok()) continue;
    for (const auto& [key, parameter] : *parameters) {
      if (key == "sig") Add(parameter);
    }
  }
  // What contains another is hidden first.
  std::ranges::stable_sort(secrets_, std::ranges::greater(),
                           [](const Secret& each) { return each.Reveal().size(); });
}

void MessageMask::Add(const std::string& value) {
  if (value.size() < kSecretBytesMin) return;
  secrets_.emplace_back(value);
  const std::string encoded = PercentEncoded(value);
  if (encoded != value) secrets_.emplace_back(encoded);
}

std::string MessageMask::Apply(std::string message) const {
  for (const Secret& secret : secrets_) {
    for (size_t at = 0; (at = message.find(secret.Reveal(), at)) != std::string::npos;) {
      message.replace(at, secret.Reveal().size(), kHidden);
      at += kHidden.size();
    }
  }
  return message;
}

}  // namespace varve::internal
