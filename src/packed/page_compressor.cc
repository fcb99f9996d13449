// SPDX-License-Identifier: Apache-2.0
#include "packed/page_compressor.h"

#include <zstd.h>

#include <string>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/util/compression.h"

namespace varve::internal {
namespace {

constexpr int kDefaultLevel = 1;
// For planes: code literals, take hardly any match. Matches in bits that are nearly random cost
// more than the literals they replace; runs are found all the same.
constexpr int kPlaneHashLog = 6;   // the least zstd allows
constexpr int kPlaneMinMatch = 7;  // the most
// Of a block that does not compress, and of the frame.
constexpr size_t kFlushBytes = 16;

Status ZstdError(size_t code) {
  return MakeError(ErrorKind::kInternal,
                   std::string("cannot compress a page: ") + ZSTD_getErrorName(code));
}

class ZstdCompressor : public PageCompressor {
 public:
  explicit ZstdCompressor(ZSTD_CCtx* context) : context_(context) {}
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  Status Compress(std::span<const uint8_t> body, std::span<const size_t> ends,
                  arrow::ResizableBuffer* target) override {
    const size_t most = ZSTD_compressBound(body.size()) + kFlushBytes * (ends.size() + 1);
    RETURN_NOT_OK(target->Resize(static_cast<int64_t>(most), /*shrink_to_fit=*/false));
    ZSTD_outBuffer out{target->mutable_data(), most, 0};
    if (ends.empty()) {
      out.pos = ZSTD_compress2(context_, out.dst, out.size, body.data(), body.size());
      if (ZSTD_isError(out.pos) != 0) return ZstdError(out.pos);
    } else {
      RETURN_NOT_OK(CompressParts(body, ends, &out));
    }
    return target->Resize(static_cast<int64_t>(out.pos), /*shrink_to_fit=*/false);
  }

 private:
  Status CompressParts(std::span<const uint8_t> body, std::span<const size_t> ends,
                       ZSTD_outBuffer* out) {
    size_t code = ZSTD_CCtx_reset(context_, ZSTD_reset_session_only);
    if (ZSTD_isError(code) == 0) code = ZSTD_CCtx_setPledgedSrcSize(context_, body.size());
    if (ZSTD_isError(code) != 0) return ZstdError(code);
    ZSTD_inBuffer in{body.data(), 0, 0};
    for (size_t i = 0; i <= ends.size(); ++i) {
      const bool last = i == ends.size();
      in.size = last ? body.size() : ends[i];
      do {
        const size_t before = in.pos + out->pos;
        code = ZSTD_compressStream2(context_, out, &in, last ? ZSTD_e_end : ZSTD_e_flush);
        if (ZSTD_isError(code) != 0) return ZstdError(code);
        if (code != 0 && in.pos + out->pos == before) {
          return MakeError(ErrorKind::kInternal, "cannot compress a page: no room");
        }
      } while (code != 0);
    }
    return Status::OK();
  }

  ZSTD_CCtx* const context_;
};

class ArrowCompressor : public PageCompressor {
 public:
  explicit ArrowCompressor(std::unique_ptr<arrow::util::Codec> codec) : codec_(std::move(codec)) {}

  Status Compress(std::span<const uint8_t> body, std::span<const size_t> /*ends*/,
                  arrow::ResizableBuffer* target) override {
    const auto size = static_cast<int64_t>(body.size());
    const int64_t most = codec_->MaxCompressedLen(size, body.data());
    RETURN_NOT_OK(target->Resize(most, /*shrink_to_fit=*/false));
    ARROW_ASSIGN_OR_RAISE(const int64_t written,
                          codec_->Compress(size, body.data(), most, target->mutable_data()));
    return target->Resize(written, /*shrink_to_fit=*/false);
  }

 private:
  const std::unique_ptr<arrow::util::Codec> codec_;
};

Result<std::unique_ptr<PageCompressor>> MakeZstd(const ColumnEncoding& encoding) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  if (context == nullptr) return Status::OutOfMemory("zstd context");
  auto made = std::make_unique<ZstdCompressor>(context);
  const auto set = [&](ZSTD_cParameter parameter, int value) -> Status {
    const size_t code = ZSTD_CCtx_setParameter(context, parameter, value);
    return ZSTD_isError(code) != 0 ? ZstdError(code) : Status::OK();
  };
  const int level = encoding.level == 0 ? kDefaultLevel : encoding.level;
  RETURN_NOT_OK(set(ZSTD_c_compressionLevel, level));
  if (encoding.byte_planes && encoding.level == 0) {
    RETURN_NOT_OK(set(ZSTD_c_hashLog, kPlaneHashLog));
    RETURN_NOT_OK(set(ZSTD_c_minMatch, kPlaneMinMatch));
  }
  return made;
}

}  // namespace

Result<std::unique_ptr<PageCompressor>> PageCompressor::Make(const ColumnEncoding& encoding) {
  if (encoding.codec == arrow::Compression::UNCOMPRESSED) return nullptr;
  if (encoding.codec == arrow::Compression::ZSTD) return MakeZstd(encoding);
  const int level =
      encoding.level == 0 ? arrow::util::Codec::UseDefaultCompressionLevel() : encoding.level;
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(encoding.codec, level));
  return std::make_unique<ArrowCompressor>(std::move(codec));
}

}  // namespace varve::internal
