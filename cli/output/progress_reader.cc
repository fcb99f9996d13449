// SPDX-License-Identifier: Apache-2.0
#include "cli/output/progress_reader.h"

#include <algorithm>
#include <utility>

#include "cli/interruption.h"
#include "cli/output/amounts.h"

namespace varve::cli {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(100);
constexpr int64_t kBarWidth = 24;

}  // namespace

ProgressReader::ProgressReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::string label,
                               int64_t expected_rows, Console* console)
    : reader_(std::move(reader)),
      label_(std::move(label)),
      expected_rows_(expected_rows),
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
  if (expected_rows_ > 0) {
    const int64_t filled = std::min(kBarWidth, num_rows_ * kBarWidth / expected_rows_);
    for (int64_t i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "░";
    text += " " + std::to_string(std::min<int64_t>(100, num_rows_ * 100 / expected_rows_)) + "%  ";
  }
  const std::chrono::duration<double> seconds = shown_ - begin_;
  text += Plural(num_rows_, "row");
  if (seconds.count() > 0) {
    const auto rate = static_cast<int64_t>(static_cast<double>(num_rows_) / seconds.count());
    text += "  " + FormatCount(rate) + " rows/s";
  }
  console_->Progress(text);
}

}  // namespace varve::cli
