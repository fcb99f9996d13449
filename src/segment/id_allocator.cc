// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <limits>

#include "segment/log_listing.h"
#include "segment/segment_chunks.h"
#include "varve/path_template.h"
#include "varve/sync.h"

namespace varve {
namespace {

class CountingIdAllocator : public IdAllocator {
 public:
  explicit CountingIdAllocator(int64_t first) : next_(first) {}
  Result<int64_t> Next() override {
    const int64_t id = next_.fetch_add(1);
    if (id < 0) return MakeError(ErrorKind::kResourceExhausted, "no ids left");
    return id;
  }

 private:
  std::atomic<int64_t> next_;
};

}  // namespace

std::shared_ptr<IdAllocator> MakeCountingIdAllocator(int64_t first) {
  return std::make_shared<CountingIdAllocator>(first);
}

Result<std::shared_ptr<IdAllocator>> MakeUnusedIdAllocator(ChunkManager* store,
                                                           const std::vector<SegmentState>& states,
                                                           const std::string& root) {
  int64_t last = kCompoundLogId;
  for (const SegmentState& state : states) {
    for (const Binlog* log : internal::LogsOf(state.files)) last = std::max(last, log->log_id);
  }
  ARROW_ASSIGN_OR_RAISE(const auto listed,
                        internal::ListLogs(store, root, std::nullopt, /*names_only=*/true));
  for (const internal::ListedLog& log : listed) last = std::max(last, log.log_id);
  if (last == std::numeric_limits<int64_t>::max()) {
    return MakeError(ErrorKind::kResourceExhausted, "no ids left");
  }
  return MakeCountingIdAllocator(last + 1);
}

}  // namespace varve
