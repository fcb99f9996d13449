// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as primary key statistics, alone and compound: refused, or statistics that are
// written and then read as they were.
// Seeds: tests/fixtures/fuzz/primary_key_statistics/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/coding.h"
#include "varve/primary_key_statistics.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve;            // NOLINT
  using namespace varve::internal;  // NOLINT
  auto statistics = DecodeCompoundPrimaryKeyStatistics({data, size}, "fuzz");
  if (!statistics.ok()) {
    auto single = DecodePrimaryKeyStatistics({data, size}, "fuzz");
    if (!single.ok()) return 0;
    statistics = std::vector<PrimaryKeyStatistics>{*std::move(single)};
  }
  for (const PrimaryKeyStatistics& one : *statistics) {
    one.MayContain(int64_t{1});
    one.MayContain("text");
  }
  const auto written = EncodeCompoundPrimaryKeyStatistics(*statistics);
  if (!written.ok()) return 0;  // VarChar keys without bounds
  const auto again = DecodeCompoundPrimaryKeyStatistics(AsBytes(*written), "fuzz");
  if (!again.ok() || *EncodeCompoundPrimaryKeyStatistics(*again) != *written) std::abort();
  return 0;
}
