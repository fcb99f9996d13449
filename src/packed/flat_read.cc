// SPDX-License-Identifier: Apache-2.0
#include "packed/flat_read.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/buffer_builder.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_builders.h"
#include "packed/array_conversion.h"
#include "packed/bounded_pool.h"
#include "packed/fixed_width.h"
#include "packed/hybrid_reader.h"
#include "packed/parquet_errors.h"

namespace varve::internal {
namespace {

using parquet::Encoding;

// Levels, indices and values are decoded so many at a time.
constexpr int64_t kStep = 1024;
// A task: enough stored bytes to pay for waking a thread.
constexpr int64_t kTaskBytes = 256 << 10;

struct Page {
  ParsedPageHeader header;
  std::span<const uint8_t> bytes;  // header and body
  int64_t offset = 0;              // in the file
  int64_t begin_row = 0;
};

struct Pages {
  std::span<const uint8_t> dictionary;
  std::vector<Page> data;
  bool add_up = false;  // to the rows of the chunk
};

Result<Pages> FindPages(const FlatColumn& column, const ChunkExtent& extent,
                        std::span<const uint8_t> chunk, int64_t num_rows) {
  const std::string& path = column.metadata->source().path();
  Pages pages;
  int64_t rows = 0;
  std::span<const uint8_t> rest = chunk;
  // A chunk may be followed by bytes that belong to nobody.
  while (!rest.empty() && rows < num_rows) {
    const int64_t offset = extent.begin + static_cast<int64_t>(rest.data() - chunk.data());
    ARROW_ASSIGN_OR_RAISE(const auto header, ParsePageHeader(rest, offset, path));
    ARROW_RETURN_NOT_OK(CheckPageSizes(
        header, static_cast<int64_t>(rest.size()) - header.header_bytes,
        column.metadata->vouched_for(), {.object = path, .field = *column.name, .offset = offset}));
    const auto bytes =
        static_cast<size_t>(header.header_bytes) + static_cast<size_t>(header.compressed_bytes);
    if (header.is_data()) {
      pages.data.push_back({header, rest.first(bytes), offset, rows});
      rows += header.num_values;
    } else if (header.type == ParsedPageHeader::Type::kDictionary && pages.data.empty()) {
      pages.dictionary = rest.first(bytes);
    }
    rest = rest.subspan(bytes);
  }
  pages.add_up = rows == num_rows && extent.num_values == num_rows;
  return pages;
}

bool IsForThisRoad(const FlatColumn& column, const Page& page) {
  // Levels in another form than runs stand before the values.
  const bool is_v1 = page.header.type == ParsedPageHeader::Type::kData;
  return !column.has_levels() || !is_v1 || page.header.definition_encoding == Encoding::RLE;
}

// Which rows of a page have a value: `out`, one a row. False: levels end early, or are none.
bool ReadLevels(const FlatPage& page, std::span<uint8_t> out, int64_t* num_values) {
  HybridReader reader(page.levels, /*bit_width=*/1);
  uint32_t levels[kStep];
  *num_values = 0;
  for (size_t at = 0; at < out.size();) {
    const size_t step = std::min<size_t>(kStep, out.size() - at);
    if (!reader.Read({levels, step})) return false;
    for (size_t i = 0; i < step; ++i) {
      out[at + i] = static_cast<uint8_t>(levels[i]);
      *num_values += levels[i];
    }
    at += step;
  }
  return true;
}

// Of a byte for each row of the chunk, those of the page; none for a column without levels.
std::span<uint8_t> RowsOf(const Page& page, std::vector<uint8_t>& is_valid) {
  if (is_valid.empty()) return {};
  return std::span(is_valid).subspan(static_cast<size_t>(page.begin_row),
                                     static_cast<size_t>(page.header.num_values));
}

// The values of a page, and in `valid_rows` whose they are.
Result<int64_t> CountValues(const FlatColumn& column, const Page& page, const FlatPage& opened,
                            std::span<uint8_t> valid_rows) {
  int64_t num_values = page.header.num_values;
  if (column.has_levels() && !ReadLevels(opened, valid_rows, &num_values)) {
    return column.Damaged("definition levels end early or are no levels", page.offset);
  }
  // There is room for one value a row.
  if (num_values > page.header.num_values) {
    return column.Damaged("page has more values than rows", page.offset);
  }
  return num_values;
}

template <typename DType>
class Reader {
 public:
  using T = typename DType::c_type;

  Reader(const FlatColumn& column, const ChunkExtent& extent, int64_t most_bytes, bool verify)
      : column_(column), extent_(extent), verify_(verify), pool_(most_bytes), dictionary_(&pool_) {}

  Status LoadDictionary(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return Status::OK();
    return dictionary_.Load(column_, extent_.codec, verify_, bytes, extent_.begin);
  }

  /// Calls `give` with the values of the page, some at a time. False: not for this road.
  template <typename Give>
  Result<bool> Decode(const Page& page, const FlatPage& opened, int64_t num_values,
                      const Give& give) const {
    T values[kStep];
    if (IsDictionaryEncoding(page.header.encoding)) {
      if (num_values == 0) return true;
      if (opened.values.empty() || opened.values[0] > 32) {
        return column_.Damaged("impossible width of dictionary indices", page.offset);
      }
      HybridReader reader(opened.values.subspan(1), opened.values[0]);
      const auto dictionary = dictionary_.values();
      uint32_t indices[kStep];
      for (int64_t at = 0; at < num_values;) {
        const auto step = static_cast<size_t>(std::min(kStep, num_values - at));
        if (!reader.Read({indices, step})) {
          return column_.Damaged("dictionary indices end early", page.offset);
        }
        for (size_t i = 0; i < step; ++i) {
          if (indices[i] >= dictionary.size()) {
            return column_.Damaged("index outside the dictionary", page.offset);
          }
          values[i] = dictionary[indices[i]];
        }
        ARROW_RETURN_NOT_OK(give(std::span<const T>(values, step)));
        at += static_cast<int64_t>(step);
      }
      return true;
    }
    const auto decoder = MakeFlatDecoder<DType>(page.header.encoding, column_.descriptor, &pool_);
    if (decoder == nullptr) return false;
    decoder->SetData(static_cast<int>(num_values), opened.values.data(),
                     static_cast<int>(opened.values.size()));
    for (int64_t at = 0; at < num_values;) {
      const int count = decoder->Decode(values, static_cast<int>(std::min(kStep, num_values - at)));
      if (count <= 0) return column_.Damaged("page ends before its values", page.offset);
      ARROW_RETURN_NOT_OK(give(std::span<const T>(values, static_cast<size_t>(count))));
      at += count;
    }
    return true;
  }

 private:
  const FlatColumn& column_;
  const ChunkExtent& extent_;
  const bool verify_;
  mutable BoundedPool pool_;  // of what pages say that decoders have to hold
  FlatDictionary<DType> dictionary_;
};

uint8_t* Put(const parquet::FixedLenByteArray& value, size_t width, uint8_t* out) {
  std::memcpy(out, value.ptr, width);
  return out + width;
}
// Little-endian: a narrower integer is the start of the wider one it is stored as.
template <typename T>
uint8_t* Put(const T& value, size_t width, uint8_t* out) {
  std::memcpy(out, &value, width);
  return out + width;
}

// From `num_values` values at the front of `out` to one a row, nulls as zeros.
void Spread(std::span<const uint8_t> is_valid, int64_t num_values, size_t width, uint8_t* out) {
  if (static_cast<size_t>(num_values) == is_valid.size()) return;
  const uint8_t* from = out + static_cast<size_t>(num_values) * width;
  for (size_t row = is_valid.size(); row-- > 0;) {
    uint8_t* to = out + row * width;
    if (is_valid[row] == 0) {
      std::memset(to, 0, width);
    } else {
      from -= width;
      std::memmove(to, from, width);
    }
  }
}

// The validity bitmap of rows of which `is_valid` has a byte each; null where all have a value.
Result<std::shared_ptr<arrow::Buffer>> Bitmap(const std::vector<uint8_t>& is_valid,
                                              int64_t* num_nulls) {
  *num_nulls = std::count(is_valid.begin(), is_valid.end(), 0);
  if (*num_nulls == 0) return nullptr;
  return arrow::internal::BytesToBits(is_valid);
}

template <typename DType>
Result<std::shared_ptr<arrow::Array>> ReadFixed(const FlatColumn& column, const Pages& pages,
                                                const ChunkExtent& extent, int64_t num_rows,
                                                int64_t most_bytes, Executor* executor,
                                                bool verify) {
  const auto width = static_cast<size_t>(FlatWidth(*column.type));
  const bool as_stored = static_cast<int64_t>(width) == StoredWidth(*column.descriptor);
  Reader<DType> reader(column, extent, most_bytes, verify);
  ARROW_RETURN_NOT_OK(reader.LoadDictionary(pages.dictionary));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(num_rows * static_cast<int64_t>(width)));
  std::vector<uint8_t> is_valid(column.has_levels() ? static_cast<size_t>(num_rows) : 0);

  const auto read_page = [&](FlatPageOpener* opener, const Page& page) -> Result<bool> {
    if (!IsForThisRoad(column, page)) return false;
    const auto rows = static_cast<size_t>(page.header.num_values);
    uint8_t* out = values->mutable_data() + static_cast<size_t>(page.begin_row) * width;
    const bool is_plain = as_stored && page.header.encoding == Encoding::PLAIN;
    const bool is_bare = is_plain && !column.has_levels();
    ARROW_ASSIGN_OR_RAISE(
        const FlatPage opened,
        opener->Open(page.bytes, page.offset,
                     is_bare ? std::span<uint8_t>(out, rows * width) : std::span<uint8_t>()));
    column.pages_decoded->fetch_add(1, std::memory_order_relaxed);
    const std::span<uint8_t> valid_rows = RowsOf(page, is_valid);
    ARROW_ASSIGN_OR_RAISE(const int64_t num_values, CountValues(column, page, opened, valid_rows));
    if (is_plain) {
      const size_t bytes = static_cast<size_t>(num_values) * width;
      if (opened.values.size() < bytes) {
        return column.Damaged("page ends before its values", page.offset);
      }
      if (opened.values.data() != out && bytes > 0) std::memcpy(out, opened.values.data(), bytes);
    } else {
      uint8_t* next = out;
      ARROW_ASSIGN_OR_RAISE(const bool fits,
                            reader.Decode(page, opened, num_values, [&](auto some) {
                              for (const auto& value : some) next = Put(value, width, next);
                              return Status::OK();
                            }));
      if (!fits) return false;
    }
    Spread(valid_rows, num_values, width, out);
    return true;
  };

  const int64_t stored = extent.end - extent.begin;
  const auto num_tasks =
      std::clamp<int64_t>(std::min<int64_t>(stored / kTaskBytes, executor->parallelism()), 1,
                          static_cast<int64_t>(pages.data.size()));
  std::atomic<size_t> next_page{0};
  std::atomic<bool> fits{true};
  const auto run = [&](int64_t) -> Status {
    FlatPageOpener opener = column.Opener(extent.codec, verify);
    for (size_t i = next_page++; i < pages.data.size() && fits; i = next_page++) {
      ARROW_ASSIGN_OR_RAISE(const bool fit,
                            CatchParquet(column.metadata->source().path(), *column.name,
                                         [&] { return read_page(&opener, pages.data[i]); }));
      if (!fit) fits = false;
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(num_tasks == 1 ? run(0) : executor->ParallelFor(num_tasks, run));
  if (!fits) return nullptr;
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(auto validity, Bitmap(is_valid, &num_nulls));
  if (PlainWidth(*column.type) > 0) {
    return MakeDirectArray(column.type, num_rows, std::move(values), std::move(validity),
                           num_nulls);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      column.type, num_rows, {std::move(validity), std::move(values)}, num_nulls));
}

// Texts that grow value by value; beyond `most_bytes` no more is taken.
class TextBuffers {
 public:
  TextBuffers(int64_t num_rows, int64_t most_bytes)
      : num_rows_(num_rows), most_bytes_(most_bytes) {}

  Status Reserve(int64_t bytes) {
    ARROW_RETURN_NOT_OK(offsets_.Reserve(num_rows_ + 1));
    offsets_.UnsafeAppend(0);
    return data_.Reserve(std::min(bytes, most_bytes_));
  }
  bool Fits(size_t bytes) const {
    return data_.length() + static_cast<int64_t>(bytes) <= most_bytes_;
  }
  // REQUIRES: Fits(bytes.size())
  Status Append(const parquet::ByteArray& text) {
    ARROW_RETURN_NOT_OK(data_.Append(text.ptr, text.len));
    AppendNull();
    return Status::OK();
  }
  void AppendNull() { offsets_.UnsafeAppend(static_cast<int32_t>(data_.length())); }

  Result<std::shared_ptr<arrow::Array>> Finish(const std::shared_ptr<arrow::DataType>& type,
                                               std::shared_ptr<arrow::Buffer> validity,
                                               int64_t num_nulls) {
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto data, data_.Finish());
    return arrow::MakeArray(arrow::ArrayData::Make(
        type, num_rows_, {std::move(validity), std::move(offsets), std::move(data)}, num_nulls));
  }

 private:
  const int64_t num_rows_;
  const int64_t most_bytes_;
  arrow::TypedBufferBuilder<int32_t> offsets_;
  arrow::BufferBuilder data_;
};

Result<std::shared_ptr<arrow::Array>> ReadTexts(const FlatColumn& column, const Pages& pages,
                                                const ChunkExtent& extent, int64_t num_rows,
                                                int64_t most_bytes, bool verify) {
  Reader<parquet::ByteArrayType> reader(column, extent, most_bytes, verify);
  ARROW_RETURN_NOT_OK(reader.LoadDictionary(pages.dictionary));
  int64_t unpacked = 0;
  for (const Page& page : pages.data) unpacked += page.header.uncompressed_bytes;
  TextBuffers texts(num_rows, std::min<int64_t>(most_bytes, INT32_MAX));
  ARROW_RETURN_NOT_OK(texts.Reserve(unpacked));
  std::vector<uint8_t> is_valid(column.has_levels() ? static_cast<size_t>(num_rows) : 0);
  FlatPageOpener opener = column.Opener(extent.codec, verify);
  for (const Page& page : pages.data) {
    if (!IsForThisRoad(column, page)) return nullptr;
    ARROW_ASSIGN_OR_RAISE(const FlatPage opened, opener.Open(page.bytes, page.offset));
    column.pages_decoded->fetch_add(1, std::memory_order_relaxed);
    const std::span<uint8_t> valid_rows = RowsOf(page, is_valid);
    ARROW_ASSIGN_OR_RAISE(const int64_t num_values, CountValues(column, page, opened, valid_rows));
    size_t row = 0;
    bool outgrown = false;
    const auto skip_nulls = [&] {
      for (; row < valid_rows.size() && valid_rows[row] == 0; ++row) texts.AppendNull();
    };
    ARROW_ASSIGN_OR_RAISE(const bool fits,
                          reader.Decode(page, opened, num_values, [&](auto some) -> Status {
                            for (const parquet::ByteArray& text : some) {
                              if (outgrown || !texts.Fits(text.len)) {
                                outgrown = true;
                                return Status::OK();
                              }
                              skip_nulls();
                              ARROW_RETURN_NOT_OK(texts.Append(text));
                              ++row;
                            }
                            return Status::OK();
                          }));
    if (!fits || outgrown) return nullptr;
    skip_nulls();
  }
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(auto validity, Bitmap(is_valid, &num_nulls));
  return texts.Finish(column.type, std::move(validity), num_nulls);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ReadFlat(const FlatColumn& column, const ChunkExtent& extent,
                                               int64_t num_rows, int64_t most_bytes,
                                               Executor* executor, bool verify) {
  const auto type = column.type->id();
  const int64_t width = FlatWidth(*column.type);
  if (width == 0 && type != arrow::Type::STRING && type != arrow::Type::BINARY) return nullptr;
  if (num_rows == 0 || num_rows > most_bytes / std::max<int64_t>(width, sizeof(int32_t))) {
    return nullptr;
  }
  ARROW_ASSIGN_OR_RAISE(const auto chunk,
                        column.metadata->source().View(extent.begin, extent.end - extent.begin));
  ARROW_ASSIGN_OR_RAISE(
      const Pages pages,
      FindPages(column, extent, {chunk->data(), static_cast<size_t>(chunk->size())}, num_rows));
  if (!pages.add_up) return nullptr;
  return CatchParquet(column.metadata->source().path(), *column.name,
                      [&]() -> Result<std::shared_ptr<arrow::Array>> {
                        const auto fixed = [&]<typename DType>() {
                          return ReadFixed<DType>(column, pages, extent, num_rows, most_bytes,
                                                  executor, verify);
                        };
                        switch (column.descriptor->physical_type()) {
                          case parquet::Type::INT32:
                            return fixed.template operator()<parquet::Int32Type>();
                          case parquet::Type::INT64:
                            return fixed.template operator()<parquet::Int64Type>();
                          case parquet::Type::FLOAT:
                            return fixed.template operator()<parquet::FloatType>();
                          case parquet::Type::DOUBLE:
                            return fixed.template operator()<parquet::DoubleType>();
                          case parquet::Type::FIXED_LEN_BYTE_ARRAY:
                            return fixed.template operator()<parquet::FLBAType>();
                          case parquet::Type::BYTE_ARRAY:
                            return ReadTexts(column, pages, extent, num_rows, most_bytes, verify);
                          default:
                            return nullptr;
                        }
                      });
}

}  // namespace varve::internal
