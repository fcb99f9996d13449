// SPDX-License-Identifier: Apache-2.0
// Varve without Python: takes, and scans with one and two consuming threads. Compared with
// native_floor on the same vectors.
//
//   native_varve TABLE
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "native_measure.h"
#include "varve/table.h"

namespace {

using varve::bench::Checksum;
using varve::bench::Figures;
using varve::bench::RowsOfTake;
using varve::bench::XorWords;

uint64_t XorVectors(const arrow::RecordBatch& batch) {
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*batch.column(0));
  const auto& values = *list.values()->data();
  const int64_t width = list.list_type()->list_size() * 4;
  return XorWords(values.buffers[1]->data() + values.offset * 4 + list.offset() * width,
                  list.length() * width);
}

varve::Result<uint64_t> Take(const varve::Snapshot& snapshot, const std::vector<int64_t>& rows) {
  ARROW_ASSIGN_OR_RAISE(auto batch, snapshot.Take(rows, {.columns = {"emb"}}));
  return XorVectors(*batch);
}

// Pulls batches until there are none; the lock covers the pull, not the reading of the values.
varve::Status Consume(arrow::RecordBatchReader* reader, std::mutex* lock, uint64_t* sum) {
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    {
      std::lock_guard<std::mutex> guard(*lock);
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    }
    if (batch == nullptr) return varve::Status::OK();
    *sum ^= XorVectors(*batch);
  }
}

varve::Result<uint64_t> Scan(const varve::Snapshot& snapshot, bool two_threads) {
  ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.Scan({.columns = {"emb"}}));
  std::mutex lock;
  uint64_t sums[2] = {};
  varve::Status other;
  std::thread second;
  if (two_threads) second = std::thread([&] { other = Consume(reader.get(), &lock, &sums[1]); });
  const varve::Status mine = Consume(reader.get(), &lock, &sums[0]);
  if (second.joinable()) second.join();
  ARROW_RETURN_NOT_OK(mine);
  ARROW_RETURN_NOT_OK(other);
  return sums[0] ^ sums[1];
}

varve::Status Run(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(auto table, varve::Table::Open(uri));
  const auto snapshot = table->snapshot();
  Figures figures;
  varve::Status failed;
  const auto value = [&](const varve::Result<uint64_t>& sum) -> uint64_t {
    if (!sum.ok()) failed = sum.status();
    return sum.ok() ? *sum : 0;
  };
  for (int64_t count : {100, 1000}) {
    std::vector<std::vector<int64_t>> rows;
    for (uint64_t i = 0; i <= 31; ++i) {
      rows.push_back(RowsOfTake(count, snapshot->num_rows(), 1000 + i));
    }
    Checksum sum;
    const std::string name = "take" + std::to_string(count);
    figures.Measure(name, 31, [&](uint64_t i) { sum.Add(i, value(Take(*snapshot, rows[i]))); });
    sum.Print(name.c_str());
  }
  Checksum scanned;
  figures.Measure("scan_one_thread", 7,
                  [&](uint64_t) { scanned.Set(value(Scan(*snapshot, false))); });
  figures.Measure("scan_two_threads", 7,
                  [&](uint64_t) { scanned.Set(value(Scan(*snapshot, true))); });
  scanned.Print("scan");
  ARROW_RETURN_NOT_OK(failed);
  figures.Print();
  return varve::Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: native_varve TABLE\n");
    return 2;
  }
  const varve::Status status = Run(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "native_varve: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
