// SPDX-License-Identifier: Apache-2.0
// Tables: rows in versions, each version an atomic commit.
//
//   // Schema and rows from a stream: version 1.
//   ARROW_ASSIGN_OR_RAISE(auto table, varve::Table::Create("books", data_reader));
//   ARROW_ASSIGN_OR_RAISE(auto commit, table->Append(more_rows));  // version 2
//   ARROW_ASSIGN_OR_RAISE(auto rows, table->snapshot()->Take({5, 17, 5}));  // by position
//   ARROW_ASSIGN_OR_RAISE(auto hits, table->snapshot()->Scan({.filter = "label = 7"}));
//
// Threads: all methods may be called concurrently.
// Errors:  Cancelled by any call in a StopScope (varve/stop.h) that was stopped
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/packed.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace arrow::compute {
class Expression;
}

namespace varve {

struct ScanOptions {
  std::vector<std::string>
      columns;  ///< in this order; empty: all user fields. "RowID" and "Timestamp" when named
  std::string filter;  ///< e.g. "label = 7 AND ts >= 100"; empty: all rows
  std::shared_ptr<const arrow::compute::Expression> expression;  ///< instead of `filter`
  int64_t limit = INT64_MAX;
  int64_t batch_size = 8192;  ///< an upper bound
  bool exact_batch_size =
      false;  ///< copy to get exactly batch_size rows in all batches but the last
  bool verify = true;
  int64_t prefetch_bytes = 64 << 20;
};

struct TakeOptions {
  std::vector<std::string> columns;
  bool verify = true;
};

/// One entry of a table's history.
struct VersionInfo {
  uint64_t version = 0;
  int64_t commit_micros = 0;  ///< since the epoch, UTC
  std::string operation;      ///< "create", "append", …
  int64_t rows_added = 0;
  int64_t rows_removed = 0;
  int64_t num_rows = 0;  ///< live rows of that version
  std::string message;
};

/// A file of a segment, and a segment, as `varve tree` shows them.
struct FileInfo {
  std::string path;
  int64_t file_bytes = 0;
  std::vector<std::string> columns;
};
struct SegmentInfo {
  uint64_t segment_id = 0;
  uint64_t first_row_id = 0;
  int64_t num_rows = 0;
  uint64_t sequence = 0;
  std::vector<FileInfo> files;
};

/// One version, fixed. Holds its files open as they are used.
class VARVE_EXPORT Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual uint64_t version() const = 0;
  virtual int64_t num_rows() const = 0;
  virtual const std::shared_ptr<const CollectionSchema>& schema() const = 0;

  /// Rows in position order. The stream holds the snapshot.
  /// Errors: Invalid for an unknown column (with names that are close) or a filter that does not
  /// parse
  virtual Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(
      const ScanOptions& options = {}) const = 0;

  /// Rows by position, in the order given, duplicates allowed.  Errors: Invalid naming the first
  /// position out of range
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Take(
      const std::vector<int64_t>& rows, const TakeOptions& options = {}) const = 0;
  /// Rows by row id.  Errors: NotFound naming the first id that is not live
  virtual Result<std::shared_ptr<arrow::RecordBatch>> TakeRowIds(
      const std::vector<uint64_t>& row_ids, const TakeOptions& options = {}) const = 0;

  /// Rows for which `filter` is true; all if empty.
  virtual Result<int64_t> Count(const std::string& filter = "") const = 0;
  virtual Result<int64_t> Count(const arrow::compute::Expression& filter) const = 0;

  virtual std::vector<SegmentInfo> segments() const = 0;

  /// Compares metadata with the files (lengths, identity); `deep` reads every byte. One line a
  /// problem, naming the file.
  virtual Status Verify(bool deep, std::vector<std::string>* problems) const = 0;
};

struct TableOptions {
  PackedWriteOptions write;
  ChunkManagerOptions store;
  /// Of making a version once its files are written: what the store has not said by then is unknown
  /// (Table::Resolve).
  std::chrono::milliseconds commit_deadline{60'000};
  /// False: files are read into memory of the reader's own and verified there, each time; else they
  /// are mapped where the store can, and a page is verified when this process first touches it.
  bool map_files = true;
};

struct OpenOptions {
  uint64_t version = 0;      ///< 0: the newest
  int64_t as_of_micros = 0;  ///< newest version committed at or before; 0: not asked
  TableOptions table;
};

struct AppendOptions {
  std::string message;  ///< kept in the history
  /// The stream has a column "Timestamp" too, an int64 without nulls: the hybrid timestamps
  /// (hybrid_timestamp.h) of the rows, stored with them and shown in place of the commit's. From
  /// 2^63 on they are negative. Row ids are the table's all the same.
  bool keeps_timestamps = false;
  /// Of this append alone, before those of TableOptions::write.
  std::optional<FieldWriteOptions> defaults;
  std::map<std::string, FieldWriteOptions> fields;
};

struct CreateOptions {
  std::string primary_key;        ///< where the schema is taken from the rows
  std::string message;            ///< kept in the history
  bool keeps_timestamps = false;  ///< as AppendOptions
  TableOptions table;
};

struct CommitInfo {
  uint64_t version = 0;
  int64_t rows_added = 0;
};

class VARVE_EXPORT Table {
 public:
  /// A new table without rows.  Errors: AlreadyExists
  static Result<std::shared_ptr<Table>> Create(const std::string& uri,
                                               std::shared_ptr<const CollectionSchema> schema,
                                               const TableOptions& options = {});
  /// A new table with the rows of `data` in its first version; the schema is taken from the stream.
  static Result<std::shared_ptr<Table>> Create(
      const std::string& uri, const std::shared_ptr<arrow::RecordBatchReader>& data,
      const std::string& primary_key = "", const TableOptions& options = {});
  /// The same, with columns as `schema` says; nullptr: as the stream and its first rows show.
  static Result<std::shared_ptr<Table>> Create(
      const std::string& uri, std::shared_ptr<const CollectionSchema> schema,
      const std::shared_ptr<arrow::RecordBatchReader>& data, const CreateOptions& options);
  /// Errors: NotFound if there is no table or no such version
  static Result<std::shared_ptr<Table>> Open(const std::string& uri,
                                             const OpenOptions& options = {});
  static Result<std::shared_ptr<Table>> Open(std::shared_ptr<ChunkManager> store,
                                             const OpenOptions& options = {});
  static Result<std::shared_ptr<Table>> Create(std::shared_ptr<ChunkManager> store,
                                               std::shared_ptr<const CollectionSchema> schema,
                                               const TableOptions& options = {});
  static Result<std::shared_ptr<Table>> Create(
      std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
      const std::shared_ptr<arrow::RecordBatchReader>& data, const CreateOptions& options);

  virtual ~Table() = default;

  virtual const std::string& uri() const = 0;
  virtual const ChunkManager& store() const = 0;

  /// The version opened, or the newest this object has committed or refreshed to.
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  /// Looks for newer versions. An object opened at a fixed version stays there.
  virtual Status Refresh() = 0;

  /// Writes the rows of a stream as one version; nothing is visible unless this returns OK. The new
  /// snapshot is current after. Errors: Invalid for rows that do not fit the schema (the table is
  /// unchanged); CommitUnknown, see ErrorKind
  virtual Result<CommitInfo> Append(const std::shared_ptr<arrow::RecordBatchReader>& data,
                                    const AppendOptions& options = {}) = 0;

  /// What became of an append that ended as CommitUnknown; `token` is ContextOf(error)->found. If
  /// it did happen, the version that it became, and the snapshot is at least that one after.
  /// Errors: CommitConflict: it did not happen and never will, append again; CommitUnknown: it may
  /// still happen, ask again later; NotFound: the versions that would tell are no longer kept;
  /// Invalid: not a token
  virtual Result<CommitInfo> Resolve(const std::string& token) = 0;

  /// Every version from the newest back, at most `limit`.
  virtual Result<std::vector<VersionInfo>> History(int64_t limit = INT64_MAX) const = 0;

  /// Files of rows that no version names: those of writers that were killed, and of writers at
  /// work, which have yet to commit (StoreTime and last_modified_micros tell the old from the
  /// young). Reads every version.
  virtual Result<std::vector<ObjectInfo>> Orphans() const = 0;
};

}  // namespace varve
