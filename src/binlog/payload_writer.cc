// SPDX-License-Identifier: Apache-2.0
#include "varve/payload_writer.h"

#include <algorithm>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/buffer.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "binlog/payload_metadata.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"

namespace varve {

using internal::CatchParquet;
using internal::kPayloadDimKey;
using internal::kPayloadElementTypeKey;

namespace {

constexpr int kZstdLevel = 3;
constexpr char kValueColumn[] = "val";
// Beside the values: footer, page headers, levels, and what a binlog has before them.
constexpr int64_t kRoomBytes = 64 << 10;
// Readers bound what they decode of a row group by what it is stored in. What is stored in less
// than a 32nd, beyond so many bytes, is cut into groups of as many.
constexpr int64_t kGroupBytesMax = 32 << 20;
constexpr int64_t kCompressionMax = 32;

// Of the values alone: offsets and validity do not count.
int64_t ValueBytes(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).total_values_length();
    case arrow::Type::LIST: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      return (lists.value_offset(lists.length()) - lists.value_offset(0)) *
             int64_t{lists.value_type()->byte_width()};
    }
    case arrow::Type::BOOL:
      return array.length();
    default:
      return array.length() * array.type()->byte_width();
  }
}

struct GroupLimits {
  int64_t rows = parquet::DEFAULT_MAX_ROW_GROUP_LENGTH;
  int64_t bytes = INT64_MAX;
};

// How many rows from `begin` on go into a row group: one at least.  REQUIRES: there are any
int64_t RowsOfGroup(const arrow::Array& column, int64_t begin, const GroupLimits& limits) {
  int64_t least = 1;
  int64_t most = std::min(column.length() - begin, limits.rows);
  while (least < most) {
    const int64_t middle = least + (most - least + 1) / 2;
    if (ValueBytes(*column.Slice(begin, middle)) <= limits.bytes) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least;
}

struct ParquetOptions {
  bool compressed = true;
  bool dictionary = true;
  bool store_arrow_schema = false;
  GroupLimits groups;
};

// `name` is what the caller calls the column.
Status CheckColumn(const std::string& name, const arrow::Field& field, const arrow::Array& values) {
  if (!values.type()->Equals(field.type())) {
    return MakeError(
        ErrorKind::kInvalid, "values are of another type than they are stored as",
        {.field = name, .expected = field.type()->ToString(), .found = values.type()->ToString()});
  }
  if (field.nullable() || values.null_count() == 0) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "null in a required field", {.field = name});
}

std::shared_ptr<parquet::WriterProperties> PropertiesOf(const ParquetOptions& options) {
  parquet::WriterProperties::Builder writer;
  if (options.compressed) {
    writer.compression(parquet::Compression::ZSTD)->compression_level(kZstdLevel);
  }
  if (!options.dictionary) writer.disable_dictionary();
  // A binlog has no checksum of its own. Readers that do not ask for these pass over them.
  writer.enable_page_checksum();
  return writer.max_row_group_length(INT64_MAX)->build();
}

// `value_bytes`: about what the file takes at most.
Result<std::shared_ptr<arrow::Buffer>> WriteFile(const arrow::Table& table,
                                                 const arrow::Array& first_column,
                                                 int64_t value_bytes,
                                                 const ParquetOptions& options) {
  parquet::ArrowWriterProperties::Builder arrow_writer;
  if (options.store_arrow_schema) arrow_writer.store_schema();
  // Room that is not touched takes no memory; growing would hold the bytes twice. The stream's own
  // Finish would fill it with zeros.
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> bytes,
                        arrow::AllocateResizableBuffer(value_bytes + kRoomBytes));
  const auto out = std::make_shared<arrow::io::BufferOutputStream>(bytes);
  ARROW_ASSIGN_OR_RAISE(const auto file, parquet::arrow::FileWriter::Open(
                                             *table.schema(), arrow::default_memory_pool(), out,
                                             PropertiesOf(options), arrow_writer.build()));
  int64_t row = 0;
  do {
    const int64_t rows = table.num_rows() == 0 ? 0 : RowsOfGroup(first_column, row, options.groups);
    ARROW_RETURN_NOT_OK(file->WriteTable(*table.Slice(row, rows), INT64_MAX));
    row += rows;
  } while (row < table.num_rows());
  ARROW_RETURN_NOT_OK(file->Close());
  ARROW_RETURN_NOT_OK(out->Close());
  return bytes;
}

Result<Payload> WriteParquet(std::vector<std::shared_ptr<arrow::Field>> fields,
                             const arrow::ArrayVector& columns, ParquetOptions options) {
  Payload payload;
  for (const auto& column : columns) payload.original_size += ValueBytes(*column);
  const auto table = arrow::Table::Make(arrow::schema(std::move(fields)), columns);
  const auto write = [&] {
    return CatchParquet("payload", kValueColumn, [&] {
      return WriteFile(*table, *columns.front(), payload.original_size, options);
    });
  };
  ARROW_ASSIGN_OR_RAISE(payload.bytes, write());
  if (payload.original_size > kGroupBytesMax + kCompressionMax * payload.bytes->size()) {
    options.groups.bytes = kGroupBytesMax;
    payload.bytes.reset();
    ARROW_ASSIGN_OR_RAISE(payload.bytes, write());
  }
  return payload;
}

// What the storage type leaves unsaid, and is not in the schema at hand when a file is read alone.
std::shared_ptr<const arrow::KeyValueMetadata> FieldMetadata(const FieldSchema& field) {
  if (field.data_type == DataType::kArrayOfVector) {
    return arrow::key_value_metadata(
        {kPayloadElementTypeKey, kPayloadDimKey},
        {std::to_string(static_cast<int32_t>(field.element_type)), std::to_string(field.dim)});
  }
  if (IsDenseVector(field.data_type) && field.nullable) {
    return arrow::key_value_metadata({kPayloadDimKey}, {std::to_string(field.dim)});
  }
  return nullptr;
}

}  // namespace

Result<Payload> WriteFieldPayload(const FieldSchema& field,
                                  const std::shared_ptr<arrow::Array>& values) {
  ARROW_ASSIGN_OR_RAISE(auto type, MilvusArrowType(field));
  const auto metadata = FieldMetadata(field);
  auto column = arrow::field(kValueColumn, std::move(type), field.nullable, metadata);
  ARROW_RETURN_NOT_OK(CheckColumn(field.name, *column, *values));
  return WriteParquet(
      {std::move(column)}, {values},
      {.dictionary = !field.primary_key, .store_arrow_schema = metadata != nullptr});
}

Result<Payload> WriteTextPayload(const std::shared_ptr<arrow::Array>& rows) {
  auto column = arrow::field(kValueColumn, arrow::utf8(), /*nullable=*/false);
  ARROW_RETURN_NOT_OK(CheckColumn("rows", *column, *rows));
  return WriteParquet({std::move(column)}, {rows}, {});
}

Result<Payload> WriteKeyPayload(const std::shared_ptr<arrow::Array>& primary_keys,
                                const std::shared_ptr<arrow::Array>& timestamps) {
  auto keys = arrow::field("pk", primary_keys->type(), /*nullable=*/false);
  auto times = arrow::field("ts", arrow::int64(), /*nullable=*/false);
  ARROW_RETURN_NOT_OK(CheckColumn("primary keys", *keys, *primary_keys));
  ARROW_RETURN_NOT_OK(CheckColumn("timestamps", *times, *timestamps));
  return WriteParquet({std::move(keys), std::move(times)}, {primary_keys, timestamps},
                      {.compressed = false, .groups = {.rows = INT64_MAX}});
}

}  // namespace varve
