// SPDX-License-Identifier: Apache-2.0
#include "binlog/testing/golden_segment.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "arrow/array.h"
#include "arrow/scalar.h"
#include "base/coding.h"
#include "base/crc32.h"

namespace varve::internal {
namespace {

constexpr char kGolden[] = "tests/fixtures/milvus/v1-segment.txt";

// One value's bytes as the golden file's maker takes them, and as it shows them.
std::string ValueBytes(const arrow::Array& array, int64_t row) {
  std::string bytes;
  switch (array.type_id()) {
    case arrow::Type::INT64:
      AppendFixed(&bytes, static_cast<const arrow::Int64Array&>(array).Value(row));
      break;
    case arrow::Type::DOUBLE: {
      const double value = static_cast<const arrow::DoubleArray&>(array).Value(row);
      bytes.assign(reinterpret_cast<const char*>(&value), sizeof(value));
      break;
    }
    case arrow::Type::STRING: {
      const auto text = static_cast<const arrow::StringArray&>(array).GetView(row);
      AppendFixed(&bytes, static_cast<uint32_t>(text.size()));
      bytes += text;
      break;
    }
    default:
      bytes = static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
  }
  return bytes;
}

}  // namespace

std::filesystem::path GoldenSegmentFolder() {
  const char* data = std::getenv("VARVE_TEST_DATA");
  return std::filesystem::path(data == nullptr ? "../shared/data" : data) / "milvus/v1";
}

std::vector<GoldenLog> GoldenLogs() {
  std::ifstream file(kGolden);
  std::vector<GoldenLog> logs;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("delete ")) continue;
    std::istringstream words(line);
    GoldenLog log;
    words >> log.path >> log.field_id >> log.type >> log.num_rows >> log.crc >> log.first >>
        log.last;
    EXPECT_FALSE(words.fail()) << line;
    logs.push_back(log);
  }
  EXPECT_EQ(logs.size(), 6u);
  return logs;
}

std::vector<std::pair<int64_t, uint64_t>> GoldenDeletes() {
  std::vector<std::pair<int64_t, uint64_t>> deletes;
  std::ifstream file(kGolden);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("delete ")) continue;
    std::istringstream words(line.substr(7));
    auto& [key, timestamp] = deletes.emplace_back();
    words >> key >> timestamp;
  }
  return deletes;
}

std::string ShownValue(const arrow::Array& array, int64_t row) {
  if (array.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    return ToHex(AsBytes(ValueBytes(array, row)));
  }
  return array.GetScalar(row).ValueOrDie()->ToString();
}

std::string ValuesCrc(const arrow::Array& array) {
  std::string bytes;
  for (int64_t row = 0; row < array.length(); ++row) bytes += ValueBytes(array, row);
  const uint32_t crc = Crc32(AsBytes(bytes));
  char digits[9];
  std::snprintf(digits, sizeof(digits), "%08x", crc);
  return digits;
}

}  // namespace varve::internal
