// SPDX-License-Identifier: Apache-2.0
#include "varve/insert_log.h"

#include <utility>

#include "arrow/buffer.h"
#include "binlog/stored_insert_log.h"
#include "packed/milvus_values.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve {

using internal::DecodeValues;
using internal::EncodeValues;

namespace {

// String and VarChar are two names of one thing.
bool IsSameType(DataType a, DataType b) {
  const auto named = [](DataType type) {
    return type == DataType::kString ? DataType::kVarChar : type;
  };
  return named(a) == named(b);
}

Status CheckDescriptor(const FieldSchema& field, const BinlogReader& binlog) {
  const BinlogDescriptor& descriptor = binlog.descriptor();
  if (descriptor.field_id >= 0 && field.field_id >= 0 && descriptor.field_id != field.field_id) {
    return Corruption("the binlog is another field's",
                      {.object = binlog.object(),
                       .field = field.name,
                       .expected = "field " + std::to_string(field.field_id),
                       .found = std::to_string(descriptor.field_id)});
  }
  if (!IsSameType(descriptor.payload_type, field.data_type)) {
    return Corruption("the binlog is of another data type",
                      {.object = binlog.object(),
                       .field = field.name,
                       .expected = std::to_string(static_cast<int32_t>(field.data_type)),
                       .found = std::to_string(static_cast<int32_t>(descriptor.payload_type))});
  }
  for (const Event& event : binlog.events()) {
    if (event.header.type == EventType::kInsert) continue;
    return Corruption("not an insert log",
                      {.object = binlog.object(),
                       .offset = event.offset,
                       .expected = std::string(EventTypeName(EventType::kInsert)),
                       .found = std::string(EventTypeName(event.header.type))});
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ReadInsertLog(const FieldSchema& field,
                                                    std::shared_ptr<arrow::Buffer> bytes,
                                                    const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const BinlogReader binlog, BinlogReader::Open(std::move(bytes), object));
  ARROW_RETURN_NOT_OK(CheckDescriptor(field, binlog));
  ARROW_ASSIGN_OR_RAISE(const StoredValues column, binlog.ReadColumn());
  return DecodeValues(field, column, object);
}

Result<std::shared_ptr<arrow::Buffer>> WriteInsertLog(const FieldSchema& field,
                                                      const std::shared_ptr<arrow::Array>& values,
                                                      BinlogDescriptor descriptor) {
  ARROW_ASSIGN_OR_RAISE(const auto stored, EncodeValues(field, values));
  return internal::WriteStoredInsertLog(field, stored, std::move(descriptor));
}

Result<std::shared_ptr<arrow::Buffer>> internal::WriteStoredInsertLog(
    const FieldSchema& field, const std::shared_ptr<arrow::Array>& stored,
    BinlogDescriptor descriptor) {
  ARROW_ASSIGN_OR_RAISE(Payload payload, WriteFieldPayload(field, stored));
  descriptor.field_id = field.field_id;
  descriptor.payload_type = field.data_type;
  descriptor.nullable = field.nullable;
  const uint64_t start = descriptor.start_timestamp;
  const uint64_t end = descriptor.end_timestamp;
  BinlogWriter writer(std::move(descriptor));
  ARROW_RETURN_NOT_OK(writer.Append(EventType::kInsert, start, end, std::move(payload)));
  return writer.Finish();
}

}  // namespace varve
