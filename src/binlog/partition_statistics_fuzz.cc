// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as partition statistics: refused, or statistics that are written and then read as
// they were.
// Seeds: tests/fixtures/fuzz/partition_statistics/
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/coding.h"
#include "varve/partition_statistics.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve;            // NOLINT
  using namespace varve::internal;  // NOLINT
  const auto decoded = DecodePartitionStatistics({data, size}, "fuzz");
  if (!decoded.ok()) return 0;
  const auto written = EncodePartitionStatistics(*decoded);
  if (!written.ok()) std::abort();
  const auto again = DecodePartitionStatistics(AsBytes(*written), "fuzz");
  if (!again.ok() || *EncodePartitionStatistics(*again) != *written) std::abort();
  return 0;
}
