// SPDX-License-Identifier: Apache-2.0
// Finds fields of a newer writer in a manifest's payload. The lite runtime keeps them, but has no
// way to ask for them.
#pragma once

#include <string_view>

namespace varve::internal {

/// Whether `payload`, a serialized varve.manifest.v1.Manifest, holds a field that this version does
/// not know, at any depth. Bytes that do not parse count as unknown.
bool HasUnknownManifestFields(std::string_view payload);

}  // namespace varve::internal
