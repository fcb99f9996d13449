// SPDX-License-Identifier: Apache-2.0
#include "packed/file_sink.h"

#include <array>

#include "packed/packed_layout.h"

namespace varve::internal {

Status FileSink::Write(std::span<const uint8_t> bytes) {
  RETURN_NOT_OK(writer_->Write(bytes));
  crc32_ = Crc32(bytes, crc32_);
  position_ += static_cast<int64_t>(bytes.size());
  return Status::OK();
}

Status FileSink::Align(int64_t ahead) {
  static constexpr std::array<uint8_t, kBodyAlignment> kZeros{};
  const auto over = static_cast<size_t>((position_ + ahead) % kBodyAlignment);
  if (over == 0) return Status::OK();
  return Write(std::span(kZeros).first(kBodyAlignment - over));
}

Status FileSink::WritePage(std::span<const std::span<const uint8_t>> pieces, uint32_t body_crc32,
                           int64_t body_bytes, const Crc32Combiner& body_length) {
  RETURN_NOT_OK(writer_->WriteAll(pieces));
  crc32_ = body_length.Combine(Crc32(pieces[0], crc32_), body_crc32);
  position_ += static_cast<int64_t>(pieces[0].size()) + body_bytes;
  return Status::OK();
}

}  // namespace varve::internal
