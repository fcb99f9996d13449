// SPDX-License-Identifier: Apache-2.0
// Any bytes as an object of a version. The first byte of the input says whether they are the object
// itself, or a payload to be put into a sound envelope (a fuzzer does not guess checksums): bit 0
// says so, and bit 1 that the envelope has the reader feature of rows in the future.
// Seeds: tests/fixtures/fuzz/manifest/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/coding.h"
#include "manifest/manifest_codec.h"
#include "manifest/manifest_envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve::internal;  // NOLINT
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    ManifestEnvelope envelope{.payload = std::move(bytes)};
    if ((data[0] & 2) != 0) envelope.reader_features.emplace_back(kFutureTimestamps);
    auto sealed = SealManifest(envelope);
    if (!sealed.ok()) return 0;
    bytes = std::move(sealed->bytes);
  }
  const std::string name = "fuzz";
  auto object = DecodeManifestObject(AsBytes(bytes), name);
  if (!object.ok() || object->base_version != 0) return 0;
  Manifest state;
  if (!ApplyManifestObject(std::move(*object), name, &state).ok()) return 0;
  // What was accepted can be written, and then reads as the same.
  if (!EncodeManifest(&state).ok()) std::abort();
  auto again = EncodeManifest(&state);
  auto object_again = DecodeManifestObject(AsBytes(*again), name);
  Manifest state_again;
  if (!object_again.ok() ||
      !ApplyManifestObject(std::move(*object_again), name, &state_again).ok() ||
      *EncodeManifest(&state_again) != *again) {
    std::abort();
  }
  return 0;
}
