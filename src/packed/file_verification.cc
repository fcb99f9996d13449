// SPDX-License-Identifier: Apache-2.0
#include "packed/file_verification.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "base/crc32.h"
#include "packed/direct_chunk.h"
#include "packed/page_header_parser.h"

namespace varve::internal {
namespace {

constexpr int64_t kPieceBytes = 4 << 20;
// Problems of one file; a file that is all wrong is not worth a line a page.
constexpr size_t kProblemsMax = 100;

class FileVerification {
 public:
  FileVerification(const FileSource& source, const ParquetMetadata& metadata,
                   const PackedLayout* layout, std::vector<std::string>* problems)
      : source_(source), metadata_(metadata), layout_(layout), problems_(problems) {}

  Status Run() {
    if (layout_ != nullptr) ARROW_RETURN_NOT_OK(CheckData());
    const int num_leaves = metadata_.footer()->num_columns();
    const auto num_groups = static_cast<int>(metadata_.row_group_starts().size() - 1);
    for (int group = 0; group < num_groups; ++group) {
      for (int leaf = 0; leaf < num_leaves && !Full(); ++leaf) {
        ARROW_RETURN_NOT_OK(Keep(CheckPages(group, leaf)));
      }
      if (layout_ != nullptr) ARROW_RETURN_NOT_OK(CheckBlocks(static_cast<size_t>(group)));
    }
    return Status::OK();
  }

 private:
  bool Full() const { return problems_->size() >= kProblemsMax; }

  // Damage is a problem; anything else ends the verification.
  Status Keep(const Status& status) {
    if (status.ok() || KindOf(status) == ErrorKind::kIo) return status;
    problems_->push_back(status.message());
    return Status::OK();
  }

  Status CheckData() {
    uint32_t crc = 0;
    for (int64_t offset = 0; offset < layout_->tail_offset; offset += kPieceBytes) {
      const int64_t length = std::min(kPieceBytes, layout_->tail_offset - offset);
      auto piece = source_.Copy(offset, length);
      if (!piece.ok()) return Keep(piece.status());
      crc = Crc32({(*piece)->data(), static_cast<size_t>(length)}, crc);
    }
    if (crc == layout_->data_crc32) return Status::OK();
    return Keep(Corruption("checksum of the data does not match",
                           {.object = source_.path(),
                            .offset = 0,
                            .expected = std::to_string(layout_->data_crc32),
                            .found = std::to_string(crc)}));
  }

  Status CheckPages(int group, int leaf) {
    ARROW_ASSIGN_OR_RAISE(const auto extent, metadata_.Chunk(group, leaf));
    const std::string& field = metadata_.footer()->schema()->Column(leaf)->name();
    int64_t offset = extent->begin;
    int64_t num_values = 0;
    size_t next_page = 0;
    while (offset < extent->end && num_values < extent->num_values) {
      // Most headers are short; the rest of the page follows at once.
      const int64_t left = extent->end - offset;
      auto header = HeaderAt(offset, std::min<int64_t>(left, 1024));
      if (!header.ok() && left > 1024) {
        header = HeaderAt(offset, std::min<int64_t>(left, kPageHeaderBytesMax));
      }
      ARROW_RETURN_NOT_OK(header.status());
      const int64_t bytes = header->header_bytes + int64_t{header->compressed_bytes};
      if (bytes > left) {
        return Corruption("a page is longer than its column chunk",
                          {.object = source_.path(),
                           .field = field,
                           .offset = offset,
                           .expected = "at most " + std::to_string(left),
                           .found = std::to_string(bytes)});
      }
      if (header->crc32) {
        ARROW_ASSIGN_OR_RAISE(const uint32_t found,
                              CrcOf(offset + header->header_bytes, header->compressed_bytes));
        if (found != *header->crc32) {
          ARROW_RETURN_NOT_OK(Keep(Corruption("checksum of a page does not match",
                                              {.object = source_.path(),
                                               .field = field,
                                               .offset = offset,
                                               .expected = std::to_string(*header->crc32),
                                               .found = std::to_string(found)})));
        }
      }
      if (header->is_data()) {
        num_values += header->num_values;
        if (!extent->pages.empty()) {
          if (next_page >= extent->pages.size() || extent->pages[next_page].offset != offset ||
              extent->pages[next_page].bytes != bytes) {
            return Corruption("offset index and page disagree",
                              {.object = source_.path(), .field = field, .offset = offset});
          }
          ++next_page;
        }
      }
      offset += bytes;
    }
    if (num_values != extent->num_values) {
      return Corruption("the pages hold another number of values",
                        {.object = source_.path(),
                         .field = field,
                         .offset = extent->begin,
                         .expected = std::to_string(extent->num_values),
                         .found = std::to_string(num_values)});
    }
    return Status::OK();
  }

  Result<ParsedPageHeader> HeaderAt(int64_t offset, int64_t length) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, source_.Copy(offset, length));
    return ParsePageHeader({bytes->data(), static_cast<size_t>(length)}, offset, source_.path());
  }

  Result<uint32_t> CrcOf(int64_t offset, int64_t length) {
    uint32_t crc = 0;
    while (length > 0) {
      const int64_t count = std::min(length, kPieceBytes);
      ARROW_ASSIGN_OR_RAISE(const auto piece, source_.Copy(offset, count));
      crc = Crc32({piece->data(), static_cast<size_t>(count)}, crc);
      offset += count;
      length -= count;
    }
    return crc;
  }

  Status CheckBlocks(size_t group) {
    const RowGroupLayout& rows = layout_->row_groups[group];
    // A source that is not owned: the chunk does not outlive this call.
    const std::shared_ptr<const FileSource> source(std::shared_ptr<void>(), &source_);
    for (const ChunkLayout& layout : rows.columns) {
      if (!layout.addressable()) continue;
      const DirectChunk chunk(source, layout, rows.num_rows);
      if (chunk.has_nulls()) ARROW_RETURN_NOT_OK(Keep(chunk.Validity().status()));
      std::vector<uint8_t> page(
          static_cast<size_t>(std::min(layout.values_per_page, layout.num_values) * layout.width));
      for (int64_t value = 0; value < layout.num_values && !Full();) {
        const int64_t end = chunk.PageEnd(value);
        ARROW_RETURN_NOT_OK(Keep(chunk.Copy(value, end, page.data(), /*verify=*/true)));
        value = end;
      }
    }
    return Status::OK();
  }

  const FileSource& source_;
  const ParquetMetadata& metadata_;
  const PackedLayout* layout_;
  std::vector<std::string>* problems_;
};

}  // namespace

Status VerifyFile(const FileSource& source, const ParquetMetadata& metadata,
                  const PackedLayout* layout, std::vector<std::string>* problems) {
  return FileVerification(source, metadata, layout, problems).Run();
}

}  // namespace varve::internal
