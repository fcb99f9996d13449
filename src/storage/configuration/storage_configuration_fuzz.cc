// SPDX-License-Identifier: Apache-2.0
// Any text: a configuration, or an error of the caller's.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "varve/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto storage = varve::StorageConfiguration::Parse(text, "fuzz");
  if (!storage.ok()) {
    if (varve::KindOf(storage.status()) != varve::ErrorKind::kInvalid) std::abort();
    return 0;
  }
  if (storage->type == "local" && !storage->secrets.empty()) std::abort();
  for (const auto& [name, secret] : storage->secrets) {
    if (secret.empty() || storage->StorageOptions().at(name) != secret.Reveal()) std::abort();
  }
  return 0;
}
