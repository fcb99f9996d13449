// SPDX-License-Identifier: Apache-2.0
#include "packed/addressed_chunk_writer.h"

#include <algorithm>
#include <bit>

#include "arrow/array/array_base.h"
#include "arrow/util/bit_run_reader.h"
#include "arrow/util/bit_util.h"
#include "arrow/util/bitmap_ops.h"
#include "base/coding.h"
#include "packed/fixed_width.h"
#include "packed/page_header.h"
#include "parquet/bloom_filter.h"
#include "parquet/schema.h"

namespace varve::internal {
namespace {

// A page is read for its checksums and read again by the kernel: it shall still be in the core's
// cache then. Pages of 4 MiB took a fifth more CPU.
constexpr int64_t kMaxPageBytes = 2 << 20;
constexpr int64_t kMaxValuesPerPage = 8192;
// Runs of values shorter than this are gathered by copying rather than as pieces of their own.
constexpr int64_t kMinPieceBytes = 512;
constexpr int64_t kRunLengthBytes = 5;  // of a varint below 2^32
constexpr int64_t kLevelsLengthBytes = 4;

int64_t RoundUp(int64_t value) {
  return (value + kBodyAlignment - 1) / kBodyAlignment * kBodyAlignment;
}

// A run of `count` equal levels in the RLE / bit-packed hybrid.
void AppendRun(std::string* out, int64_t count, uint8_t level) {
  AppendVarint(out, static_cast<uint64_t>(count) << 1);
  out->push_back(static_cast<char>(level));
}

void AppendWithLength(std::string* out, const std::string& levels) {
  AppendFixed(out, static_cast<uint32_t>(levels.size()));
  out->append(levels);
}

// One row of a list without nulls: a level 0, then a run of 1 for the other elements.
std::string RepetitionOfRow(int32_t list_length) {
  std::string row;
  AppendRun(&row, 1, 0);
  if (list_length > 1) AppendRun(&row, list_length - 1, 1);
  return row;
}

template <typename DType>
parquet::EncodedStatistics Bounds(const parquet::ColumnDescriptor* descr,
                                  const std::vector<std::span<const uint8_t>>& pieces,
                                  int64_t nulls, parquet::Statistics* chunk) {
  using T = typename DType::c_type;
  auto made = parquet::Statistics::Make(descr);
  auto* page = static_cast<parquet::TypedStatistics<DType>*>(made.get());
  for (const auto piece : pieces) {
    page->Update(reinterpret_cast<const T*>(piece.data()),
                 static_cast<int64_t>(piece.size() / sizeof(T)), 0);
  }
  page->IncrementNullCount(nulls);
  static_cast<parquet::TypedStatistics<DType>*>(chunk)->Merge(*page);
  return page->Encode();
}

template <typename T>
void InsertInto(parquet::BloomFilter* bloom, std::span<const uint8_t> piece) {
  const auto* values = reinterpret_cast<const T*>(piece.data());
  for (size_t i = 0; i < piece.size() / sizeof(T); ++i) bloom->InsertHash(bloom->Hash(values[i]));
}

}  // namespace

AddressedShape AddressedShape::Of(int32_t width) {
  AddressedShape shape;
  shape.width = width;
  const auto most = [&](int64_t bytes) {
    return static_cast<int64_t>(
        std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(1, bytes / width))));
  };
  shape.values_per_page = std::min(most(kMaxPageBytes), kMaxValuesPerPage);
  shape.values_per_block =
      static_cast<int32_t>(std::min(most(kChecksumBlockBytes), shape.values_per_page));
  return shape;
}

int64_t AddressedShape::prefix_bytes() const {
  int64_t least = kPageHeaderBytes;
  if (list_length > 0) {
    least += 2 * kLevelsLengthBytes + kRunLengthBytes + 1 +
             values_per_page * static_cast<int64_t>(RepetitionOfRow(list_length).size());
  } else if (optional) {
    least += kLevelsLengthBytes + kRunLengthBytes + max_rows_per_page() / 8 + 1;
  }
  const int64_t page_bytes = values_per_page * width;
  return RoundUp(least + page_bytes) - page_bytes;
}

struct AddressedChunkWriter::PageBody {
  std::vector<std::span<const uint8_t>> pieces;
  std::vector<uint8_t> copied;
  int64_t num_rows = 0;
  int64_t num_values = 0;
  int64_t bytes = 0;
  std::string validity;  // bitmap of the page's rows; empty if none is null
};

AddressedChunkWriter::AddressedChunkWriter(AddressedShape shape,
                                           const parquet::ColumnDescriptor* descr, FileSink* sink,
                                           bool page_checksums, bool statistics,
                                           parquet::BloomFilter* bloom)
    : shape_(shape),
      descr_(descr),
      sink_(sink),
      page_checksums_(page_checksums),
      statistics_(statistics),
      bloom_(bloom),
      block_combiner_(int64_t{shape.values_per_block} * shape.width),
      page_combiner_(shape.values_per_page * shape.width) {}

void AddressedChunkWriter::GatherValues(const arrow::ArrayVector& rows, PageBody* body) const {
  int64_t nulls = 0;
  for (const auto& array : rows) {
    body->num_rows += array->length();
    nulls += array->null_count();
  }
  body->num_values = body->num_rows - nulls;
  body->bytes = body->num_values * shape_.width;
  const bool copy = nulls > 0 && shape_.width < kMinPieceBytes;
  if (copy) body->copied.reserve(static_cast<size_t>(body->bytes));
  if (nulls > 0) body->validity.assign(static_cast<size_t>((body->num_rows + 7) / 8), '\0');
  auto* bits = reinterpret_cast<uint8_t*>(body->validity.data());
  int64_t row = 0;
  for (const auto& array : rows) {
    const uint8_t* values = PlainValues(*array);
    const uint8_t* bitmap = array->null_count() > 0 ? array->null_bitmap_data() : nullptr;
    arrow::internal::VisitSetBitRunsVoid(
        bitmap, array->offset(), array->length(), [&](int64_t begin, int64_t length) {
          const std::span run(values + begin * shape_.width,
                              static_cast<size_t>(length * shape_.width));
          if (copy) {
            body->copied.insert(body->copied.end(), run.begin(), run.end());
          } else {
            body->pieces.push_back(run);
          }
          if (nulls > 0) arrow::bit_util::SetBitsTo(bits, row + begin, length, true);
        });
    row += array->length();
  }
  if (copy) body->pieces.push_back(body->copied);
}

std::string AddressedChunkWriter::Levels(const PageBody& body) const {
  std::string out;
  if (shape_.list_length > 0) {
    const std::string row = RepetitionOfRow(shape_.list_length);
    std::string repetition;
    repetition.reserve(row.size() * static_cast<size_t>(body.num_rows));
    for (int64_t i = 0; i < body.num_rows; ++i) repetition += row;
    AppendWithLength(&out, repetition);
    std::string definition;
    AppendRun(&definition, body.num_rows * shape_.list_length,
              static_cast<uint8_t>(descr_->max_definition_level()));
    AppendWithLength(&out, definition);
  } else if (shape_.optional) {
    std::string definition;
    if (body.validity.empty()) {
      AppendRun(&definition, body.num_rows, 1);
    } else {
      // Bit-packed levels of one bit are Arrow's validity bitmap.
      AppendVarint(&definition, body.validity.size() << 1 | 1);
      definition += body.validity;
    }
    AppendWithLength(&out, definition);
  }
  return out;
}

uint32_t AddressedChunkWriter::ChecksumBlocks(const PageBody& body) {
  const int64_t block_bytes = int64_t{shape_.values_per_block} * shape_.width;
  const size_t first = chunk_.checksums.size();
  uint32_t crc = 0;
  int64_t room = block_bytes;
  for (auto piece : body.pieces) {
    while (!piece.empty()) {
      const auto part = piece.first(std::min(piece.size(), static_cast<size_t>(room)));
      crc = Crc32(part, crc);
      room -= static_cast<int64_t>(part.size());
      piece = piece.subspan(part.size());
      if (room > 0) continue;
      chunk_.checksums.push_back(crc);
      crc = 0;
      room = block_bytes;
    }
  }
  uint32_t whole = 0;
  for (size_t i = first; i < chunk_.checksums.size(); ++i) {
    whole = block_combiner_.Combine(whole, chunk_.checksums[i]);
  }
  if (room < block_bytes) {
    chunk_.checksums.push_back(crc);
    whole = Crc32Combiner(block_bytes - room).Combine(whole, crc);
  }
  return whole;
}

void AddressedChunkWriter::AppendValidity(const PageBody& body) {
  if (body.validity.empty() && chunk_.validity.empty()) return;
  const int64_t before = chunk_.num_rows;
  const int64_t after = before + body.num_rows;
  const bool first = chunk_.validity.empty();
  chunk_.validity.resize(static_cast<size_t>((after + 7) / 8), '\0');
  auto* bits = reinterpret_cast<uint8_t*>(chunk_.validity.data());
  if (first) arrow::bit_util::SetBitsTo(bits, 0, before, true);
  if (body.validity.empty()) {
    arrow::bit_util::SetBitsTo(bits, before, body.num_rows, true);
  } else {
    arrow::internal::CopyBitmap(reinterpret_cast<const uint8_t*>(body.validity.data()), 0,
                                body.num_rows, bits, before);
  }
}

parquet::EncodedStatistics AddressedChunkWriter::PageStatistics(const PageBody& body) {
  const int64_t nulls = body.num_rows - body.num_values;
  const auto type = descr_->physical_type();
  if (statistics_ && chunk_statistics_ == nullptr) {
    chunk_statistics_ = parquet::Statistics::Make(descr_);
  }
  parquet::EncodedStatistics page;
  auto* chunk = chunk_statistics_.get();
  if (statistics_ && type == parquet::Type::INT32) {
    page = Bounds<parquet::Int32Type>(descr_, body.pieces, nulls, chunk);
  } else if (statistics_ && type == parquet::Type::INT64) {
    page = Bounds<parquet::Int64Type>(descr_, body.pieces, nulls, chunk);
  } else if (statistics_ && type == parquet::Type::FLOAT) {
    page = Bounds<parquet::FloatType>(descr_, body.pieces, nulls, chunk);
  } else if (statistics_ && type == parquet::Type::DOUBLE) {
    page = Bounds<parquet::DoubleType>(descr_, body.pieces, nulls, chunk);
  }
  page.set_null_count(nulls);
  page.all_null_value = body.num_values == 0;
  return page;
}

Status AddressedChunkWriter::WritePage(const arrow::ArrayVector& rows) {
  PageBody body;
  GatherValues(rows, &body);
  if (body.num_rows > shape_.max_rows_per_page() || body.num_values > shape_.values_per_page) {
    return MakeError(ErrorKind::kInternal, "page too large",
                     {.field = descr_->path()->ToDotString()});
  }
  const int64_t prefix = shape_.prefix_bytes();
  if (prefix + body.bytes > INT32_MAX) {
    return MakeError(ErrorKind::kInvalid, "value too wide for a Parquet page",
                     {.field = descr_->path()->ToDotString(),
                      .expected = "header, levels and values in less than 2 GiB",
                      .found = std::to_string(prefix + body.bytes) + " bytes"});
  }
  if (chunk_.leaf.pages.empty()) {
    RETURN_NOT_OK(sink_->Align(prefix));
    chunk_.leaf.data_page_offset = sink_->position();
    chunk_.layout = {.base = sink_->position() + prefix,
                     .stride = shape_.stride(),
                     .values_per_page = shape_.values_per_page,
                     .width = shape_.width,
                     .values_per_block = shape_.values_per_block};
  }
  const uint32_t values_crc = ChecksumBlocks(body);
  const bool full = body.num_values == shape_.values_per_page;
  const Crc32Combiner combiner = full ? page_combiner_ : Crc32Combiner(body.bytes);
  const std::string levels = Levels(body);
  const int64_t num_levels = body.num_rows * std::max(1, shape_.list_length);
  PageHeader header;
  header.uncompressed_bytes =
      static_cast<int32_t>(body.bytes + static_cast<int64_t>(levels.size()));
  header.compressed_bytes = header.uncompressed_bytes;
  header.num_values = static_cast<int32_t>(num_levels);
  if (page_checksums_) header.crc32 = combiner.Combine(Crc32(AsBytes(levels)), values_crc);
  const std::string head =
      EncodePaddedPageHeader(header, prefix - static_cast<int64_t>(levels.size())) + levels;

  PageRecord page{.offset = sink_->position(),
                  .bytes = static_cast<int32_t>(prefix + body.bytes),
                  .first_row = chunk_.num_rows,
                  .statistics = PageStatistics(body),
                  .size_statistics = {}};
  if (shape_.optional && shape_.list_length == 0) {
    page.size_statistics.definition_level_histogram = {body.num_rows - body.num_values,
                                                       body.num_values};
  }
  if (bloom_ != nullptr) {
    for (const auto piece : body.pieces) {
      if (descr_->physical_type() == parquet::Type::INT64) InsertInto<int64_t>(bloom_, piece);
      if (descr_->physical_type() == parquet::Type::INT32) InsertInto<int32_t>(bloom_, piece);
    }
  }
  std::vector<std::span<const uint8_t>> pieces = {AsBytes(head)};
  pieces.insert(pieces.end(), body.pieces.begin(), body.pieces.end());
  RETURN_NOT_OK(sink_->WritePage(pieces, values_crc, body.bytes, combiner));

  AppendValidity(body);
  chunk_.num_rows += body.num_rows;
  chunk_.layout.num_values += body.num_values;
  chunk_.leaf.num_levels += num_levels;
  chunk_.leaf.compressed_bytes += page.bytes;
  chunk_.leaf.data_encodings[parquet::Encoding::PLAIN] += 1;
  chunk_.leaf.pages.push_back(std::move(page));
  return Status::OK();
}

AddressedChunk AddressedChunkWriter::Finish() {
  auto& leaf = chunk_.leaf;
  leaf.uncompressed_bytes = leaf.compressed_bytes;
  parquet::EncodedStatistics statistics;
  if (chunk_statistics_ != nullptr) statistics = chunk_statistics_->Encode();
  statistics.set_null_count(chunk_.num_rows - chunk_.layout.num_values);
  leaf.statistics = std::move(statistics);
  if (shape_.optional && shape_.list_length == 0) {
    leaf.size_statistics.definition_level_histogram = {chunk_.num_rows - chunk_.layout.num_values,
                                                       chunk_.layout.num_values};
  }
  chunk_statistics_.reset();
  return std::exchange(chunk_, {});
}

}  // namespace varve::internal
