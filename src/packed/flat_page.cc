// SPDX-License-Identifier: Apache-2.0
#include "packed/flat_page.h"

#include <cstring>

#include "arrow/util/compression.h"
#include "base/crc32.h"
#include "packed/parquet_errors.h"
#include "parquet/types.h"

namespace varve::internal {

FlatPageOpener::FlatPageOpener(const ParquetMetadata& metadata, const std::string& name,
                               parquet::Compression::type codec, bool has_levels, bool verify)
    : metadata_(metadata),
      name_(name),
      codec_type_(codec),
      has_levels_(has_levels),
      verify_(verify) {}

FlatPageOpener::~FlatPageOpener() = default;

Status FlatPageOpener::Damaged(const char* what, int64_t offset) const {
  return Corruption(what, {.object = metadata_.source().path(), .field = name_, .offset = offset});
}

Status FlatPageOpener::Decompress(std::span<const uint8_t> in, std::span<uint8_t> out) {
  if (codec_ == nullptr) {
    ARROW_RETURN_NOT_OK(CatchParquet(metadata_.source().path(), name_, [&] {
      codec_ = parquet::GetCodec(codec_type_);
      return Status::OK();
    }));
    // Arrow's codec sets up zstd anew for every page; a decompressor keeps what it has.
    if (codec_type_ == parquet::Compression::ZSTD) {
      ARROW_ASSIGN_OR_RAISE(decompressor_, codec_->MakeDecompressor());
    }
  }
  const auto in_bytes = static_cast<int64_t>(in.size());
  const auto out_bytes = static_cast<int64_t>(out.size());
  if (decompressor_ != nullptr) {
    ARROW_RETURN_NOT_OK(decompressor_->Reset());
    const auto done = decompressor_->Decompress(in_bytes, in.data(), out_bytes, out.data());
    if (done.ok() && done->bytes_read == in_bytes && done->bytes_written == out_bytes) {
      return Status::OK();
    }
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t written,
                        codec_->Decompress(in_bytes, in.data(), out_bytes, out.data()));
  return written == out_bytes ? Status::OK()
                              : Status::Invalid("a page decodes to another size than it says");
}

Status FlatPageOpener::CutLevels(std::span<const uint8_t> body, int64_t offset,
                                 FlatPage* page) const {
  page->values = body;
  if (!has_levels_ || page->header.definition_encoding != parquet::Encoding::RLE) {
    return Status::OK();
  }
  uint32_t length = 0;
  if (body.size() < sizeof(length)) return Damaged("page ends in its levels", offset);
  std::memcpy(&length, body.data(), sizeof(length));
  if (length > body.size() - sizeof(length)) return Damaged("page ends in its levels", offset);
  page->levels = body.subspan(sizeof(length), length);
  page->values = body.subspan(sizeof(length) + length);
  return Status::OK();
}

Result<FlatPage> FlatPageOpener::Open(std::span<const uint8_t> bytes, int64_t offset,
                                      std::span<uint8_t> target) {
  FlatPage page;
  const std::string& path = metadata_.source().path();
  ARROW_ASSIGN_OR_RAISE(page.header, ParsePageHeader(bytes, offset, path));
  const ParsedPageHeader& header = page.header;
  auto body = bytes.subspan(static_cast<size_t>(header.header_bytes));
  ARROW_RETURN_NOT_OK(CheckPageSizes(header, static_cast<int64_t>(body.size()),
                                     metadata_.vouched_for(),
                                     {.object = path, .field = name_, .offset = offset}));
  body = body.first(static_cast<size_t>(header.compressed_bytes));
  if (verify_ && header.crc32) {
    if (const uint32_t found = Crc32(body); found != *header.crc32) {
      return Corruption("checksum of a page does not match",
                        {.object = path,
                         .field = name_,
                         .offset = offset,
                         .expected = std::to_string(*header.crc32),
                         .found = std::to_string(found)});
    }
  }
  auto unpacked = static_cast<size_t>(header.uncompressed_bytes);
  const bool is_v2 = header.type == ParsedPageHeader::Type::kDataV2;
  if (is_v2) {
    // Levels stand before the values, never compressed.
    const int64_t levels = int64_t{header.repetition_bytes} + header.definition_bytes;
    if (header.repetition_bytes < 0 || header.definition_bytes < 0 ||
        levels > static_cast<int64_t>(body.size()) || levels > header.uncompressed_bytes) {
      return Damaged("page ends in its levels", offset);
    }
    if (has_levels_) {
      page.levels = body.subspan(static_cast<size_t>(header.repetition_bytes),
                                 static_cast<size_t>(header.definition_bytes));
    }
    body = body.subspan(static_cast<size_t>(levels));
    unpacked -= static_cast<size_t>(levels);
  }
  const bool is_packed = codec_type_ != parquet::Compression::UNCOMPRESSED &&
                         (!is_v2 || header.is_compressed) && !body.empty();
  if (is_packed) {
    const bool fits = !target.empty() && target.size() == unpacked;
    if (!fits && body_.size() < unpacked) body_.resize(unpacked);
    const std::span<uint8_t> out(fits ? target.data() : body_.data(), unpacked);
    const Status status = Decompress(body, out);
    if (!status.ok()) return ParquetError(status, path, name_);
    body = out;
  }
  if (is_v2 || header.type == ParsedPageHeader::Type::kDictionary) {
    page.values = body;
  } else {
    ARROW_RETURN_NOT_OK(CutLevels(body, offset, &page));
  }
  return page;
}

}  // namespace varve::internal
