// SPDX-License-Identifier: Apache-2.0
#include "packed/addressed_chunk_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/array.h"
#include "base/testing/status_assertions.h"
#include "parquet/schema.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

// The widest value whose bytes alone fit a page: with its header it does not.
TEST(AddressedChunkWriterTest, AValueThatFillsAPageToTheBrimIsRefused) {
  constexpr int32_t kWidth = INT32_MAX - 10;
  const auto node = parquet::schema::PrimitiveNode::Make("wide", parquet::Repetition::REQUIRED,
                                                         parquet::Type::FIXED_LEN_BYTE_ARRAY,
                                                         parquet::ConvertedType::NONE, kWidth);
  parquet::SchemaDescriptor schema;
  schema.Init(parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED, {node}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager("memory://addressed-chunk-test"));
  VARVE_ASSERT_OK_AND_ASSIGN(auto file, store->OpenWriter("a.parquet"));
  FileSink sink(std::move(file));
  AddressedChunkWriter writer(AddressedShape::Of(kWidth), schema.Column(0), &sink,
                              /*page_checksums=*/true,
                              /*statistics=*/false, /*bloom=*/nullptr);
  // Refused before it is read: no need for two gigabytes.
  const uint8_t byte = 0;
  const auto rows = std::make_shared<arrow::FixedSizeBinaryArray>(
      arrow::fixed_size_binary(kWidth), 1, std::make_shared<arrow::Buffer>(&byte, kWidth));
  const Status status = writer.WritePage({rows});
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.ToString(), testing::HasSubstr("too wide for a Parquet page: field 'wide'"));
  EXPECT_EQ(sink.position(), 0);
}

}  // namespace
}  // namespace varve::internal
