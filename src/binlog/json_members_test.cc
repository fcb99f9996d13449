// SPDX-License-Identifier: Apache-2.0
#include "binlog/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/coding.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

std::string Nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

Status Parse(const std::string& text) { return ParseJson(AsBytes(text), "document").status(); }

TEST(JsonMembersTest, DocumentsOfThirtyTwoLevelsAreRead) {
  EXPECT_TRUE(Parse(Nested(32)).ok());
  EXPECT_THAT(Parse(Nested(33)).message(),
              HasSubstr("nests too deeply: object 'document', offset 32"));
  // Levels that were closed, and brackets in texts, do not count.
  std::string wide = "[";
  for (int i = 0; i < 100; ++i) wide += "[{}],";
  EXPECT_TRUE(Parse(wide + "0]").ok());
  EXPECT_TRUE(Parse(R"(["\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"])").ok());
}

TEST(JsonMembersTest, ErrorsAreShort) {
  const Status unclosed = Parse("\"" + std::string(100000, 'x'));
  EXPECT_TRUE(IsCorruption(unclosed));
  EXPECT_EQ(ContextOf(unclosed)->offset, 100001);
  EXPECT_LT(unclosed.message().size(), 300u);
  EXPECT_LT(Parse(std::string(100000, '9')).message().size(), 300u);
  EXPECT_EQ(Excerpt(nlohmann::json(std::string(100, 'x'))).size(), 43u);
}

TEST(JsonMembersTest, IntegersAreTakenAsTheyAreWritten) {
  EXPECT_EQ(AsInt64(nlohmann::json::parse("9223372036854775807")), INT64_MAX);
  EXPECT_EQ(AsInt64(nlohmann::json::parse("-9223372036854775808")), INT64_MIN);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "1.0", "1e2", "\"1\"",
                           "true", "null", "[]"}) {
    EXPECT_EQ(AsInt64(nlohmann::json::parse(text)), std::nullopt) << text;
  }
}

TEST(JsonMembersTest, NullIsAbsent) {
  const nlohmann::json value = nlohmann::json::parse(R"({"a":null,"b":7,"c":"text"})");
  const std::string object = "document";
  VARVE_ASSERT_OK_AND_ASSIGN(const JsonMembers members, JsonMembers::Of(value, object, "it"));
  EXPECT_EQ(members.Find("a"), nullptr);
  EXPECT_EQ(members.FindInt64("a").ValueOrDie(), std::nullopt);
  EXPECT_EQ(members.FindInt64("b").ValueOrDie(), 7);
  EXPECT_EQ(members.GetText("c").ValueOrDie(), "text");
  EXPECT_THAT(members.GetInt64("a").status().message(),
              HasSubstr("object 'document', field 'a', expected a value, found none"));
  EXPECT_THAT(members.FindInt64("c").status().message(), HasSubstr(R"(found "text")"));
}

TEST(JsonMembersTest, IntegersOfProtobufMayBeTexts) {
  const nlohmann::json value = nlohmann::json::parse(
      R"({"plain":7,"text":"-7","most":"18446744073709551615","empty":"","trailing":"7x"})");
  VARVE_ASSERT_OK_AND_ASSIGN(const JsonMembers members,
                             JsonMembers::OfProto(value, "document", "it"));
  EXPECT_EQ(members.GetInt64("plain").ValueOrDie(), 7);
  EXPECT_EQ(members.GetInt64("text").ValueOrDie(), -7);
  EXPECT_EQ(members.FindUint64("most").ValueOrDie(), UINT64_MAX);
  for (const char* name : {"most", "empty", "trailing"}) {
    EXPECT_TRUE(IsCorruption(members.GetInt64(name).status())) << name;
  }
  for (const char* name : {"text", "empty", "trailing"}) {
    EXPECT_TRUE(IsCorruption(members.FindUint64(name).status())) << name;
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const JsonMembers strict, JsonMembers::Of(value, "document", "it"));
  EXPECT_TRUE(IsCorruption(strict.GetInt64("text").status()));
  EXPECT_TRUE(IsCorruption(strict.FindUint64("most").status()));
}

TEST(JsonMembersTest, UnsignedNumbersHaveAllBits) {
  const nlohmann::json value =
      nlohmann::json::parse(R"({"most":18446744073709551615,"least":0,"below":-1,"null":null})");
  VARVE_ASSERT_OK_AND_ASSIGN(const JsonMembers members, JsonMembers::Of(value, "document", "it"));
  EXPECT_EQ(members.FindUint64("most").ValueOrDie(), UINT64_MAX);
  EXPECT_EQ(members.FindUint64("least").ValueOrDie(), 0u);
  EXPECT_EQ(members.FindUint64("null").ValueOrDie(), std::nullopt);
  EXPECT_THAT(members.FindUint64("below").status().message(),
              HasSubstr("field 'below', expected an unsigned 64-bit integer, found -1"));
}

}  // namespace
}  // namespace varve::internal
