// SPDX-License-Identifier: Apache-2.0
#include "packed/encoding_policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/util/compression.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

constexpr int64_t kRows = 20'000;

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> Make(const std::function<Value(int64_t)>& value) {
  Builder builder;
  for (int64_t i = 0; i < kRows; ++i) EXPECT_TRUE(builder.Append(value(i)).ok());
  return builder.Finish().ValueOrDie();
}

Result<ColumnEncoding> Choose(const std::shared_ptr<arrow::Array>& array, double row_bytes,
                              FieldSchema field = {}, FieldWriteOptions options = {}) {
  return ChooseEncoding(field, *array->type(), {array}, row_bytes, options);
}

TEST(EncodingPolicyTest, CountersAndPrimaryKeysStayPlain) {
  const auto counter = Make<arrow::Int64Builder, int64_t>([](int64_t i) { return i + 7; });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto encoding, Choose(counter, 20));
  EXPECT_TRUE(encoding.addressed);
  const auto steps = Make<arrow::Int64Builder, int64_t>([](int64_t i) { return i * 37; });
  FieldSchema key;
  key.primary_key = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_key, Choose(steps, 20, key));
  EXPECT_TRUE(of_key.addressed);
}

TEST(EncodingPolicyTest, SortedTimesAreDeltas) {
  const auto times =
      Make<arrow::Int64Builder, int64_t>([](int64_t i) { return 1'700'000'000'000 + i * 37; });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto encoding, Choose(times, 3228));
  EXPECT_FALSE(encoding.addressed);
  EXPECT_EQ(encoding.encoding, parquet::Encoding::DELTA_BINARY_PACKED);
  EXPECT_EQ(encoding.codec, arrow::Compression::UNCOMPRESSED);
}

TEST(EncodingPolicyTest, SavingsTooSmallForTheRowStayPlain) {
  const auto random = Random::Seeded(20261121);
  const auto labels = Make<arrow::Int32Builder, int32_t>(
      [&](int64_t) { return static_cast<int32_t>(random->Uniform(1000)); });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto wide, Choose(labels, 3228));
  EXPECT_TRUE(wide.addressed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto narrow, Choose(labels, 100));
  EXPECT_FALSE(narrow.addressed);
}

TEST(EncodingPolicyTest, FewFloatsAreADictionaryManyAreSplit) {
  const auto random = Random::Seeded(20261121);
  const auto few = Make<arrow::DoubleBuilder, double>(
      [&](int64_t) { return static_cast<double>(random->Uniform(500)) / 100; });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto dictionary, Choose(few, 100));
  EXPECT_TRUE(dictionary.dictionary);
  const auto many = Make<arrow::DoubleBuilder, double>(
      [&](int64_t) { return static_cast<double>(random->Uniform(1 << 30)); });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto split, Choose(many, 30));
  EXPECT_EQ(split.encoding, parquet::Encoding::BYTE_STREAM_SPLIT);
  EXPECT_EQ(split.codec, arrow::Compression::ZSTD);
}

TEST(EncodingPolicyTest, ACodecToldIsUsedWhateverItSaves) {
  const auto random = Random::Seeded(20261127);
  const auto counter = Make<arrow::Int64Builder, int64_t>([](int64_t i) { return i + 7; });
  const auto times =
      Make<arrow::Int64Builder, int64_t>([](int64_t i) { return 1'700'000'000'000 + i * 37; });
  const auto few = Make<arrow::Int32Builder, int32_t>(
      [&](int64_t) { return static_cast<int32_t>(random->Uniform(5)); });
  const auto small = Make<arrow::Int8Builder, int8_t>(
      [&](int64_t) { return static_cast<int8_t>(random->Uniform(100)); });
  for (const auto& array : {counter, times, few, small}) {
    SCOPED_TRACE(array->type()->ToString());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto untold, Choose(array, 30));
    EXPECT_EQ(untold.codec, arrow::Compression::UNCOMPRESSED);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto told, ChooseEncoding({}, *array->type(), {array}, 30,
                                        {.compression = Compression::kGzip, .level = 7}, true));
    EXPECT_FALSE(told.addressed);
    EXPECT_EQ(told.codec, arrow::Compression::GZIP);
    EXPECT_EQ(told.level, 7);
    EXPECT_EQ(told.encoding, untold.encoding);
    EXPECT_EQ(told.dictionary, untold.dictionary);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto none,
        ChooseEncoding({}, *array->type(), {array}, 30, {.compression = Compression::kNone}, true));
    EXPECT_EQ(none.addressed, untold.addressed);
    EXPECT_EQ(none.codec, arrow::Compression::UNCOMPRESSED);
  }
}

TEST(EncodingPolicyTest, TextPagesHoldAPowerOfTwoOfRows) {
  const auto texts = Make<arrow::StringBuilder, std::string>(
      [](int64_t i) { return std::string(110, 'a') + std::to_string(i); });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto encoding, Choose(texts, 3228));
  EXPECT_EQ(encoding.rows_per_page, 64);
  EXPECT_EQ(encoding.codec, arrow::Compression::ZSTD);
  EXPECT_EQ(encoding.level, 1);
  EXPECT_EQ(encoding.encoding, parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
  EXPECT_FALSE(encoding.dictionary);
  const auto words =
      Make<arrow::StringBuilder, std::string>([](int64_t i) { return std::to_string(i % 9); });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_words,
                             Choose(words, 3228, {}, {.compression = Compression::kSnappy}));
  EXPECT_TRUE(of_words.dictionary);
  EXPECT_EQ(of_words.codec, arrow::Compression::SNAPPY);
}

}  // namespace
}  // namespace varve::internal
