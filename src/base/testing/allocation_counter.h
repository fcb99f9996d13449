// SPDX-License-Identifier: Apache-2.0
// What a program allocates, for tests that hold a reader to the size of its input.
//
// It replaces operator new of the whole test program (allocation_counter.cc is one of its sources),
// in the libraries it loads as well. Memory from malloc itself, as compressors take it, is not
// counted.
//
// Units:   bytes
// Threads: allocations of all threads are counted; one counter at a time
#pragma once

#include <cstdint>

namespace varve::internal {

class AllocationCounter {
 public:
  AllocationCounter();

  /// The most that operator new had given at once since the counter was made, and all that Arrow's
  /// default pool gave, returned or not.
  int64_t bytes() const;

 private:
  int64_t live_before_;
  int64_t pool_before_;
};

}  // namespace varve::internal
