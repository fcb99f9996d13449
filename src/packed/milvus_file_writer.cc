// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_file_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/chunked_array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/byte_size.h"
#include "arrow/util/compression.h"
#include "arrow/util/key_value_metadata.h"
#include "packed/chunk_output_stream.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"

namespace varve::internal {
namespace {

constexpr int kZstdLevel = 3;
// What Milvus takes, and every service.
constexpr int64_t kPartBytesMin = 10 << 20;
constexpr int64_t kPartBytesMax = int64_t{5} << 30;

std::shared_ptr<parquet::WriterProperties> PropertiesOf(const arrow::Schema& schema) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(kZstdLevel);
  // The file has no checksum of its own. Readers that do not ask for these pass over them.
  builder.enable_page_checksum();
  for (const auto& field : schema.fields()) {
    if (field->type()->id() == arrow::Type::FIXED_SIZE_BINARY) {
      builder.compression(field->name(), parquet::Compression::UNCOMPRESSED);
      builder.compression_level(field->name(), arrow::util::kUseDefaultCompressionLevel);
      builder.disable_statistics(field->name());
      // Milvus leaves it on. No two vectors are equal, so it would hold them all and save nothing;
      // without it, a row's bytes are found by arithmetic.
      builder.disable_dictionary(field->name());
    } else if (field->type()->id() == arrow::Type::BINARY) {
      builder.disable_statistics(field->name());
    }
  }
  return builder.build();
}

template <typename Function>
Status Encode(const std::string& path, const std::string& field, Function&& function) {
  return CatchParquet(path, field, std::forward<Function>(function), ParquetWork::kEncode);
}

}  // namespace

Status CheckPartBytes(int64_t part_bytes) {
  if (part_bytes == 0 || (part_bytes >= kPartBytesMin && part_bytes <= kPartBytesMax)) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid, "parts of an upload cannot have this size",
                   {.field = "part_bytes",
                    .expected = "0, or " + std::to_string(kPartBytesMin) + " to " +
                                std::to_string(kPartBytesMax),
                    .found = std::to_string(part_bytes)});
}

MilvusFileWriter::MilvusFileWriter(std::unique_ptr<ChunkWriter> object,
                                   std::shared_ptr<arrow::Schema> schema, int64_t row_group_bytes)
    : object_(std::move(object)),
      schema_(std::move(schema)),
      row_group_bytes_(row_group_bytes),
      columns_(static_cast<size_t>(schema_->num_fields())) {}

Result<std::unique_ptr<MilvusFileWriter>> MilvusFileWriter::Open(
    std::unique_ptr<ChunkWriter> object, std::shared_ptr<arrow::Schema> schema,
    int64_t row_group_bytes) {
  std::unique_ptr<MilvusFileWriter> file(
      new MilvusFileWriter(std::move(object), std::move(schema), row_group_bytes));
  ARROW_RETURN_NOT_OK(Encode(file->path(), "", [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(file->writer_, parquet::arrow::FileWriter::Open(
                                             *file->schema_, arrow::default_memory_pool(),
                                             std::make_shared<ChunkOutputStream>(file->object_),
                                             PropertiesOf(*file->schema_)));
    return Status::OK();
  }));
  return file;
}

// parquet-cpp ends a file that it was writing. That goes nowhere, as long as nobody publishes it.
MilvusFileWriter::~MilvusFileWriter() = default;

void MilvusFileWriter::Append(arrow::ArrayVector columns, int64_t num_rows) {
  const auto batch = arrow::RecordBatch::Make(schema_, num_rows, columns);
  const int64_t bytes = arrow::util::TotalBufferSize(*batch);
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(columns), num_rows, bytes});
}

Status MilvusFileWriter::Flush() {
  for (const Rows& rows : std::exchange(waiting_, {})) {
    const double average = static_cast<double>(rows.bytes) / static_cast<double>(rows.num_rows);
    for (int64_t row = 0; row < rows.num_rows;) {
      if (num_rows_ > 0 && bytes_ >= row_group_bytes_) ARROW_RETURN_NOT_OK(WriteRowGroup());
      // In floating point, a row that takes next to nothing may make room for more than there are.
      const double room = static_cast<double>(row_group_bytes_ - bytes_) / average;
      const int64_t rest = rows.num_rows - row;
      const int64_t length = room < static_cast<double>(rest)
                                 ? std::max<int64_t>(1, static_cast<int64_t>(room))
                                 : rest;
      for (size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].push_back(rows.columns[i]->Slice(row, length));
      }
      num_rows_ += length;
      bytes_ += static_cast<int64_t>(average * static_cast<double>(length));
      row += length;
    }
  }
  waiting_bytes_ = 0;
  return Status::OK();
}

Status MilvusFileWriter::WriteRowGroup() {
  const int64_t first_row =
      row_groups_.empty() ? 0 : row_groups_.back().first_row + row_groups_.back().num_rows;
  ARROW_RETURN_NOT_OK(Encode(path(), "", [&]() -> Status {
    ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
    for (size_t i = 0; i < columns_.size(); ++i) {
      auto& type = schema_->field(static_cast<int>(i))->type();
      ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(
          std::make_shared<arrow::ChunkedArray>(std::exchange(columns_[i], {}), type)));
    }
    return Status::OK();
  }));
  row_groups_.push_back(
      {static_cast<uint64_t>(std::exchange(bytes_, 0)), std::exchange(num_rows_, 0), first_row});
  return Status::OK();
}

Status MilvusFileWriter::Finish(const std::string& group_field_ids,
                                const std::vector<std::pair<std::string, std::string>>& metadata) {
  ARROW_RETURN_NOT_OK(Flush());
  if (num_rows_ > 0) ARROW_RETURN_NOT_OK(WriteRowGroup());
  const auto keys = std::make_shared<arrow::KeyValueMetadata>();
  keys->Append(kGroupFieldIdsKey, group_field_ids);
  for (const auto& [key, value] : metadata) keys->Append(key, value);
  keys->Append(kRowGroupsKey, EncodeRowGroups(row_groups_));
  keys->Append(kStorageVersionKey, kStorageVersion);
  return Encode(path(), "footer", [&]() -> Status {
    ARROW_RETURN_NOT_OK(writer_->AddKeyValueMetadata(keys));
    return writer_->Close();
  });
}

Status MilvusFileWriter::Publish() { return object_->Close(); }

Status MilvusFileWriter::Abort() {
  writer_.reset();
  return object_->Abort();
}

}  // namespace varve::internal
