// SPDX-License-Identifier: Apache-2.0
#include "packed/join_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "packed/array_conversion.h"
#include "packed/exact_batches.h"
#include "varve/map_guard.h"
#include "varve/status.h"

namespace varve::internal {
namespace {

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const char* values) {
  return arrow::json::ArrayFromJSONString(type, values).ValueOrDie();
}

TEST(JoinArraysTest, IsWhatArrowMakesOfThem) {
  const auto vector = arrow::fixed_size_list(arrow::float32(), 2);
  const std::vector<arrow::ArrayVector> cases = {
      {Json(arrow::int32(), "[1, 2, 3]")->Slice(1), Json(arrow::int32(), "[]"),
       Json(arrow::int32(), "[4, 5]")->Slice(0, 1)},
      {Json(arrow::int64(), "[1, null]"), Json(arrow::int64(), "[7, 8]")->Slice(1)},
      {Json(vector, "[[1, 2], [3, 4], [5, 6]]")->Slice(1, 1), Json(vector, "[[7, 8]]")},
      {Json(vector, "[[1, 2], null]"), Json(vector, "[[7, 8], [9, 10]]")->Slice(1)},
      {Json(vector, "[[1, null]]"), Json(vector, "[[7, 8]]")},
      {Json(arrow::fixed_size_binary(2), R"(["ab", "cd"])"),
       Json(arrow::fixed_size_binary(2), R"(["ef"])")},
      {Json(arrow::utf8(), R"(["a", null])"), Json(arrow::utf8(), R"(["bc"])")},
      {Json(arrow::boolean(), "[true, false]")->Slice(1), Json(arrow::boolean(), "[true]")},
  };
  for (const arrow::ArrayVector& parts : cases) {
    SCOPED_TRACE(parts.front()->type()->ToString());
    const auto joined = JoinArrays(parts).ValueOrDie();
    ASSERT_TRUE(joined->ValidateFull().ok());
    EXPECT_TRUE(joined->Equals(*arrow::Concatenate(parts).ValueOrDie())) << joined->ToString();
  }
}

// A mapped temporary file of two pages of 32-bit numbers from 0 on.
class MappedNumbers {
 public:
  MappedNumbers() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), file_(std::tmpfile()) {
    std::vector<int32_t> numbers(2 * page_ / sizeof(int32_t));
    std::iota(numbers.begin(), numbers.end(), 0);
    EXPECT_EQ(std::fwrite(numbers.data(), 1, 2 * page_, file_), 2 * page_);
    EXPECT_EQ(std::fflush(file_), 0);
    address_ = mmap(nullptr, 2 * page_, PROT_READ, MAP_SHARED, fileno(file_), 0);
    EXPECT_NE(address_, MAP_FAILED);
  }
  ~MappedNumbers() {
    munmap(address_, 2 * page_);
    std::fclose(file_);
  }
  void Truncate() { EXPECT_EQ(ftruncate(fileno(file_), static_cast<off_t>(page_)), 0); }
  std::shared_ptr<arrow::Array> Array() const {
    return MakeDirectArray(arrow::int32(), length(),
                           std::make_shared<arrow::Buffer>(static_cast<const uint8_t*>(address_),
                                                           static_cast<int64_t>(2 * page_)));
  }
  int64_t length() const { return static_cast<int64_t>(2 * page_ / sizeof(int32_t)); }

 private:
  const size_t page_;
  std::FILE* file_;
  void* address_ = nullptr;
};

TEST(JoinArraysTest, AFileThatIsTruncatedIsAnError) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer's own handling of signals and jumps gets in the way";
#endif
  ASSERT_TRUE(InstallMapGuard().ok());
  MappedNumbers file;
  const auto more = Json(arrow::int32(), "[7]");
  const auto with_null = Json(arrow::int32(), "[null]");
  EXPECT_TRUE(JoinArrays({file.Array(), more})
                  .ValueOrDie()
                  ->Slice(0, file.length())
                  ->Equals(*file.Array()));
  file.Truncate();
  EXPECT_TRUE(IsCorruption(JoinArrays({file.Array(), more}).status()));
  EXPECT_TRUE(IsCorruption(JoinArrays({file.Array(), with_null}).status()));

  const auto schema = arrow::schema({arrow::field("n", arrow::int32())});
  const auto batch = arrow::RecordBatch::Make(schema, file.length(), {file.Array()});
  const auto pieces = arrow::RecordBatchReader::Make({batch, batch}, schema).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> out;
  const Status status = MakeExactBatches(pieces, 2 * file.length())->ReadNext(&out);
  EXPECT_TRUE(IsCorruption(status)) << status;
}

}  // namespace
}  // namespace varve::internal
