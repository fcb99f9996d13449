// SPDX-License-Identifier: Apache-2.0
// What the machine allows: vectors as a raw array in a file, read by pread, by a mapping, by one
// thread and by two.
//
//   native_floor EMB.NPY ROWS DIMENSION
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "native_measure.h"

namespace {

using varve::bench::Checksum;
using varve::bench::Figures;
using varve::bench::RowsOfTake;
using varve::bench::XorWords;

struct Vectors {
  int file;
  int64_t base;
  int64_t width;
  int64_t rows;
  const uint8_t* mapped;
};

uint64_t TakeByPread(const Vectors& v, const std::vector<int64_t>& rows) {
  std::vector<uint8_t> out(rows.size() * static_cast<size_t>(v.width));
  uint8_t* to = out.data();
  for (int64_t row : rows) {
    if (pread(v.file, to, static_cast<size_t>(v.width), v.base + row * v.width) != v.width) {
      std::perror("pread");
      std::exit(1);
    }
    to += v.width;
  }
  return XorWords(out.data(), static_cast<int64_t>(out.size()));
}

uint64_t TakeFromMapping(const Vectors& v, const std::vector<int64_t>& rows) {
  std::vector<uint8_t> out(rows.size() * static_cast<size_t>(v.width));
  uint8_t* to = out.data();
  for (int64_t row : rows) {
    std::memcpy(to, v.mapped + row * v.width, static_cast<size_t>(v.width));
    to += v.width;
  }
  return XorWords(out.data(), static_cast<int64_t>(out.size()));
}

uint64_t ScanByTwo(const Vectors& v) {
  const int64_t half = v.rows / 2;
  uint64_t other = 0;
  std::thread second(
      [&] { other = XorWords(v.mapped + half * v.width, (v.rows - half) * v.width); });
  const uint64_t mine = XorWords(v.mapped, half * v.width);
  second.join();
  return mine ^ other;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: native_floor EMB.NPY ROWS DIMENSION\n");
    return 2;
  }
  Vectors v{.file = open(argv[1], O_RDONLY),
            .base = 0,
            .width = std::atoll(argv[3]) * 4,
            .rows = std::atoll(argv[2]),
            .mapped = nullptr};
  struct stat status;
  if (v.file < 0 || fstat(v.file, &status) != 0 || status.st_size < v.rows * v.width) {
    std::fprintf(stderr, "native_floor: cannot read %s\n", argv[1]);
    return 1;
  }
  v.base = status.st_size - v.rows * v.width;  // after NumPy's header
  void* mapping =
      mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, v.file, 0);
  if (mapping == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  v.mapped = static_cast<const uint8_t*>(mapping) + v.base;

  Figures figures;
  for (int64_t count : {100, 1000}) {
    std::vector<std::vector<int64_t>> rows;
    for (uint64_t i = 0; i <= 31; ++i) rows.push_back(RowsOfTake(count, v.rows, 1000 + i));
    const std::string name = "take" + std::to_string(count);
    Checksum by_pread, mapped_sum;
    figures.Measure(name + "_pread", 31,
                    [&](uint64_t i) { by_pread.Add(i, TakeByPread(v, rows[i])); });
    figures.Measure(name + "_mapped", 31,
                    [&](uint64_t i) { mapped_sum.Add(i, TakeFromMapping(v, rows[i])); });
    by_pread.Print(name.c_str());
  }
  Checksum scanned;
  figures.Measure("scan_one_thread", 7,
                  [&](uint64_t) { scanned.Set(XorWords(v.mapped, v.rows * v.width)); });
  figures.Measure("scan_two_threads", 7, [&](uint64_t) { scanned.Set(ScanByTwo(v)); });
  scanned.Print("scan");
  figures.Print();
  return 0;
}
