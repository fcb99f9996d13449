// SPDX-License-Identifier: Apache-2.0
#include "packed/direct_chunk.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "arrow/buffer.h"
#include "base/crc32.h"
#include "storage/map_guard.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

constexpr int64_t kRankRows = 512;
// How many pages ahead a reader looks for work while the page it wants is being verified.
constexpr int64_t kPagesOfHelp = 16;

uint32_t LoadLittle(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

Status Mismatch(const std::string& object, const char* what, int64_t offset, uint32_t expected,
                uint32_t found) {
  return Corruption(std::string("checksum of ") + what + " does not match",
                    {.object = object,
                     .offset = offset,
                     .expected = std::to_string(expected),
                     .found = std::to_string(found)});
}

std::span<const uint8_t> All(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

}  // namespace

DirectChunk::DirectChunk(std::shared_ptr<const FileSource> source, const ChunkLayout& layout,
                         int64_t num_rows)
    : source_(std::move(source)),
      layout_(layout),
      num_rows_(num_rows),
      checksums_(source_, layout.checksums, layout.num_blocks()) {}

std::span<std::atomic<uint8_t>> DirectChunk::PageStates(const arrow::Buffer& mapping) const {
  std::call_once(page_states_made_, [&] {
    const int64_t page_bytes = layout_.values_per_page * layout_.width;
    const int64_t count = std::min(layout_.num_pages(), mapping.size() / page_bytes + 1);
    page_states_ = std::vector<std::atomic<uint8_t>>(static_cast<size_t>(count));
  });
  return page_states_;
}

int64_t DirectChunk::PageEnd(int64_t value) const {
  const int64_t page = value / layout_.values_per_page;
  return std::min((page + 1) * layout_.values_per_page, layout_.num_values);
}

DirectChunk::BadBlock DirectChunk::FindBadBlock(int64_t begin, int64_t end,
                                                const uint8_t* bytes) const {
  for (int64_t value = begin; value < end; value += layout_.values_per_block) {
    const int64_t count = std::min<int64_t>(layout_.values_per_block, end - value);
    const auto length = static_cast<size_t>(count * layout_.width);
    const uint32_t found = Crc32({bytes, length});
    const uint32_t expected = checksums_.At(BlockOf(value));
    if (found != expected) return {value, expected, found};
    bytes += length;
  }
  return {};
}

Status DirectChunk::VerifyBlocks(int64_t begin, int64_t end, const uint8_t* bytes) const {
  ARROW_RETURN_NOT_OK(LoadChecksums(begin, end));
  BadBlock bad;
  // The bytes are the caller's own; the checksums may be mapped.
  ARROW_RETURN_NOT_OK(ReadMapped(checksums_.mapped(), source_->path(),
                                 [&] { bad = FindBadBlock(begin, end, bytes); }));
  if (bad.value < 0) return Status::OK();
  return Mismatch(source_->path(), "a block", layout_.OffsetOf(bad.value), bad.expected, bad.found);
}

Status DirectChunk::ComparePage(int64_t page, const arrow::Buffer& mapping) const {
  const int64_t begin = page * layout_.values_per_page;
  ARROW_RETURN_NOT_OK(LoadChecksums(begin, PageEnd(begin)));
  ARROW_RETURN_NOT_OK(CheckReadBounds(source_->path(), mapping.size(), 0,
                                      layout_.OffsetOf(PageEnd(begin) - 1) + layout_.width));
  BadBlock bad;
  // One scope over the whole mapping covers values and checksums alike.
  ARROW_RETURN_NOT_OK(ReadMapped(All(mapping), source_->path(), [&] {
    bad = FindBadBlock(begin, PageEnd(begin), mapping.data() + layout_.OffsetOf(begin));
  }));
  if (bad.value < 0) return Status::OK();
  return Mismatch(source_->path(), "a block", layout_.OffsetOf(bad.value), bad.expected, bad.found);
}

std::optional<Status> DirectChunk::TryVerifyPage(int64_t page, const arrow::Buffer& mapping) const {
  const auto states = PageStates(mapping);
  // It begins behind the end of the file, as is said there.
  if (static_cast<size_t>(page) >= states.size()) return ComparePage(page, mapping);
  std::atomic<uint8_t>& state = states[static_cast<size_t>(page)];
  uint8_t seen = kUnknown;
  if (!state.compare_exchange_strong(seen, kBusy, std::memory_order_acquire)) {
    if (seen == kVerified) return Status::OK();
    return std::nullopt;
  }
  Status status = ComparePage(page, mapping);
  state.store(status.ok() ? kVerified : kUnknown, std::memory_order_release);
  state.notify_all();
  return status;
}

Status DirectChunk::VerifyPage(int64_t page, const arrow::Buffer& mapping) const {
  const int64_t help_end = std::min(page + 1 + kPagesOfHelp, layout_.num_pages());
  for (int64_t next = page + 1;;) {
    if (auto status = TryVerifyPage(page, mapping)) return *std::move(status);
    // Another thread is at it. Sleeping costs more than a page does, and the pages behind it are
    // wanted next: verify one of those. If it is bad, whoever reads it finds out.
    if (next < help_end) {
      static_cast<void>(TryVerifyPage(next++, mapping));
    } else {
      PageStates(mapping)[static_cast<size_t>(page)].wait(kBusy, std::memory_order_acquire);
    }
  }
}

bool DirectChunk::IsVerified(int64_t begin, int64_t end) const {
  const auto mapping = source_->Map();
  if (!mapping.ok() || *mapping == nullptr) return true;
  const auto states = PageStates(**mapping);
  for (int64_t value = begin; value < end; value = PageEnd(value)) {
    const auto page = static_cast<size_t>(value / layout_.values_per_page);
    if (page >= states.size() || states[page].load(std::memory_order_acquire) != kVerified) {
      return false;
    }
  }
  return true;
}

void DirectChunk::VerifyAhead(int64_t begin, int64_t end) const {
  const auto mapping = source_->Map();
  if (!mapping.ok() || *mapping == nullptr || begin >= end) return;
  for (int64_t value = begin; value < end; value = PageEnd(value)) {
    const auto status = TryVerifyPage(value / layout_.values_per_page, **mapping);
    if (status.has_value() && !status->ok()) return;
  }
}

Result<std::shared_ptr<arrow::Buffer>> DirectChunk::Slice(int64_t begin, int64_t end,
                                                          bool verify) const {
  ARROW_ASSIGN_OR_RAISE(auto mapping, source_->Map());
  if (mapping == nullptr) return StagedSlice(begin, end, verify);
  const int64_t length = (end - begin) * layout_.width;
  if (length == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  ARROW_RETURN_NOT_OK(CheckReadBounds(source_->path(), mapping->size(), 0,
                                      layout_.OffsetOf(PageEnd(begin) - 1) + layout_.width));
  if (verify) {
    ARROW_RETURN_NOT_OK(VerifyPage(begin / layout_.values_per_page, *mapping));
    // The page may have been compared long ago. If the file was truncated since, its end is what is
    // missing, and is missed here rather than by whoever reads the values.
    const std::span<const uint8_t> slice(mapping->data() + layout_.OffsetOf(begin),
                                         static_cast<size_t>(length));
    ARROW_RETURN_NOT_OK(ReadMapped(slice, source_->path(), [&] {
      static_cast<void>(*static_cast<const volatile uint8_t*>(&slice.back()));
    }));
  }
  source_->CountMapped(length);
  return arrow::SliceBuffer(std::move(mapping), layout_.OffsetOf(begin), length);
}

Result<std::shared_ptr<arrow::Buffer>> DirectChunk::StagedSlice(int64_t begin, int64_t end,
                                                                bool verify) const {
  if (!source_->is_remote() || begin == end) return nullptr;
  const int64_t block = layout_.values_per_block;
  const bool whole = begin % block == 0 && (end % block == 0 || end == PageEnd(begin));
  if (verify && !whole) return nullptr;
  auto slice = source_->StagedSlice(layout_.OffsetOf(begin), (end - begin) * layout_.width);
  if (slice != nullptr && verify) ARROW_RETURN_NOT_OK(VerifyBlocks(begin, end, slice->data()));
  return slice;
}

Status DirectChunk::ReadBytes(int64_t offset, int64_t length,
                              const std::shared_ptr<arrow::Buffer>& mapping, uint8_t* out) const {
  if (mapping == nullptr) return source_->ReadAt(offset, length, out);
  ARROW_RETURN_NOT_OK(CheckReadBounds(source_->path(), mapping->size(), offset, length));
  return ReadMapped(All(*mapping), source_->path(), [&] {
    std::memcpy(out, mapping->data() + offset, static_cast<size_t>(length));
  });
}

Status DirectChunk::CopyPart(int64_t begin, int64_t end, uint8_t* out, bool verify) const {
  const int64_t length = (end - begin) * layout_.width;
  // Blocks that are only partly wanted are read whole.
  const int64_t block = layout_.values_per_block;
  const int64_t block_begin = verify ? begin / block * block : begin;
  const int64_t block_end =
      verify ? std::min((end + block - 1) / block * block, PageEnd(begin)) : end;
  std::shared_ptr<arrow::Buffer> scratch;
  uint8_t* bytes = out;
  if (block_begin != begin || block_end != end) {
    ARROW_ASSIGN_OR_RAISE(scratch,
                          arrow::AllocateBuffer((block_end - block_begin) * layout_.width));
    bytes = scratch->mutable_data();
  }
  ARROW_ASSIGN_OR_RAISE(auto mapping, source_->Map());
  const int64_t bytes_read = (block_end - block_begin) * layout_.width;
  if (mapping != nullptr) source_->CountMapped(bytes_read);
  ARROW_RETURN_NOT_OK(ReadBytes(layout_.OffsetOf(block_begin), bytes_read, mapping, bytes));
  if (verify) ARROW_RETURN_NOT_OK(VerifyBlocks(block_begin, block_end, bytes));
  if (scratch != nullptr) {
    std::memcpy(out, bytes + (begin - block_begin) * layout_.width, static_cast<size_t>(length));
  }
  return Status::OK();
}

Status DirectChunk::Copy(int64_t begin, int64_t end, uint8_t* out, bool verify) const {
  while (begin < end) {
    const int64_t part_end = std::min(end, PageEnd(begin));
    ARROW_RETURN_NOT_OK(CopyPart(begin, part_end, out, verify));
    out += (part_end - begin) * layout_.width;
    begin = part_end;
  }
  return Status::OK();
}

Status DirectChunk::Take(std::span<const ValueRequest> requests, bool mapped, bool verify) const {
  if (requests.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto mapping, source_->Map());
  if (mapping != nullptr && !mapped) {
    // A page that was verified through the mapping is in memory already.
    mapped = IsVerified(requests.front().value, requests.front().value + 1);
  }
  if (!mapped) mapping = nullptr;
  return verify && layout_.values_per_block > 1 ? TakeBlocks(requests, mapping, verify)
                                                : TakeValues(requests, mapping, verify);
}

// A block is a value, or nothing is verified: values go straight to where they are wanted.
Status DirectChunk::TakeValues(std::span<const ValueRequest> requests,
                               const std::shared_ptr<arrow::Buffer>& mapping, bool verify) const {
  const auto width = static_cast<size_t>(layout_.width);
  for (size_t i = 0; i < requests.size();) {
    // Neighbours that are wanted next to each other are one read.
    size_t run = i + 1;
    const int64_t page_end = PageEnd(requests[i].value);
    while (run < requests.size() && requests[run].value == requests[run - 1].value + 1 &&
           requests[run].value < page_end && requests[run].out == requests[run - 1].out + width) {
      ++run;
    }
    const auto count = static_cast<int64_t>(run - i);
    const int64_t value = requests[i].value;
    uint8_t* out = requests[i].out;
    ARROW_RETURN_NOT_OK(ReadBytes(layout_.OffsetOf(value), count * layout_.width, mapping, out));
    if (verify) ARROW_RETURN_NOT_OK(VerifyBlocks(value, value + count, out));
    i = run;
  }
  if (mapping != nullptr) {
    source_->CountMapped(static_cast<int64_t>(requests.size()) * layout_.width);
  }
  return Status::OK();
}

Status DirectChunk::TakeBlocks(std::span<const ValueRequest> requests,
                               const std::shared_ptr<arrow::Buffer>& mapping, bool verify) const {
  const int64_t per_block = layout_.values_per_block;
  std::vector<uint8_t> block(
      static_cast<size_t>(std::min(per_block, layout_.num_values) * layout_.width));
  int64_t held = -1;
  for (const ValueRequest& request : requests) {
    const int64_t begin = request.value / per_block * per_block;
    if (begin != held) {
      const int64_t end = std::min(begin + per_block, PageEnd(begin));
      ARROW_RETURN_NOT_OK(
          ReadBytes(layout_.OffsetOf(begin), (end - begin) * layout_.width, mapping, block.data()));
      ARROW_RETURN_NOT_OK(VerifyBlocks(begin, end, block.data()));
      if (mapping != nullptr) source_->CountMapped((end - begin) * layout_.width);
      held = begin;
    }
    std::memcpy(request.out, block.data() + (request.value - begin) * layout_.width,
                static_cast<size_t>(layout_.width));
  }
  return Status::OK();
}

void DirectChunk::PlanValues(int64_t begin, int64_t end, bool verify, ReadWave* wave) const {
  if (begin >= end) return;
  if (verify) checksums_.Plan(BlockOf(begin), BlockOf(end - 1) + 1, wave);
  while (begin < end) {
    const int64_t page_end = PageEnd(begin);
    const int64_t part_end = std::min(end, page_end);
    const int64_t block = layout_.values_per_block;
    const int64_t first = verify ? begin / block * block : begin;
    const int64_t last =
        verify ? std::min((part_end + block - 1) / block * block, page_end) : part_end;
    wave->Add(*source_, layout_.OffsetOf(first), (last - first) * layout_.width);
    begin = part_end;
  }
}

bool DirectChunk::PlanNulls(ReadWave* wave) const {
  const int64_t bytes = (num_rows_ + 7) / 8 + 4;
  if (nulls_ready_.load(std::memory_order_acquire) || source_->IsStaged(layout_.validity, bytes)) {
    return false;
  }
  wave->Add(*source_, layout_.validity, bytes);
  return true;
}

Result<const DirectChunk::Nulls*> DirectChunk::LoadNulls() const {
  if (nulls_ready_.load(std::memory_order_acquire)) return &nulls_;
  std::lock_guard<std::mutex> lock(mutex_);
  if (nulls_ready_.load(std::memory_order_relaxed)) return &nulls_;
  const int64_t bytes = (num_rows_ + 7) / 8;
  ARROW_ASSIGN_OR_RAISE(auto stored, source_->Copy(layout_.validity, bytes + 4));
  uint32_t found = Crc32({stored->data(), static_cast<size_t>(bytes)});
  uint32_t expected = LoadLittle(stored->data() + bytes);
  if (found != expected && source_->is_remote()) {
    source_->DropStaged();  // it may have been damaged on its way
    ARROW_ASSIGN_OR_RAISE(stored, source_->Copy(layout_.validity, bytes + 4));
    found = Crc32({stored->data(), static_cast<size_t>(bytes)});
    expected = LoadLittle(stored->data() + bytes);
  }
  if (found != expected) {
    return Mismatch(source_->path(), "a validity bitmap", layout_.validity, expected, found);
  }
  Nulls nulls;
  int64_t valid = 0;
  for (int64_t row = 0; row < num_rows_; row += kRankRows) {
    nulls.ranks.push_back(valid);
    const int64_t end = std::min(bytes, (row + kRankRows) / 8);
    for (int64_t i = row / 8; i < end; ++i) valid += std::popcount(stored->data()[i]);
  }
  if (valid != layout_.num_values) {
    return Corruption("validity bitmap and number of values disagree",
                      {.object = source_->path(),
                       .offset = layout_.validity,
                       .expected = std::to_string(layout_.num_values),
                       .found = std::to_string(valid)});
  }
  nulls.bitmap = arrow::SliceBuffer(std::move(stored), 0, bytes);
  nulls_ = std::move(nulls);
  nulls_ready_.store(true, std::memory_order_release);
  return &nulls_;
}

Result<std::shared_ptr<arrow::Buffer>> DirectChunk::Validity() const {
  ARROW_ASSIGN_OR_RAISE(const Nulls* nulls, LoadNulls());
  return nulls->bitmap;
}

Result<int64_t> DirectChunk::Rank(int64_t row) const {
  ARROW_ASSIGN_OR_RAISE(const Nulls* nulls, LoadNulls());
  if (row >= num_rows_) return layout_.num_values;
  const uint8_t* bits = nulls->bitmap->data();
  int64_t rank = nulls->ranks[static_cast<size_t>(row / kRankRows)];
  for (int64_t i = row / kRankRows * kRankRows / 8; i < row / 8; ++i)
    rank += std::popcount(bits[i]);
  return rank + std::popcount(static_cast<unsigned>(bits[row / 8] & ((1u << (row % 8)) - 1)));
}

}  // namespace varve::internal
