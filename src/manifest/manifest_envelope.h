// SPDX-License-Identifier: Apache-2.0
// The frame around a manifest's payload: what it is, who may read and write it, how long it is, and
// a checksum over every byte.
//
// Spec:   docs/format/manifest.md, "Envelope"
// Errors: Corruption naming object, offset, expected and found; Unsupported for a newer format
//         version, an unknown flag or a feature that a reader must know
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/status.h"

namespace varve::internal {

/// A payload may be this large; manifests of a million segments are.
inline constexpr uint64_t kMaxPayloadBytes = uint64_t{512} << 20;
/// A payload that compresses better than this is stored as it is: what a reader allocates is
/// bounded by what somebody took the trouble to store.
inline constexpr uint64_t kMaxCompressionRatio = 64;

/// Reader feature: segments may have rows with times above the version's max_ts.
inline constexpr std::string_view kFutureTimestamps = "future-timestamps";

struct ManifestEnvelope {
  std::vector<std::string> reader_features;
  std::vector<std::string> writer_features;
  std::string payload;  ///< not compressed
  uint32_t crc32c = 0;  ///< of the whole object, its own checksum included
};

struct SealedManifest {
  std::string bytes;
  uint32_t crc32c = 0;  ///< of `bytes`
};

/// Errors: Invalid for more or longer features than the format holds; ResourceExhausted for a
/// payload above kMaxPayloadBytes
Result<SealedManifest> SealManifest(const ManifestEnvelope& envelope);

/// `object` names the bytes in errors.
Result<ManifestEnvelope> OpenManifestEnvelope(std::span<const uint8_t> bytes,
                                              const std::string& object);

/// Unsupported naming the features of `required` that this version of Varve does not know.
Status CheckReaderFeatures(const std::vector<std::string>& required, const std::string& object);
Status CheckWriterFeatures(const std::vector<std::string>& required, const std::string& object);

}  // namespace varve::internal
