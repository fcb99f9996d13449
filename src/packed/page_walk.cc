// SPDX-License-Identifier: Apache-2.0
#include "packed/page_walk.h"

#include <algorithm>
#include <optional>

#include "packed/page_header_parser.h"
#include "parquet/types.h"

namespace varve::internal {
namespace {

// Most headers fit into the first read; those with long statistics into the second.
constexpr int64_t kHeaderBytes[] = {256, 64 << 10};
constexpr size_t kPagesMax = 1 << 18;

Result<std::optional<ParsedPageHeader>> ReadHeader(const FileSource& source, int64_t offset,
                                                   int64_t end) {
  std::vector<uint8_t> bytes;
  for (const int64_t most : kHeaderBytes) {
    bytes.resize(static_cast<size_t>(std::min(most, end - offset)));
    ARROW_RETURN_NOT_OK(source.ReadAt(offset, static_cast<int64_t>(bytes.size()), bytes.data()));
    const auto header = ParsePageHeader(bytes, offset, source.path());
    if (header.ok()) return *header;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<PageExtent>> WalkPages(const FileSource& source,
                                          const parquet::ColumnDescriptor& descriptor,
                                          const ChunkExtent& extent, int64_t num_rows) {
  const auto physical = descriptor.physical_type();
  const bool fixed_width =
      physical != parquet::Type::BYTE_ARRAY && physical != parquet::Type::BOOLEAN;
  std::vector<PageExtent> pages;
  int64_t row = 0;
  for (int64_t offset = extent.begin; row < num_rows;) {
    if (offset >= extent.end || pages.size() == kPagesMax) return std::vector<PageExtent>();
    ARROW_ASSIGN_OR_RAISE(const auto header, ReadHeader(source, offset, extent.end));
    if (!header || header->compressed_bytes > extent.end - offset - header->header_bytes) {
      return std::vector<PageExtent>();
    }
    const int64_t bytes = int64_t{header->header_bytes} + header->compressed_bytes;
    if (header->is_data()) {
      if (header->num_values <= 0) return std::vector<PageExtent>();
      PageExtent page{.offset = offset, .bytes = bytes, .begin_row = row};
      if (fixed_width && descriptor.max_definition_level() == 0 && !header->crc32 &&
          header->encoding == parquet::Encoding::PLAIN &&
          extent.codec == parquet::Compression::UNCOMPRESSED && header->repetition_bytes == 0 &&
          header->definition_bytes == 0) {
        page.values = offset + header->header_bytes;
      }
      row += header->num_values;
      pages.push_back(page);
    } else if (!pages.empty() || header->type != ParsedPageHeader::Type::kDictionary) {
      return std::vector<PageExtent>();
    }
    offset += bytes;
  }
  if (row != num_rows) pages.clear();
  return pages;
}

}  // namespace varve::internal
