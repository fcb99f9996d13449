// SPDX-License-Identifier: Apache-2.0
// Where the values of a take go, on their way to the array.
//
// Units:   positions are rows of the result; each is set once, or is repeated
// Memory:  the array, and texts once more; bounded by what the caller says
// Errors:  ResourceExhausted naming file and column
// Threads: tasks set values of positions of their own at once; Init and Finish are for one thread
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/type_fwd.h"
#include "packed/flat_column.h"
#include "parquet/types.h"

namespace varve::internal {

/// A row asked for again: its value is that of another position.
struct RepeatedValue {
  int64_t from = 0;
  int64_t position = 0;
};

class TakenValues {
 public:
  /// Of `num_set` values and of `repeats`; the former may take `most_bytes`. Arguments are
  /// borrowed.
  TakenValues(const FlatColumn& column, size_t num_set, const std::vector<RepeatedValue>& repeats,
              int64_t most_bytes);

  Status Init(size_t num_tasks);

  /// Bytes a value; 0: a text.
  int64_t width() const { return width_; }
  /// REQUIRES: width() > 0
  uint8_t* Place(int64_t position) { return fixed_->mutable_data() + position * width_; }

  void SetNull(int64_t position) {
    is_null_[static_cast<size_t>(position)] = 1;
    if (width_ > 0) std::memset(Place(position), 0, static_cast<size_t>(width_));
  }
  Status Set(size_t task, int64_t position, const parquet::ByteArray& value) {
    Arena& arena = arenas_[task];
    texts_[static_cast<size_t>(position)] = {task, arena.bytes.size(), value.len};
    arena.bytes.insert(arena.bytes.end(), value.ptr, value.ptr + value.len);
    const size_t uncounted = arena.bytes.size() - arena.counted;
    if (uncounted < kCountedBytes) return Status::OK();
    arena.counted = arena.bytes.size();
    const auto bytes = static_cast<int64_t>(uncounted);
    const int64_t before = text_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    return bytes > most_bytes_ - before ? TooLarge(most_bytes_) : Status::OK();
  }
  Status Set(size_t, int64_t position, const parquet::FixedLenByteArray& value) {
    std::memcpy(Place(position), value.ptr, static_cast<size_t>(width_));
    return Status::OK();
  }
  // Little-endian: a narrower integer is the start of the wider one it is stored as.
  template <typename T>
  Status Set(size_t, int64_t position, const T& value) {
    std::memcpy(Place(position), &value, static_cast<size_t>(width_));
    return Status::OK();
  }

  /// Once all positions but the repeated ones are set.
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  // Texts of a task are added to those of all tasks so many bytes at a time.
  static constexpr size_t kCountedBytes = 64 << 10;

  struct Text {
    size_t task = 0;
    size_t begin = 0;
    uint32_t length = 0;
  };
  struct Arena {
    std::vector<uint8_t> bytes;
    size_t counted = 0;  // of them, in text_bytes_
  };

  Status TooLarge(int64_t most_bytes) const;
  void Copy(const RepeatedValue& repeat);
  Result<std::shared_ptr<arrow::Buffer>> Validity(int64_t* num_nulls) const;
  template <typename Offset>
  Result<std::shared_ptr<arrow::Array>> Texts(std::shared_ptr<arrow::Buffer> validity,
                                              int64_t num_nulls) const;

  const FlatColumn& column_;
  const size_t num_set_;
  const std::vector<RepeatedValue>& repeats_;
  const int64_t width_;
  const int64_t most_bytes_;
  std::vector<uint8_t> is_null_;
  std::shared_ptr<arrow::Buffer> fixed_;
  std::vector<Text> texts_;
  std::vector<Arena> arenas_;  // one a task
  std::atomic<int64_t> text_bytes_{0};
};

}  // namespace varve::internal
