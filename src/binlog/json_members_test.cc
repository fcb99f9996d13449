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
  EXPECT_EQ(ContextOf(unclosed)->offset, 100002);
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

}  // namespace
}  // namespace varve::internal
