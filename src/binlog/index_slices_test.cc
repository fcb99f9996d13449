// SPDX-License-Identifier: Apache-2.0
#include "varve/index_slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "arrow/buffer.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kObject[] = "index 44";

std::shared_ptr<arrow::Buffer> Blob(std::string bytes) {
  return arrow::Buffer::FromString(std::move(bytes));
}

std::map<std::string, std::string> Texts(const BinarySet& set) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, blob] : set) texts[name] = blob->ToString();
  return texts;
}

using TextMap = std::map<std::string, std::string>;

TEST(IndexSlicesTest, LargeBlobsAreCutAndNamed) {
  const BinarySet set = {{"IVF", Blob("0123456789")}, {"small", Blob("abcd")}, {"nil", Blob("")}};
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet slices, SliceBinarySet(set, 4));
  const std::string meta = R"({"meta":[{"name":"IVF","slice_num":3,"total_len":10}]})";
  EXPECT_EQ(Texts(slices), (TextMap{{"IVF_0", "0123"},
                                    {"IVF_1", "4567"},
                                    {"IVF_2", "89"},
                                    {"SLICE_META", meta + '\0'},
                                    {"nil", ""},
                                    {"small", "abcd"}}));
  EXPECT_EQ(slices.at("IVF_1")->data(), set.at("IVF")->data() + 4) << "no copy";
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet whole, AssembleBinarySet(slices, kObject));
  EXPECT_EQ(Texts(whole), Texts(set));
}

TEST(IndexSlicesTest, SetsOfSmallBlobsStayAsTheyAre) {
  const BinarySet set = {{"a", Blob("0123")}, {"b", Blob("")}};
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet slices, SliceBinarySet(set, 4));
  EXPECT_EQ(Texts(slices), Texts(set));
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet whole, AssembleBinarySet(slices, kObject));
  EXPECT_EQ(Texts(whole), Texts(set));
  EXPECT_EQ(Texts(AssembleBinarySet({}, kObject).ValueOrDie()), TextMap{});
}

TEST(IndexSlicesTest, TheDefaultIsSixteenMebibytes) {
  const int64_t limit = int64_t{16} * 1048576;
  const BinarySet set = {{"a", Blob(std::string(limit, 'x'))},
                         {"b", Blob(std::string(limit + 1, 'y'))}};
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet slices, SliceBinarySet(set));
  ASSERT_EQ(slices.size(), 4u);
  EXPECT_EQ(slices.at("a")->size(), limit);
  EXPECT_EQ(slices.at("b_0")->size(), limit);
  EXPECT_EQ(slices.at("b_1")->size(), 1);
}

TEST(IndexSlicesTest, RandomSetsComeBack) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    BinarySet set;
    for (uint64_t i = random->Uniform(6); i > 0; --i) {
      std::string bytes(random->Uniform(100), '\0');
      for (char& c : bytes) c = static_cast<char>(random->Next());
      set["blob" + std::to_string(i)] = Blob(bytes);
    }
    const auto slice_bytes = static_cast<int64_t>(1 + random->Uniform(40));
    VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet slices, SliceBinarySet(set, slice_bytes));
    for (const auto& [name, blob] : slices) {
      if (name == kSliceMetaName) continue;
      ASSERT_LE(blob->size(), slice_bytes) << name;
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet whole, AssembleBinarySet(slices, kObject));
    ASSERT_EQ(Texts(whole), Texts(set));
  }
}

TEST(IndexSlicesTest, NamesThatWouldMeetAreRefused) {
  EXPECT_THAT(SliceBinarySet({{"a", Blob("0123456")}, {"a_1", Blob("x")}}, 4).status().message(),
              HasSubstr("field 'a_1'"));
  // Also where nothing is cut: the set could be stored, but not be put together again.
  for (const std::string bytes : {"x", "0123456"}) {
    const Status status =
        SliceBinarySet({{"a", Blob(bytes)}, {"SLICE_META", Blob("x")}}, 4).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << bytes;
    EXPECT_THAT(status.message(), HasSubstr("taken: field 'SLICE_META'")) << bytes;
  }
  EXPECT_THAT(SliceBinarySet({{"\xff", Blob("0123456")}}, 4).status().message(),
              HasSubstr("not UTF-8"));
  EXPECT_FALSE(SliceBinarySet({}, 0).ok());
}

TEST(IndexSlicesTest, TheNulBehindTheMetaMayBeMissing) {
  const BinarySet slices = {
      {"a_0", Blob("01")},
      {"a_1", Blob("2")},
      {"SLICE_META", Blob(R"({"meta":[{"name":"a","slice_num":2,"total_len":3}]})")}};
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet whole, AssembleBinarySet(slices, kObject));
  EXPECT_EQ(Texts(whole), (TextMap{{"a", "012"}}));
}

TEST(IndexSlicesTest, DamageIsNamed) {
  const auto message = [](const std::string& meta) {
    const Status status = AssembleBinarySet({{"a_0", Blob("01")},
                                             {"a_1", Blob("2")},
                                             {"b", Blob("x")},
                                             {"b_0", Blob("x")},
                                             {"SLICE_META", Blob(meta)}},
                                            kObject)
                              .status();
    EXPECT_TRUE(IsCorruption(status)) << status;
    return status.message();
  };
  const auto entry = [&](const std::string& text) { return message(R"({"meta":[)" + text + "]}"); };
  EXPECT_THAT(message(""), HasSubstr("not a JSON document: object 'index 44/SLICE_META'"));
  EXPECT_THAT(message("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(message("{}"), HasSubstr("field 'meta'"));
  EXPECT_THAT(message(R"({"meta":1})"), HasSubstr("expected an array, found 1"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":3,"total_len":3})"), HasSubstr("no 'a_2'"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":9223372036854775807,"total_len":3})"),
              HasSubstr("no 'a_2'"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":2,"total_len":9223372036854775807})"),
              HasSubstr("expected 9223372036854775807 bytes, found 3"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":1,"total_len":3})"), HasSubstr("found 2"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":0,"total_len":0})"), HasSubstr("at least 1"));
  EXPECT_THAT(entry(R"({"name":"b","slice_num":1,"total_len":1})"),
              HasSubstr("whole and in slices"));
  EXPECT_THAT(entry(R"({"name":"a","slice_num":2,"total_len":3},)"
                    R"({"name":"a","slice_num":2,"total_len":3})"),
              HasSubstr("no 'a_0'"));
}

}  // namespace
}  // namespace varve::internal
