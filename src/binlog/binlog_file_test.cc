// SPDX-License-Identifier: Apache-2.0
// Files of every kind, opened without knowing what they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/testing/value_samples.h"
#include "varve/binlog.h"
#include "varve/data_codec.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"

namespace varve::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BinlogFileTest : public ::testing::Test {
 protected:
  void SetUp() override { store_ = OpenChunkManager("memory://binlog-file-test").ValueOrDie(); }

  Result<std::unique_ptr<BinlogFile>> OpenWith(const arrow::Buffer& bytes) {
    ARROW_RETURN_NOT_OK(store_->Write("log/7", {bytes.data(), static_cast<size_t>(bytes.size())}));
    return BinlogFile::Open(store_, "log/7");
  }

  std::shared_ptr<ChunkManager> store_;
};

TEST_F(BinlogFileTest, InsertLogsOfEveryType) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  int num_compared = 0;
  for (FieldSchema field : SampleFields()) {
    if (field.data_type == DataType::kNone) continue;
    SCOPED_TRACE(Describe(field));
    field.field_id = 100;
    FieldSchema plain = field;
    plain.arrow_type = nullptr;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto type, DefaultArrowType(plain));
    const auto values = SampleValues(field, 20, random.get());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                               WriteInsertLog(field, values,
                                              {.collection_id = 1,
                                               .partition_id = 2,
                                               .segment_id = 3,
                                               .start_timestamp = 5,
                                               .end_timestamp = uint64_t{1} << 63}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto file, OpenWith(*bytes));
    const BinlogInfo& info = file->info();
    EXPECT_EQ(info.file_bytes, bytes->size());
    EXPECT_THAT((std::vector<int64_t>{info.collection_id, info.partition_id, info.segment_id,
                                      info.field_id}),
                ElementsAre(1, 2, 3, 100));
    EXPECT_EQ(info.data_type, field.data_type);
    EXPECT_EQ(info.nullable, field.nullable);
    EXPECT_EQ(info.end_timestamp, uint64_t{1} << 63);
    ASSERT_EQ(info.events.size(), 1u);
    EXPECT_EQ(info.events[0].type, "InsertEvent");
    EXPECT_EQ(info.events[0].num_rows, 20);
    EXPECT_EQ(info.events[0].offset + info.events[0].event_bytes, bytes->size());
    EXPECT_EQ(info.events[0].end_timestamp, uint64_t{1} << 63);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, file->Read());
    EXPECT_THAT(rows->schema()->field_names(), ElementsAre("value"));
    EXPECT_EQ(rows->num_rows(), 20);
    if (field.data_type == DataType::kArray) {
      // Which elements they have is for the schema to say.
      EXPECT_EQ(rows->column(0)->type_id(), arrow::Type::BINARY);
      continue;
    }
    EXPECT_TRUE(rows->column(0)->type()->Equals(*type)) << rows->column(0)->type()->ToString();
    if (!values->type()->Equals(*type)) continue;  // another spelling of the same values
    ++num_compared;
    EXPECT_TRUE(HasSameBits(*rows->column(0), *values)) << rows->ToString();
  }
  EXPECT_GE(num_compared, 30);
}

TEST_F(BinlogFileTest, DeltaLogsAndIndexFiles) {
  arrow::StringBuilder keys;
  arrow::UInt64Builder times;
  VARVE_ASSERT_OK(keys.AppendValues({"a", "b"}));
  VARVE_ASSERT_OK(times.AppendValues(std::vector<uint64_t>{7, UINT64_MAX}));
  const DeleteData deletes{keys.Finish().ValueOrDie(), std::static_pointer_cast<arrow::UInt64Array>(
                                                           times.Finish().ValueOrDie())};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto delta, WriteDeltaLog(deletes, {}, DeltaLogForm::kJsonRows));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto delta_file, OpenWith(*delta));
  EXPECT_EQ(delta_file->info().events[0].type, "DeleteEvent");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, delta_file->Read());
  EXPECT_THAT(rows->schema()->field_names(), ElementsAre("pk", "ts"));
  EXPECT_TRUE(rows->column(0)->Equals(*deletes.primary_keys));
  EXPECT_TRUE(rows->column(1)->Equals(*deletes.timestamps));

  IndexData index{.bytes = arrow::Buffer::FromString("an index")};
  index.descriptor.extras[kIndexBuildIdExtra] = "9";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(index, StorageType::kRemote));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto index_file, OpenWith(*bytes));
  EXPECT_EQ(index_file->info().events[0].num_rows, -1);
  EXPECT_EQ(index_file->info().extras.at(kIndexBuildIdExtra), "9");
  EXPECT_EQ(KindOf(index_file->Read().status()), ErrorKind::kUnsupported);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto blob, index_file->ReadIndex());
  EXPECT_EQ(blob->ToString(), "an index");
  EXPECT_EQ(KindOf(delta_file->ReadIndex().status()), ErrorKind::kUnsupported);
}

TEST_F(BinlogFileTest, WhatIsNoBinlogIsNamed) {
  EXPECT_TRUE(IsNotFound(BinlogFile::Open(store_, "absent").status()));
  for (const std::string text : {"", "PAR1PAR1", "bc"}) {
    const auto file = OpenWith(*arrow::Buffer::FromString(text));
    EXPECT_TRUE(IsCorruption(file.status()));
    EXPECT_THAT(file.status().ToString(), AllOf(HasSubstr("log/7"), HasSubstr("offset")));
  }
}

}  // namespace
}  // namespace varve::internal
