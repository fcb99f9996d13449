// SPDX-License-Identifier: Apache-2.0
#include "varve/payload_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "arrow/array/array_nested.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/io/memory.h"
#include "arrow/ipc/dictionary.h"
#include "arrow/ipc/reader.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/base64.h"
#include "arrow/util/key_value_metadata.h"
#include "base/executor.h"
#include "binlog/payload_metadata.h"
#include "packed/decoded_column.h"
#include "packed/join_arrays.h"
#include "packed/parquet_errors.h"
#include "parquet/schema.h"
#include "schema/data_type.h"
#include "storage/memory/memory_chunk_manager.h"

namespace varve {

using internal::CatchParquet;
using internal::DecodedColumn;
using internal::Executor;
using internal::FileSource;
using internal::IsKnownDataType;
using internal::JoinArrays;
using internal::kArrowSchemaKey;
using internal::kPayloadDimKey;
using internal::kPayloadElementTypeKey;
using internal::OpenBuffer;
using internal::ParquetMetadata;
using internal::VectorWidth;

namespace {

// The dimensions that Milvus takes, unless it is configured otherwise.
constexpr int32_t kDimensionsMax = 32'768;
constexpr int32_t kBinaryDimensionsMax = 8 * kDimensionsMax;

using TypePtr = std::shared_ptr<arrow::DataType>;

int32_t DimensionsMax(DataType type) {
  return type == DataType::kBinaryVector ? kBinaryDimensionsMax : kDimensionsMax;
}

bool IsBytes(arrow::Type::type id) {
  return id == arrow::Type::BINARY || id == arrow::Type::STRING;
}

// Whether a column of the file's type `from` may be what a writer made of `to`.
bool IsSpellingOf(const arrow::DataType& from, const arrow::DataType& to) {
  if (arrow::is_signed_integer(to.id())) return arrow::is_signed_integer(from.id());
  if (IsBytes(to.id())) return IsBytes(from.id());
  if (to.id() == arrow::Type::LIST) {
    return from.id() == arrow::Type::LIST && from.field(0)->type()->Equals(to.field(0)->type());
  }
  return from.Equals(to);
}

// The storage type of `type`; how wide vectors are is for the file to say.
Result<TypePtr> StorageType(DataType type, const arrow::DataType& found) {
  if (IsDenseVector(type)) {
    if (found.id() == arrow::Type::BINARY) return arrow::binary();
    if (found.id() != arrow::Type::FIXED_SIZE_BINARY) return arrow::fixed_size_binary(1);
    return arrow::fixed_size_binary(
        static_cast<const arrow::FixedSizeBinaryType&>(found).byte_width());
  }
  if (type == DataType::kArrayOfVector) {
    const bool of_vectors = found.id() == arrow::Type::LIST &&
                            found.field(0)->type()->id() == arrow::Type::FIXED_SIZE_BINARY;
    return arrow::list(of_vectors ? found.field(0)->type() : arrow::fixed_size_binary(1));
  }
  return MilvusArrowType({.data_type = type});
}

}  // namespace

Result<std::unique_ptr<PayloadReader>> PayloadReader::Open(std::shared_ptr<arrow::Buffer> payload,
                                                           const std::string& object) {
  auto source = std::make_shared<const FileSource>(OpenBuffer(object, std::move(payload)));
  ARROW_ASSIGN_OR_RAISE(auto metadata, ParquetMetadata::Read(std::move(source), nullptr));
  return std::unique_ptr<PayloadReader>(new PayloadReader(std::move(metadata), object));
}

int PayloadReader::num_columns() const { return static_cast<int>(metadata_->columns().size()); }

int64_t PayloadReader::num_rows() const { return metadata_->row_group_starts().back(); }

int PayloadReader::FindFieldId(int field_id) const {
  const parquet::schema::GroupNode& root = *metadata_->footer()->schema()->group_node();
  for (int i = 0; i < root.field_count(); ++i) {
    if (root.field(i)->field_id() == field_id) return i;
  }
  return -1;
}

Result<std::shared_ptr<const arrow::KeyValueMetadata>> PayloadReader::FieldMetadata(
    int column) const {
  const std::string* key = metadata_->FindKey(kArrowSchemaKey);
  if (key == nullptr) return nullptr;
  // Read alone, without the Parquet schema that it may or may not go with.
  const auto schema =
      CatchParquet(object_, kArrowSchemaKey, [&]() -> Result<std::shared_ptr<arrow::Schema>> {
        ARROW_ASSIGN_OR_RAISE(const std::string bytes, arrow::util::base64_decode(*key));
        arrow::io::BufferReader stream(arrow::Buffer::FromString(bytes));
        arrow::ipc::DictionaryMemo dictionaries;
        return arrow::ipc::ReadSchema(&stream, &dictionaries);
      });
  ARROW_RETURN_NOT_OK(schema.status());
  if (column < (*schema)->num_fields()) return (*schema)->field(column)->metadata();
  return Corruption("the Arrow schema lacks a column",
                    {.object = object_, .field = kArrowSchemaKey});
}

Status PayloadReader::ReadVectorMetadata(int column, DataType type, StoredValues* out) const {
  ARROW_ASSIGN_OR_RAISE(const auto keys, FieldMetadata(column));
  if (keys == nullptr) return Status::OK();
  const auto read_number = [&](const char* key, int32_t most) -> Result<int32_t> {
    const int index = keys->FindKey(key);
    if (index < 0) return 0;
    const std::string& digits = keys->value(index);
    int32_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number > 0 && number <= most) {
      return number;
    }
    return Corruption("metadata of the column makes no sense",
                      {.object = object_,
                       .field = key,
                       .expected = "1 to " + std::to_string(most),
                       .found = digits});
  };
  ARROW_ASSIGN_OR_RAISE(
      const int32_t element,
      read_number(kPayloadElementTypeKey, static_cast<int32_t>(DataType::kArrayOfVector)));
  out->element_type = static_cast<DataType>(element);
  const DataType vector = type == DataType::kArrayOfVector ? out->element_type : type;
  ARROW_ASSIGN_OR_RAISE(out->dim, read_number(kPayloadDimKey, DimensionsMax(vector)));
  return Status::OK();
}

Result<std::shared_ptr<const DecodedColumn>> PayloadReader::Column(int column, TypePtr type) const {
  if (column < 0 || column >= num_columns()) {
    return Corruption("the payload lacks a column",
                      {.object = object_,
                       .expected = "at least " + std::to_string(column + 1) + " columns",
                       .found = std::to_string(num_columns())});
  }
  return DecodedColumn::Make(metadata_, column, std::move(type), &pages_decoded_);
}

Result<TypePtr> PayloadReader::ColumnType(int column) const {
  ARROW_ASSIGN_OR_RAISE(const auto stored, Column(column, nullptr));
  return stored->type();
}

// No checksum covers the header of a page, which says how many values it holds; the footer says it
// too.
Status PayloadReader::CheckLevels(int row_group, int column, const arrow::Array& values) const {
  int64_t found = values.length();
  if (values.type_id() == arrow::Type::LIST) {
    const auto& lists = static_cast<const arrow::ListArray&>(values);
    found = 0;
    for (int64_t row = 0; row < lists.length(); ++row) {
      found += std::max(1, lists.value_length(row));  // a row without elements has one level
    }
  }
  const int leaf = metadata_->columns()[static_cast<size_t>(column)].leaf_begin;
  ARROW_ASSIGN_OR_RAISE(const auto extent, metadata_->Chunk(row_group, leaf));
  if (extent->num_values == found) return Status::OK();
  return Corruption("pages and footer disagree on the number of values",
                    {.object = object_,
                     .field = metadata_->columns()[static_cast<size_t>(column)].name,
                     .expected = std::to_string(extent->num_values),
                     .found = std::to_string(found)});
}

Result<StoredValues> PayloadReader::Read(int column, DataType type) const {
  if (!IsKnownDataType(type) || type == DataType::kNone) {
    return MakeError(ErrorKind::kUnsupported, "unknown data type",
                     {.object = object_,
                      .field = "payload_data_type",
                      .found = std::to_string(static_cast<int32_t>(type))});
  }
  ARROW_ASSIGN_OR_RAISE(const TypePtr stored, ColumnType(column));
  ARROW_ASSIGN_OR_RAISE(const TypePtr wanted, StorageType(type, *stored));
  if (!IsSpellingOf(*stored, *wanted)) {
    return MakeError(ErrorKind::kUnsupported, "the payload's column is of another type",
                     {.object = object_,
                      .field = metadata_->columns()[static_cast<size_t>(column)].name,
                      .expected = std::string(DataTypeName(type)),
                      .found = stored->ToString()});
  }
  ARROW_ASSIGN_OR_RAISE(const auto decoded, Column(column, wanted));
  StoredValues out;
  if (IsDenseVector(type) || type == DataType::kArrayOfVector) {
    ARROW_RETURN_NOT_OK(ReadVectorMetadata(column, type, &out));
  }
  if (IsDenseVector(type) && wanted->id() == arrow::Type::FIXED_SIZE_BINARY) {
    const int64_t dimension_bits = VectorWidth(type, 8);  // that of 8 dimensions, in bytes
    const int64_t bits = int64_t{wanted->byte_width()} * 8;
    if (bits % dimension_bits != 0 || bits / dimension_bits > INT32_MAX) {
      return Corruption("impossible width of vectors",
                        {.object = object_,
                         .field = metadata_->columns()[static_cast<size_t>(column)].name,
                         .expected = "a multiple of " + std::to_string(dimension_bits) + " bits",
                         .found = std::to_string(bits)});
    }
    out.dim = static_cast<int32_t>(bits / dimension_bits);
  }
  const auto& starts = metadata_->row_group_starts();
  arrow::ArrayVector parts;
  for (size_t group = 0; group + 1 < starts.size(); ++group) {
    const int64_t rows = starts[group + 1] - starts[group];
    if (rows == 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto part,
                          decoded->ReadAll(static_cast<int>(group), Executor::Default(), true));
    ARROW_RETURN_NOT_OK(CheckLevels(static_cast<int>(group), column, *part));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(out.values, arrow::MakeEmptyArray(wanted));
  } else if (parts.size() == 1) {
    out.values = parts.front();
  } else {
    ARROW_ASSIGN_OR_RAISE(out.values, JoinArrays(parts));
  }
  return out;
}

}  // namespace varve
