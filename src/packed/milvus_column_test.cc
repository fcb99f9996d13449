// SPDX-License-Identifier: Apache-2.0
// Values in the form Milvus stores them, read by PackedReader in the form of the schema.
#include "packed/milvus_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/random.h"
#include "base/testing/bit_flips.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_values.h"
#include "packed/packed_file_reader.h"
#include "packed/testing/value_samples.h"
#include "parquet/arrow/writer.h"
#include "storage/testing/far_chunk_manager.h"
#include "storage/testing/storage_operation.h"
#include "varve/milvus_packed.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using StorePtr = std::shared_ptr<ChunkManager>;

StorePtr NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://milvus-column-test-" + std::to_string(next++)).ValueOrDie();
}

StorePtr FarAway(const StorePtr& store) {
  return std::make_shared<FarChunkManager>(store, std::make_shared<StorageInterceptor>());
}

// A column of every kind, and a key before them.
std::shared_ptr<const CollectionSchema> EveryField() {
  std::vector<FieldSchema> fields = {{.name = "key", .data_type = DataType::kInt64}};
  for (FieldSchema field : SampleFields()) {
    field.field_id = -1;
    field.name = std::to_string(fields.size()) + ": " + Describe(field);
    fields.push_back(std::move(field));
  }
  return CollectionSchema::Make(std::move(fields)).ValueOrDie();
}

arrow::ArrayVector RandomColumns(const CollectionSchema& schema, int64_t num_rows, Random* random) {
  arrow::ArrayVector columns;
  for (const FieldSchema& field : schema.fields()) {
    columns.push_back(SampleValues(field, num_rows, random));
  }
  return columns;
}

BatchPtr Stored(const CollectionSchema& schema, const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector stored;
  for (size_t i = 0; i < columns.size(); ++i) {
    const FieldSchema& field = schema.fields()[i];
    stored.push_back(EncodeValues(field, columns[i]).ValueOrDie());
    fields.push_back(arrow::field(
        field.name, stored.back()->type(), field.nullable,
        arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.field_id)})));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), columns.front()->length(),
                                  std::move(stored));
}

// As Milvus writes them: even columns in one file, odd ones in the other.
std::vector<std::string> WriteSet(const StorePtr& store, const BatchPtr& rows,
                                  int64_t row_group_bytes = 200'000) {
  std::vector<ColumnGroup> groups = {{.group_id = 0, .columns = {}},
                                     {.group_id = 1, .columns = {}}};
  for (int i = 0; i < rows->num_columns(); ++i) groups[i % 2].columns.push_back(i);
  if (groups[1].columns.empty()) groups.pop_back();
  std::vector<std::string> paths = {"seg/0/1", "seg/1/2"};
  paths.resize(groups.size());
  const auto writer = MilvusPackedWriter::Make(store, rows->schema(), groups, paths,
                                               {.row_group_bytes = row_group_bytes})
                          .ValueOrDie();
  EXPECT_TRUE(writer->Write(rows).ok());
  EXPECT_TRUE(writer->Close().ok());
  return paths;
}

// As other writers may: small pages, with an index or without.
std::vector<std::string> WriteSmallPages(
    const StorePtr& store, const BatchPtr& rows, bool page_index,
    const std::string& bloom_filter = "",
    parquet::Compression::type codec = parquet::Compression::SNAPPY) {
  parquet::WriterProperties::Builder properties;
  properties.data_pagesize(2000)->write_batch_size(32)->max_row_group_length(700);
  properties.compression(codec)->disable_dictionary();
  if (page_index) properties.enable_write_page_index();
  if (!bloom_filter.empty()) properties.enable_bloom_filter(bloom_filter, {});
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto table = arrow::Table::FromRecordBatches({rows}).ValueOrDie();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 700,
                                         properties.build())
                  .ok());
  const auto bytes = sink->Finish().ValueOrDie();
  EXPECT_TRUE(store->Write("f", {bytes->data(), static_cast<size_t>(bytes->size())}).ok());
  return {"f"};
}

void ExpectRows(const arrow::RecordBatch& found, const arrow::ArrayVector& expected) {
  ASSERT_EQ(found.num_columns(), static_cast<int>(expected.size()));
  VARVE_ASSERT_OK(found.ValidateFull());
  for (int i = 0; i < found.num_columns(); ++i) {
    EXPECT_TRUE(HasSameBits(*found.column(i), *expected[static_cast<size_t>(i)]))
        << found.column_name(i);
  }
}

arrow::ArrayVector Sliced(const arrow::ArrayVector& columns, int64_t begin, int64_t length) {
  arrow::ArrayVector slices;
  for (const auto& column : columns) slices.push_back(column->Slice(begin, length));
  return slices;
}

arrow::ArrayVector Picked(const arrow::ArrayVector& columns, const std::vector<int64_t>& rows) {
  arrow::ArrayVector picked;
  for (const auto& column : columns) {
    arrow::ArrayVector parts;
    for (const int64_t row : rows) parts.push_back(column->Slice(row, 1));
    picked.push_back(arrow::Concatenate(parts).ValueOrDie());
  }
  return picked;
}

Result<BatchPtr> Scanned(const PackedReader& reader, const PackedReadOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto stream, reader.Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
  return table->CombineChunksToBatch();
}

enum class Layout { kSet, kIndexedPages, kPages };

class MilvusFormsTest : public ::testing::TestWithParam<Layout> {
 protected:
  std::vector<std::string> Write(const StorePtr& store, const BatchPtr& rows) {
    if (GetParam() == Layout::kSet) return WriteSet(store, rows);
    return WriteSmallPages(store, rows, GetParam() == Layout::kIndexedPages);
  }
};

INSTANTIATE_TEST_SUITE_P(Layouts, MilvusFormsTest,
                         ::testing::Values(Layout::kSet, Layout::kIndexedPages, Layout::kPages));

TEST_P(MilvusFormsTest, ValuesOfEveryKindAreThoseThatWereWritten) {
  constexpr int64_t kRows = 1600;
  const uint64_t seed = Random::System()->Next();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = Random::Seeded(seed);
  const auto schema = EveryField();
  const auto rows = RandomColumns(*schema, kRows, random.get());
  const auto near = NewStore();
  const auto paths = Write(near, Stored(*schema, rows));
  for (const StorePtr& store : {near, FarAway(near)}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedReader::Open(store, paths, schema));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto all, Scanned(*reader, {.batch_size = 300}));
    ExpectRows(*all, rows);
    for (int i = 0; i < 5; ++i) {
      const auto begin = static_cast<int64_t>(random->Uniform(kRows));
      const auto length = static_cast<int64_t>(random->Uniform(kRows - begin + 1));
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto some,
          Scanned(*reader, {.begin_row = begin,
                            .end_row = begin + length,
                            .batch_size = 1 + static_cast<int64_t>(random->Uniform(300))}));
      ExpectRows(*some, Sliced(rows, begin, length));
    }
    for (const size_t count : {0, 1, 40}) {
      std::vector<int64_t> wanted(count);
      for (int64_t& row : wanted) row = static_cast<int64_t>(random->Uniform(kRows));
      if (count > 2) wanted[2] = wanted[0];
      VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, reader->Take(wanted));
      ExpectRows(*taken, count == 0 ? Sliced(rows, 0, 0) : Picked(rows, wanted));
    }
    std::vector<std::string> problems;
    VARVE_ASSERT_OK(reader->Verify(&problems));
    EXPECT_THAT(problems, IsEmpty());
  }
}

TEST(MilvusColumnTest, BothReadersGiveTheSameValues) {
  const uint64_t seed = Random::System()->Next();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = Random::Seeded(seed);
  const auto schema = EveryField();
  const auto stored = Stored(*schema, RandomColumns(*schema, 500, random.get()));
  const auto store = NewStore();
  const auto paths = WriteSet(store, stored);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                             OpenMilvusPackedSets(store, {paths}, stored->schema()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, stream->ToTable());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto set, table->CombineChunksToBatch());
  arrow::ArrayVector decoded;
  for (int i = 0; i < set->num_columns(); ++i) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        auto values, DecodeValues(schema->fields()[static_cast<size_t>(i)],
                                  {.values = set->column(i)}, paths[static_cast<size_t>(i % 2)]));
    decoded.push_back(std::move(values));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedReader::Open(store, paths, schema));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Scanned(*reader));
  ExpectRows(*found, decoded);
}

TEST(MilvusColumnTest, EdgesOfArraysAreRead) {
  FieldSchema field{.name = "f", .data_type = DataType::kArray, .nullable = true};
  field.element_type = DataType::kInt64;
  const auto schema = CollectionSchema::Make({field}).ValueOrDie();
  // A row without bytes is an empty array, as some writers have it.
  arrow::BinaryBuilder builder;
  VARVE_ASSERT_OK(builder.Append(""));
  VARVE_ASSERT_OK(builder.AppendNull());
  VARVE_ASSERT_OK(builder.Append(std::string("\x1a\x00", 2)));
  VARVE_ASSERT_OK(builder.Append("\x1a\x04\x0a\x02\x01\x02"));
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("f", arrow::binary(), true)}), 4, {*builder.Finish()});
  const auto store = NewStore();
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto reader, PackedReader::Open(store, WriteSmallPages(store, rows, false), schema));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Scanned(*reader));
  ExpectRows(*found, {*arrow::json::ArrayFromJSONString(arrow::list(arrow::int64()),
                                                        "[[], null, [], [1, 2]]")});
}

// Rows of a column, and one that breaks a rule.
struct BadColumn {
  std::string what;
  FieldSchema field;
  std::string good;
  std::string bad;
};

std::vector<BadColumn> BadColumns() {
  const auto array = [](DataType element) {
    return FieldSchema{.name = "f", .data_type = DataType::kArray, .element_type = element};
  };
  FieldSchema vector{.name = "f", .data_type = DataType::kFloatVector, .nullable = true, .dim = 1};
  FieldSchema short_array = array(DataType::kInt64);
  short_array.max_capacity = 2;
  const std::string longs = "\x1a\x04\x0a\x02\x01\x02";
  return {
      {"bytes that are no array", array(DataType::kInt64), longs, "no message"},
      {"member 2", array(DataType::kInt64), longs, "\x12\x04\x0a\x02\x01\x02"},
      {"of another shape", array(DataType::kInt64), longs, "\x1a\x02\x0a\x80"},
      {"text that is not UTF-8", array(DataType::kVarChar), "\x32\x03\x0a\x01x",
       "\x32\x03\x0a\x01\xff"},
      {"array too long", short_array, longs, "\x1a\x05\x0a\x03\x01\x02\x03"},
      {"vector of another length", vector, "1234", "12345"},
      {"vector of another length", vector, "1234", ""},
  };
}

TEST(MilvusColumnTest, ABadRowIsCorruptionThatNamesIt) {
  constexpr int64_t kRows = 3000;
  constexpr int64_t kBadRow = 2345;
  for (const BadColumn& column : BadColumns()) {
    SCOPED_TRACE(column.what);
    arrow::BinaryBuilder builder;
    for (int64_t row = 0; row < kRows; ++row) {
      VARVE_ASSERT_OK(builder.Append(row == kBadRow ? column.bad : column.good));
    }
    const auto rows = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("f", arrow::binary(), column.field.nullable)}), kRows,
        {*builder.Finish()});
    const auto near = NewStore();
    const auto paths = WriteSmallPages(near, rows, /*page_index=*/true);
    const auto schema = CollectionSchema::Make({column.field}).ValueOrDie();
    for (const StorePtr& store : {near, FarAway(near)}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedReader::Open(store, paths, schema));
      const auto expect_named = [&](const Status& status, int64_t first_row) {
        EXPECT_TRUE(IsCorruption(status)) << status;
        EXPECT_THAT(status.message(), HasSubstr(column.what));
        EXPECT_THAT(status.message(), HasSubstr("field 'f'"));
        EXPECT_THAT(status.message(), HasSubstr("object 'f'"));
        EXPECT_THAT(status.message(),
                    HasSubstr("row " + std::to_string(kBadRow - first_row) + ":"));
        EXPECT_THAT(status.message(),
                    HasSubstr("rows counted from row " + std::to_string(first_row)));
      };
      expect_named(
          Scanned(*reader, {.begin_row = 2300, .end_row = 2400, .batch_size = 100}).status(), 2300);
      expect_named(reader->Take({7, 2999, kBadRow, 8}).status(), kBadRow);
      EXPECT_TRUE(IsCorruption(Scanned(*reader).status()));
      // The others are there.
      VARVE_ASSERT_OK(Scanned(*reader, {.end_row = 2000}).status());
      VARVE_ASSERT_OK(reader->Take({kBadRow - 1, kBadRow + 1}).status());
    }
  }
}

TEST(MilvusColumnTest, ColumnsThatAreInNoFormOfTheFieldAreRefused) {
  FieldSchema array{.field_id = 100, .name = "f", .data_type = DataType::kArray};
  array.element_type = DataType::kInt64;
  FieldSchema vector{.field_id = 100, .name = "f", .data_type = DataType::kFloatVector, .dim = 2};
  FieldSchema vectors{.field_id = 100, .name = "f", .data_type = DataType::kArrayOfVector};
  vectors.dim = 2;
  vectors.element_type = DataType::kFloatVector;
  vectors.arrow_type = arrow::list(arrow::fixed_size_list(arrow::float32(), 2));
  const struct {
    FieldSchema field;
    std::shared_ptr<arrow::DataType> stored;
  } columns[] = {
      {array, arrow::utf8()},
      {array, arrow::fixed_size_binary(8)},
      {array, arrow::int64()},
      {vector, arrow::utf8()},
      {vectors, arrow::binary()},
      {vectors, arrow::list(arrow::fixed_size_binary(4))},
      {vectors, arrow::list(arrow::list(arrow::fixed_size_binary(8)))},
  };
  for (const auto& column : columns) {
    SCOPED_TRACE(std::string(DataTypeName(column.field.data_type)) + " from " +
                 column.stored->ToString());
    const auto rows =
        arrow::RecordBatch::Make(arrow::schema({arrow::field("f", column.stored, true)}), 1,
                                 {*arrow::MakeArrayOfNull(column.stored, 1)});
    const auto store = NewStore();
    const auto path = WriteSmallPages(store, rows, /*page_index=*/false).front();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto file, PackedFileReader::Open(store, path));
    const Status status = file->Column(column.field).status();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported) << status;
    EXPECT_THAT(status.message(), HasSubstr("field 'f'"));
  }
}

// Bounds and hashes of messages say nothing of the lists in them.
TEST(MilvusColumnTest, StatisticsOfStoredBytesAreNobodysBounds) {
  const std::string message = "\x1a\x04\x0a\x02\x01\x02";
  const FieldSchema bytes{.field_id = 100, .name = "f", .arrow_type = arrow::binary()};
  arrow::BinaryBuilder builder;
  for (int row = 0; row < 700; ++row) VARVE_ASSERT_OK(builder.Append(message));
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("f", arrow::binary(), false)}), 700, {*builder.Finish()});
  const auto store = NewStore();
  const auto path = WriteSmallPages(store, rows, /*page_index=*/true, /*bloom_filter=*/"f").front();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto file, PackedFileReader::Open(store, path));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto plain, file->Column(bytes));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bounds, plain->Zones());
  EXPECT_EQ(bounds.front().statistics.min, StatisticValue(message));
  const StatisticValue other = std::string("other");
  EXPECT_EQ(plain->MayContain(other).ValueOrDie(), std::vector<bool>{false});

  FieldSchema array{.field_id = 100, .name = "f", .data_type = DataType::kArray};
  array.element_type = DataType::kInt64;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, file->Column(array));
  EXPECT_EQ(column->MayContain(other).ValueOrDie(), std::vector<bool>{true});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto zones, column->Zones());
  int64_t next = 0;
  for (const PageZone& zone : zones) {
    EXPECT_EQ(zone.begin_row, next);
    next = zone.end_row;
    EXPECT_EQ(zone.statistics.min, StatisticValue());
    EXPECT_EQ(zone.statistics.max, StatisticValue());
  }
  EXPECT_EQ(next, 700);
  EXPECT_EQ(column->fixed_width(), 0);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto lists, column->Take(std::vector<int64_t>{699, 0}, true));
  EXPECT_TRUE(lists->Equals(
      arrow::json::ArrayFromJSONString(column->type(), "[[1, 2], [1, 2]]").ValueOrDie()));
}

// One file, one column, two fields: each gets its own values.
TEST(MilvusColumnTest, AColumnIsReadForTheFieldThatAsks) {
  FieldSchema array{.field_id = 100, .name = "f", .data_type = DataType::kArray};
  array.element_type = DataType::kTimestamptz;
  arrow::BinaryBuilder builder;
  VARVE_ASSERT_OK(builder.Append("\x5a\x03\x0a\x01\x05"));
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("f", arrow::binary(), false)}), 1, {*builder.Finish()});
  const auto store = NewStore();
  const auto path = WriteSmallPages(store, rows, false).front();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto file, PackedFileReader::Open(store, path));
  FieldSchema longs = array;
  longs.element_type = DataType::kInt64;  // of the same Arrow type
  for (int round = 0; round < 2; ++round) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto instants, file->Column(array));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, instants->Read(0, 1, true));
    EXPECT_TRUE(found->Equals(
        arrow::json::ArrayFromJSONString(arrow::list(arrow::int64()), "[[5]]").ValueOrDie()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto numbers, file->Column(longs));
    EXPECT_TRUE(IsCorruption(numbers->Read(0, 1, true).status()));
  }
}

// Counts what a far store is asked for, and flips a bit of what it answers.
class Watcher : public StorageInterceptor {
 public:
  Status After(StorageOperation operation, const std::string&, int64_t, int64_t) override {
    const bool reads =
        operation == StorageOperation::kReadAt || operation == StorageOperation::kReadRanges;
    num_waves += reads ? 1 : 0;
    return Status::OK();
  }
  void ChangeRead(const std::string&, int64_t offset, std::span<uint8_t> bytes) override {
    const int64_t at = flip_at - offset;
    if (at < 0 || at >= static_cast<int64_t>(bytes.size()) || flips_left-- <= 0) return;
    bytes[static_cast<size_t>(at)] ^= 0x10;
  }

  int64_t num_waves = 0;
  int64_t flip_at = -1;
  int flips_left = 0;
};

struct FarArrays {
  std::shared_ptr<Watcher> watcher = std::make_shared<Watcher>();
  std::shared_ptr<PackedFileReader> file;
  std::shared_ptr<const PackedColumnReader> column;
  ArrayPtr values;
  int64_t place = 0;  // of row 1234 in the file
};

// Arrays without checksums, in pages with an index; each row has its number.
FarArrays MakeFarArrays() {
  FieldSchema field{.field_id = 100, .name = "f", .data_type = DataType::kArray};
  field.element_type = DataType::kVarChar;
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>());
  for (int64_t row = 0; row < 2000; ++row) {
    EXPECT_TRUE(lists.Append().ok());
    const std::string text = "number " + std::to_string(row);
    EXPECT_TRUE(static_cast<arrow::StringBuilder*>(lists.value_builder())->Append(text).ok());
  }
  FarArrays far;
  far.values = lists.Finish().ValueOrDie();
  const auto schema = CollectionSchema::Make({field}).ValueOrDie();
  const auto near = NewStore();
  const auto path = WriteSmallPages(near, Stored(*schema, {far.values}), /*page_index=*/true,
                                    /*bloom_filter=*/"", parquet::Compression::UNCOMPRESSED)
                        .front();
  far.place = static_cast<int64_t>(near->Read(path).ValueOrDie()->ToString().find("number 1234"));
  const auto store = std::make_shared<FarChunkManager>(near, far.watcher);
  far.file = PackedFileReader::Open(store, path).ValueOrDie();
  far.column = far.file->Column(field).ValueOrDie();
  far.watcher->num_waves = 0;
  return far;
}

TEST(MilvusColumnTest, FarRowsAreFetchedInWaves) {
  const FarArrays far = MakeFarArrays();
  VARVE_ASSERT_OK(far.column->Take(std::vector<int64_t>{0, 800, 1500}, true).status());
  far.watcher->num_waves = 0;  // where pages are is known now
  const std::vector<int64_t> rows = {1999, 3, 700, 1234, 5, 1000};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, far.column->Take(rows, true));
  EXPECT_TRUE(taken->Equals(Picked({far.values}, rows).front()));
  EXPECT_EQ(far.watcher->num_waves, 1);
  far.watcher->num_waves = 0;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, far.column->Read(100, 1900, true));
  EXPECT_TRUE(read->Equals(far.values->Slice(100, 1800)));
  EXPECT_EQ(far.watcher->num_waves, 1);
  EXPECT_GT(far.column->far_row_bytes(), 11);
}

// Where no checksum tells, the value does: text that was damaged on its way is fetched again.
TEST(MilvusColumnTest, ValuesDamagedOnTheirWayAreFetchedAgain) {
  for (const int flips : {1, 2}) {
    const FarArrays far = MakeFarArrays();
    ASSERT_GT(far.place, 0);
    far.watcher->flip_at = far.place - 2;  // the tag of the first element
    far.watcher->flips_left = flips;
    const auto taken = far.column->Take(std::vector<int64_t>{1234}, true);
    if (flips == 1) {
      VARVE_ASSERT_OK(taken.status());
      EXPECT_TRUE((*taken)->Equals(far.values->Slice(1234, 1)));
    } else {
      EXPECT_TRUE(IsCorruption(taken.status())) << taken.status();
      EXPECT_THAT(taken.status().message(), HasSubstr("rows counted from row 1234"));
    }
  }
}

// Wherever a bit changes before the footer: an error, or the rows that were written. (No checksum
// covers the footer: a field id that changes there is a field that the file lacks, and so null.)
TEST(MilvusColumnTest, FlippedBitsAreFoundOrHarmless) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  const auto field = [](DataType type, DataType element = DataType::kNone) {
    FieldSchema made{.data_type = type, .nullable = true};
    made.name = std::string(DataTypeName(type)) + " " + std::string(DataTypeName(element));
    made.element_type = element;
    made.dim = type == DataType::kArray ? 0 : 16;
    return made;
  };
  FieldSchema vectors = field(DataType::kArrayOfVector, DataType::kFloatVector);
  vectors.arrow_type = arrow::list(arrow::fixed_size_list(arrow::float32(), 16));
  const auto schema = CollectionSchema::Make({field(DataType::kArray, DataType::kVarChar),
                                              field(DataType::kFloatVector),
                                              field(DataType::kArray, DataType::kInt8), vectors,
                                              field(DataType::kArray, DataType::kGeometry)})
                          .ValueOrDie();
  const auto rows = RandomColumns(*schema, 60, random.get());
  const auto store = NewStore();
  const auto paths = WriteSet(store, Stored(*schema, rows), 4000);
  const int64_t flips = NumBitFlips() / 20;
  int64_t found_errors = 0;
  for (int64_t i = 0; i < flips; ++i) {
    const std::string& path = paths[static_cast<size_t>(i) % paths.size()];
    VARVE_ASSERT_OK_AND_ASSIGN(const auto whole, store->Read(path));
    std::string damaged = whole->ToString();
    uint32_t footer_bytes;
    std::memcpy(&footer_bytes, damaged.data() + damaged.size() - 8, sizeof(footer_bytes));
    const size_t at = random->Uniform(damaged.size() - 8 - footer_bytes);
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random->Uniform(8)));
    VARVE_ASSERT_OK(
        store->Write(path, {reinterpret_cast<const uint8_t*>(damaged.data()), damaged.size()}));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", byte " + std::to_string(at) + " of " + path);
    const auto read = [&]() -> Result<BatchPtr> {
      ARROW_ASSIGN_OR_RAISE(const auto reader, PackedReader::Open(store, paths, schema));
      return Scanned(*reader);
    }();
    if (read.ok()) {
      ExpectRows(**read, rows);
    } else {
      ++found_errors;
    }
    if (HasFailure()) return;
    VARVE_ASSERT_OK(store->Write(path, {whole->data(), static_cast<size_t>(whole->size())}));
  }
  EXPECT_GT(found_errors, flips / 4);
}

}  // namespace
}  // namespace varve::internal
