// SPDX-License-Identifier: Apache-2.0
// A column whose values a file keeps in Milvus' form, read in the form of the schema: arrays from
// messages, dense vectors from bytes of any length, vectors in arrays from their bytes.
//
// Pages are found, fetched, verified and planned as those of any column; every value is checked as
// DecodeValues says. No zones and no bloom filters: stored bytes compare like no value.
//
// Errors:   also Corruption naming file, field and row, for bytes that are no value of the field
// Threads:  const methods may be called concurrently
// Source:   docs/format/milvus-packed.md, "Columns"
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/packed_column.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// The type to read column `column` as, where it keeps values of `field` in a form of Milvus' that
/// is not that of field.arrow_type; nullptr: it does not.  REQUIRES: field has its arrow_type
std::shared_ptr<arrow::DataType> MilvusFormOf(const ParquetMetadata& metadata, int column,
                                              const FieldSchema& field);

class MilvusColumn : public PackedColumn {
 public:
  /// `stored`: by MilvusFormOf. `field` has its arrow_type.
  MilvusColumn(std::shared_ptr<const PackedFileState> file, int column, FieldSchema field,
               std::shared_ptr<arrow::DataType> stored, std::vector<int64_t> row_group_starts);

  const std::shared_ptr<arrow::DataType>& type() const override { return field_.arrow_type; }

 private:
  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t end,
                                                 bool verify) const override;
  Result<std::shared_ptr<arrow::Array>> TakeRows(std::span<const int64_t> rows,
                                                 bool verify) const override;
  Result<std::shared_ptr<arrow::Array>> Decode(std::shared_ptr<arrow::Array> stored,
                                               int64_t first_row) const;

  const FieldSchema field_;
};

}  // namespace varve::internal
