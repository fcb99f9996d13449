// SPDX-License-Identifier: Apache-2.0
#include "varve/data_codec.h"

#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "binlog/event_codec.h"
#include "binlog/local_insert_file.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve {

using internal::DecodeLocalInsertFile;
using internal::Decoder;
using internal::EncodeLocalInsertFile;
using internal::kBinlogMagic;

namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr int64_t kLocalIndexFrontBytes = sizeof(uint64_t) + sizeof(uint32_t);

// The field that a descriptor and a column speak of.
FieldSchema FieldOf(const BinlogDescriptor& descriptor, int32_t dim, DataType element_type) {
  FieldSchema field;
  field.field_id = descriptor.field_id;
  field.name = std::to_string(descriptor.field_id);
  field.data_type = descriptor.payload_type;
  field.nullable = descriptor.nullable.value_or(false);
  field.dim = dim;
  field.element_type = element_type;
  return field;
}

Result<BufferPtr> WriteEvent(EventType type, const BinlogDescriptor& descriptor, Payload payload) {
  BinlogWriter writer(descriptor);
  ARROW_RETURN_NOT_OK(writer.Append(type, descriptor.start_timestamp, descriptor.end_timestamp,
                                    std::move(payload)));
  return writer.Finish();
}

Result<BufferPtr> Serialize(const InsertData& data, StorageType storage) {
  const FieldSchema field = FieldOf(data.descriptor, data.column.dim, data.column.element_type);
  if (storage != StorageType::kRemote) return EncodeLocalInsertFile(field, data.column.values);
  ARROW_ASSIGN_OR_RAISE(Payload payload, WriteFieldPayload(field, data.column.values));
  return WriteEvent(EventType::kInsert, data.descriptor, std::move(payload));
}

Result<BufferPtr> Serialize(const DeltaData& data, StorageType) {
  const auto version = data.descriptor.extras.find(kVersionExtra);
  const bool is_multi_field =
      version != data.descriptor.extras.end() && version->second == kMultiFieldVersion;
  return WriteDeltaLog(data.deletes, data.descriptor,
                       is_multi_field ? DeltaLogForm::kMultiField : DeltaLogForm::kJsonRows);
}

Result<Payload> IndexPayload(const IndexData& data) {
  const FieldSchema field = FieldOf(data.descriptor, 0, DataType::kNone);
  const int64_t size = data.bytes->size();
  switch (field.data_type) {
    case DataType::kNone:
      return Payload{data.bytes, size};
    case DataType::kInt8:
      return WriteFieldPayload(field, std::make_shared<arrow::Int8Array>(size, data.bytes));
    default:
      return MakeError(
          ErrorKind::kUnsupported, "index files are not written as this type",
          {.expected = "0 or 2", .found = std::to_string(static_cast<int32_t>(field.data_type))});
  }
}

Result<BufferPtr> Serialize(const IndexData& data, StorageType storage) {
  if (storage == StorageType::kRemote) {
    if (!data.descriptor.extras.contains(kIndexBuildIdExtra)) {
      return MakeError(ErrorKind::kInvalid, "an index file says which build it is of",
                       {.field = kIndexBuildIdExtra});
    }
    ARROW_ASSIGN_OR_RAISE(Payload payload, IndexPayload(data));
    return WriteEvent(EventType::kIndexFile, data.descriptor, std::move(payload));
  }
  const auto size = static_cast<uint64_t>(data.bytes->size());
  // The size stands where the magic number of other files does.
  if (static_cast<uint32_t>(size) == static_cast<uint32_t>(kBinlogMagic)) {
    return MakeError(ErrorKind::kInvalid, "a local file cannot have this size",
                     {.found = std::to_string(size)});
  }
  ARROW_ASSIGN_OR_RAISE(auto file,
                        arrow::AllocateBuffer(kLocalIndexFrontBytes + data.bytes->size()));
  uint8_t* out = file->mutable_data();
  std::memcpy(out, &size, sizeof(size));
  std::memcpy(out + sizeof(size), &data.degree, sizeof(data.degree));
  if (size > 0) std::memcpy(out + kLocalIndexFrontBytes, data.bytes->data(), size);
  return BufferPtr(std::move(file));
}

// The blob in the Parquet file of an index event: a byte a row, or one row that holds it.
Result<BufferPtr> ReadIndexPayload(const BinlogReader& binlog, const Event& event) {
  if (binlog.descriptor().payload_type == DataType::kNone) return event.payload;
  const bool is_text = binlog.descriptor().payload_type == DataType::kString;
  if (!is_text && binlog.descriptor().payload_type != DataType::kInt8) {
    return MakeError(
        ErrorKind::kUnsupported, "index file of an unknown type",
        {.object = binlog.object(),
         .expected = "0, 2 or 20",
         .found = std::to_string(static_cast<int32_t>(binlog.descriptor().payload_type))});
  }
  ARROW_ASSIGN_OR_RAISE(const auto payload, binlog.OpenPayload(event));
  // JSON is the data type of bytes; the blob is no text.
  ARROW_ASSIGN_OR_RAISE(const StoredValues column,
                        payload->Read(0, is_text ? DataType::kJson : DataType::kInt8));
  const arrow::Array& values = *column.values;
  if (values.null_count() > 0 || (is_text && values.length() != 1)) {
    return Corruption("index file with other rows than it should have",
                      {.object = binlog.object(),
                       .expected = is_text ? "one row" : "no nulls",
                       .found = std::to_string(values.length()) + " rows, " +
                                std::to_string(values.null_count()) + " null"});
  }
  const auto& data = *values.data();
  if (!is_text) return arrow::SliceBuffer(data.buffers[1], data.offset, values.length());
  const auto& rows = static_cast<const arrow::BinaryArray&>(values);
  return arrow::SliceBuffer(rows.value_data(), rows.value_offset(0), rows.value_length(0));
}

Result<FileData> ReadIndexFile(const BinlogReader& binlog) {
  if (!binlog.descriptor().extras.contains(kIndexBuildIdExtra)) {
    return Corruption("descriptor lacks an extra",
                      {.object = binlog.object(),
                       .field = kIndexBuildIdExtra,
                       .expected = "the id of a build, as an index file has it",
                       .found = "none"});
  }
  arrow::BufferVector parts;
  for (const Event& event : binlog.events()) {
    ARROW_ASSIGN_OR_RAISE(auto part, ReadIndexPayload(binlog, event));
    parts.push_back(std::move(part));
  }
  IndexData data{.descriptor = binlog.descriptor(), .bytes = parts.front()};
  if (parts.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(data.bytes, arrow::ConcatenateBuffers(parts));
  }
  return data;
}

Result<FileData> ReadRemote(const BufferPtr& bytes, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const BinlogReader binlog, BinlogReader::Open(bytes, object));
  if (binlog.events().empty()) return Corruption("the binlog has no event", {.object = object});
  const EventType type = binlog.events().front().header.type;
  for (const Event& event : binlog.events()) {
    if (event.header.type == type) continue;
    return Corruption("events of different types",
                      {.object = object,
                       .offset = event.offset,
                       .expected = std::string(EventTypeName(type)),
                       .found = std::string(EventTypeName(event.header.type))});
  }
  switch (type) {
    case EventType::kInsert: {
      ARROW_ASSIGN_OR_RAISE(StoredValues column, binlog.ReadColumn());
      return InsertData{binlog.descriptor(), std::move(column)};
    }
    case EventType::kDelete: {
      ARROW_ASSIGN_OR_RAISE(DeleteData deletes, ReadDeltaLog(bytes, object));
      return DeltaData{binlog.descriptor(), std::move(deletes)};
    }
    case EventType::kIndexFile:
      return ReadIndexFile(binlog);
    default:
      return MakeError(ErrorKind::kUnsupported, "events that hold no data of a segment",
                       {.object = object, .found = std::string(EventTypeName(type))});
  }
}

Result<FileData> ReadLocal(const LocalFile& local, const BufferPtr& bytes,
                           const std::string& object) {
  if (local.descriptor.payload_type != DataType::kNone) {
    const FieldSchema field = FieldOf(local.descriptor, local.dim, DataType::kNone);
    ARROW_ASSIGN_OR_RAISE(auto values, DecodeLocalInsertFile(field, bytes, object));
    return InsertData{local.descriptor, {std::move(values), local.dim, DataType::kNone}};
  }
  Decoder decoder({bytes->data(), static_cast<size_t>(bytes->size())}, object);
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, decoder.ReadFixed<uint64_t>());
  ARROW_ASSIGN_OR_RAISE(const uint32_t degree, decoder.ReadFixed<uint32_t>());
  if (size != decoder.remaining()) {
    return Corruption("local file of another length than it says",
                      {.object = object,
                       .offset = 0,
                       .expected = std::to_string(size) + " bytes of an index",
                       .found = std::to_string(decoder.remaining())});
  }
  return IndexData{local.descriptor, arrow::SliceBuffer(bytes, kLocalIndexFrontBytes), degree};
}

}  // namespace

Result<BufferPtr> Serialize(const FileData& data, StorageType storage) {
  return std::visit([&](const auto& each) { return Serialize(each, storage); }, data);
}

Result<FileData> DeserializeFileData(const BufferPtr& bytes, const std::string& object,
                                     const LocalFile* local) {
  Decoder decoder({bytes->data(), static_cast<size_t>(bytes->size())}, object);
  ARROW_ASSIGN_OR_RAISE(const int32_t magic, decoder.ReadFixed<int32_t>());
  // Without the magic number and without knowing what is to be there, the error is that of a
  // binlog.
  if (magic == kBinlogMagic || local == nullptr) return ReadRemote(bytes, object);
  return ReadLocal(*local, bytes, object);
}

}  // namespace varve
