// SPDX-License-Identifier: Apache-2.0
#include "packed/split_policy.h"

#include <algorithm>
#include <functional>

namespace varve::internal {
namespace {

using Groups = std::vector<std::vector<int>>;

// All columns for which `apart` does not hold in the first group, the others one by one.
Groups Separate(size_t count, const std::function<bool(size_t)>& apart) {
  Groups groups(1);
  for (size_t i = 0; i < count; ++i) {
    if (!apart(i)) groups[0].push_back(static_cast<int>(i));
  }
  if (groups[0].empty()) groups.clear();
  for (size_t i = 0; i < count; ++i) {
    if (apart(i)) groups.push_back({static_cast<int>(i)});
  }
  return groups;
}

bool IsLarge(DataType type) {
  return IsDenseVector(type) || type == DataType::kSparseFloatVector ||
         type == DataType::kArrayOfVector || type == DataType::kText;
}

// Milvus' policies, in their order: system fields and the primary key first, then each field with
// large values or of a large type for itself, and what remains in one group. Sorted as Milvus sorts
// by group id: 0 the first, 1 what remains, then those that are for themselves, by field id.
Groups BySchema(const std::vector<FieldSchema>& fields, const PackedWriteOptions& options,
                const SplitInput& input) {
  Groups groups(2);
  Groups apart;
  for (size_t i = 0; i < fields.size(); ++i) {
    const FieldSchema& field = fields[i];
    const int column = static_cast<int>(i);
    const bool system = field.field_id >= 0 && field.field_id < kFirstUserFieldId;
    if (system || field.primary_key) {
      groups[0].push_back(column);
    } else if (IsLarge(field.data_type) ||
               input.average_bytes[i] >= static_cast<double>(options.average_size_limit)) {
      apart.push_back({column});
    } else {
      groups[1].push_back(column);
    }
  }
  const auto id_of = [&](const std::vector<int>& group) {
    return fields[static_cast<size_t>(group.front())].field_id;
  };
  std::stable_sort(apart.begin(), apart.end(),
                   [&](const auto& a, const auto& b) { return id_of(a) < id_of(b); });
  groups.insert(groups.end(), apart.begin(), apart.end());
  std::erase_if(groups, [](const std::vector<int>& group) { return group.empty(); });
  return groups;
}

Result<Groups> ByNames(const std::vector<FieldSchema>& fields,
                       const std::vector<std::vector<std::string>>& names) {
  Groups groups;
  std::vector<bool> seen(fields.size());
  for (const auto& group : names) {
    std::vector<int> columns;
    for (const auto& name : group) {
      const auto found = std::find_if(fields.begin(), fields.end(),
                                      [&](const FieldSchema& f) { return f.name == name; });
      if (found == fields.end()) {
        return MakeError(ErrorKind::kInvalid, "column group names an unknown field",
                         {.field = name});
      }
      const auto index = static_cast<size_t>(found - fields.begin());
      if (seen[index]) {
        return MakeError(ErrorKind::kInvalid, "field in two column groups", {.field = name});
      }
      seen[index] = true;
      columns.push_back(static_cast<int>(index));
    }
    std::sort(columns.begin(), columns.end());
    if (!columns.empty()) groups.push_back(std::move(columns));
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!seen[i]) {
      return MakeError(ErrorKind::kInvalid, "field in no column group", {.field = fields[i].name});
    }
  }
  return groups;
}

}  // namespace

Result<Groups> SplitColumns(const std::vector<FieldSchema>& fields,
                            const PackedWriteOptions& options, const SplitInput& input) {
  switch (options.split) {
    case SplitPolicy::kOneGroup:
      return Separate(fields.size(), [](size_t) { return false; });
    case SplitPolicy::kBySchema:
      return BySchema(fields, options, input);
    case SplitPolicy::kByAverageSize:
      return Separate(fields.size(), [&](size_t i) {
        return input.average_bytes[i] >= static_cast<double>(options.average_size_limit);
      });
    case SplitPolicy::kExplicit:
      return ByNames(fields, options.groups);
    case SplitPolicy::kDefault:
      break;
  }
  return Separate(fields.size(),
                  [&](size_t i) { return !input.small && IsDenseVector(fields[i].data_type); });
}

}  // namespace varve::internal
