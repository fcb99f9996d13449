// SPDX-License-Identifier: Apache-2.0
// varve::Table over a store, with everything that tests want to replace injected.
#pragma once

#include <memory>

#include "base/executor.h"
#include "manifest/manifest_store.h"
#include "varve/table.h"

namespace varve::internal {

/// What a table runs on. Pointers outlive the table.
struct TableEnvironment {
  std::shared_ptr<ChunkManager> store;
  TableOptions options;
  ManifestStoreOptions manifest;  ///< clock and randomness of the whole table
  Executor* executor = Executor::Default();
  /// Open files are those of all tables of this process at the store's address.
  bool shares_files = false;
};

/// `schema` or `data` may be nullptr. Of `options`, the environment holds the table's.
Result<std::shared_ptr<Table>> CreateTable(TableEnvironment environment,
                                           std::shared_ptr<const CollectionSchema> schema,
                                           const std::shared_ptr<arrow::RecordBatchReader>& data,
                                           const CreateOptions& options);

Result<std::shared_ptr<Table>> OpenTable(TableEnvironment environment, const OpenOptions& options);

}  // namespace varve::internal
