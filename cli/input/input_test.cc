// SPDX-License-Identifier: Apache-2.0
#include "cli/input/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "arrow/array/array_nested.h"
#include "arrow/io/file.h"
#include "arrow/ipc/writer.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "varve/status.h"

namespace varve::cli {
namespace {

using ::testing::HasSubstr;

class InputTest : public ::testing::Test {
 protected:
  InputTest() {
    std::string folder = std::filesystem::temp_directory_path() / "varve-input-test-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
  }
  ~InputTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& bytes) const {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static Result<std::shared_ptr<arrow::Table>> ReadAll(const std::string& path,
                                                       const InputOptions& options = {}) {
    ARROW_ASSIGN_OR_RAISE(const Input input, OpenInput(path, options));
    return input.reader->ToTable();
  }

  // The table as JSON-like text of its only chunk, for comparing values.
  static std::string Values(const std::shared_ptr<arrow::Table>& table) {
    const auto batch = table->CombineChunksToBatch().ValueOrDie();
    return batch->ToStructArray().ValueOrDie()->ToString();
  }
  static std::string Expected(const std::shared_ptr<arrow::Schema>& schema,
                              const std::string& json) {
    return arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json)
        .ValueOrDie()
        ->ToString();
  }

  static std::string Npy(const std::string& descr, const std::string& order,
                         const std::string& shape, const std::string& values) {
    std::string header =
        "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
    header.resize(118 - 1, ' ');
    return std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header + "\n" +
           values;
  }
  template <typename T>
  static std::string Bytes(std::initializer_list<T> values) {
    return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
  }
  static std::string Record(std::initializer_list<float> values) {
    return Bytes<int32_t>({static_cast<int32_t>(values.size())}) + Bytes<float>(values);
  }

  std::filesystem::path folder_;
};

std::shared_ptr<arrow::Schema> Vectors(const std::string& name, int32_t dimension) {
  return arrow::schema({arrow::field(
      name, arrow::fixed_size_list(arrow::field("item", arrow::float32(), false), dimension),
      false)});
}

TEST_F(InputTest, ReadsNpyMatrixAsVectors) {
  const auto path =
      File("a.npy", Npy("<f4", "False", "(2, 3)", Bytes<float>({1, 2, 3, 4, 5.5, -6})));
  const auto table = ReadAll(path).ValueOrDie();
  EXPECT_TRUE(table->schema()->Equals(*Vectors("embedding", 3)));
  EXPECT_EQ(Values(table), Expected(Vectors("embedding", 3),
                                    R"([{"embedding":[1,2,3]},{"embedding":[4,5.5,-6]}])"));
}

TEST_F(InputTest, ReadsNpyOfOneDimensionAsScalars) {
  const auto path = File("a.npy", Npy("<i8", "False", "(3,)", Bytes<int64_t>({7, -8, 9})));
  const auto table = ReadAll(path, {.column = "n"}).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("n", arrow::int64(), false)});
  EXPECT_TRUE(table->schema()->Equals(*schema));
  EXPECT_EQ(Values(table), Expected(schema, R"([{"n":7},{"n":-8},{"n":9}])"));
}

TEST_F(InputTest, NamesVectorsAfterTheTablesOnlyVectorField) {
  const auto path = File("a.npy", Npy("<f4", "False", "(1, 2)", Bytes<float>({1, 2})));
  EXPECT_EQ(ReadAll(path, {.target = Vectors("emb", 2)}).ValueOrDie()->schema()->field(0)->name(),
            "emb");
}

TEST_F(InputTest, RefusesDamagedNpy) {
  const std::string good = Npy("<f4", "False", "(2, 3)", Bytes<float>({1, 2, 3, 4, 5, 6}));
  const struct {
    std::string bytes;
    ErrorKind kind;
    const char* message;
  } cases[] = {
      {"", ErrorKind::kCorruption, "first bytes"},
      {"\x93NUMPX\x01", ErrorKind::kCorruption, "first bytes"},
      {good.substr(0, good.size() - 1), ErrorKind::kCorruption, "24 bytes of values"},
      {good + "x", ErrorKind::kCorruption, "found 25"},
      {good.substr(0, 40), ErrorKind::kCorruption, "header longer"},
      {Npy("<f4", "True", "(2, 3)", ""), ErrorKind::kUnsupported, "by columns"},
      {Npy(">f4", "False", "(2, 3)", ""), ErrorKind::kUnsupported, "astype"},
      {Npy("<f4", "False", "(2, 3, 4)", ""), ErrorKind::kUnsupported, "one or two"},
      {Npy("<f4", "False", "(4611686018427387904, 4)", ""), ErrorKind::kCorruption, "shape"},
      {Npy("<f4", "False", "(99999999999999999999, 4)", ""), ErrorKind::kCorruption, "shape"},
      {Npy("<f4", "False", "(-1, 4)", ""), ErrorKind::kCorruption, "shape"},
  };
  for (const auto& c : cases) {
    const auto path = File("bad.npy", c.bytes);
    const auto read = ReadAll(path);
    ASSERT_FALSE(read.ok()) << c.message;
    EXPECT_EQ(KindOf(read.status()), c.kind) << read.status().ToString();
    EXPECT_THAT(read.status().message(), HasSubstr(c.message));
    EXPECT_THAT(read.status().message(), HasSubstr(path));
  }
}

TEST_F(InputTest, ReadsFvecs) {
  const auto path = File("a.fvecs", Record({1, 2}) + Record({3, 4}));
  EXPECT_EQ(Values(ReadAll(path).ValueOrDie()),
            Expected(Vectors("embedding", 2), R"([{"embedding":[1,2]},{"embedding":[3,4]}])"));
}

TEST_F(InputTest, ReadsBvecsAndIvecs) {
  const auto bytes = File("a.bvecs", Bytes<int32_t>({2}) + "\x01\xff");
  EXPECT_EQ(ReadAll(bytes).ValueOrDie()->schema()->field(0)->type()->ToString(),
            "fixed_size_list<item: uint8 not null>[2]");
  const auto ints = File("a.ivecs", Bytes<int32_t>({2, 5, 6}));
  EXPECT_THAT(Values(ReadAll(ints).ValueOrDie()), HasSubstr("5,"));
}

TEST_F(InputTest, RefusesDamagedFvecsNamingTheOffset) {
  const struct {
    std::string bytes;
    const char* message;
  } cases[] = {
      {"", "too short"},
      {Bytes<int32_t>({0}), "not a dimension"},
      {Bytes<int32_t>({-5}), "not a dimension"},
      {Bytes<int32_t>({2000000000}), "not a dimension"},
      {Record({1, 2}) + "xyz", "offset 12"},
      {Record({1, 2}) + Bytes<int32_t>({3, 0, 0}), "offset 12, expected 2, found 3"},
  };
  for (const auto& c : cases) {
    const auto read = ReadAll(File("bad.fvecs", c.bytes));
    ASSERT_FALSE(read.ok()) << c.message;
    EXPECT_TRUE(IsCorruption(read.status())) << read.status().ToString();
    EXPECT_THAT(read.status().message(), HasSubstr(c.message));
  }
}

TEST_F(InputTest, ReadsJsonLinesAndFindsVectors) {
  const auto path = File("a.jsonl", R"({"id":1,"name":"a","v":[0.5,1],"tags":["x"]})"
                                    "\n"
                                    R"({"id":2,"name":null,"v":[2,3.25],"tags":[]})"
                                    "\n");
  const auto table = ReadAll(path).ValueOrDie();
  EXPECT_EQ(table->schema()->GetFieldByName("v")->type()->ToString(),
            "fixed_size_list<item: float not null>[2]");
  EXPECT_EQ(table->schema()->GetFieldByName("tags")->type()->ToString(), "list<item: string>");
  EXPECT_EQ(table->num_rows(), 2);
  const auto v = table->GetColumnByName("v")->chunk(0);
  EXPECT_EQ(
      v->ToString(),
      arrow::json::ArrayFromJSONString(v->type(), "[[0.5,1],[2,3.25]]").ValueOrDie()->ToString());
}

TEST_F(InputTest, NamesTheLineOfBadJson) {
  auto read = ReadAll(File("bad.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":\n"));
  ASSERT_FALSE(read.ok());
  EXPECT_TRUE(IsCorruption(read.status()));
  EXPECT_THAT(read.status().message(), HasSubstr("line 3"));
  EXPECT_THAT(read.status().message(), HasSubstr("bad.jsonl"));
  read = ReadAll(File("bad.jsonl", "{\"id\":1}\n[1]\n"));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.status().message(), HasSubstr("line 2: not a JSON object"));
}

TEST_F(InputTest, ReadsCsv) {
  const auto path = File("a.csv", "id,name\n1,\"a, b\"\n2,c\n");
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
  EXPECT_EQ(Values(ReadAll(path).ValueOrDie()),
            Expected(schema, R"([{"id":1,"name":"a, b"},{"id":2,"name":"c"}])"));
  const auto bad = ReadAll(File("bad.csv", "id,name\n1,a\n2\n"));
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.status().message(), HasSubstr("Row #3"));
}

TEST_F(InputTest, ReadsArrowFilesAndStreams) {
  const auto schema = arrow::schema({arrow::field("id", arrow::int32())});
  const auto batch = arrow::RecordBatch::Make(
      schema, 2, {arrow::json::ArrayFromJSONString(arrow::int32(), "[4,5]").ValueOrDie()});
  for (const bool as_file : {true, false}) {
    const std::string path = folder_ / "a.arrow";
    auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    auto writer = (as_file ? arrow::ipc::MakeFileWriter(out, schema)
                           : arrow::ipc::MakeStreamWriter(out, schema))
                      .ValueOrDie();
    ASSERT_TRUE(writer->WriteRecordBatch(*batch).ok());
    ASSERT_TRUE(writer->Close().ok());
    ASSERT_TRUE(out->Close().ok());
    EXPECT_EQ(Values(ReadAll(path).ValueOrDie()), Expected(schema, R"([{"id":4},{"id":5}])"));
  }
}

TEST_F(InputTest, SurvivesMutatedArrowFiles) {
  const auto type = arrow::list(arrow::utf8());
  const auto schema = arrow::schema({arrow::field("t", type)});
  const auto batch = arrow::RecordBatch::Make(
      schema, 2, {arrow::json::ArrayFromJSONString(type, R"([["a","bc"],["def"]])").ValueOrDie()});
  const std::string path = folder_ / "a.arrow";
  auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(out, schema).ValueOrDie();
  ASSERT_TRUE(writer->WriteRecordBatch(*batch).ok());
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_TRUE(out->Close().ok());
  std::ifstream file(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(file)), {});
  constexpr uint64_t kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 500; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
    const auto read = ReadAll(File("mutated.arrow", bytes));
    if (!read.ok()) continue;
    ASSERT_TRUE((*read)->ValidateFull().ok());
  }
}

TEST_F(InputTest, SaysWhatIsMissing) {
  const auto absent = OpenInput("/nowhere/a.npy", {});
  EXPECT_TRUE(IsNotFound(absent.status()));
  const auto unknown = OpenInput(File("a.xyz", ""), {});
  EXPECT_EQ(KindOf(unknown.status()), ErrorKind::kInvalid);
  EXPECT_THAT(unknown.status().message(), HasSubstr("--format"));
  EXPECT_THAT(InputFormatFromName("jsnol").status().message(), HasSubstr("did you mean 'jsonl'?"));
  const auto seeking = OpenInput("-", {.format = InputFormat::kNpy});
  EXPECT_THAT(seeking.status().message(), HasSubstr("standard input"));
}

}  // namespace
}  // namespace varve::cli
