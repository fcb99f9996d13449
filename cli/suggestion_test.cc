// SPDX-License-Identifier: Apache-2.0
#include "cli/suggestion.h"

#include <gtest/gtest.h>

namespace varve::cli {
namespace {

TEST(SuggestionTest, DistanceCountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("import", "impotr"), 1);
  EXPECT_EQ(EditDistance("Import", "import"), 0);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("ca", "abc"), 3);
}

TEST(SuggestionTest, FindsWhatWasMeant) {
  const std::vector<std::string> commands = {"import", "info", "head", "history", "description"};
  EXPECT_EQ(Nearest("impotr", commands), "import");
  EXPECT_EQ(Nearest("hed", commands), "head");
  EXPECT_EQ(Nearest("descr", commands), "description");
  EXPECT_EQ(DidYouMean("hsitory", commands), "; did you mean 'history'?");
}

TEST(SuggestionTest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(Nearest("xyzzy", {"import", "info"}), "");
  EXPECT_EQ(Nearest("", {"import"}), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), {"import"}), "");
  EXPECT_EQ(DidYouMean("import", {}), "");
}

}  // namespace
}  // namespace varve::cli
