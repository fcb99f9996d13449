// SPDX-License-Identifier: Apache-2.0
// The dump of docs/format/milvus-packed.md is a file of Milvus, and reads as the page says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "base/testing/hex_dump.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_footer.h"
#include "varve/milvus_packed.h"

namespace varve::internal {
namespace {

constexpr char kPage[] = "docs/format/milvus-packed.md";

TEST(MilvusPackedPageTest, TheDumpIsTheRealFile) {
  std::ifstream file("tests/fixtures/milvus/v2/column_group_1.parquet", std::ios::binary);
  const std::string real(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(ToHex(AsBytes(WholeDump(kPage, "texts"))), ToHex(AsBytes(real)));
}

// The dump's lines of keys are what the codec writes.
TEST(MilvusPackedPageTest, ItsKeysAreWhatIsWritten) {
  const auto dump = ReadDump(kPage, "texts");
  const auto value_of = [&](size_t offset, const std::string& key) {
    const std::string line = dump.at(offset);
    EXPECT_EQ(line.substr(2, key.size()), key);
    // Behind the key the length of the value; a zero ends the pair.
    return line.substr(4 + key.size(), line.size() - 5 - key.size());
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups,
                             ParseGroupFieldIds(value_of(0x1ea, kGroupFieldIdsKey), "the page"));
  EXPECT_EQ(groups, (std::vector<std::vector<int64_t>>{{100, 102}, {101}, {103}}));
  EXPECT_EQ(EncodeGroupFieldIds(groups), value_of(0x1ea, kGroupFieldIdsKey));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto row_groups,
                             ParseRowGroups(value_of(0x211, kRowGroupsKey), "the page"));
  EXPECT_EQ(row_groups, (std::vector<MilvusRowGroup>{{1094, 100, 0}}));
  EXPECT_EQ(EncodeRowGroups(row_groups), value_of(0x211, kRowGroupsKey));
  EXPECT_EQ(value_of(0x232, kStorageVersionKey), kStorageVersion);
}

TEST(MilvusPackedPageTest, ItsRowsAreTheTexts) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager("memory://milvus-packed-page"));
  const std::string file = WholeDump(kPage, "texts");
  VARVE_ASSERT_OK(store->Write("b", AsBytes(file)));
  const auto field = arrow::field("name", arrow::utf8(), false,
                                  arrow::key_value_metadata({"PARQUET:field_id"}, {"101"}));
  std::ifstream first("tests/fixtures/milvus/v2/column_group_0.parquet", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(first), {});
  VARVE_ASSERT_OK(store->Write("a", AsBytes(bytes)));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto stream, OpenMilvusPackedSets(store, {{"a", "b", "c"}}, arrow::schema({field})));
  std::shared_ptr<arrow::RecordBatch> batch;
  VARVE_ASSERT_OK(stream->ReadNext(&batch));
  ASSERT_EQ(batch->num_rows(), 100);
  const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(0));
  for (int64_t row = 0; row < 100; ++row) {
    EXPECT_EQ(texts.GetString(row), "name_" + std::to_string(row));
  }
}

}  // namespace
}  // namespace varve::internal
