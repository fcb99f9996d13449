// SPDX-License-Identifier: Apache-2.0
// Files of many kinds as streams of record batches, for `varve import`.
//
// Errors: every reader checks what it reads; messages name the file and the line, row or offset.
//         Corruption for a file that is not what its format says; NotFound; Unsupported
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "cli/store_arguments.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::cli {

enum class InputFormat { kAuto, kParquet, kArrow, kNpy, kFvecs, kBvecs, kIvecs, kJsonLines, kCsv };

/// The names --format accepts.
const std::vector<std::string>& InputFormatNames();
Result<InputFormat> InputFormatFromName(const std::string& name);

struct InputOptions {
  InputFormat format = InputFormat::kAuto;
  /// Name for the one column of .npy and .fvecs files; empty: the only vector field of `target`,
  /// else "embedding" for vectors and "value" for scalars.
  std::string column;
  /// Arrow schema of the table the rows go to, or nullptr: texts are read as its types.
  std::shared_ptr<arrow::Schema> target;
  StoreArguments store;  ///< for files in object stores
};

struct Input {
  std::string path;
  int64_t file_bytes = 0;  ///< 0: not known (standard input)
  int64_t num_rows = -1;   ///< -1: not known before reading
  /// Of the file, as far as the rows that were read; where num_rows is -1.
  std::function<int64_t()> bytes_read;
  std::shared_ptr<arrow::RecordBatchReader> reader;
  /// Of rows that come with one; nullptr: what the columns show.
  std::shared_ptr<const CollectionSchema> schema;
};

/// `path` is a local file or an address in an object store; "-" is standard input, for arrow
/// streams, jsonl and csv, with the format named.
Result<Input> OpenInput(const std::string& path, const InputOptions& options);

}  // namespace varve::cli
