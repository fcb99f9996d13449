// SPDX-License-Identifier: Apache-2.0
// What pyarrow finds in the V1 segment of the test data (tests/fixtures/milvus/v1-segment.txt, made
// by tests/compat/milvus_segment_golden.py). For tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"

namespace varve::internal {

inline constexpr int64_t kGoldenCollection = 442958042415517552;
inline constexpr int64_t kGoldenPartition = 442958042415517553;
inline constexpr int64_t kGoldenSegment = 442958042415717570;
/// When all rows were inserted.
inline constexpr uint64_t kGoldenInserted = 442959097209290755;

/// The folder of the backup, in the real data that may be absent.
std::filesystem::path GoldenSegmentFolder();

#define SKIP_WITHOUT_DATA()                                                            \
  if (!std::filesystem::exists(GoldenSegmentFolder())) {                               \
    GTEST_SKIP() << "no data in " << GoldenSegmentFolder() << "; set VARVE_TEST_DATA"; \
  }

/// An insert log.
struct GoldenLog {
  std::string path;
  int64_t field_id = 0;
  int32_t type = 0;
  int64_t num_rows = 0;
  std::string crc;
  std::string first;
  std::string last;
};
std::vector<GoldenLog> GoldenLogs();

/// Keys and times, in the order of the log.
std::vector<std::pair<int64_t, uint64_t>> GoldenDeletes();

/// Of all values in the form that storage has, as GoldenLog::crc is.
std::string ValuesCrc(const arrow::Array& array);
/// One value, as GoldenLog::first and last are.
std::string ShownValue(const arrow::Array& array, int64_t row);

}  // namespace varve::internal
