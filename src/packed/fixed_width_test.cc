// SPDX-License-Identifier: Apache-2.0
#include "packed/fixed_width.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_binary.h"
#include "arrow/type.h"
#include "base/testing/status_assertions.h"
#include "packed/array_conversion.h"

namespace varve::internal {
namespace {

TEST(PlainWidthTest, IsTheBytesOfAValueWhereTheyAreStoredAsTheyAre) {
  EXPECT_EQ(PlainWidth(*arrow::int64()), 8);
  EXPECT_EQ(PlainWidth(*arrow::float16()), 2);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_binary(13)), 13);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::float32(), 768)), 3072);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::boolean(), 8)), 0);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::utf8(), 2)), 0);
  EXPECT_EQ(PlainWidth(*arrow::timestamp(arrow::TimeUnit::SECOND)), 0);
  EXPECT_EQ(PlainWidth(*arrow::boolean()), 0);
}

TEST(PlainWidthTest, IsNoneWhereItWouldNotFit) {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::uint8(), kMax)), kMax);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::float32(), kMax / 4)), kMax / 4 * 4);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::float32(), kMax / 4 + 1)), 0);
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::float64(), kMax)), 0);
  // 2^32 + 16 bytes: 16 in 32 bits.
  EXPECT_EQ(PlainWidth(*arrow::fixed_size_list(arrow::int64(), (1 << 29) + 2)), 0);
}

// A schema of somebody else's may ask for vectors that the stored bytes cannot be.
TEST(PlainWidthTest, BytesAreNeverTakenForAVectorThatDoesNotFit) {
  for (const int32_t width : {0, 16}) {
    arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(width));
    VARVE_ASSERT_OK(builder.Append("0123456789abcdef"));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, builder.Finish());
    const auto type = arrow::fixed_size_list(arrow::int64(), (1 << 29) + 2);
    const auto refused = ConvertArray(bytes, type).status();
    EXPECT_TRUE(refused.IsNotImplemented()) << width << ": " << refused;
  }
  arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(16));
  VARVE_ASSERT_OK(builder.Append("0123456789abcdef"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, builder.Finish());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto vectors,
                             ConvertArray(bytes, arrow::fixed_size_list(arrow::int64(), 2)));
  const auto& items = *static_cast<const arrow::FixedSizeListArray&>(*vectors).values();
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(items).Value(0), 0x3736353433323130);
}

}  // namespace
}  // namespace varve::internal
