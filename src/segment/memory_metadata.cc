// SPDX-License-Identifier: Apache-2.0
// Metadata of segments in memory.
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "segment/segment_update.h"
#include "varve/segment_metadata.h"

namespace varve {
namespace {

class MemoryMetaCache : public MetaCache {
 public:
  explicit MemoryMetaCache(std::shared_ptr<const CollectionSchema> schema)
      : schema_(std::move(schema)) {}

  std::shared_ptr<const CollectionSchema> schema() const override { return schema_; }

  std::optional<SegmentState> Find(int64_t segment_id) const override {
    const std::lock_guard lock(mutex_);
    const auto at = states_.find(segment_id);
    if (at == states_.end()) return std::nullopt;
    return at->second;
  }

  std::vector<SegmentState> List() const override {
    const std::lock_guard lock(mutex_);
    std::vector<SegmentState> states;
    states.reserve(states_.size());
    for (const auto& [id, state] : states_) states.push_back(state);
    return states;
  }

  void Put(SegmentState state) override {
    const std::lock_guard lock(mutex_);
    const int64_t id = state.files.segment_id;
    states_.insert_or_assign(id, std::move(state));
  }

  bool Update(int64_t segment_id, const std::function<void(SegmentState*)>& change) override {
    const std::lock_guard lock(mutex_);
    const auto at = states_.find(segment_id);
    if (at == states_.end()) return false;
    change(&at->second);
    return true;
  }

  void Remove(int64_t segment_id) override {
    const std::lock_guard lock(mutex_);
    states_.erase(segment_id);
  }

 private:
  const std::shared_ptr<const CollectionSchema> schema_;
  mutable std::mutex mutex_;
  std::map<int64_t, SegmentState> states_;  ///< guarded by mutex_
};

}  // namespace

std::shared_ptr<MetaCache> MakeMemoryMetaCache(std::shared_ptr<const CollectionSchema> schema) {
  return std::make_shared<MemoryMetaCache>(std::move(schema));
}

class MemoryMetaWriter::Impl {
 public:
  std::optional<SegmentState> Find(int64_t segment_id) const {
    const std::lock_guard lock(mutex_);
    return FindLocked(segment_id);
  }

  Result<SegmentState> Commit(const SegmentUpdate& update) {
    const std::lock_guard lock(mutex_);
    const int64_t id = update.after.files.segment_id;
    if (moved_.contains(id)) {
      return MakeError(ErrorKind::kNotFound, "no such segment",
                       {.object = "segment " + std::to_string(id)});
    }
    const auto stored = FindLocked(id);
    ARROW_ASSIGN_OR_RAISE(const auto verdict, internal::JudgeUpdate(stored, update));
    if (verdict == internal::UpdateVerdict::kStands) return *stored;
    states_.insert_or_assign(id, update.after);
    updates_.push_back(update);
    return update.after;
  }

  std::vector<SegmentUpdate> updates() const {
    const std::lock_guard lock(mutex_);
    return updates_;
  }

  void MoveAway(int64_t segment_id) {
    const std::lock_guard lock(mutex_);
    moved_.insert(segment_id);
  }

 private:
  std::optional<SegmentState> FindLocked(int64_t segment_id) const {
    const auto at = states_.find(segment_id);
    if (at == states_.end()) return std::nullopt;
    return at->second;
  }

  mutable std::mutex mutex_;  // guards what follows
  std::map<int64_t, SegmentState> states_;
  std::set<int64_t> moved_;
  std::vector<SegmentUpdate> updates_;
};

MemoryMetaWriter::MemoryMetaWriter() : impl_(std::make_unique<Impl>()) {}
MemoryMetaWriter::~MemoryMetaWriter() = default;

Result<SegmentState> MemoryMetaWriter::Commit(const SegmentUpdate& update) {
  return impl_->Commit(update);
}
Result<std::optional<SegmentState>> MemoryMetaWriter::LoadSegment(int64_t segment_id) {
  return impl_->Find(segment_id);
}
std::optional<SegmentState> MemoryMetaWriter::Find(int64_t segment_id) const {
  return impl_->Find(segment_id);
}
std::vector<SegmentUpdate> MemoryMetaWriter::updates() const { return impl_->updates(); }
void MemoryMetaWriter::MoveAway(int64_t segment_id) { impl_->MoveAway(segment_id); }

}  // namespace varve
