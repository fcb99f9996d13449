// SPDX-License-Identifier: Apache-2.0
#include "packed/text_bounds.h"

#include <gtest/gtest.h>

namespace varve::internal {
namespace {

TEST(TextBoundsTest, ShortValuesStay) {
  EXPECT_EQ(CutLowerBound("sixteen bytes ok", true), "sixteen bytes ok");
  EXPECT_EQ(CutUpperBound("sixteen bytes ok", true), "sixteen bytes ok");
}

TEST(TextBoundsTest, LongValuesAreBounded) {
  EXPECT_EQ(CutLowerBound("sixteen bytes ok and more", true), "sixteen bytes ok");
  EXPECT_EQ(CutUpperBound("sixteen bytes ok and more", true), "sixteen bytes ol");
}

TEST(TextBoundsTest, CharactersAreNotCut) {
  EXPECT_EQ(CutLowerBound("fifteen bytes..é and more", true), "fifteen bytes..");
  EXPECT_EQ(CutUpperBound("fifteen bytes..é and more", true), "fifteen bytes./");
}

TEST(TextBoundsTest, BytesThatCannotBeRaisedAreDropped) {
  EXPECT_EQ(CutUpperBound("a" + std::string(20, '\xFF'), false), "b");
  EXPECT_EQ(CutUpperBound(std::string(20, '\xFF'), false), std::nullopt);
  EXPECT_EQ(CutUpperBound(
                "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", true),
            std::nullopt);
}

}  // namespace
}  // namespace varve::internal
