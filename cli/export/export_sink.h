// SPDX-License-Identifier: Apache-2.0
// Where exported rows go, one class a format.
//
// Life: Write for each batch, then Finish. Files are complete only after Finish; the caller renames
// them into place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/io/type_fwd.h"
#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::cli {

class ExportSink {
 public:
  virtual ~ExportSink() = default;
  virtual Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
  virtual Status Finish() = 0;
};

/// "parquet", "arrow", "arrows" (a stream), "jsonl", "csv", "npy".
const std::vector<std::string>& ExportFormatNames();

/// `num_rows` is how many will be written. REQUIRES: `format` is one of ExportFormatNames
/// Errors: Invalid if rows of `schema` do not fit the format
Result<std::unique_ptr<ExportSink>> OpenExportSink(
    const std::string& format, const std::shared_ptr<arrow::Schema>& schema, int64_t num_rows,
    const std::shared_ptr<arrow::io::OutputStream>& out);

/// NumPy's format, version 1, for exactly one column of numbers or vectors without nulls.
Result<std::unique_ptr<ExportSink>> OpenNpySink(
    const std::shared_ptr<arrow::Schema>& schema, int64_t num_rows,
    const std::shared_ptr<arrow::io::OutputStream>& out);

}  // namespace varve::cli
