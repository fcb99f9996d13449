// SPDX-License-Identifier: Apache-2.0
#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace varve::internal {
namespace {

TEST(EditDistanceTest, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("label", "label"), 0);
  EXPECT_EQ(EditDistance("label", "labels"), 1);
  EXPECT_EQ(EditDistance("label", "abel"), 1);
  EXPECT_EQ(EditDistance("label", "lapel"), 1);
  EXPECT_EQ(EditDistance("label", "lable"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("ca", "abc"), 3);
}

TEST(EditDistanceTest, TakesLettersOfEitherCaseAsTheSame) {
  EXPECT_EQ(EditDistance("RowID", "rowid"), 0);
}

TEST(EditDistanceTest, NearestNamesWhatWasMeant) {
  EXPECT_EQ(Nearest("labl", {"id", "label", "ts"}), "label");
  EXPECT_EQ(Nearest("LABEL", {"id", "label"}), "label");
  EXPECT_EQ(Nearest("desc", {"id", "description"}), "description");
  EXPECT_EQ(Nearest("impotr", {"info", "import"}), "import");
  EXPECT_EQ(Nearest("ab", {"xy", "zz"}), "");
  EXPECT_EQ(Nearest("", {"a"}), "");
  EXPECT_EQ(Nearest(std::string(65, 'a'), {std::string(66, 'a')}), "");
}

TEST(EditDistanceTest, DidYouMeanIsReadyToAppend) {
  EXPECT_EQ(DidYouMean("labl", {"id", "label"}), "; did you mean 'label'?");
  EXPECT_EQ(DidYouMean("zzzzzz", {"id", "label"}), "");
}

}  // namespace
}  // namespace varve::internal
