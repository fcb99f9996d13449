// SPDX-License-Identifier: Apache-2.0
// What Milvus says of a field and Varve has no use for: kept in FieldSchema::params, so that a
// collection that was brought can be given back.
//
//   milvus.is_dynamic, milvus.is_partition_key, milvus.is_clustering_key, milvus.autoID,
//   milvus.is_function_output     "true", or not there
//   milvus.function               JSON of the function that fills the field
//
// Threads: functions; call them from any thread
// Source:  docs/format/schema.md; shared specification of Milvus' formats, section 9.2
#pragma once

#include <string>
#include <string_view>

#include "varve/schema.h"

namespace varve::internal {

inline constexpr std::string_view kMilvusMemberPrefix = "milvus.";

// As Milvus calls them.
inline constexpr std::string_view kIsDynamic = "is_dynamic";
inline constexpr std::string_view kIsPartitionKey = "is_partition_key";
inline constexpr std::string_view kIsClusteringKey = "is_clustering_key";
inline constexpr std::string_view kAutoId = "autoID";
inline constexpr std::string_view kIsFunctionOutput = "is_function_output";
inline constexpr std::string_view kMilvusFlags[] = {kIsDynamic, kIsPartitionKey, kIsClusteringKey,
                                                    kAutoId, kIsFunctionOutput};
inline constexpr std::string_view kFunction = "function";

/// The value of the member, which has no prefix here; nullptr: it is not there.
const std::string* FindMilvusMember(const FieldSchema& field, std::string_view member);
void AddMilvusMember(std::string_view member, std::string value, FieldSchema* field);

/// Whether a flag is there and true.
bool HasMilvusFlag(const FieldSchema& field, std::string_view flag);

/// Whether `key` of params is one of those above.
bool IsMilvusMember(std::string_view key);

}  // namespace varve::internal
