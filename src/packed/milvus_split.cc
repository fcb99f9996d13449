// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_split.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "schema/milvus_members.h"

namespace varve::internal {
namespace {

bool IsSearched(DataType type) {
  return IsDenseVector(type) || type == DataType::kSparseFloatVector ||
         type == DataType::kArrayOfVector || type == DataType::kText;
}

// Whether the field is the key that `id` names, or that the schema marks if it names none.
bool IsKey(const FieldSchema& field, int64_t id, std::string_view flag) {
  return id >= 0 ? field.field_id == id : HasMilvusFlag(field, flag);
}

// Hands out columns to groups.
class Split {
 public:
  explicit Split(const std::vector<FieldSchema>& fields) : fields_(fields) {
    for (size_t i = 0; i < fields.size(); ++i) left_.push_back(static_cast<int>(i));
  }

  // All columns left that `takes` in one group, even if there are none.
  void TakeTogether(const std::function<bool(int)>& takes) {
    ColumnGroup group{.group_id = next_group_id_++};
    std::erase_if(left_, [&](int column) {
      if (takes(column)) group.columns.push_back(column);
      return takes(column);
    });
    groups_.push_back(std::move(group));
  }

  // Each of them in a group of its own.
  void TakeEach(const std::function<bool(int)>& takes) {
    std::erase_if(left_, [&](int column) {
      if (takes(column)) {
        groups_.push_back({fields_[static_cast<size_t>(column)].field_id, {column}});
      }
      return takes(column);
    });
  }

  void TakeSearched() {
    TakeEach(
        [&](int column) { return IsSearched(fields_[static_cast<size_t>(column)].data_type); });
  }

  // What is left in one group, if there is any.
  void TakeRest() {
    if (!left_.empty()) TakeTogether([](int) { return true; });
  }

  std::vector<ColumnGroup> Finish() {
    std::ranges::stable_sort(groups_, {}, &ColumnGroup::group_id);
    return std::move(groups_);
  }

 private:
  const std::vector<FieldSchema>& fields_;
  std::vector<int> left_;
  std::vector<ColumnGroup> groups_;
  int64_t next_group_id_ = 0;
};

// Of a segment all of whose groups name their fields.
Result<std::vector<ColumnGroup>> GroupsAsStored(
    const std::vector<FieldSchema>& fields,
    const std::map<int64_t, std::vector<int64_t>>& field_ids_by_group) {
  std::map<int64_t, int64_t> group_of;
  for (const auto& [group_id, field_ids] : field_ids_by_group) {
    for (const int64_t id : field_ids) {
      if (group_of.emplace(id, group_id).second) continue;
      return MakeError(
          ErrorKind::kInvalid, "a field is in two column groups",
          {.found = "field id " + std::to_string(id) + " in groups " +
                    std::to_string(group_of[id]) + " and " + std::to_string(group_id)});
    }
  }
  // The first id that no group has; those of fields are for groups of one field.
  int64_t short_group_id = 0;
  while (field_ids_by_group.contains(short_group_id)) ++short_group_id;
  std::map<int64_t, ColumnGroup> groups;
  for (size_t i = 0; i < fields.size(); ++i) {
    const FieldSchema& field = fields[i];
    const auto found = group_of.find(field.field_id);
    const int64_t group_id = found != group_of.end()       ? found->second
                             : IsSearched(field.data_type) ? field.field_id
                                                           : short_group_id;
    ColumnGroup& group = groups[group_id];
    group.group_id = group_id;
    group.columns.push_back(static_cast<int>(i));
  }
  std::vector<ColumnGroup> restored;
  for (auto& [group_id, group] : groups) restored.push_back(std::move(group));
  return restored;
}

// Files of one set belong to the i-th of another by their place in the lists of their groups: a set
// without a file for one of the groups, or a new group for fields that the earlier sets have
// elsewhere, would put rows together that are not.
Status CheckGoesOn(const std::vector<FieldSchema>& fields, const std::vector<ColumnGroup>& groups,
                   const std::map<int64_t, std::vector<int64_t>>& field_ids_by_group) {
  for (const auto& [group_id, field_ids] : field_ids_by_group) {
    if (std::ranges::find(groups, group_id, &ColumnGroup::group_id) != groups.end()) continue;
    return MakeError(ErrorKind::kInvalid,
                     field_ids.empty()
                         ? "the segment's metadata name no fields of its column groups, and its "
                           "split is not the legacy one"
                         : "no field is left of a column group of the segment",
                     {.expected = "a file for group " + std::to_string(group_id), .found = "none"});
  }
  for (const ColumnGroup& group : groups) {
    if (field_ids_by_group.contains(group.group_id)) continue;
    for (const int column : group.columns) {
      const FieldSchema& field = fields[static_cast<size_t>(column)];
      if (field.nullable || field.default_value != nullptr) continue;
      return MakeError(
          ErrorKind::kInvalid,
          "a field that no column group of the segment has must be nullable or have a default",
          {.field = field.name, .found = "required, id " + std::to_string(field.field_id)});
    }
  }
  return Status::OK();
}

}  // namespace

std::vector<ColumnGroup> SplitMilvusColumns(const std::vector<FieldSchema>& fields,
                                            const std::vector<double>& average_bytes,
                                            const MilvusSplitOptions& options) {
  Split split(fields);
  if (options.split_system_columns) {
    split.TakeTogether([&](int column) {
      const FieldSchema& field = fields[static_cast<size_t>(column)];
      return field.field_id < kFirstUserFieldId ||
             (options.include_primary_key && field.primary_key) ||
             (options.include_partition_key &&
              IsKey(field, options.partition_key_id, kIsPartitionKey)) ||
             (options.include_clustering_key &&
              IsKey(field, options.clustering_key_id, kIsClusteringKey));
    });
  }
  if (options.split_by_average_size) {
    split.TakeEach([&](int column) {
      return average_bytes[static_cast<size_t>(column)] >= options.average_bytes_limit;
    });
  }
  split.TakeSearched();
  split.TakeRest();
  return split.Finish();
}

std::vector<ColumnGroup> LegacyMilvusColumns(const std::vector<FieldSchema>& fields) {
  Split split(fields);
  split.TakeSearched();
  split.TakeRest();
  return split.Finish();
}

Result<std::vector<ColumnGroup>> RestoreMilvusColumns(
    const std::vector<FieldSchema>& fields,
    const std::map<int64_t, std::vector<int64_t>>& field_ids_by_group) {
  const bool is_legacy = std::ranges::any_of(
      field_ids_by_group, [](const auto& group) { return group.second.empty(); });
  std::vector<ColumnGroup> groups;
  if (is_legacy) {
    groups = LegacyMilvusColumns(fields);
  } else {
    ARROW_ASSIGN_OR_RAISE(groups, GroupsAsStored(fields, field_ids_by_group));
  }
  ARROW_RETURN_NOT_OK(CheckGoesOn(fields, groups, field_ids_by_group));
  return groups;
}

}  // namespace varve::internal
