// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_layout.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"

namespace varve::internal {
namespace {

constexpr uint8_t kFormat = 2;
constexpr uint8_t kFormatWithoutStored = 1;
constexpr int64_t kMaxOffset = int64_t{1} << 56;
constexpr int kMaxValuesPerPageLog2 = 30;
constexpr uint64_t kMaxColumns = uint64_t{1} << 20;

// What chunks of one column usually have in common; stored once.
struct Shape {
  int32_t width = 0;
  int64_t values_per_page = 0;
  int32_t values_per_block = 0;
  int64_t stride = 0;
  bool operator==(const Shape&) const = default;
};

Shape ShapeOf(const ChunkLayout& chunk) {
  if (!chunk.addressable()) return {};
  return {chunk.width, chunk.values_per_page, chunk.values_per_block, chunk.stride};
}

// Where the next chunk's parts would start if nothing lay between; deltas are taken from here.
struct Cursor {
  int64_t base = 0;
  int64_t checksums = 0;
  int64_t validity = 0;
  int64_t stored = 0;
};

int64_t ValidityBytes(int64_t num_rows) { return num_rows / 8 + (num_rows % 8 != 0) + 4; }

void Advance(const ChunkLayout& chunk, int64_t num_rows, Cursor* cursor) {
  if (!chunk.addressable()) {
    if (chunk.stored_bytes > 0) cursor->stored = chunk.stored_begin + chunk.stored_bytes;
    return;
  }
  cursor->base = chunk.base + chunk.num_pages() * chunk.stride;
  cursor->checksums = chunk.checksums + 4 * chunk.num_blocks();
  if (chunk.validity != 0) cursor->validity = chunk.validity + ValidityBytes(num_rows);
}

class LayoutDecoder {
 public:
  LayoutDecoder(std::string_view bytes, const std::string& object)
      : object_(object), in_(AsBytes(bytes), object) {}

  Result<PackedLayout> Run() {
    ARROW_ASSIGN_OR_RAISE(const uint8_t format, in_.ReadFixed<uint8_t>());
    if (format != kFormat && format != kFormatWithoutStored) {
      return MakeError(ErrorKind::kUnsupported, "unknown form of layout record",
                       {.object = object_,
                        .field = "layout",
                        .expected = std::to_string(kFormat),
                        .found = std::to_string(format)});
    }
    tells_stored_ = format == kFormat;
    ARROW_ASSIGN_OR_RAISE(const auto id, in_.ReadBytes(layout_.file_id.size()));
    std::copy(id.begin(), id.end(), layout_.file_id.begin());
    ARROW_ASSIGN_OR_RAISE(layout_.file_bytes, ReadOffset("file_bytes"));
    ARROW_ASSIGN_OR_RAISE(layout_.tail_offset, ReadOffset("tail_offset"));
    ARROW_ASSIGN_OR_RAISE(layout_.tail_crc32c, in_.ReadFixed<uint32_t>());
    ARROW_ASSIGN_OR_RAISE(layout_.data_crc32, in_.ReadFixed<uint32_t>());
    if (layout_.file_bytes != 0 && layout_.tail_offset > layout_.file_bytes) {
      return Bad("tail_offset", layout_.tail_offset);
    }
    tail_end_ = layout_.file_bytes != 0 ? layout_.file_bytes : kMaxOffset;

    ARROW_ASSIGN_OR_RAISE(const uint64_t num_columns, in_.ReadVarintUpTo(kMaxColumns, "columns"));
    RETURN_NOT_OK(ReadShapes());
    // Every row group takes at least one byte, and one a column: counts are bounded by the input.
    ARROW_ASSIGN_OR_RAISE(const uint64_t num_row_groups,
                          in_.ReadVarintUpTo(in_.remaining() / (1 + num_columns), "row groups"));
    layout_.row_groups.resize(num_row_groups);
    for (auto& group : layout_.row_groups) {
      ARROW_ASSIGN_OR_RAISE(group.num_rows, ReadOffset("num_rows"));
      total_rows_ += group.num_rows;
      if (total_rows_ > kMaxOffset) return Bad("num_rows", group.num_rows);
      group.columns.resize(num_columns);
      for (auto& chunk : group.columns) RETURN_NOT_OK(ReadChunk(group.num_rows, &chunk));
    }
    if (in_.remaining() != 0) return Bad("trailing bytes", static_cast<int64_t>(in_.remaining()));
    return std::move(layout_);
  }

 private:
  Status Bad(const char* field, int64_t found) const {
    return Corruption("impossible layout", {.object = object_,
                                            .field = field,
                                            .offset = static_cast<int64_t>(in_.position()),
                                            .found = std::to_string(found)});
  }

  Result<int64_t> ReadOffset(const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t value, in_.ReadVarintUpTo(kMaxOffset, what));
    return static_cast<int64_t>(value);
  }

  // from + unit * (signed delta), which must lie in [0, kMaxOffset].
  Result<int64_t> ReadDelta(int64_t from, int64_t unit, const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t raw, in_.ReadVarint());
    const int64_t delta = UnZigZag(raw);
    int64_t value = 0;
    if (__builtin_mul_overflow(delta, unit, &value) ||
        __builtin_add_overflow(value, from, &value) || value < 0 || value > kMaxOffset) {
      return Bad(what, delta);
    }
    return value;
  }

  Status ReadShapes() {
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, in_.ReadVarintUpTo(in_.remaining(), "shapes"));
    shapes_.resize(count);
    for (Shape& shape : shapes_) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t width, in_.ReadVarintUpTo(INT32_MAX, "width"));
      if (width == 0) continue;
      shape.width = static_cast<int32_t>(width);
      ARROW_ASSIGN_OR_RAISE(const uint64_t page_log2,
                            in_.ReadVarintUpTo(kMaxValuesPerPageLog2, "values_per_page"));
      ARROW_ASSIGN_OR_RAISE(const uint64_t block_log2,
                            in_.ReadVarintUpTo(page_log2, "values_per_block"));
      ARROW_ASSIGN_OR_RAISE(const int64_t slack, ReadOffset("stride"));
      shape.values_per_page = int64_t{1} << page_log2;
      shape.values_per_block = int32_t{1} << block_log2;
      // At most 2^61 + 2^56.
      shape.stride = shape.values_per_page * shape.width + slack;
      if (shape.stride > kMaxOffset || shape.stride % kBodyAlignment != 0) {
        return Bad("stride", shape.stride);
      }
    }
    return Status::OK();
  }

  Status ReadChunk(int64_t num_rows, ChunkLayout* chunk) {
    if (shapes_.empty()) return Bad("shapes", 0);
    ARROW_ASSIGN_OR_RAISE(const uint64_t index, in_.ReadVarintUpTo(shapes_.size() - 1, "shape"));
    const Shape& shape = shapes_[index];
    if (shape.width == 0) return ReadStored(chunk);
    chunk->width = shape.width;
    chunk->values_per_page = shape.values_per_page;
    chunk->values_per_block = shape.values_per_block;
    chunk->stride = shape.stride;
    ARROW_ASSIGN_OR_RAISE(chunk->base, ReadDelta(cursor_.base, kBodyAlignment, "base"));
    ARROW_ASSIGN_OR_RAISE(chunk->checksums, ReadDelta(cursor_.checksums, 1, "checksums"));
    ARROW_ASSIGN_OR_RAISE(const uint64_t nulls,
                          in_.ReadVarintUpTo(2 * static_cast<uint64_t>(num_rows) + 1, "nulls"));
    chunk->num_values = num_rows - static_cast<int64_t>(nulls >> 1);
    if ((nulls & 1) != 0) {
      ARROW_ASSIGN_OR_RAISE(chunk->validity, ReadDelta(cursor_.validity, 1, "validity"));
    }
    RETURN_NOT_OK(Check(*chunk, num_rows));
    Advance(*chunk, num_rows, &cursor_);
    return Status::OK();
  }

  Status ReadStored(ChunkLayout* chunk) {
    if (!tells_stored_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(chunk->stored_bytes, ReadOffset("stored_bytes"));
    if (chunk->stored_bytes == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(chunk->stored_begin, ReadDelta(cursor_.stored, 1, "stored_begin"));
    if (chunk->stored_begin == 0 || chunk->stored_begin > layout_.tail_offset ||
        chunk->stored_bytes > layout_.tail_offset - chunk->stored_begin) {
      return Bad("stored_begin", chunk->stored_begin);
    }
    Advance(*chunk, 0, &cursor_);
    return Status::OK();
  }

  // After this no sum or product over the chunk's members can overflow or leave the file.
  Status Check(const ChunkLayout& chunk, int64_t num_rows) const {
    if (chunk.num_values < 0) return Bad("num_values", chunk.num_values);
    if (chunk.num_values < num_rows && chunk.validity == 0) return Bad("validity", 0);
    if (chunk.num_values > 0) {
      // The last value's end, in steps that stay below 2^63.
      const int64_t last = chunk.num_values - 1;
      int64_t end = 0;
      if (__builtin_mul_overflow(last / chunk.values_per_page, chunk.stride, &end) ||
          end > kMaxOffset) {
        return Bad("num_values", chunk.num_values);
      }
      end += chunk.base + (last % chunk.values_per_page + 1) * chunk.width;
      if (chunk.base == 0 || end > layout_.tail_offset) return Bad("base", chunk.base);
      if (chunk.checksums < layout_.tail_offset || chunk.checksums > tail_end_ ||
          4 * chunk.num_blocks() > tail_end_ - chunk.checksums) {
        return Bad("checksums", chunk.checksums);
      }
    }
    if (chunk.validity != 0 &&
        (chunk.validity < layout_.tail_offset || chunk.validity > tail_end_ ||
         ValidityBytes(num_rows) > tail_end_ - chunk.validity)) {
      return Bad("validity", chunk.validity);
    }
    return Status::OK();
  }

  const std::string& object_;
  Decoder in_;
  PackedLayout layout_;
  bool tells_stored_ = false;
  std::vector<Shape> shapes_;
  Cursor cursor_;
  int64_t total_rows_ = 0;
  int64_t tail_end_ = 0;
};

}  // namespace

std::string PackedLayout::Encode() const {
  std::vector<Shape> shapes;
  const auto shape_index = [&](const ChunkLayout& chunk) {
    const Shape shape = ShapeOf(chunk);
    auto found = std::find(shapes.begin(), shapes.end(), shape);
    if (found == shapes.end()) found = shapes.insert(shapes.end(), shape);
    return static_cast<uint64_t>(found - shapes.begin());
  };
  std::string groups;
  AppendVarint(&groups, row_groups.size());
  Cursor cursor;
  for (const RowGroupLayout& group : row_groups) {
    AppendVarint(&groups, static_cast<uint64_t>(group.num_rows));
    for (const ChunkLayout& chunk : group.columns) {
      AppendVarint(&groups, shape_index(chunk));
      if (!chunk.addressable()) {
        AppendVarint(&groups, static_cast<uint64_t>(chunk.stored_bytes));
        if (chunk.stored_bytes > 0) {
          AppendVarint(&groups, ZigZag(chunk.stored_begin - cursor.stored));
        }
        Advance(chunk, group.num_rows, &cursor);
        continue;
      }
      AppendVarint(&groups, ZigZag((chunk.base - cursor.base) / kBodyAlignment));
      AppendVarint(&groups, ZigZag(chunk.checksums - cursor.checksums));
      const auto nulls = static_cast<uint64_t>(group.num_rows - chunk.num_values);
      AppendVarint(&groups, nulls << 1 | (chunk.validity != 0));
      if (chunk.validity != 0) AppendVarint(&groups, ZigZag(chunk.validity - cursor.validity));
      Advance(chunk, group.num_rows, &cursor);
    }
  }

  std::string out(1, static_cast<char>(kFormat));
  out.append(AsString(file_id));
  AppendVarint(&out, static_cast<uint64_t>(file_bytes));
  AppendVarint(&out, static_cast<uint64_t>(tail_offset));
  AppendFixed(&out, tail_crc32c);
  AppendFixed(&out, data_crc32);
  AppendVarint(&out, row_groups.empty() ? 0 : row_groups.front().columns.size());
  AppendVarint(&out, shapes.size());
  for (const Shape& shape : shapes) {
    AppendVarint(&out, static_cast<uint64_t>(shape.width));
    if (shape.width == 0) continue;
    AppendVarint(&out, std::countr_zero(static_cast<uint64_t>(shape.values_per_page)));
    AppendVarint(&out, std::countr_zero(static_cast<uint32_t>(shape.values_per_block)));
    AppendVarint(&out, static_cast<uint64_t>(shape.stride - shape.values_per_page * shape.width));
  }
  return out + groups;
}

Result<PackedLayout> PackedLayout::Decode(std::string_view bytes, const std::string& object) {
  return LayoutDecoder(bytes, object).Run();
}

}  // namespace varve::internal
