// SPDX-License-Identifier: Apache-2.0
#include <atomic>

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

}  // namespace varve
