// SPDX-License-Identifier: Apache-2.0
// The rows of a sync pack, checked, with the columns that a segment stores: the fields of the
// schema in order, then RowID and Timestamp.
//
// Cost:    no copy of columns that come in the schema's Arrow form
// Threads: immutable once made; share freely
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/sync.h"

namespace varve::internal {

/// A column in the form that Milvus stores.
struct StoredColumn {
  std::shared_ptr<arrow::Array> values;
  int64_t memory_bytes = 0;  ///< by Milvus' accounting (VisibleBytes), batch by batch
};

class InsertRows {
 public:
  /// Errors: Invalid naming field and row: those of ConformBatch, and for a RowID or Timestamp
  ///         that is missing, not int64 or null, or a time range that does not hold the rows
  static Result<InsertRows> Make(const CollectionSchema& schema, const SyncPack& pack);

  const std::vector<FieldSchema>& fields() const { return fields_; }
  /// Without those that have no rows.
  const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches() const { return batches_; }
  int64_t num_rows() const { return num_rows_; }
  /// Of the rows, inclusive; 0 without any.
  uint64_t timestamp_from() const { return timestamp_from_; }
  uint64_t timestamp_to() const { return timestamp_to_; }

  /// The values of fields()[i] in one array.  REQUIRES: num_rows() > 0
  Result<StoredColumn> EncodeColumn(size_t i) const;

 private:
  std::vector<FieldSchema> fields_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  int64_t num_rows_ = 0;
  uint64_t timestamp_from_ = 0;
  uint64_t timestamp_to_ = 0;
};

}  // namespace varve::internal
