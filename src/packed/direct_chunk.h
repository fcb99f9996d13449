// SPDX-License-Identifier: Apache-2.0
// The direct road over one column chunk of ours: values at computed addresses, verified by the
// checksums of their blocks.
//
// Mapped pages are verified on first touch and remembered; everything that is copied is verified on
// the copy, so that what the caller gets is what was checked.
//
// Units:   values count from the start of the chunk; a value is `width` bytes
// Errors:  Corruption naming file and offset
// Threads: const methods may be called concurrently
// Source:  docs/format/packed-file.md, "Block checksums"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/block_checksums.h"
#include "packed/file_source.h"
#include "packed/packed_layout.h"
#include "packed/read_wave.h"

namespace varve::internal {

/// A value and the place where its bytes go.
struct ValueRequest {
  int64_t value = 0;
  uint8_t* out = nullptr;
};

class DirectChunk {
 public:
  /// `layout` must be addressable.
  DirectChunk(std::shared_ptr<const FileSource> source, const ChunkLayout& layout,
              int64_t num_rows);

  int64_t num_rows() const { return num_rows_; }
  int64_t width() const { return layout_.width; }
  int64_t values_per_page() const { return layout_.values_per_page; }
  bool has_nulls() const { return layout_.num_values < num_rows_; }
  /// The end of the page that holds `value`, at most the number of values.
  int64_t PageEnd(int64_t value) const;

  /// Values [begin, end) of one page as they lie in the mapping, or in memory that was staged for
  /// the file; nullptr where they do not.
  Result<std::shared_ptr<arrow::Buffer>> Slice(int64_t begin, int64_t end, bool verify) const;
  /// Whether every page of values [begin, end) has been verified in the mapping; true without a
  /// mapping.
  bool IsVerified(int64_t begin, int64_t end) const;
  /// Verifies those pages, but for what other threads are verifying, up to the first that is bad:
  /// that is left for whoever reads it to find.
  void VerifyAhead(int64_t begin, int64_t end) const;
  /// Values [begin, end), over any pages.
  Status Copy(int64_t begin, int64_t end, uint8_t* out, bool verify) const;
  /// `requests` ascending by value. `mapped`: copy from the mapping where there is one, instead of
  /// a read for each run of neighbours.
  Status Take(std::span<const ValueRequest> requests, bool mapped, bool verify) const;

  /// Adds to `wave` what Copy or Take of values [begin, end) would read.
  void PlanValues(int64_t begin, int64_t end, bool verify, ReadWave* wave) const;
  /// The same of Validity and Rank; false: they are in memory. REQUIRES: has_nulls()
  bool PlanNulls(ReadWave* wave) const;
  /// Checksums that were fetched may have been damaged on their way.
  void ForgetChecksums() const { checksums_.Forget(); }

  /// Bit i: row i is not null. REQUIRES: has_nulls()
  Result<std::shared_ptr<arrow::Buffer>> Validity() const;
  /// Non-null rows before `row`. REQUIRES: has_nulls()
  Result<int64_t> Rank(int64_t row) const;

 private:
  struct Nulls {
    std::shared_ptr<arrow::Buffer> bitmap;
    std::vector<int64_t> ranks;  // non-null rows before each 512
  };

  struct BadBlock {
    int64_t value = -1;  // the first of the block; -1: all are good
    uint32_t expected = 0;
    uint32_t found = 0;
  };

  Result<const Nulls*> LoadNulls() const;
  /// One a page that may lie in the mapping: a layout may say that there are many more.
  std::span<std::atomic<uint8_t>> PageStates(const arrow::Buffer& mapping) const;
  int64_t BlockOf(int64_t value) const { return value / layout_.values_per_block; }
  /// Those of the blocks that hold values [begin, end).
  Status LoadChecksums(int64_t begin, int64_t end) const {
    return checksums_.Load(BlockOf(begin), BlockOf(end - 1) + 1);
  }
  /// Values [begin, end) at `bytes`, whole blocks of one page, against their checksums, which are
  /// loaded.
  BadBlock FindBadBlock(int64_t begin, int64_t end, const uint8_t* bytes) const;
  Status VerifyBlocks(int64_t begin, int64_t end, const uint8_t* bytes) const;
  /// nullopt where another thread is verifying the page.
  std::optional<Status> TryVerifyPage(int64_t page, const arrow::Buffer& mapping) const;
  Status VerifyPage(int64_t page, const arrow::Buffer& mapping) const;
  Status ComparePage(int64_t page, const arrow::Buffer& mapping) const;
  Result<std::shared_ptr<arrow::Buffer>> StagedSlice(int64_t begin, int64_t end, bool verify) const;
  Status CopyPart(int64_t begin, int64_t end, uint8_t* out, bool verify) const;
  Status TakeBlocks(std::span<const ValueRequest> requests,
                    const std::shared_ptr<arrow::Buffer>& mapping, bool verify) const;
  Status TakeValues(std::span<const ValueRequest> requests,
                    const std::shared_ptr<arrow::Buffer>& mapping, bool verify) const;
  Status ReadBytes(int64_t offset, int64_t length, const std::shared_ptr<arrow::Buffer>& mapping,
                   uint8_t* out) const;

  const std::shared_ptr<const FileSource> source_;
  const ChunkLayout layout_;
  const int64_t num_rows_;
  const BlockChecksums checksums_;
  // Whoever moves a page from kUnknown to kBusy verifies it, and wakes those who wait.
  enum PageState : uint8_t { kUnknown, kBusy, kVerified };
  mutable std::once_flag page_states_made_;
  mutable std::vector<std::atomic<uint8_t>> page_states_;  // use PageStates

  mutable std::mutex mutex_;  // guards what follows until it is published
  mutable Nulls nulls_;
  mutable std::atomic<bool> nulls_ready_{false};
};

}  // namespace varve::internal
