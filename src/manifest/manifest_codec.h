// SPDX-License-Identifier: Apache-2.0
// A version as one object, and back: protobuf in an envelope (manifest_envelope.h).
//
// An object holds a whole version or what changed since the version it is built on. Decoding checks
// all that an object can say about itself; ApplyManifestObject checks the rest.
//
// Spec:   docs/format/manifest.md
// Errors: Corruption naming object, field, expected and found; Unsupported, see manifest_envelope.h
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "manifest/manifest.h"

namespace varve::internal {

/// One object, decoded. In `values`, schemas, segments and deltas are those the object holds;
/// bases, indexes, tags and properties are complete where values.changed_at says so (it is then the
/// object's own version).
struct ManifestObject {
  Manifest values;  ///< its chain holds this object alone
  uint64_t base_version = 0;
  uint32_t base_crc32c = 0;
  std::vector<std::string> removed_deltas;
  uint64_t total_rows = 0;  ///< of the version
  uint64_t total_segments = 0;
};

/// The object of `manifest`: a delta on chain[1] where there is one, else full. Sets
/// chain[0].crc32c. REQUIRES: chain[0] is this version's own link
Result<std::string> EncodeManifest(Manifest* manifest);

/// `object` names the bytes in errors.
Result<ManifestObject> DecodeManifestObject(std::span<const uint8_t> bytes,
                                            const std::string& object);

/// Turns `state`, the version that `change` is built on (an empty Manifest for a full one), into
/// the version of `change`. After an error `state` is of no use.
Status ApplyManifestObject(ManifestObject change, const std::string& object, Manifest* state);

/// True for a relative path without empty parts, "." or ".." and without NUL bytes.
bool IsContainedPath(std::string_view path);

}  // namespace varve::internal
