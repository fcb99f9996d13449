// SPDX-License-Identifier: Apache-2.0
// The columns of one segment, wherever its files keep them.
//
// Threads:  const methods may be called concurrently
// Lifetime: keeps the manifest entry; files stay open as the pool decides
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "manifest/manifest.h"
#include "packed/packed_file_reader.h"
#include "packed/read_wave.h"
#include "table/file_pool.h"

namespace varve::internal {

class SegmentReader {
 public:
  SegmentReader(std::shared_ptr<const SegmentEntry> entry, std::shared_ptr<FilePool> files)
      : entry_(std::move(entry)), files_(std::move(files)) {}

  const SegmentEntry& entry() const { return *entry_; }
  int64_t num_rows() const { return entry_->num_rows; }

  /// The column of `field`; never null. A field that no file has gives its default or nulls, RowID
  /// and Timestamp come from the manifest unless stored. Errors: Corruption if the field may not be
  /// null and has no default, or a file has another number of rows
  Result<std::shared_ptr<const PackedColumnReader>> Column(const FieldSchema& field) const;

  /// Adds to `wave` what Column(field), and its `bounds`, would fetch of a file that is far away.
  /// False: nothing.
  Result<bool> PlanColumn(const FieldSchema& field, bool bounds, ReadWave* wave) const;
  /// Adds all values of the columns, if those are known to be at most `most` bytes together.
  Status PlanWhole(std::span<const FieldSchema* const> fields, int64_t most, ReadWave* wave) const;

  /// First row of each row group of the file that holds `field`, and num_rows(); the whole segment
  /// for an implicit column.
  Result<std::vector<int64_t>> RowGroupStarts(const FieldSchema& field) const;

 private:
  /// nullptr: no file has the field.
  const FileEntry* FileOf(const FieldSchema& field) const;
  Result<std::shared_ptr<const PackedColumnReader>> MakeImplicit(const FieldSchema& field) const;

  const std::shared_ptr<const SegmentEntry> entry_;
  const std::shared_ptr<FilePool> files_;
};

}  // namespace varve::internal
