// SPDX-License-Identifier: Apache-2.0
// One packed file (or Parquet file of another writer), column by column. The table layer reads
// through this; PackedReader is a thin public face of it.
//
// Two roads, chosen per page: direct (a mapped slice, or an exact ranged read into the result)
// where the layout or an offset index gives the address of every value; decoded (parquet-cpp on
// just the pages named by the offset index) elsewhere.
//
// Threads:  const methods may be called concurrently; what they learn (footer, indexes, verified
// pages) is shared. Lifetime: arrays returned keep the mapping or buffer they point into alive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/packed_layout.h"
#include "packed/read_wave.h"
#include "varve/chunk_manager.h"
#include "varve/packed.h"
#include "varve/schema.h"

namespace parquet {
class FileMetaData;
}

namespace varve::internal {

/// What a reader knows before it opens the file; everything may be left out.
struct PackedFileHints {
  int64_t file_bytes = -1;
  std::string layout;  ///< PackedLayout::Encode: saves reading the footer for the direct road
  std::vector<int64_t>
      field_ids;    ///< of the top-level columns, in file order; needed with `layout`
  bool map = true;  ///< false: every read is into memory of its own, and verified there
};

/// Rows [begin, end) of the file with the bounds of their values.
struct PageZone {
  int64_t begin_row = 0;
  int64_t end_row = 0;
  ColumnStatistics statistics;
};

/// How much was read; for tests and `--json`.
struct ReadCounters {
  int64_t pages_decoded = 0;
  int64_t ranges_read = 0;
  int64_t bytes_read = 0;
};

class PackedColumnReader {
 public:
  virtual ~PackedColumnReader() = default;

  /// The type of arrays returned: the field's, or what the file says.
  virtual const std::shared_ptr<arrow::DataType>& type() const = 0;

  /// Rows [begin, end), 0 <= begin <= end <= num_rows. Zero-copy when the range lies within one
  /// directly addressable page of a mapped file without nulls; otherwise a new array.
  virtual Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t end,
                                                     bool verify) const = 0;

  /// The rows of `rows` (each in [0, num_rows)), in that order. Every block touched is verified
  /// unless told otherwise.
  virtual Result<std::shared_ptr<arrow::Array>> Take(std::span<const int64_t> rows,
                                                     bool verify) const = 0;

  /// Takes `rows` into `values`, row i at values + positions[i] * width, without building an array.
  /// Only for columns with fixed_width() > 0; the caller has checked that no row is null. Used to
  /// merge takes over many files.
  virtual Status TakeInto(std::span<const int64_t> rows, std::span<const int64_t> positions,
                          uint8_t* values, bool verify) const = 0;

  /// Bytes a value where all values are fixed-width, addressable and non-null in the whole file;
  /// else 0.
  virtual int64_t fixed_width() const = 0;

  /// Whether Read of rows [begin, end) would find them ready: mapped, in memory and verified. True
  /// where nothing can be done ahead.
  virtual bool IsReady(int64_t begin, int64_t end) const = 0;
  /// Makes rows [begin, end) ready, as far as that can be done ahead. Errors are left for Read to
  /// find.
  virtual void MakeReady(int64_t begin, int64_t end) const = 0;

  /// The end of the page (or run of pages) that Read serves best in one go when starting at
  /// `begin`.
  virtual int64_t NaturalEnd(int64_t begin) const = 0;

  // What a file that is far away has to be asked for, before it is: each call adds to `wave` what
  // the read of the same name would fetch, as far as that is known yet. True: there is more to plan
  // once that is there. Reads that were not planned fetch for themselves.
  virtual Result<bool> PlanRead(int64_t begin, int64_t end, bool verify, ReadWave* wave) const {
    return false;
  }
  virtual Result<bool> PlanTake(std::span<const int64_t> rows, bool verify, ReadWave* wave) const {
    return false;
  }
  /// Stored bytes a row of a file that is far away, on average; 0: nothing has to be fetched.
  virtual double far_row_bytes() const { return 0; }

  /// Bounds page by page from the column index, covering all rows; one zone without bounds where
  /// there is no index.
  virtual Result<std::vector<PageZone>> Zones() const = 0;

  /// False only if no row equals `value`, by the bloom filters of the row groups. True where there
  /// is none. Bits of the result: one a row group.
  virtual Result<std::vector<bool>> MayContain(const StatisticValue& value) const = 0;
};

class PackedFileReader {
 public:
  /// Reads nothing if `hints` has a layout and a length, else the footer.
  static Result<std::shared_ptr<PackedFileReader>> Open(std::shared_ptr<ChunkManager> store,
                                                        const std::string& path,
                                                        PackedFileHints hints = {},
                                                        Executor* executor = Executor::Default());
  virtual ~PackedFileReader() = default;

  virtual const std::string& path() const = 0;
  virtual int64_t num_rows() const = 0;
  /// First row of each row group, and num_rows() at the end. Needs no footer where a layout was
  /// given.
  virtual Result<std::vector<int64_t>> RowGroupStarts() const = 0;

  /// The column of `field` (by field id, then by name), converted to its Arrow type, also from the
  /// form in which Milvus stores its values; nullptr if the file has none. Errors: Unsupported
  /// naming the column and its type when it cannot be read as such.
  virtual Result<std::shared_ptr<const PackedColumnReader>> Column(
      const FieldSchema& field) const = 0;

  /// Adds to `wave` what Column(field) would fetch, where the layout is known: the file's tail, for
  /// columns that no address leads to (and their values with it, where those are few), and for all
  /// whose `bounds` (Zones, MayContain) will be asked for. False: nothing had to be added.
  virtual Result<bool> PlanColumn(const FieldSchema& field, bool bounds, ReadWave* wave) const = 0;
  /// Adds all values of the column as they are stored, if those are at most `most` bytes; returns
  /// how many they are. -1: not known, nothing was added.
  virtual Result<int64_t> PlanWhole(const FieldSchema& field, int64_t most,
                                    ReadWave* wave) const = 0;

  /// The schema kept in the file, else derived from its Parquet schema (vectors in
  /// FIXED_LEN_BYTE_ARRAY stay fixed_size_binary). Reads the footer.
  virtual Result<std::shared_ptr<const CollectionSchema>> Schema() const = 0;
  /// The footer, verified where a checksum is known.
  virtual Result<std::shared_ptr<parquet::FileMetaData>> Footer() const = 0;
  /// The geometry, from the hints or the file; NotFound for files of other writers.
  virtual Result<PackedLayout> Layout() const = 0;

  /// Compares every byte with its checksums: length, data CRC, tail CRC, page CRCs and blocks. One
  /// line a problem.
  virtual Status Verify(std::vector<std::string>* problems) const = 0;

  virtual ReadCounters counters() const = 0;
};

}  // namespace varve::internal
