// SPDX-License-Identifier: Apache-2.0
// Any bytes as a packed file: opened, described, scanned, taken from, verified. Errors are fine;
// crashes, hangs and unbounded allocations are findings.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "varve/packed.h"

namespace {

void Check(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto store = varve::OpenChunkManager("memory://packed-file-fuzz").ValueOrDie();
  Check(store->Write("file.parquet", {data, size}));
  auto reader = varve::PackedReader::Open(store, {"file.parquet"});
  if (!reader.ok()) return 0;
  if (auto scan = (*reader)->Scan(); scan.ok()) {
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int64_t rows = 0; rows < 100'000; rows += batch->num_rows()) {
      if (!(*scan)->ReadNext(&batch).ok() || batch == nullptr) break;
      Check(batch->Validate());
    }
  }
  const int64_t num_rows = (*reader)->num_rows();
  if (num_rows > 0) {
    auto taken = (*reader)->Take({num_rows - 1, 0});
    if (taken.ok()) Check((*taken)->Validate());
  }
  std::vector<std::string> problems;
  if (const auto status = (*reader)->Verify(&problems); !status.ok()) return 0;
  return 0;
}
