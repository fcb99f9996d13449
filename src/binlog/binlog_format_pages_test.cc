// SPDX-License-Identifier: Apache-2.0
// The dumps of docs/format/binlog-v1.md and delta-log.md are files of Milvus, and read as the pages
// say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "base/testing/hex_dump.h"
#include "base/testing/status_assertions.h"
#include "binlog/event_codec.h"
#include "varve/binlog_reader.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"

namespace varve::internal {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

template <typename Array>
auto ValuesOf(const Array& array) {
  return std::vector(array.raw_values(), array.raw_values() + array.length());
}

// The descriptor is written to the last byte as Milvus writes it.
void ExpectSameDescriptor(const BinlogReader& binlog, const std::string& file) {
  std::string written;
  VARVE_ASSERT_OK(EncodeDescriptor(binlog.descriptor(), &written));
  EXPECT_EQ(ToHex(AsBytes(written)), ToHex(AsBytes(file.substr(0, written.size()))));
  ASSERT_EQ(binlog.events().size(), 1u);
  const Event& event = binlog.events()[0];
  EXPECT_EQ(event.offset, static_cast<int64_t>(written.size()));
  written.clear();
  EncodeEventHeader(event.header, &written);
  EXPECT_EQ(ToHex(AsBytes(written)),
            ToHex(AsBytes(file.substr(static_cast<size_t>(event.offset), written.size()))));
}

TEST(BinlogPageTest, TheInsertLogIsATimestampColumn) {
  const std::string file = WholeDump("docs/format/binlog-v1.md", "insert-log");
  const auto bytes = arrow::Buffer::FromString(file);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, "the page"));
  ExpectSameDescriptor(binlog, file);
  EXPECT_EQ(binlog.descriptor().segment_id, 442958042415717570);
  FieldSchema field;
  field.field_id = kTimestampFieldId;
  field.name = kTimestampFieldName;
  field.data_type = DataType::kInt64;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto values, ReadInsertLog(field, bytes, "the page"));
  EXPECT_EQ(values->length(), 3000);
  EXPECT_THAT(ValuesOf(static_cast<const arrow::Int64Array&>(*values)), Each(442959097209290755));
}

TEST(DeltaLogPageTest, TheDeltaLogHasFifteenDeletes) {
  const std::string file = WholeDump("docs/format/delta-log.md", "delta-log");
  const auto bytes = arrow::Buffer::FromString(file);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, "the page"));
  ExpectSameDescriptor(binlog, file);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto deletes, ReadDeltaLog(bytes, "the page"));
  EXPECT_THAT(ValuesOf(static_cast<const arrow::Int64Array&>(*deletes.primary_keys)),
              ElementsAre(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  std::vector<uint64_t> timestamps(5, 442959098087473153);
  timestamps.resize(10, 442959098244759553);
  timestamps.resize(15, 442959099254013955);
  EXPECT_THAT(ValuesOf(*deletes.timestamps), ElementsAreArray(timestamps));
}

}  // namespace
}  // namespace varve::internal
