// SPDX-License-Identifier: Apache-2.0
// A memory pool for decoding one untrusted piece of a file: refuses to hold more than a limit.
//
// Lifetime: arrays allocated from it must not outlive it; KeepPool ties the two together
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/memory_pool.h"
#include "arrow/type_fwd.h"

namespace varve::internal {

class BoundedPool : public arrow::MemoryPool {
 public:
  explicit BoundedPool(int64_t limit_bytes)
      : counted_(arrow::default_memory_pool()), capped_(&counted_, limit_bytes) {}

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    return capped_.Allocate(size, alignment, out);
  }
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override {
    return capped_.Reallocate(old_size, new_size, alignment, ptr);
  }
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    capped_.Free(buffer, size, alignment);
  }
  int64_t bytes_allocated() const override { return counted_.bytes_allocated(); }
  int64_t max_memory() const override { return counted_.max_memory(); }
  int64_t total_bytes_allocated() const override { return counted_.total_bytes_allocated(); }
  int64_t num_allocations() const override { return counted_.num_allocations(); }
  std::string backend_name() const override { return counted_.backend_name(); }

 private:
  arrow::ProxyMemoryPool counted_;
  arrow::CappedMemoryPool capped_;
};

/// The same array; each of its buffers keeps `pool` alive.
std::shared_ptr<arrow::Array> KeepPool(const arrow::Array& array,
                                       std::shared_ptr<BoundedPool> pool);

}  // namespace varve::internal
