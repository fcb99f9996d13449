// SPDX-License-Identifier: Apache-2.0
// Which columns of a segment share a file, by Milvus' rules.
//
// Four policies in turn, each seeing the columns that are not taken yet, in order:
//   1  system fields and the fields that rows are found by     group 0, even if it is empty
//   2  columns whose values are large on average               each for itself, its field id
//   3  vectors, arrays of vectors, Text                        each for itself, its field id
//   4  the rest                                                group 1 (0 without policy 1)
// A segment keeps the split that it has: it is put together again from its metadata. Segments older
// than that metadata have the legacy split: policies 3 and 4 alone.
//
// Threads: functions; call them from any thread
// Source:  docs/format/milvus-packed.md, "Column groups"
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "varve/milvus_packed.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// Defaults are those of Milvus (common.storage.stv2).
struct MilvusSplitOptions {
  bool split_system_columns = true;
  bool include_primary_key = true;
  bool include_partition_key = true;
  bool include_clustering_key = true;
  bool split_by_average_size = true;
  double average_bytes_limit = 1024;
  // Which fields these are; -1: those that the schema marks (schema/milvus_members.h), if any.
  int64_t partition_key_id = -1;
  int64_t clustering_key_id = -1;
};

/// The groups of a new segment, by id; `fields` in column order, `average_bytes` of a value each.
/// Group 0 may be empty. REQUIRES: as many averages as fields
std::vector<ColumnGroup> SplitMilvusColumns(const std::vector<FieldSchema>& fields,
                                            const std::vector<double>& average_bytes,
                                            const MilvusSplitOptions& options = {});

/// The groups of a segment whose metadata name no fields.
std::vector<ColumnGroup> LegacyMilvusColumns(const std::vector<FieldSchema>& fields);

/// The groups of a segment that has some, by id: field ids by group, as its metadata say. A group
/// without fields: the legacy split is meant. A field that `fields` lacks was dropped and is left
/// out; one that is in no group came later and gets a new one, by policies 3 and 4.
/// What comes out has every group that the segment has, for its files are told apart by counting.
/// Errors: Invalid for a field in two groups, a group of which no field is left or that the legacy
///         split lacks, and a field that came later but is neither nullable nor has a default
Result<std::vector<ColumnGroup>> RestoreMilvusColumns(
    const std::vector<FieldSchema>& fields,
    const std::map<int64_t, std::vector<int64_t>>& field_ids_by_group);

}  // namespace varve::internal
