// SPDX-License-Identifier: Apache-2.0
// Which primary keys the rows of a log, or of a whole segment, may have: bounds and a Bloom filter,
// as JSON.
//
//   ARROW_ASSIGN_OR_RAISE(auto builder, varve::PrimaryKeyStatisticsBuilder::Make(
//                                           100, varve::DataType::kInt64, num_rows));
//   ARROW_RETURN_NOT_OK(builder.AddKeys(*keys));
//   ARROW_ASSIGN_OR_RAISE(auto statistics, std::move(builder).Finish());
//   ARROW_ASSIGN_OR_RAISE(auto bytes, varve::EncodePrimaryKeyStatistics(statistics));
//
// Files:   one object a log; at flush one more that holds those of all logs as an array, under the
//          log id kCompoundLogId (path_template.h)
// Damage:  the files have no checksum. Bytes that are not such a document are refused; a filter
//          that cannot be read is taken for one that may contain everything, as Milvus does
// Threads: statistics are immutable once made; share freely
// Source:  docs/format/primary-key-statistics.md; shared specification of Milvus' formats, 3.1
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/bloom_filter.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Of an Int64 or a VarChar field; texts are compared as bytes.
using PrimaryKey = std::variant<int64_t, std::string>;

struct VARVE_EXPORT PrimaryKeyStatistics {
  int64_t field_id = 0;
  DataType type = DataType::kInt64;  ///< kInt64 or kVarChar, which is also that of the bounds
  /// Inclusive. Absent where a file of VarChar keys has none: nothing is known of them then.
  std::optional<PrimaryKey> min, max;
  std::shared_ptr<const BloomFilter> filter;  ///< never null
  /// Why the filter of the file was not taken; OK where it was.
  Status filter_status;

  /// False: no row has this key. A key of the other type is in no row.
  bool MayContain(const PrimaryKey& key) const;
};

/// Errors: Invalid for statistics without bounds, with bounds of another type, or for texts that
///         are not UTF-8
VARVE_EXPORT Result<std::string> EncodePrimaryKeyStatistics(const PrimaryKeyStatistics& statistics);
VARVE_EXPORT Result<std::string> EncodeCompoundPrimaryKeyStatistics(
    std::span<const PrimaryKeyStatistics> statistics);

/// `object` names the bytes in errors.
/// Errors: Corruption; Unsupported for key types other than Int64 and VarChar, and for the binary
///         container of later versions of Milvus
VARVE_EXPORT Result<PrimaryKeyStatistics> DecodePrimaryKeyStatistics(std::span<const uint8_t> bytes,
                                                                     const std::string& object);
VARVE_EXPORT Result<std::vector<PrimaryKeyStatistics>> DecodeCompoundPrimaryKeyStatistics(
    std::span<const uint8_t> bytes, const std::string& object);

/// True for the path of a compound file: its last part is "1".
VARVE_EXPORT bool IsCompoundStatisticsPath(std::string_view path);
/// Those of a segment's statistics files that have to be read: the compound one if there is one,
/// else all of them.
VARVE_EXPORT std::vector<std::string> StatisticsToRead(const std::vector<std::string>& paths);

/// Threads: one caller at a time.
class VARVE_EXPORT PrimaryKeyStatisticsBuilder {
 public:
  /// `num_rows`: how many keys will come; more make the filter err more often.
  /// Errors: Invalid for another key type; those of BloomFilter::Make
  static Result<PrimaryKeyStatisticsBuilder> Make(
      int64_t field_id, DataType type, int64_t num_rows,
      BloomFilterType filter_type = kDefaultBloomFilterType,
      double false_positive_rate = kDefaultFalsePositiveRate);

  /// REQUIRES: keys of the type that the builder was made for
  void Add(int64_t key);
  void Add(std::string_view key);
  /// An array of int64 or utf8. Errors: Invalid for another type or a null, which adds nothing
  Status AddKeys(const arrow::Array& keys);

  /// Errors: Invalid if no key came
  Result<PrimaryKeyStatistics> Finish() &&;

 private:
  PrimaryKeyStatisticsBuilder(int64_t field_id, DataType type, std::unique_ptr<BloomFilter> filter);

  PrimaryKeyStatistics statistics_;
  std::unique_ptr<BloomFilter> filter_;
};

}  // namespace varve
