// SPDX-License-Identifier: Apache-2.0
#include "segment/column_split.h"

#include <algorithm>
#include <string>
#include <utility>

namespace varve::internal {
namespace {

using Columns = std::vector<int>;

bool HasOwnGroup(DataType type) {
  return IsDenseVector(type) || type == DataType::kSparseFloatVector ||
         type == DataType::kArrayOfVector || type == DataType::kText;
}

// Takes the columns that `wanted` says from those left.
template <typename Wanted>
Columns Take(const std::vector<FieldSchema>& fields, std::vector<bool>* taken,
             const Wanted& wanted) {
  Columns columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    if ((*taken)[i] || !wanted(i)) continue;
    (*taken)[i] = true;
    columns.push_back(static_cast<int>(i));
  }
  return columns;
}

// Each of `columns` for itself, under its field's id.
void AddSingles(const std::vector<FieldSchema>& fields, const Columns& columns,
                std::vector<ColumnGroup>* groups) {
  for (const int column : columns) {
    groups->push_back({.group_id = fields[column].field_id, .columns = {column}});
  }
}

void SortByGroup(std::vector<ColumnGroup>* groups) {
  std::sort(groups->begin(), groups->end(),
            [](const ColumnGroup& a, const ColumnGroup& b) { return a.group_id < b.group_id; });
}

}  // namespace

Result<std::vector<ColumnGroup>> SplitBySchema(const std::vector<FieldSchema>& fields,
                                               const std::vector<double>& average_bytes,
                                               const ColumnSplitOptions& options) {
  if (fields.size() != average_bytes.size()) {
    return MakeError(
        ErrorKind::kInvalid, "an average size for each field is needed",
        {.expected = std::to_string(fields.size()), .found = std::to_string(average_bytes.size())});
  }
  std::vector<ColumnGroup> groups;
  std::vector<bool> taken(fields.size(), false);
  int64_t next_group_id = 0;
  const auto add_shared = [&](Columns columns) {
    if (columns.empty()) return;
    groups.push_back({.group_id = next_group_id++, .columns = std::move(columns)});
  };
  if (options.system_columns) {
    add_shared(Take(fields, &taken, [&](size_t i) {
      return fields[i].field_id < kFirstUserFieldId ||
             (options.includes_primary_key && fields[i].primary_key);
    }));
  }
  if (options.by_average_size) {
    const auto limit = static_cast<double>(options.average_size_limit);
    AddSingles(fields, Take(fields, &taken, [&](size_t i) { return average_bytes[i] >= limit; }),
               &groups);
  }
  AddSingles(fields,
             Take(fields, &taken, [&](size_t i) { return HasOwnGroup(fields[i].data_type); }),
             &groups);
  add_shared(Take(fields, &taken, [](size_t) { return true; }));
  SortByGroup(&groups);
  return groups;
}

std::vector<ColumnGroup> LegacySplit(const std::vector<FieldSchema>& fields) {
  std::vector<ColumnGroup> groups;
  std::vector<bool> taken(fields.size(), false);
  AddSingles(fields,
             Take(fields, &taken, [&](size_t i) { return HasOwnGroup(fields[i].data_type); }),
             &groups);
  Columns rest = Take(fields, &taken, [](size_t) { return true; });
  if (!rest.empty()) groups.push_back({.group_id = 0, .columns = std::move(rest)});
  SortByGroup(&groups);
  return groups;
}

Result<std::vector<ColumnGroup>> StoredSplit(const std::vector<FieldSchema>& fields,
                                             const std::vector<FieldBinlog>& inserts) {
  const bool is_legacy = std::any_of(inserts.begin(), inserts.end(), [](const FieldBinlog& group) {
    return group.child_fields.empty();
  });
  if (is_legacy) return LegacySplit(fields);
  std::vector<ColumnGroup> groups;
  std::vector<bool> taken(fields.size(), false);
  for (const FieldBinlog& stored : inserts) {
    const auto& ids = stored.child_fields;
    Columns columns = Take(fields, &taken, [&](size_t i) {
      return std::find(ids.begin(), ids.end(), fields[i].field_id) != ids.end();
    });
    if (columns.size() != ids.size()) {
      return MakeError(ErrorKind::kInvalid, "a stored column group does not fit the schema",
                       {.field = "group " + std::to_string(stored.field_id),
                        .expected = std::to_string(ids.size()) + " fields",
                        .found = std::to_string(columns.size())});
    }
    groups.push_back({.group_id = stored.field_id, .columns = std::move(columns)});
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (taken[i]) continue;
    return MakeError(ErrorKind::kInvalid, "the segment's column groups lack a field",
                     {.field = fields[i].name});
  }
  SortByGroup(&groups);
  return groups;
}

}  // namespace varve::internal
