// SPDX-License-Identifier: Apache-2.0
// The footer keys by which the files of a packed set of Milvus are read together.
//
//   group_field_id_list   field ids by file, of the whole set:    100,102;101;103
//   row_group_metadata    bytes in memory, rows, first row:       1600|100|0;800|50|100
//   storage_version       1.0.0
//
// Errors:  Corruption naming file and key
// Threads: functions; call them from any thread
// Source:  docs/format/milvus-packed.md, "Footer keys"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "varve/status.h"

namespace varve::internal {

inline constexpr char kGroupFieldIdsKey[] = "group_field_id_list";
inline constexpr char kRowGroupsKey[] = "row_group_metadata";
inline constexpr char kStorageVersionKey[] = "storage_version";
inline constexpr char kStorageVersion[] = "1.0.0";

/// What the key says of one row group.
struct MilvusRowGroup {
  uint64_t memory_bytes = 0;  ///< as Arrow arrays
  int64_t num_rows = 0;
  int64_t first_row = 0;  ///< rows of the file before it

  bool operator==(const MilvusRowGroup&) const = default;
};

std::string EncodeGroupFieldIds(const std::vector<std::vector<int64_t>>& groups);
std::string EncodeRowGroups(const std::vector<MilvusRowGroup>& row_groups);

/// Empty groups and empty ids are passed over, as Milvus does. `object` names the file in errors;
/// an id that stands twice is one.
Result<std::vector<std::vector<int64_t>>> ParseGroupFieldIds(std::string_view text,
                                                             const std::string& object);
/// Row groups follow each other without a gap.
Result<std::vector<MilvusRowGroup>> ParseRowGroups(std::string_view text,
                                                   const std::string& object);

}  // namespace varve::internal
