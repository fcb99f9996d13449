// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/copy_object.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "base/stop.h"
#include "varve/unfinished_uploads.h"

namespace varve::internal {
namespace {

// As long as a part of an upload.
constexpr int64_t kPieceBytes = 8 << 20;
// What is longer is cut into other parts when it is begun than when it is resumed.
constexpr int64_t kResumedBytesMax = int64_t{32} << 30;

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

// Goes on with what a copy that was killed has sent, where the store can tell.
Result<std::unique_ptr<ChunkWriter>> OpenTarget(const ObjectCopy& copy, int64_t size) {
  if (size > kPieceBytes && size <= kResumedBytesMax) {
    const auto unfinished = ListUnfinishedUploads(*copy.target, copy.to);
    const auto is_ours = [&](const UnfinishedUpload& each) { return each.path == copy.to; };
    if (unfinished.ok() && std::ranges::any_of(*unfinished, is_ours)) {
      return ResumeWriter(*copy.target, copy.to, {.replace = copy.overwrite});
    }
  }
  return copy.target->OpenWriter(copy.to, {.size_hint = size, .replace = copy.overwrite});
}

}  // namespace

Status CopyObject(const ObjectCopy& copy, ByteBudget* budget) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, copy.source->OpenReader(copy.from, copy.known_size));
  const int64_t size = reader->size();
  const int64_t piece_bytes = std::min(size, kPieceBytes);
  ARROW_ASSIGN_OR_RAISE(const auto share, budget->Take(piece_bytes));
  const auto report = [&](int64_t bytes) {
    if (copy.on_bytes) copy.on_bytes(bytes);
  };
  if (copy.overwrite && size <= kPieceBytes) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, reader->Read(0, size));
    ARROW_RETURN_NOT_OK(copy.target->Write(copy.to, BytesOf(*bytes)));
    report(size);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto writer, OpenTarget(copy, size));
  for (int64_t offset = 0; offset < size; offset += piece_bytes) {
    ARROW_RETURN_NOT_OK(CheckStopped());
    const int64_t length = std::min(piece_bytes, size - offset);
    ARROW_ASSIGN_OR_RAISE(const auto bytes, reader->Read(offset, length));
    ARROW_RETURN_NOT_OK(writer->Write(BytesOf(*bytes)));
    report(length);
  }
  return writer->Close();
}

Result<bool> HaveEqualBytes(ChunkManager* one, ChunkManager* other, const std::string& path,
                            int64_t size, ByteBudget* budget) {
  ARROW_ASSIGN_OR_RAISE(const auto left, one->OpenReader(path, size));
  ARROW_ASSIGN_OR_RAISE(const auto right, other->OpenReader(path, size));
  const int64_t piece_bytes = std::min(size, kPieceBytes);
  ARROW_ASSIGN_OR_RAISE(const auto share, budget->Take(2 * piece_bytes));
  for (int64_t offset = 0; offset < size; offset += piece_bytes) {
    ARROW_RETURN_NOT_OK(CheckStopped());
    const int64_t length = std::min(piece_bytes, size - offset);
    ARROW_ASSIGN_OR_RAISE(const auto left_bytes, left->Read(offset, length));
    ARROW_ASSIGN_OR_RAISE(const auto right_bytes, right->Read(offset, length));
    if (!left_bytes->Equals(*right_bytes)) return false;
  }
  return true;
}

}  // namespace varve::internal
