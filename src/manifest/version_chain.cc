// SPDX-License-Identifier: Apache-2.0
#include "manifest/version_chain.h"

#include <algorithm>
#include <charconv>

namespace varve::internal {

constexpr size_t kNumDigits = 20;

std::string VersionPath(uint64_t version) {
  const std::string digits = std::to_string(UINT64_MAX - version);
  return kVersionsFolder + std::string(kNumDigits - digits.size(), '0') + digits;
}

std::optional<uint64_t> VersionOfPath(std::string_view path) {
  const std::string_view folder(kVersionsFolder);
  if (path.size() != folder.size() + kNumDigits || !path.starts_with(folder)) return std::nullopt;
  const std::string_view digits = path.substr(folder.size());
  uint64_t complement = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), complement);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const uint64_t version = UINT64_MAX - complement;
  if (version == 0 || version >= kVersionLimit) return std::nullopt;
  return version;
}

uint64_t BaseVersionOf(uint64_t version) {
  if (version <= 1 || version % 256 == 0) return 0;
  int shift = 0;
  while (((version >> shift) & 3) == 0) shift += 2;
  return std::max<uint64_t>(version & ~(uint64_t{3} << shift), 1);
}

std::vector<uint64_t> VersionChainOf(uint64_t version) {
  std::vector<uint64_t> chain;
  for (uint64_t at = version; at != 0; at = BaseVersionOf(at)) chain.push_back(at);
  return chain;
}

}  // namespace varve::internal
