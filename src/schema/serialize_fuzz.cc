// SPDX-License-Identifier: Apache-2.0
// Any bytes: an error, or a schema that survives a round trip.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/serialize.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string object = "fuzz";
  const auto schema = varve::internal::DeserializeSchema(
      std::string_view(reinterpret_cast<const char*>(data), size), object);
  if (!schema.ok()) {
    const auto kind = varve::KindOf(schema.status());
    if (kind != varve::ErrorKind::kCorruption && kind != varve::ErrorKind::kUnsupported)
      std::abort();
    return 0;
  }
  const std::string bytes = varve::internal::SerializeSchema(**schema);
  const auto again = varve::internal::DeserializeSchema(bytes, object);
  if (!again.ok() || !(*again)->Equals(**schema)) std::abort();
  if (varve::internal::SerializeSchema(**again) != bytes) std::abort();
  return 0;
}
