// SPDX-License-Identifier: Apache-2.0
// What clustering compaction knows of each segment of a partition: bounds and Bloom filters of
// scalar fields, centroids of vector fields. One JSON object a version.
//
// Damage:  the files have no checksum. Bytes that are not such a document are refused; a filter
//          that cannot be read is taken for one that may contain everything
// Threads: immutable once made; share freely
// Source:  shared specification of Milvus' formats, section 3.5. That bounds are bare JSON numbers
//          or texts and centroids arrays of numbers is from Milvus' field_value.go
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "varve/bloom_filter.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// A bound: int64_t for Int8 to Int64 and Timestamptz, double for Float and Double, text for String
/// and VarChar.
using FieldBound = std::variant<int64_t, double, std::string>;

struct FieldStatistics {
  int64_t field_id = 0;
  DataType type = DataType::kInt64;
  std::optional<FieldBound> min, max;         ///< inclusive; of scalar fields
  std::shared_ptr<const BloomFilter> filter;  ///< null: the file has none
  /// Why the filter of the file was not taken; OK where it was.
  Status filter_status;
  std::vector<std::vector<float>> centroids;  ///< of FloatVector fields
};

struct SegmentStatistics {
  std::vector<FieldStatistics> fields;
  int64_t num_rows = 0;
};

struct PartitionStatistics {
  std::map<int64_t, SegmentStatistics> segments;  ///< by segment id
  int64_t version = 0;
};

/// Errors: Invalid for types that have no statistics, bounds of another type, numbers that JSON
/// does
///         not hold (NaN, infinities), and texts that are not UTF-8
VARVE_EXPORT Result<std::string> EncodePartitionStatistics(const PartitionStatistics& statistics);

/// `object` names the bytes in errors.
/// Errors: Corruption; Unsupported for fields of types that have no statistics
VARVE_EXPORT Result<PartitionStatistics> DecodePartitionStatistics(std::span<const uint8_t> bytes,
                                                                   const std::string& object);

}  // namespace varve
