// SPDX-License-Identifier: Apache-2.0
#include "packed/read_wave.h"

#include <stop_token>
#include <utility>

#include "base/awaited.h"

namespace varve::internal {
namespace {

// A plan that is never content would be a defect of a reader; each wave tells it more of a file.
constexpr int kWavesMax = 8;
// What lies between two pages of a scan. One request brings both (CoalescingPolicy); with what is
// between them, straight to where they are wanted.
constexpr int64_t kScanGapBytes = 16 << 10;

}  // namespace

struct ReadWave::Pending {
  Awaited<Status> outcome;
  std::stop_source stop;
};

ReadWave::~ReadWave() {
  // The memory is kept by whoever still writes to it.
  if (pending_ != nullptr) pending_->stop.request_stop();
  for (const auto& [source, staged] : fetched_) source->Unstage(staged.get());
}

void ReadWave::Add(const FileSource& source, int64_t offset, int64_t length) {
  if (length <= 0 || !source.is_remote() || source.IsStaged(offset, length)) return;
  File& file = wanted_[&source];
  if (file.source == nullptr) file.source = source.shared_from_this();
  file.ranges.push_back({offset, length});
  bytes_ += length;
}

Status ReadWave::Prepare(std::vector<ObjectRanges>* objects) {
  for (auto& [key, file] : wanted_) {
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file.source->size());
    const int64_t gap_bytes = pattern_ == ReadPattern::kScan ? kScanGapBytes : 0;
    ARROW_ASSIGN_OR_RAISE(auto staged, StagedRanges::Make(std::move(file.ranges), gap_bytes));
    objects->push_back({.path = file.source->path(), .size = size, .ranges = staged->ToRead()});
    file.source->CountFetched(objects->back().ranges);
    fetching_.emplace_back(file.source, std::move(staged));
  }
  wanted_.clear();
  return Status::OK();
}

void ReadWave::Publish() {
  for (auto& [source, staged] : fetching_) {
    source->Stage(staged);
    fetched_.emplace_back(std::move(source), std::move(staged));
  }
  fetching_.clear();
}

Status ReadWave::Fetch() {
  ARROW_RETURN_NOT_OK(Wait());
  if (wanted_.empty()) return Status::OK();
  ARROW_RETURN_NOT_OK(CheckStopped());
  // All files of a table lie in one store.
  const auto store = wanted_.begin()->second.source->store();
  std::vector<ObjectRanges> objects;
  ARROW_RETURN_NOT_OK(Prepare(&objects));
  const Status status = store->ReadRangesOf(objects, pattern_);
  if (!status.ok()) {
    fetching_.clear();
    return status;
  }
  Publish();
  return Status::OK();
}

Status ReadWave::Start() {
  ARROW_RETURN_NOT_OK(Wait());
  if (wanted_.empty()) return Status::OK();
  const auto store = wanted_.begin()->second.source->store();
  std::vector<ObjectRanges> objects;
  ARROW_RETURN_NOT_OK(Prepare(&objects));
  pending_ = std::make_shared<Pending>();
  store->StartRangesOf(std::move(objects), pattern_, pending_->stop.get_token(),
                       [pending = pending_, store, memory = fetching_](Status status) {
                         pending->outcome.Set(std::move(status));
                       });
  return Status::OK();
}

Status ReadWave::Wait() {
  if (pending_ == nullptr) return Status::OK();
  const auto pending = std::move(pending_);
  const Status status = pending->outcome.Wait(pending->stop);
  if (!status.ok()) {
    fetching_.clear();
    return status;
  }
  Publish();
  return Status::OK();
}

Status ReadWave::FetchAll(const std::function<Result<bool>(ReadWave*)>& plan) {
  for (int wave = 0; wave < kWavesMax; ++wave) {
    ARROW_ASSIGN_OR_RAISE(const bool more, plan(this));
    const bool nothing = empty();
    ARROW_RETURN_NOT_OK(Fetch());
    if (!more || nothing) break;
  }
  return Status::OK();
}

}  // namespace varve::internal
