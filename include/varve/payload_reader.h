// SPDX-License-Identifier: Apache-2.0
// The Parquet file inside an event, column by column.
//
// Shape:    columns are counted, never named: writers disagree on names. Any number of row groups
// Types:    those of Milvus' storage (docs/format/data-types.md, column "Milvus"); a nullable dense
//           vector is binary
// Memory:   what a row group of n stored bytes may take is bounded
// Errors:   Corruption naming object and field; Unsupported for a column of another type
// Threads:  const methods may be called concurrently
// Lifetime: keeps the payload; arrays returned stand alone
// Source:   docs/format/binlog-v1.md, "Payload"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/stored_values.h"
#include "varve/visibility.h"

namespace varve {

namespace internal {
class DecodedColumn;
class ParquetMetadata;
}  // namespace internal

class VARVE_EXPORT PayloadReader {
 public:
  /// Reads the footer. `object` names the payload in errors.
  static Result<std::unique_ptr<PayloadReader>> Open(std::shared_ptr<arrow::Buffer> payload,
                                                     const std::string& object);

  int num_columns() const;
  int64_t num_rows() const;
  /// The column with this Parquet field id, or -1.
  int FindFieldId(int field_id) const;

  /// The type that the file gives the column.
  Result<std::shared_ptr<arrow::DataType>> ColumnType(int column) const;
  /// Column `column` as the storage type of `type`.
  /// Errors: Unsupported for a code that is no data type; Corruption if there is no such column, or
  /// for more dimensions than Milvus takes
  Result<StoredValues> Read(int column, DataType type) const;

 private:
  PayloadReader(std::shared_ptr<const internal::ParquetMetadata> metadata, std::string object)
      : metadata_(std::move(metadata)), object_(std::move(object)) {}

  Result<std::shared_ptr<const internal::DecodedColumn>> Column(
      int column, std::shared_ptr<arrow::DataType> type) const;
  Status CheckLevels(int row_group, int column, const arrow::Array& values) const;
  /// That of the column in the stored Arrow schema; nullptr: none.
  Result<std::shared_ptr<const arrow::KeyValueMetadata>> FieldMetadata(int column) const;
  Status ReadVectorMetadata(int column, DataType type, StoredValues* out) const;

  const std::shared_ptr<const internal::ParquetMetadata> metadata_;
  const std::string object_;
  mutable std::atomic<int64_t> pages_decoded_{0};
};

}  // namespace varve
