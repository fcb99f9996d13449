// SPDX-License-Identifier: Apache-2.0
#include "schema/milvus_members.h"

#include <algorithm>
#include <utility>

namespace varve::internal {

const std::string* FindMilvusMember(const FieldSchema& field, std::string_view member) {
  for (const auto& [key, value] : field.params) {
    const std::string_view name = key;
    if (name.starts_with(kMilvusMemberPrefix) &&
        name.substr(kMilvusMemberPrefix.size()) == member) {
      return &value;
    }
  }
  return nullptr;
}

void AddMilvusMember(std::string_view member, std::string value, FieldSchema* field) {
  field->params.emplace_back(std::string(kMilvusMemberPrefix) + std::string(member),
                             std::move(value));
}

bool HasMilvusFlag(const FieldSchema& field, std::string_view flag) {
  const std::string* value = FindMilvusMember(field, flag);
  return value != nullptr && *value == "true";
}

bool IsMilvusMember(std::string_view key) {
  if (!key.starts_with(kMilvusMemberPrefix)) return false;
  key.remove_prefix(kMilvusMemberPrefix.size());
  return key == kFunction || std::ranges::find(kMilvusFlags, key) != std::end(kMilvusFlags);
}

}  // namespace varve::internal
