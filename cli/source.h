// SPDX-License-Identifier: Apache-2.0
// What reading commands read: one version of a table, or a single Parquet file of any writer.
//
// Threads: const methods may be called concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "cli/store_arguments.h"
#include "varve/packed.h"
#include "varve/table.h"

namespace CLI {
class App;
}

namespace varve::cli {

struct SourceArguments {
  std::string location;
  uint64_t version = 0;
  std::string as_of;
  bool accepts_file = false;
  StoreArguments store;

  /// Declares TABLE, --version, --as-of and the options of the store.
  void Configure(CLI::App* app, bool with_file = false);
};

struct SourceScan {
  std::vector<std::string> columns;  ///< empty: all
  std::string filter;                ///< tables only
  int64_t limit = INT64_MAX;
  bool verify = true;
};

class Source {
 public:
  /// Errors: NotFound; Corruption; Invalid for --version with a file
  static Result<std::unique_ptr<Source>> Open(const SourceArguments& given);

  /// As it was given, without options: they may hold secrets.
  const std::string& location() const { return location_; }
  bool is_table() const { return table_ != nullptr; }
  const std::shared_ptr<Table>& table() const { return table_; }
  const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  const std::shared_ptr<ChunkManager>& store() const { return store_; }
  const PackedReader* file() const { return file_.get(); }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// nullptr for a file whose types have no place in a table.
  const std::shared_ptr<const CollectionSchema>& collection_schema() const {
    return collection_schema_;
  }
  int64_t num_rows() const;
  /// One for a file, with file_bytes filled in.
  std::vector<SegmentInfo> segments() const;

  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(const SourceScan& scan) const;
  Result<std::shared_ptr<arrow::RecordBatch>> Take(const std::vector<int64_t>& rows,
                                                   const std::vector<std::string>& columns,
                                                   bool verify = true) const;

  /// Errors: Invalid with the name that is close, for a column that is not there
  Status CheckColumns(const std::vector<std::string>& columns) const;

 private:
  Source() = default;

  std::string location_;
  std::shared_ptr<ChunkManager> store_;
  std::shared_ptr<Table> table_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::string file_name_;
  int64_t file_bytes_ = 0;
  std::unique_ptr<PackedReader> file_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<const CollectionSchema> collection_schema_;
};

/// Declares -c,--columns: names with commas or spaces between them. `what` is its help.
void AddColumnsOption(CLI::App* app, std::vector<std::string>* columns, const std::string& what);

/// "a,b , c" and repeated options as names.
std::vector<std::string> SplitNames(const std::vector<std::string>& lists);

}  // namespace varve::cli
