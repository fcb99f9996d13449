// SPDX-License-Identifier: Apache-2.0
#include "packed/page_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/testing/status_assertions.h"
#include "packed/page_header.h"

namespace varve::internal {
namespace {

// Zeros, but for a few bytes here and there.
class SparseReader : public ChunkReader {
 public:
  SparseReader(int64_t size, std::map<int64_t, std::string> pieces)
      : size_(size), pieces_(std::move(pieces)) {}

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    if (offset < 0 || length < 0 || offset > size_ - length) {
      return Corruption("outside the object", {.object = path_, .offset = offset});
    }
    std::memset(out, 0, static_cast<size_t>(length));
    for (const auto& [begin, bytes] : pieces_) {
      const int64_t from = std::max(begin, offset);
      const int64_t to = std::min(begin + static_cast<int64_t>(bytes.size()), offset + length);
      if (from < to) {
        std::memcpy(static_cast<char*>(out) + from - offset, bytes.data() + from - begin,
                    static_cast<size_t>(to - from));
      }
    }
    return Status::OK();
  }

 private:
  const std::string path_ = "x.parquet";
  const int64_t size_;
  const std::map<int64_t, std::string> pieces_;
};

// A body as long as a header can say, and a page after it.
TEST(PageWalkTest, APageMayBeOfTwoGibibytes) {
  const std::string first = EncodePageHeader(
      {.uncompressed_bytes = INT32_MAX, .compressed_bytes = INT32_MAX, .num_values = 4});
  const std::string second =
      EncodePageHeader({.uncompressed_bytes = 8, .compressed_bytes = 8, .num_values = 2});
  const int64_t bytes = static_cast<int64_t>(first.size()) + INT32_MAX;
  const int64_t end = 4 + bytes + static_cast<int64_t>(second.size()) + 8;
  const FileSource source(std::make_shared<SparseReader>(
      end, std::map<int64_t, std::string>{{4, first}, {4 + bytes, second}}));
  const parquet::ColumnDescriptor column(
      parquet::schema::PrimitiveNode::Make("x", parquet::Repetition::REQUIRED,
                                           parquet::Type::INT32),
      /*max_definition_level=*/0, /*max_repetition_level=*/0);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto pages,
                             WalkPages(source, column, {.begin = 4, .end = end}, /*num_rows=*/6));
  ASSERT_EQ(pages.size(), 2);
  EXPECT_EQ(pages[0].offset, 4);
  EXPECT_EQ(pages[0].bytes, bytes);
  EXPECT_EQ(pages[0].begin_row, 0);
  EXPECT_EQ(pages[1].offset, 4 + bytes);
  EXPECT_EQ(pages[1].bytes, end - 4 - bytes);
  EXPECT_EQ(pages[1].begin_row, 4);
}

}  // namespace
}  // namespace varve::internal
