// SPDX-License-Identifier: Apache-2.0
// A record batch from rows or from columns, in memory that is reserved before.
//
//   ARROW_ASSIGN_OR_RAISE(auto builder, varve::RecordBuilder::Make(schema, num_rows));
//   for (const auto& row : rows) ARROW_RETURN_NOT_OK(builder.AppendRow(row));
//   ARROW_ASSIGN_OR_RAISE(auto batch, builder.Finish());
//
// Shapes:  the columns of the schema, in order
// Errors:  Invalid naming the column
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace arrow {
class RecordBatchBuilder;
}

namespace varve {

class VARVE_EXPORT RecordBuilder {
 public:
  /// `reserve_rows`: how many rows will come; more grow the memory.
  static Result<RecordBuilder> Make(std::shared_ptr<arrow::Schema> schema, int64_t reserve_rows);
  RecordBuilder(RecordBuilder&&) noexcept;
  ~RecordBuilder();

  /// One value a column, of its type; nullptr: null. A row that is refused leaves nothing behind.
  Status AppendRow(std::span<const std::shared_ptr<arrow::Scalar>> row);
  /// The rows of a batch of the same types.
  Status AppendBatch(const arrow::RecordBatch& batch);

  int64_t num_rows() const;
  /// All rows; the builder is empty afterwards, and may be used again.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  explicit RecordBuilder(std::unique_ptr<arrow::RecordBatchBuilder> builder);

  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
};

/// A batch of `columns`, found by name. No copy.
/// Errors: Invalid for a column that is missing, of another type or length, or has nulls that the
///         schema does not allow
VARVE_EXPORT Result<std::shared_ptr<arrow::RecordBatch>> RecordFromColumns(
    const std::shared_ptr<arrow::Schema>& schema,
    const std::map<std::string, std::shared_ptr<arrow::Array>>& columns);

}  // namespace varve
