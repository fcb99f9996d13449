// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as BM25 statistics, and as a sparse vector: refused, or taken and written again.
// Seeds: tests/fixtures/fuzz/bm25_statistics/
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/coding.h"
#include "varve/bm25_statistics.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using varve::Bm25Statistics;
  using varve::internal::AsBytes;
  Bm25Statistics row;
  if (row.AddRow({data, size}).ok()) {
    const auto again = Bm25Statistics::Decode(AsBytes(row.Encode()), "fuzz");
    if (!again.ok() || !(*again == row)) std::abort();
  }
  const auto decoded = Bm25Statistics::Decode({data, size}, "fuzz");
  if (!decoded.ok()) return 0;
  const auto again = Bm25Statistics::Decode(AsBytes(decoded->Encode()), "fuzz");
  if (!again.ok() || !(*again == *decoded)) std::abort();
  return 0;
}
