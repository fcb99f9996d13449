// SPDX-License-Identifier: Apache-2.0
#include "varve/delta_log.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "binlog/delta_row.h"
#include "packed/join_arrays.h"
#include "schema/check_texts.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve {

using internal::CheckTexts;
using internal::DeltaRow;
using internal::JoinArrays;

namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// Parquet field ids of the packed form.
constexpr int kPackedKeyFieldId = 0;
constexpr int kPackedTimestampFieldId = 1;
constexpr std::string_view kParquetMagic = "PAR1";
// Of a row that makes no sense, shown in the error.
constexpr size_t kShownBytes = 80;

std::shared_ptr<arrow::UInt64Array> AsUnsigned(const arrow::Array& int64s) {
  auto data = int64s.data()->Copy();
  data->type = arrow::uint64();
  return std::make_shared<arrow::UInt64Array>(std::move(data));
}

Status CheckRequired(const arrow::Array& column, const std::string& name,
                     const std::string& object) {
  if (column.null_count() == 0) return Status::OK();
  return Corruption("null in a delta log", {.object = object, .field = name});
}

// Deletes out of two Parquet columns.
Result<DeleteData> ReadColumns(const PayloadReader& payload, int key_column, int timestamp_column,
                               const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto key_type, payload.ColumnType(key_column));
  const bool is_text = key_type->id() == arrow::Type::STRING;
  const DataType type = is_text ? DataType::kVarChar : DataType::kInt64;
  ARROW_ASSIGN_OR_RAISE(StoredValues keys, payload.Read(key_column, type));
  ARROW_ASSIGN_OR_RAISE(const StoredValues timestamps,
                        payload.Read(timestamp_column, DataType::kInt64));
  ARROW_RETURN_NOT_OK(CheckRequired(*keys.values, "pk", object));
  ARROW_RETURN_NOT_OK(CheckRequired(*timestamps.values, "ts", object));
  if (is_text) {
    const Status texts = CheckTexts({.name = "pk", .data_type = type}, *keys.values);
    if (!texts.ok()) return Corruption(texts.message(), {.object = object});
  }
  return DeleteData{std::move(keys.values), AsUnsigned(*timestamps.values)};
}

// Deletes out of rows of text.
class RowReader {
 public:
  explicit RowReader(const std::string& object) : object_(object) {}

  Status Read(const arrow::StringArray& rows) {
    ARROW_RETURN_NOT_OK(timestamps_.Reserve(rows.length()));
    for (int64_t i = 0; i < rows.length(); ++i, ++num_rows_) {
      if (rows.IsNull(i)) return Bad("null", "");
      const std::string_view text = rows.GetView(i);
      if (const auto mistake = row_.Parse(text); !mistake.empty()) return Bad(mistake, text);
      if (num_rows_ == 0) key_type_ = row_.key_type;
      if (row_.key_type != key_type_) return Bad("keys of different types", text);
      ARROW_RETURN_NOT_OK(key_type_ == DataType::kInt64 ? numbers_.Append(row_.key)
                                                        : texts_.Append(row_.text_key));
      timestamps_.UnsafeAppend(row_.timestamp);
    }
    return Status::OK();
  }

  Result<DeleteData> Finish() {
    DeleteData deletes;
    if (key_type_ == DataType::kInt64) {
      ARROW_ASSIGN_OR_RAISE(deletes.primary_keys, numbers_.Finish());
    } else {
      ARROW_ASSIGN_OR_RAISE(deletes.primary_keys, texts_.Finish());
    }
    ARROW_RETURN_NOT_OK(timestamps_.Finish(&deletes.timestamps));
    return deletes;
  }

 private:
  Status Bad(std::string_view mistake, std::string_view row) const {
    return Corruption("delete that makes no sense: " + std::string(mistake),
                      {.object = object_,
                       .field = "row " + std::to_string(num_rows_),
                       .found = std::string(row.substr(0, kShownBytes))});
  }

  const std::string& object_;
  DeltaRow row_;
  DataType key_type_ = DataType::kInt64;
  int64_t num_rows_ = 0;
  arrow::Int64Builder numbers_;
  arrow::StringBuilder texts_;
  arrow::UInt64Builder timestamps_;
};

Result<DeleteData> ReadRows(const BinlogReader& binlog) {
  RowReader reader(binlog.object());
  for (const Event& event : binlog.events()) {
    ARROW_ASSIGN_OR_RAISE(const auto payload, binlog.OpenPayload(event));
    ARROW_ASSIGN_OR_RAISE(const StoredValues rows, payload->Read(0, DataType::kString));
    ARROW_RETURN_NOT_OK(reader.Read(static_cast<const arrow::StringArray&>(*rows.values)));
  }
  return reader.Finish();
}

Result<DeleteData> ReadMultiField(const BinlogReader& binlog) {
  arrow::ArrayVector keys;
  arrow::ArrayVector timestamps;
  for (const Event& event : binlog.events()) {
    ARROW_ASSIGN_OR_RAISE(const auto payload, binlog.OpenPayload(event));
    ARROW_ASSIGN_OR_RAISE(DeleteData part, ReadColumns(*payload, 0, 1, binlog.object()));
    if (!keys.empty() && !keys.front()->type()->Equals(part.primary_keys->type())) {
      return Corruption("events hold keys of different types",
                        {.object = binlog.object(), .offset = event.offset});
    }
    keys.push_back(std::move(part.primary_keys));
    timestamps.push_back(std::move(part.timestamps));
  }
  ARROW_ASSIGN_OR_RAISE(auto joined_keys, JoinArrays(keys));
  ARROW_ASSIGN_OR_RAISE(const auto joined, JoinArrays(timestamps));
  return DeleteData{std::move(joined_keys), AsUnsigned(*joined)};
}

Result<DeleteData> ReadPacked(const std::shared_ptr<arrow::Buffer>& bytes,
                              const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto file, PayloadReader::Open(bytes, object));
  const int keys = file->FindFieldId(kPackedKeyFieldId);
  const int timestamps = file->FindFieldId(kPackedTimestampFieldId);
  if (keys < 0 || timestamps < 0) {
    return Corruption("the delta log lacks a column",
                      {.object = object, .expected = "Parquet field ids 0 and 1"});
  }
  return ReadColumns(*file, keys, timestamps, object);
}

Result<Payload> JsonPayload(const DeleteData& deletes) {
  const bool is_text = deletes.primary_keys->type_id() == arrow::Type::STRING;
  if (is_text) {
    ARROW_RETURN_NOT_OK(
        CheckTexts({.name = "pk", .data_type = DataType::kVarChar}, *deletes.primary_keys));
  }
  DeltaRow row;
  row.key_type = is_text ? DataType::kVarChar : DataType::kInt64;
  std::string text;
  arrow::StringBuilder rows;
  ARROW_RETURN_NOT_OK(rows.Reserve(deletes.num_rows()));
  for (int64_t i = 0; i < deletes.num_rows(); ++i) {
    if (is_text) {
      row.text_key = static_cast<const arrow::StringArray&>(*deletes.primary_keys).GetView(i);
    } else {
      row.key = static_cast<const arrow::Int64Array&>(*deletes.primary_keys).Value(i);
    }
    row.timestamp = deletes.timestamps->Value(i);
    text.clear();
    row.AppendTo(&text);
    ARROW_RETURN_NOT_OK(rows.Append(text));
  }
  ARROW_ASSIGN_OR_RAISE(const auto column, rows.Finish());
  return WriteTextPayload(column);
}

Result<Payload> MultiFieldPayload(const DeleteData& deletes) {
  auto timestamps = deletes.timestamps->data()->Copy();
  timestamps->type = arrow::int64();
  return WriteKeyPayload(deletes.primary_keys, arrow::MakeArray(timestamps));
}

}  // namespace

int64_t DeleteData::num_rows() const { return timestamps->length(); }

Status DeleteData::Validate() const {
  if (primary_keys == nullptr || timestamps == nullptr) {
    return MakeError(ErrorKind::kInvalid, "deletes without keys or timestamps");
  }
  const bool known_type = primary_keys->type_id() == arrow::Type::INT64 ||
                          primary_keys->type_id() == arrow::Type::STRING;
  if (!known_type) {
    return MakeError(ErrorKind::kInvalid, "primary keys of a type that none have",
                     {.expected = "int64 or utf8", .found = primary_keys->type()->ToString()});
  }
  if (primary_keys->length() != timestamps->length()) {
    return MakeError(ErrorKind::kInvalid, "keys and timestamps differ in number",
                     {.expected = std::to_string(primary_keys->length()),
                      .found = std::to_string(timestamps->length())});
  }
  if (primary_keys->null_count() == 0 && timestamps->null_count() == 0) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "null among the deletes");
}

Result<DeleteData> ReadDeltaLog(const std::shared_ptr<arrow::Buffer>& bytes,
                                const std::string& object) {
  const std::string_view file(*bytes);
  if (file.starts_with(kParquetMagic)) return ReadPacked(bytes, object);
  ARROW_ASSIGN_OR_RAISE(const BinlogReader binlog, BinlogReader::Open(bytes, object));
  if (binlog.events().empty()) {
    return Corruption("the delta log has no event", {.object = object});
  }
  for (const Event& event : binlog.events()) {
    if (event.header.type == EventType::kDelete) continue;
    return Corruption("not a delta log",
                      {.object = object,
                       .offset = event.offset,
                       .expected = std::string(EventTypeName(EventType::kDelete)),
                       .found = std::string(EventTypeName(event.header.type))});
  }
  const auto& extras = binlog.descriptor().extras;
  const auto version = extras.find(kVersionExtra);
  if (version == extras.end()) return ReadRows(binlog);
  if (version->second == kMultiFieldVersion) return ReadMultiField(binlog);
  return MakeError(ErrorKind::kUnsupported, "unknown version of a delta log",
                   {.object = object,
                    .field = kVersionExtra,
                    .expected = kMultiFieldVersion,
                    .found = version->second});
}

Result<std::shared_ptr<arrow::Buffer>> WriteDeltaLog(const DeleteData& deletes,
                                                     BinlogDescriptor descriptor,
                                                     DeltaLogForm form) {
  ARROW_RETURN_NOT_OK(deletes.Validate());
  uint64_t first = 0;
  uint64_t last = 0;
  if (deletes.num_rows() > 0) {
    const uint64_t* values = deletes.timestamps->raw_values();
    const auto [least, most] = std::minmax_element(values, values + deletes.num_rows());
    first = *least;
    last = *most;
  }
  descriptor.field_id = -1;
  descriptor.nullable = std::nullopt;
  descriptor.start_timestamp = first;
  descriptor.end_timestamp = last;
  descriptor.extras.clear();
  Payload payload;
  if (form == DeltaLogForm::kJsonRows) {
    descriptor.payload_type = DataType::kString;
    ARROW_ASSIGN_OR_RAISE(payload, JsonPayload(deletes));
  } else {
    descriptor.payload_type = DataType::kInt64;
    descriptor.extras[kVersionExtra] = kMultiFieldVersion;
    ARROW_ASSIGN_OR_RAISE(payload, MultiFieldPayload(deletes));
  }
  BinlogWriter writer(std::move(descriptor));
  ARROW_RETURN_NOT_OK(writer.Append(EventType::kDelete, first, last, std::move(payload)));
  return writer.Finish();
}

}  // namespace varve
