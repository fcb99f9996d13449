// SPDX-License-Identifier: Apache-2.0
// The packed file of a scalar index (engine version 3 and later): all its blobs in one object, each
// with a checksum.
//
//   magic       8 bytes, "MVSIDXV3"
//   entries     one behind the other; the last is "__meta__", JSON
//   directory   JSON: name, offset (from behind the magic), size and CRC-32C of each entry
//   footer      32 bytes: u16 version 3, 22 zeros, u32 bytes of "__meta__", u32 bytes of the
//               directory
//
// Source: shared specification of Milvus' formats, section 4.4; docs/format/index-files.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// "milvus_packed_bitmap_index.v3" for an index of type "BITMAP".
VARVE_EXPORT std::string PackedIndexFileName(std::string_view index_type);

/// An entry as the directory has it.
struct PackedIndexEntry {
  std::string name;
  int64_t offset = 0;  ///< from behind the magic
  int64_t bytes = 0;
  uint32_t crc32c = 0;

  bool operator==(const PackedIndexEntry&) const = default;
};

/// Entry by entry, in the order they come; the file exists once Finish has returned OK.
/// Threads: one caller at a time.
class VARVE_EXPORT PackedIndexWriter {
 public:
  /// REQUIRES: nothing was written to `file` yet
  explicit PackedIndexWriter(std::unique_ptr<ChunkWriter> file) : file_(std::move(file)) {}

  /// Errors: Invalid for a name that is empty, not UTF-8, taken, or "__meta__"; those of the store,
  ///         after which the writer is failed
  Status WriteEntry(const std::string& name, std::span<const uint8_t> bytes);

  /// Writes `meta` (a JSON document), the directory and the footer, and closes the file.
  Status Finish(std::string_view meta);

 private:
  Status Append(const std::string& name, std::span<const uint8_t> bytes);

  std::unique_ptr<ChunkWriter> file_;
  std::vector<PackedIndexEntry> entries_;
  int64_t end_ = 0;  ///< of the last entry, from behind the magic
};

/// Threads: all methods may be called concurrently.
class VARVE_EXPORT PackedIndexReader {
 public:
  /// Reads footer, directory and "__meta__".
  /// Errors: Corruption naming the file; Unsupported for another version or an encrypted file
  static Result<std::unique_ptr<PackedIndexReader>> Open(std::shared_ptr<ChunkReader> file);

  /// All but "__meta__", in the order of the file.
  const std::vector<PackedIndexEntry>& entries() const { return entries_; }
  /// A JSON document, not parsed.
  const std::string& meta() const { return meta_; }

  /// Errors: NotFound; Corruption if the bytes are not those that the checksum is of
  Result<std::shared_ptr<arrow::Buffer>> ReadEntry(const std::string& name) const;

 private:
  PackedIndexReader(std::shared_ptr<ChunkReader> file, std::vector<PackedIndexEntry> entries)
      : file_(std::move(file)), entries_(std::move(entries)) {}

  Result<std::shared_ptr<arrow::Buffer>> Read(const PackedIndexEntry& entry) const;

  std::shared_ptr<ChunkReader> file_;
  std::vector<PackedIndexEntry> entries_;
  std::string meta_;
};

}  // namespace varve
