// SPDX-License-Identifier: Apache-2.0
// How fast objects go to a store and come back; bench/stores/throughput.py runs it beside a raw
// client.
//
//   store_throughput upload STORE PATH BYTES              parts as the address says
//   store_throughput read STORE PATH BYTES RANGE_BYTES    as many ranges at once as the address
//   says
//
// Prints the seconds it took.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"

namespace {

using varve::ChunkManager;
using varve::Status;

constexpr size_t kPieceBytes = 1 << 20;

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Status Upload(ChunkManager* store, const std::string& path, size_t bytes) {
  std::vector<uint64_t> words(bytes / sizeof(uint64_t));
  std::mt19937_64 random(1);
  for (uint64_t& word : words) word = random();
  const auto* data = reinterpret_cast<const uint8_t*>(words.data());
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto writer, store->OpenWriter(path));
  for (size_t at = 0; at < bytes; at += kPieceBytes) {
    ARROW_RETURN_NOT_OK(writer->Write({data + at, std::min(kPieceBytes, bytes - at)}));
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  std::cout << SecondsSince(begin) << "\n";
  return Status::OK();
}

Status Read(ChunkManager* store, const std::string& path, size_t bytes, size_t range_bytes) {
  std::vector<uint8_t> out(bytes, 1);  // touched, as a reader's buffers are
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto reader, store->OpenReader(path, static_cast<int64_t>(bytes)));
  std::vector<varve::ReadRange> ranges;
  for (size_t at = 0; at < bytes; at += range_bytes) {
    ranges.push_back({.offset = static_cast<int64_t>(at),
                      .length = static_cast<int64_t>(std::min(range_bytes, bytes - at)),
                      .out = out.data() + at});
  }
  ARROW_RETURN_NOT_OK(reader->ReadRanges(ranges));
  std::cout << SecondsSince(begin) << "\n";
  return Status::OK();
}

Status Execute(const std::vector<std::string>& words) {
  ARROW_ASSIGN_OR_RAISE(const auto store, varve::OpenChunkManager(words.at(1)));
  const size_t bytes = std::strtoull(words.at(3).c_str(), nullptr, 10);
  if (words[0] == "upload") return Upload(store.get(), words[2], bytes);
  return Read(store.get(), words[2], bytes, std::strtoull(words.at(4).c_str(), nullptr, 10));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const Status status = Execute({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::cerr << status.ToString() << "\n";
  return 1;
}
