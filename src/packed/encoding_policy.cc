// SPDX-License-Identifier: Apache-2.0
#include "packed/encoding_policy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include "arrow/array/array_base.h"
#include "arrow/array/array_binary.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/byte_size.h"
#include "arrow/util/checked_cast.h"
#include "arrow/util/compression.h"
#include "packed/fixed_width.h"
#include "packed/stored_column.h"
#include "parquet/encoding.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;

constexpr int64_t kMaxRowsPerPage = 8192;
// Of zstd, on pages as short as these: level 3 costs half as much again and saves 2 %.
constexpr int kTextLevel = 1;
constexpr int64_t kMinRowsPerTextPage = 8;
constexpr int64_t kSampleRows = 64 << 10;  // for distinct values
constexpr int64_t kTrialRows = 8 << 10;    // for encodings that are tried
constexpr double kMinSavingOfValue = 0.1;
constexpr size_t kDictionaryEntriesMax = 64 << 10;

arrow::Compression::type CodecOf(Compression compression) {
  switch (compression) {
    case Compression::kZstd:
      return arrow::Compression::ZSTD;
    case Compression::kLz4:
      return arrow::Compression::LZ4;  // as Parquet's LZ4_RAW
    case Compression::kSnappy:
      return arrow::Compression::SNAPPY;
    case Compression::kGzip:
      return arrow::Compression::GZIP;
    case Compression::kNone:
      break;
  }
  return arrow::Compression::UNCOMPRESSED;
}

struct Sample {
  int64_t num_rows = 0;
  std::vector<uint8_t> values;  // non-null values of fixed width
};

Sample FixedWidthSample(const arrow::ArrayVector& arrays, int32_t width) {
  Sample sample;
  for (const auto& array : arrays) {
    const uint8_t* values = PlainValues(*array);
    const int64_t rows = std::min(array->length(), kSampleRows - sample.num_rows);
    sample.num_rows += rows;
    if (array->null_count() == 0) {
      sample.values.insert(sample.values.end(), values, values + rows * width);
      continue;
    }
    for (int64_t i = 0; i < rows; ++i) {
      if (!array->IsValid(i)) continue;
      sample.values.insert(sample.values.end(), values + i * width, values + (i + 1) * width);
    }
  }
  return sample;
}

template <typename T>
bool IsCounter(const std::vector<uint8_t>& bytes) {
  const size_t count = bytes.size() / sizeof(T);
  T last{};
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    if (i > 0 && value != last + 1) return false;
    last = value;
  }
  return count > 1;
}

// Counts distinct values.
class DistinctCounter {
 public:
  explicit DistinctCounter(size_t most_values)
      : slots_(std::bit_ceil(2 * most_values)), shift_(64 - std::countr_zero(slots_.size())) {}

  void Add(uint64_t value) {
    if (value == 0) {  // marks a free slot
      zero_ = 1;
      return;
    }
    size_t slot = value * 0x9E3779B97F4A7C15u >> shift_;
    while (slots_[slot] != 0 && slots_[slot] != value) slot = (slot + 1) & (slots_.size() - 1);
    if (slots_[slot] == 0) ++others_;
    slots_[slot] = value;
  }
  size_t count() const { return others_ + zero_; }

 private:
  std::vector<uint64_t> slots_;
  const int shift_;
  size_t others_ = 0;
  size_t zero_ = 0;
};

// Bytes a value by a dictionary over `num_rows`; more than `width` if there are too many entries.
double DictionaryBytes(const std::vector<uint8_t>& bytes, int32_t width, int64_t num_rows) {
  const size_t count = bytes.size() / static_cast<size_t>(width);
  if (width > static_cast<int32_t>(sizeof(uint64_t))) return 2.0 * width;
  DistinctCounter distinct(std::max<size_t>(1, count));
  size_t half = 0;
  for (size_t i = 0; i < count; ++i) {
    if (i == count / 2) half = distinct.count();
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i * static_cast<size_t>(width), static_cast<size_t>(width));
    distinct.Add(value);
  }
  if (distinct.count() > kDictionaryEntriesMax) return 2.0 * width;
  // Still growing: the sample does not know the dictionary.
  if (static_cast<double>(distinct.count()) > 1.5 * static_cast<double>(half) && count > 64) {
    return 2.0 * width;
  }
  const auto entries = static_cast<double>(distinct.count());
  const int bits = std::bit_width(distinct.count() - (distinct.count() == 0 ? 0 : 1));
  return entries * width / static_cast<double>(std::max<int64_t>(1, num_rows)) + bits / 8.0;
}

template <typename DType>
Result<std::shared_ptr<arrow::Buffer>> Encoded(const std::vector<uint8_t>& bytes, int64_t count,
                                               parquet::Encoding::type encoding) {
  try {
    auto encoder = parquet::MakeTypedEncoder<DType>(encoding);
    encoder->Put(reinterpret_cast<const typename DType::c_type*>(bytes.data()),
                 static_cast<int>(count));
    return encoder->FlushValues();
  } catch (const std::exception& error) {
    return Status::Invalid(error.what());
  }
}

Result<int64_t> CompressedBytes(const arrow::Buffer& bytes, const ColumnEncoding& encoding) {
  if (encoding.codec == arrow::Compression::UNCOMPRESSED) return bytes.size();
  ARROW_ASSIGN_OR_RAISE(const auto codec, arrow::util::Codec::Create(encoding.codec));
  std::vector<uint8_t> out(
      static_cast<size_t>(codec->MaxCompressedLen(bytes.size(), bytes.data())));
  return codec->Compress(bytes.size(), bytes.data(), static_cast<int64_t>(out.size()), out.data());
}

Result<ColumnEncoding> ForFixedWidth(const FieldSchema& field, const arrow::DataType& type,
                                     int32_t width, const arrow::ArrayVector& arrays,
                                     double row_bytes, ColumnEncoding codec) {
  ColumnEncoding plain;
  plain.addressed = true;
  const bool floating = type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
  const bool integer = !floating && type.id() != arrow::Type::FIXED_SIZE_BINARY &&
                       type.id() != arrow::Type::HALF_FLOAT;
  if (!floating && !integer) return plain;
  int64_t total_rows = 0;
  for (const auto& array : arrays) total_rows += array->length();
  const Sample sample = FixedWidthSample(arrays, width);
  const auto count = static_cast<int64_t>(sample.values.size()) / width;
  if (count == 0 || field.primary_key) return plain;
  if (integer &&
      (width == 8 ? IsCounter<uint64_t>(sample.values) : IsCounter<uint32_t>(sample.values))) {
    return plain;
  }

  ColumnEncoding best = plain;
  double best_bytes = width;
  const auto consider = [&](const ColumnEncoding& candidate, double bytes) {
    if (bytes < best_bytes) {
      best = candidate;
      best_bytes = bytes;
    }
  };
  ColumnEncoding dictionary;
  dictionary.dictionary = true;
  consider(dictionary, DictionaryBytes(sample.values, width, total_rows));
  const int64_t trial = std::min(count, kTrialRows);
  if (integer) {
    ColumnEncoding delta;
    delta.encoding = parquet::Encoding::DELTA_BINARY_PACKED;
    ARROW_ASSIGN_OR_RAISE(const auto bytes,
                          width == 8
                              ? Encoded<parquet::Int64Type>(sample.values, trial, delta.encoding)
                              : Encoded<parquet::Int32Type>(sample.values, trial, delta.encoding));
    consider(delta, static_cast<double>(bytes->size()) / static_cast<double>(trial));
  } else if (codec.codec != arrow::Compression::UNCOMPRESSED) {
    ColumnEncoding split = codec;
    split.encoding = parquet::Encoding::BYTE_STREAM_SPLIT;
    ARROW_ASSIGN_OR_RAISE(const auto bytes,
                          width == 8
                              ? Encoded<parquet::DoubleType>(sample.values, trial, split.encoding)
                              : Encoded<parquet::FloatType>(sample.values, trial, split.encoding));
    ARROW_ASSIGN_OR_RAISE(const int64_t packed, CompressedBytes(*bytes, split));
    consider(split, static_cast<double>(packed) / static_cast<double>(trial));
  }
  const double saving = width - best_bytes;
  if (saving < kMinSaving * row_bytes || saving < kMinSavingOfValue * width) return plain;
  return best;
}

// Bytes a row of texts, offsets left out.
double AverageBytes(const arrow::ArrayVector& arrays) {
  int64_t rows = 0;
  int64_t bytes = 0;
  for (const auto& array : arrays) {
    rows += array->length();
    if (arrow::is_binary_like(array->type_id())) {
      bytes += checked_cast<const arrow::BinaryArray&>(*array).total_values_length();
    } else {
      bytes += arrow::util::ReferencedBufferSize(*array).ValueOr(0);
    }
  }
  return rows == 0 ? 1 : static_cast<double>(bytes) / static_cast<double>(rows);
}

bool FewTexts(const arrow::ArrayVector& arrays) {
  std::unordered_set<std::string_view> distinct;
  int64_t seen = 0;
  for (const auto& array : arrays) {
    const auto& texts = checked_cast<const arrow::BinaryArray&>(*array);
    for (int64_t i = 0; i < texts.length() && seen < kTrialRows; ++i) {
      if (texts.IsNull(i)) continue;
      distinct.insert(texts.GetView(i));
      ++seen;
      if (seen >= 1024 && static_cast<int64_t>(distinct.size()) * 8 > seen) return false;
    }
  }
  return seen > 0 && static_cast<int64_t>(distinct.size()) * 8 <= seen;
}

int64_t RowsPerPage(double average_bytes) {
  const auto rows = static_cast<uint64_t>(kTextPageBytes / std::max(1.0, average_bytes));
  return std::clamp<int64_t>(static_cast<int64_t>(std::bit_floor(std::max<uint64_t>(1, rows))),
                             kMinRowsPerTextPage, kMaxRowsPerPage);
}

}  // namespace

Result<ColumnEncoding> ChooseEncoding(const FieldSchema& field, const arrow::DataType& type,
                                      const arrow::ArrayVector& sample, double row_bytes,
                                      const FieldWriteOptions& options, bool codec_told) {
  ColumnEncoding encoding;
  encoding.codec = CodecOf(options.compression);
  encoding.level = options.level;
  if (IsDenseVector(field.data_type)) {
    encoding.statistics = false;
    if (field.layout != VectorLayout::kCompact) {
      encoding = {};
      encoding.addressed = true;
      encoding.statistics = false;
      return encoding;
    }
    // Of bytes of fixed length, DuckDB and Polars do not read it.
    if (StoredAsList(field)) encoding.encoding = parquet::Encoding::BYTE_STREAM_SPLIT;
    encoding.byte_planes = StoredAsList(field);
    encoding.rows_per_page = RowsPerPage(AverageBytes(sample) / 128);
    return encoding;
  }
  const int32_t width = type.num_fields() == 0 ? PlainWidth(type) : 0;
  if (width > 0) {
    ARROW_ASSIGN_OR_RAISE(ColumnEncoding chosen,
                          ForFixedWidth(field, type, width, sample, row_bytes, encoding));
    if (codec_told && encoding.codec != arrow::Compression::UNCOMPRESSED) {
      chosen.addressed = false;
      chosen.codec = encoding.codec;
      chosen.level = encoding.level;
    }
    return chosen;
  }
  if (arrow::is_binary_like(type.id())) {
    encoding.dictionary = FewTexts(sample);
    // Lengths apart from the texts: the codec does better on both.
    encoding.encoding = parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY;
    if (options.level == 0 && encoding.codec == arrow::Compression::ZSTD)
      encoding.level = kTextLevel;
    encoding.rows_per_page =
        encoding.dictionary ? kMaxRowsPerPage : RowsPerPage(AverageBytes(sample));
  } else if (type.num_fields() > 0) {
    encoding.rows_per_page = RowsPerPage(AverageBytes(sample));
  } else if (type.id() == arrow::Type::INT8 || type.id() == arrow::Type::INT16 ||
             type.id() == arrow::Type::UINT8 || type.id() == arrow::Type::UINT16) {
    // Stored as 32-bit integers: deltas take the widening back.
    if (!codec_told) encoding = {};
    encoding.encoding = parquet::Encoding::DELTA_BINARY_PACKED;
  }
  return encoding;
}

}  // namespace varve::internal
