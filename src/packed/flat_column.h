// SPDX-License-Identifier: Apache-2.0
// Columns without children whose pages are read value by value, without parquet-cpp's Arrow reader:
// what all ways of reading them share.
//
// Threads: functions may be called concurrently
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/stl_allocator.h"
#include "arrow/type_fwd.h"
#include "packed/flat_page.h"
#include "packed/parquet_metadata.h"
#include "parquet/encoding.h"
#include "parquet/schema.h"
#include "parquet/types.h"

namespace varve::internal {

/// What stays the same from read to read. Members are borrowed.
struct FlatColumn {
  const ParquetMetadata* metadata = nullptr;
  const parquet::ColumnDescriptor* descriptor = nullptr;
  const std::string* name = nullptr;
  std::shared_ptr<arrow::DataType> type;
  std::atomic<int64_t>* pages_decoded = nullptr;

  bool has_levels() const { return descriptor->max_definition_level() > 0; }
  FlatPageOpener Opener(parquet::Compression::type codec, bool verify) const {
    return {*metadata, *name, codec, has_levels(), verify};
  }
  Status Damaged(const char* what, int64_t offset) const;
};

/// Whether the bytes that Parquet stores for the leaf are those of `type`, which Parquet itself
/// takes for `file_type`.
bool IsFlat(const parquet::ColumnDescriptor& descriptor, const arrow::DataType& file_type,
            const arrow::DataType& type);

/// Bytes a value in the Arrow array; 0: a text.
int64_t FlatWidth(const arrow::DataType& type);
/// Bytes a value in a PLAIN page; 0: it varies.
int64_t StoredWidth(const parquet::ColumnDescriptor& descriptor);

/// Whether values are indices into the dictionary page.
bool IsDictionaryEncoding(int32_t encoding);

/// Decodes values in order; nullptr for an encoding that is not for this road. (DELTA_BYTE_ARRAY
/// keeps only the last values it gave.) What the page has it hold comes from `pool`, which must
/// outlive it.
template <typename DType>
std::unique_ptr<parquet::TypedDecoder<DType>> MakeFlatDecoder(
    int32_t encoding, const parquet::ColumnDescriptor* descriptor, arrow::MemoryPool* pool) {
  using parquet::Encoding;
  switch (encoding) {
    case Encoding::PLAIN:
    case Encoding::DELTA_BINARY_PACKED:
    case Encoding::DELTA_LENGTH_BYTE_ARRAY:
    case Encoding::BYTE_STREAM_SPLIT:
      return parquet::MakeTypedDecoder<DType>(static_cast<Encoding::type>(encoding), descriptor,
                                              pool);
    default:
      return nullptr;
  }
}

/// The values that indices stand for, in memory of a pool that must outlive them.
template <typename DType>
class FlatDictionary {
 public:
  using T = typename DType::c_type;

  explicit FlatDictionary(arrow::MemoryPool* pool) : values_(pool) {}

  /// `page` is header and body, at `offset` of the file, and must outlive the values. Throws what
  /// CatchParquet catches.
  Status Load(const FlatColumn& column, parquet::Compression::type codec, bool verify,
              std::span<const uint8_t> page, int64_t offset) {
    opener_ = std::make_unique<FlatPageOpener>(*column.metadata, *column.name, codec,
                                               column.has_levels(), verify);
    ARROW_ASSIGN_OR_RAISE(const FlatPage opened, opener_->Open(page, offset));
    column.pages_decoded->fetch_add(1, std::memory_order_relaxed);
    const int32_t count = opened.header.num_values;
    if (opened.header.type != ParsedPageHeader::Type::kDictionary ||
        static_cast<size_t>(count) > opened.values.size()) {
      return column.Damaged("this is no dictionary page", offset);
    }
    auto decoder = parquet::MakeTypedDecoder<DType>(parquet::Encoding::PLAIN, column.descriptor);
    decoder->SetData(count, opened.values.data(), static_cast<int>(opened.values.size()));
    values_.resize(static_cast<size_t>(count));
    if (decoder->Decode(values_.data(), count) != count) {
      return column.Damaged("the dictionary ends early", offset);
    }
    return Status::OK();
  }

  std::span<const T> values() const { return values_; }

 private:
  std::unique_ptr<FlatPageOpener> opener_;  // has what values point at, unless that is the page
  std::vector<T, arrow::stl::allocator<T>> values_;
};

}  // namespace varve::internal
