// SPDX-License-Identifier: Apache-2.0
// varve.Rows: the result of a scan or a take. A take has its rows; a scan reads them as they are
// asked for, anew each time.
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"
#include "varve/table.h"

namespace varve::python {

class PyRows {
 public:
  /// The rows of a take.
  explicit PyRows(std::shared_ptr<arrow::RecordBatch> batch);
  /// A scan, begun at once, so that its mistakes are found now. Keeps the snapshot. Throws what
  /// Snapshot::Scan returns.
  PyRows(std::shared_ptr<const Snapshot> snapshot, ScanOptions options, bool without_columns);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// The rows of a take; nullptr for a scan.
  const std::shared_ptr<arrow::RecordBatch>& batch() const { return batch_; }

  /// All rows from the first on. Called with the GIL.
  std::shared_ptr<arrow::RecordBatchReader> Read();
  /// One column of a scan, its rows in one batch (none: no batch). The table puts them together,
  /// guarded against files that are truncated meanwhile, which nobody else can do.
  std::shared_ptr<arrow::RecordBatchReader> ReadAtOnce(const std::string& name) const;

 private:
  std::shared_ptr<arrow::RecordBatchReader> Begin() const;

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::shared_ptr<const Snapshot> snapshot_;
  ScanOptions options_;
  bool without_columns_ = false;                     // only the number of rows is wanted
  std::shared_ptr<arrow::RecordBatchReader> first_;  // given to who asks first
};

void DefineRows(nanobind::module_& module);

}  // namespace varve::python
