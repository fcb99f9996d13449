// SPDX-License-Identifier: Apache-2.0
// One file of Milvus in the frame of V1 binlogs: an insert log, a delta log, an index file. What it
// says of itself, and what is in it.
//
//   ARROW_ASSIGN_OR_RAISE(auto binlog, BinlogFile::Open(store, "insert_log/1/2/3/100/7"));
//   ARROW_ASSIGN_OR_RAISE(auto rows, binlog->Read());
//
// Errors:  Corruption naming object, offset, expected and found; Unsupported for an encrypted file
// Memory:  the whole file
// Source:  docs/format/binlog-v1.md, docs/format/delta-log.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct BinlogEventInfo {
  std::string type;    ///< "InsertEvent" and so on
  int64_t offset = 0;  ///< in the file
  int64_t event_bytes = 0;
  int64_t payload_bytes = 0;  ///< the last of the event's
  uint64_t start_timestamp = 0, end_timestamp = 0;
  int64_t num_rows = -1;  ///< of the Parquet file that the payload is; -1: it is none
};

struct BinlogInfo {
  int64_t file_bytes = 0;
  int64_t collection_id = -1, partition_id = -1, segment_id = -1, field_id = -1;
  uint64_t start_timestamp = 0, end_timestamp = 0;  ///< hybrid; of the rows, 0: not known
  uint64_t written_timestamp = 0;
  DataType data_type = DataType::kNone;  ///< of the payload
  std::optional<bool> nullable;          ///< nullopt: not said
  int64_t original_bytes = 0;            ///< of the values in memory, as the writer counted them
  std::map<std::string, std::string> extras;
  std::vector<BinlogEventInfo> events;
};

/// Threads: const methods may be called concurrently.
class VARVE_EXPORT BinlogFile {
 public:
  /// Reads the whole file; parses descriptor, event headers and the footers of payloads.
  static Result<std::unique_ptr<BinlogFile>> Open(const std::shared_ptr<ChunkManager>& store,
                                                  const std::string& path);
  ~BinlogFile();

  const BinlogInfo& info() const;

  /// All rows: of an insert log the column "value", vectors and texts as such; of a delta log "pk"
  /// and "ts". Every value is decoded and checked.
  /// Errors: Unsupported for an index file, which has none
  Result<std::shared_ptr<arrow::RecordBatch>> Read() const;

  /// The bytes of the index that an index file holds: a blob, or a slice of one (index_slices.h).
  /// Errors: Unsupported for other files; Corruption also for one that does not say whose it is
  Result<std::shared_ptr<arrow::Buffer>> ReadIndex() const;

 private:
  class Impl;
  explicit BinlogFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace varve
