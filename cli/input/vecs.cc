// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/type.h"
#include "cli/input/batch_source.h"
#include "cli/input/formats.h"

namespace varve::cli {
namespace {

constexpr int64_t kBatchBytes = 16 << 20;
constexpr int32_t kLargestDimension = 1 << 20;
constexpr int64_t kDimensionBytes = sizeof(int32_t);

std::shared_ptr<arrow::DataType> ValueType(InputFormat format) {
  if (format == InputFormat::kBvecs) return arrow::uint8();
  return format == InputFormat::kIvecs ? arrow::int32() : arrow::float32();
}

int32_t LoadDimension(const uint8_t* bytes) {
  int32_t dimension = 0;
  std::memcpy(&dimension, bytes, sizeof(dimension));
  return dimension;
}

}  // namespace

Status OpenVecs(std::shared_ptr<arrow::io::RandomAccessFile> file, InputFormat format,
                const InputOptions& options, Input* input) {
  const std::string path = input->path;
  ARROW_ASSIGN_OR_RAISE(auto start, file->ReadAt(0, kDimensionBytes));
  if (start->size() != kDimensionBytes) {
    return Corruption("the file is too short for one vector", {.object = path, .offset = 0});
  }
  const int32_t dimension = LoadDimension(start->data());
  if (dimension <= 0 || dimension > kLargestDimension) {
    return Corruption("not a dimension",
                      {.object = path, .offset = 0, .found = std::to_string(dimension)});
  }
  const auto value_type = ValueType(format);
  const int64_t vector_bytes = int64_t{dimension} * value_type->byte_width();
  const int64_t record_bytes = kDimensionBytes + vector_bytes;
  const int64_t num_rows = input->file_bytes / record_bytes;
  if (input->file_bytes % record_bytes != 0) {
    return Corruption("the file ends within a vector",
                      {.object = path,
                       .offset = num_rows * record_bytes,
                       .expected = std::to_string(record_bytes) + " bytes a vector of dimension " +
                                   std::to_string(dimension),
                       .found = std::to_string(input->file_bytes % record_bytes) + " left over"});
  }
  const auto type =
      arrow::fixed_size_list(arrow::field("item", value_type, /*nullable=*/false), dimension);
  auto schema = arrow::schema({arrow::field(ColumnName(options, true), type, false)});
  const int64_t batch_rows = std::max<int64_t>(1, kBatchBytes / record_bytes);
  input->num_rows = num_rows;
  input->reader = std::make_shared<BatchSource>(
      schema, [=, row = int64_t{0}](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
        const int64_t count = std::min(batch_rows, num_rows - row);
        if (count == 0) return Status::OK();
        const int64_t offset = row * record_bytes;
        ARROW_ASSIGN_OR_RAISE(auto records, file->ReadAt(offset, count * record_bytes));
        if (records->size() != count * record_bytes) {
          return Corruption("file ended early", {.object = path, .offset = offset});
        }
        ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(count * vector_bytes));
        for (int64_t i = 0; i < count; ++i) {
          const uint8_t* record = records->data() + i * record_bytes;
          if (LoadDimension(record) != dimension) {
            return Corruption("vectors of different dimensions: row " + std::to_string(row + i),
                              {.object = path,
                               .offset = offset + i * record_bytes,
                               .expected = std::to_string(dimension),
                               .found = std::to_string(LoadDimension(record))});
          }
          std::memcpy(values->mutable_data() + i * vector_bytes, record + kDimensionBytes,
                      vector_bytes);
        }
        std::shared_ptr<arrow::Buffer> shared = std::move(values);
        const auto items =
            arrow::ArrayData::Make(value_type, count * dimension, {nullptr, std::move(shared)}, 0);
        *batch = arrow::RecordBatch::Make(
            schema, count,
            {arrow::MakeArray(arrow::ArrayData::Make(type, count, {nullptr}, {items}, 0))});
        row += count;
        return Status::OK();
      });
  return Status::OK();
}

}  // namespace varve::cli
