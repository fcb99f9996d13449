// SPDX-License-Identifier: Apache-2.0
#include "packed/decoded_windows.h"

#include <algorithm>
#include <atomic>
#include <stop_token>
#include <utility>

#include "arrow/array.h"
#include "arrow/util/byte_size.h"
#include "base/awaited.h"

namespace varve::internal {
namespace {

// Rows decoded in one go: the rows of a fixed-width page, so that windows end where pages do.
constexpr int64_t kWindowRows = 8192;

}  // namespace

// The window after the one that is handed out. Whoever sets `is_taken` first decodes it: a task
// that was not begun in time is not waited for.
struct DecodedWindows::Ahead {
  int64_t begin = 0;
  int64_t end = 0;
  std::atomic<bool> is_taken = false;
  Awaited<Result<Window>> outcome;
};

int64_t DecodedWindows::Window::bytes() const {
  int64_t total = 0;
  for (const auto& array : values) total += arrow::util::TotalBufferSize(*array);
  return total;
}

DecodedWindows::DecodedWindows(Columns columns, int64_t ahead_bytes, bool verify,
                               Executor* executor)
    : columns_(std::make_shared<const Columns>(std::move(columns))),
      ahead_bytes_(executor->parallelism() > 1 ? ahead_bytes : 0),
      verify_(verify),
      executor_(executor) {}

DecodedWindows::~DecodedWindows() { Abandon(); }

// A process that ends takes away what decoding needs, while threads of the pool still run.
void DecodedWindows::Abandon() {
  const auto ahead = std::move(ahead_);
  if (ahead == nullptr || !ahead->is_taken.exchange(true)) return;
  static_cast<void>(ahead->outcome.Wait(std::stop_source(std::nostopstate)));
}

Result<DecodedWindows::Window> DecodedWindows::Decode(const Columns& columns, int64_t begin,
                                                      int64_t end, bool verify,
                                                      Executor* executor) {
  Window window{.begin = begin, .end = std::min(end, (begin / kWindowRows + 1) * kWindowRows)};
  for (const auto& column : columns) {
    // A column of large rows names a nearer end; a column of small ones would let us go further
    // than the others.
    window.end = std::min(window.end, std::max(column->NaturalEnd(begin), begin + 1));
  }
  window.values.resize(columns.size());
  ARROW_RETURN_NOT_OK(
      executor->ParallelFor(static_cast<int64_t>(columns.size()), [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        ARROW_ASSIGN_OR_RAISE(window.values[at], columns[at]->Read(begin, window.end, verify));
        return Status::OK();
      }));
  return window;
}

Result<DecodedWindows::Window> DecodedWindows::Take(int64_t begin, int64_t end) {
  if (ahead_ != nullptr && ahead_->begin != begin) Abandon();
  const auto ahead = std::move(ahead_);
  if (ahead == nullptr || !ahead->is_taken.exchange(true)) {
    return Decode(*columns_, begin, end, verify_, executor_);
  }
  return ahead->outcome.Wait(std::stop_source(std::nostopstate));
}

void DecodedWindows::StartNext(int64_t end) {
  if (window_.end >= end || window_.bytes() > ahead_bytes_ / 2) return;
  ahead_ = std::make_shared<Ahead>();
  ahead_->begin = window_.end;
  ahead_->end = end;
  executor_->Spawn([ahead = ahead_, columns = columns_, verify = verify_, executor = executor_] {
    if (ahead->is_taken.exchange(true)) return;
    ahead->outcome.Set(Decode(*columns, ahead->begin, ahead->end, verify, executor));
  });
}

Result<int64_t> DecodedWindows::Await(int64_t begin, int64_t end) {
  if (!window_.Has(begin)) {
    window_ = {};  // after a failure nothing of an older window may be handed out
    ARROW_ASSIGN_OR_RAISE(window_, Take(begin, end));
    if (ahead_bytes_ > 0) StartNext(end);
  }
  return std::min(end, window_.end);
}

std::shared_ptr<arrow::Array> DecodedWindows::Slice(size_t column, int64_t begin,
                                                    int64_t end) const {
  return window_.values[column]->Slice(begin - window_.begin, end - begin);
}

}  // namespace varve::internal
