// SPDX-License-Identifier: Apache-2.0
// One top-level column of a packed file: the direct road for the chunks that allow it, the decoded
// road for the others.
//
// Threads:  const methods may be called concurrently
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "packed/decoded_column.h"
#include "packed/direct_chunk.h"
#include "packed/packed_file_reader.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

/// What the columns of a file share.
class PackedFileState {
 public:
  virtual ~PackedFileState() = default;
  virtual const FileSource& source() const = 0;
  virtual Result<std::shared_ptr<const ParquetMetadata>> Metadata() const = 0;
  virtual Executor* executor() const = 0;
  virtual std::atomic<int64_t>* pages_decoded() const = 0;
};

class PackedColumn : public PackedColumnReader {
 public:
  /// `chunks`: one a row group, nullptr where only the decoded road leads there.
  PackedColumn(std::shared_ptr<const PackedFileState> file, int column, int64_t field_id,
               std::shared_ptr<arrow::DataType> type, std::vector<int64_t> row_group_starts,
               std::vector<std::shared_ptr<const DirectChunk>> chunks);

  /// Finds out now whether the decoded road can serve the type.
  Status Prepare() const;

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t end,
                                             bool verify) const override;
  Result<std::shared_ptr<arrow::Array>> Take(std::span<const int64_t> rows,
                                             bool verify) const override;
  Status TakeInto(std::span<const int64_t> rows, std::span<const int64_t> positions,
                  uint8_t* values, bool verify) const override;
  int64_t fixed_width() const override { return width_; }
  bool IsReady(int64_t begin, int64_t end) const override;
  void MakeReady(int64_t begin, int64_t end) const override;
  int64_t NaturalEnd(int64_t begin) const override;
  Result<bool> PlanRead(int64_t begin, int64_t end, bool verify, ReadWave* wave) const override;
  Result<bool> PlanTake(std::span<const int64_t> rows, bool verify, ReadWave* wave) const override;
  double far_row_bytes() const override;
  Result<std::vector<PageZone>> Zones() const override;
  Result<std::vector<bool>> MayContain(const StatisticValue& value) const override;

 protected:
  const PackedFileState& file() const { return *file_; }
  /// Of a file that is far away: what has been planned is there.
  virtual Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t end,
                                                         bool verify) const;
  virtual Result<std::shared_ptr<arrow::Array>> TakeRows(std::span<const int64_t> rows,
                                                         bool verify) const;

 private:
  struct Wanted {
    int64_t row = 0;
    int64_t position = 0;  // in the result
  };

  /// Of a file that is far away: fetches what `plan` says, and calls `read`; once more, on bytes
  /// fetched anew, if those were damaged.
  template <typename Outcome>
  Outcome ReadFar(const std::function<Result<bool>(ReadWave*)>& plan,
                  const std::function<Outcome()>& read) const;

  size_t GroupOf(int64_t row) const;
  Status CheckRows(std::span<const int64_t> rows) const;
  Result<std::shared_ptr<const DecodedColumn>> Decoded() const;
  Result<std::shared_ptr<arrow::Array>> ReadInGroup(size_t group, int64_t begin, int64_t end,
                                                    bool verify) const;
  Result<std::shared_ptr<arrow::Array>> ReadWithNulls(const DirectChunk& chunk, int64_t begin,
                                                      int64_t end, bool verify) const;
  Result<std::shared_ptr<arrow::Array>> TakeInGroup(size_t group, std::span<const int64_t> rows,
                                                    bool verify) const;
  Result<std::shared_ptr<arrow::Array>> TakeWithNulls(const DirectChunk& chunk,
                                                      std::span<const int64_t> rows,
                                                      bool verify) const;
  /// `wanted` ascending by row; `values` may be written anywhere.
  Status TakeSorted(std::span<const Wanted> wanted, uint8_t* values, bool verify) const;

  const std::shared_ptr<const PackedFileState> file_;
  const int column_;
  const int64_t field_id_;
  const std::shared_ptr<arrow::DataType> type_;
  const std::vector<int64_t> starts_;
  const std::vector<std::shared_ptr<const DirectChunk>> chunks_;
  int64_t width_ = 0;
  mutable std::mutex mutex_;  // guards decoded_
  mutable std::shared_ptr<const DecodedColumn> decoded_;
};

}  // namespace varve::internal
