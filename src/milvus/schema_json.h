// SPDX-License-Identifier: Apache-2.0
// A collection's schema in the JSON that milvus-backup writes.
//
// Errors:  Corruption naming object and member; Invalid naming the field where a schema cannot be
// Threads: functions; call them from any thread
// Source:  shared specification of Milvus' formats, section 9; milvus-backup, backup.proto
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// `schema` is an object with "fields" and maybe "struct_array_fields", whose fields are columns
/// like all others.
Result<std::shared_ptr<const CollectionSchema>> CollectionSchemaFromJson(
    const nlohmann::json& schema, const std::string& object);

}  // namespace varve::internal
