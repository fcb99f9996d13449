// SPDX-License-Identifier: Apache-2.0
#include "cli/output/progress_reader.h"

#include <algorithm>
#include <utility>

#include "cli/interruption.h"
#include "cli/output/amounts.h"
#include "cli/output/progress_bar.h"

namespace varve::cli {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(100);

}  // namespace

ProgressReader::ProgressReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::string label,
                               int64_t expected_rows, Console* console, ByteProgress bytes)
    : reader_(std::move(reader)),
      label_(std::move(label)),
      expected_rows_(expected_rows),
      bytes_(std::move(bytes)),
      console_(console) {}

Status ProgressReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  ARROW_RETURN_NOT_OK(CheckInterrupted());
  ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
  // What ended may have been ended by the interruption.
  ARROW_RETURN_NOT_OK(CheckInterrupted());
  if (*batch != nullptr) num_rows_ += (*batch)->num_rows();
  const auto now = std::chrono::steady_clock::now();
  if (console_->shows_progress() && now - shown_ >= kBetweenFrames) {
    shown_ = now;
    Show();
  }
  return Status::OK();
}

void ProgressReader::Show() {
  std::string text = label_ + "  ";
  const bool by_bytes = expected_rows_ < 0 && bytes_.total > 0 && bytes_.so_far != nullptr;
  const int64_t so_far = by_bytes ? bytes_.so_far() : num_rows_;
  const int64_t total = by_bytes ? bytes_.total : expected_rows_;
  const double done = total > 0 ? static_cast<double>(so_far) / static_cast<double>(total) : -1;
  if (done >= 0) text += ProgressBar(done) + "  ";
  const double seconds = std::chrono::duration<double>(shown_ - begin_).count();
  text += Plural(num_rows_, "row");
  if (seconds > 0) {
    const auto rate = static_cast<int64_t>(static_cast<double>(num_rows_) / seconds);
    text += "  " + FormatCount(rate) + " rows/s";
    if (by_bytes) text += "  " + FormatRate(so_far, seconds);
  }
  if (done > 0) text += "  " + FormatDuration(seconds * (1 - std::min(done, 1.0)) / done) + " left";
  console_->Progress(text);
}

}  // namespace varve::cli
