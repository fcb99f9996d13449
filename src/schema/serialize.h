// SPDX-License-Identifier: Apache-2.0
// A schema as bytes: in manifests and in the footer of packed files. Spec: docs/format/schema.md
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "varve/schema.h"

namespace varve::internal {

/// Deterministic: equal schemas give equal bytes.
std::string SerializeSchema(const CollectionSchema& schema);
/// Errors: Corruption naming `object`; Unsupported for a newer form
Result<std::shared_ptr<const CollectionSchema>> DeserializeSchema(std::string_view bytes,
                                                                  const std::string& object);

}  // namespace varve::internal
