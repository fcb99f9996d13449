// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "arrow/array/array_nested.h"
#include "arrow/compute/cast.h"
#include "arrow/io/interfaces.h"
#include "arrow/json/reader.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/input/batch_source.h"
#include "cli/input/formats.h"
#include "cli/input/json_mistakes.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;

// Types are inferred from the first block, so it is generous: 8 MiB hold a thousand wide rows.
constexpr int32_t kBlockBytes = 8 << 20;

// Arrow's JSON reader has no fixed-size lists: they are read as lists and made into vectors later.
std::shared_ptr<arrow::DataType> ReadableType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) return type;
  const auto& list = checked_cast<const arrow::FixedSizeListType&>(*type);
  const auto value =
      list.value_type()->id() == arrow::Type::HALF_FLOAT ? arrow::float32() : list.value_type();
  return arrow::list(value);
}

// What the rows have to fit, and what it means if they do not.
struct Expected {
  std::shared_ptr<arrow::Schema> schema;  // nullptr: not known yet
  // The columns of a table are a matter of usage; those of the file's own first rows, of damage.
  ErrorKind kind = ErrorKind::kCorruption;
};

Status Explained(const Status& status, const std::string& path, int64_t rows_before,
                 const Expected& expected) {
  if (status.ok() || status.IsIOError() || status.IsCancelled() || status.IsOutOfMemory()) {
    return status;
  }
  std::string message = status.message();
  if (message.find("Empty JSON") != std::string::npos) {
    return MakeError(ErrorKind::kInvalid, "the file has no rows", {.object = path});
  }
  if (path != "-") {
    std::string mistake = FirstMistake(path, rows_before, nullptr);
    if (!mistake.empty()) return Corruption("not JSON lines: " + mistake, {.object = path});
    mistake =
        expected.schema == nullptr ? "" : FirstMistake(path, rows_before, expected.schema.get());
    if (!mistake.empty()) return MakeError(expected.kind, mistake, {.object = path});
  }
  // "JSON parse error: … in row 5", counted from 0 in the block that failed.
  constexpr std::string_view kBegin = "JSON parse error: ", kMark = " in row ";
  const size_t at = message.rfind(kMark);
  if (at != std::string::npos) {
    int64_t row = 0;
    const char* number = message.data() + at + kMark.size();
    if (std::from_chars(number, message.data() + message.size(), row).ec == std::errc()) {
      message = PlaceOfRow(path, rows_before + row) + ": " + message.substr(0, at);
      if (const size_t begin = message.find(kBegin); begin != std::string::npos) {
        message.erase(begin, kBegin.size());
      }
    }
  }
  return Corruption(message, {.object = path});
}

// The length that all lists of `column` share, where they are numbers and none of the numbers is
// null; rows may be.
int32_t CommonLength(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::LIST) return 0;
  const auto& list = checked_cast<const arrow::ListArray&>(column);
  const auto value_id = list.value_type()->id();
  if ((value_id != arrow::Type::DOUBLE && value_id != arrow::Type::FLOAT) ||
      list.values()->null_count() > 0) {
    return 0;
  }
  int32_t length = 0;
  int64_t num_lists = 0;
  for (int64_t i = 0; i < list.length(); ++i) {
    if (list.IsNull(i)) continue;
    if (num_lists > 0 && list.value_length(i) != length) return 0;
    length = list.value_length(i);
    ++num_lists;
  }
  return length >= 2 ? length : 0;
}

// Where the first batch shows a vector, the type it becomes.
std::shared_ptr<arrow::Schema> WithVectors(const arrow::RecordBatch& first,
                                           const arrow::Schema* target) {
  arrow::FieldVector fields;
  for (int i = 0; i < first.num_columns(); ++i) {
    auto field = first.schema()->field(i);
    const bool known = target != nullptr && target->GetFieldByName(field->name()) != nullptr;
    const int32_t length = known ? 0 : CommonLength(*first.column(i));
    if (length > 0) {
      field = field->WithType(
          arrow::fixed_size_list(arrow::field("item", arrow::float32(), false), length));
    }
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

Status CheckLengths(const arrow::ListArray& list, int32_t size, const std::string& name,
                    const std::string& path, int64_t rows_before) {
  for (int64_t row = 0; row < list.length(); ++row) {
    if (list.IsNull(row) || list.value_length(row) == size) continue;
    return MakeError(ErrorKind::kInvalid,
                     "a vector of another length in " + PlaceOfRow(path, rows_before + row),
                     {.object = path,
                      .field = name,
                      .expected = std::to_string(size),
                      .found = std::to_string(list.value_length(row))});
  }
  return Status::OK();
}

// Vectors of the table the rows go to: a list of another length is found here, where lines can be
// named.
Status CheckVectors(const arrow::RecordBatch& batch, const arrow::Schema* target,
                    const std::string& path, int64_t rows_before) {
  for (int i = 0; target != nullptr && i < batch.num_columns(); ++i) {
    const auto field = target->GetFieldByName(batch.schema()->field(i)->name());
    if (field == nullptr || field->type()->id() != arrow::Type::FIXED_SIZE_LIST ||
        batch.column(i)->type_id() != arrow::Type::LIST) {
      continue;
    }
    const int32_t size = checked_cast<const arrow::FixedSizeListType&>(*field->type()).list_size();
    const auto& list = checked_cast<const arrow::ListArray&>(*batch.column(i));
    ARROW_RETURN_NOT_OK(CheckLengths(list, size, field->name(), path, rows_before));
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> ToSchema(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::shared_ptr<arrow::Schema>& schema,
    const std::string& path, int64_t rows_before) {
  arrow::ArrayVector columns;
  for (int i = 0; i < batch->num_columns(); ++i) {
    auto column = batch->column(i);
    const auto& field = schema->field(i);
    if (!column->type()->Equals(*field->type())) {
      const auto& vector = checked_cast<const arrow::FixedSizeListType&>(*field->type());
      const auto& list = checked_cast<const arrow::ListArray&>(*column);
      ARROW_RETURN_NOT_OK(CheckLengths(list, vector.list_size(), field->name(), path, rows_before));
      auto cast =
          arrow::compute::Cast(*column, field->type(), arrow::compute::CastOptions::Unsafe());
      if (!cast.ok()) {
        return Corruption(cast.status().message(), {.object = path, .field = field->name()});
      }
      column = *cast;
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
}

// What Arrow's reader lets through: numbers that became infinite, bytes that are no text.
Status CheckRead(const arrow::RecordBatch& batch, const std::string& path, int64_t rows_before) {
  for (int i = 0; i < batch.num_columns(); ++i) {
    const int64_t row = FirstInfinite(*batch.column(i));
    if (row < 0) continue;
    return MakeError(ErrorKind::kInvalid,
                     "a number too large for its column in " + PlaceOfRow(path, rows_before + row),
                     {.object = path,
                      .field = batch.column_name(i),
                      .expected = batch.column(i)->type()->ToString()});
  }
  // The table would refuse the text too, but cannot name the line.
  return path == "-" ? Status::OK() : Explained(batch.ValidateFull(), path, rows_before, {});
}

}  // namespace

Status OpenJsonLines(std::shared_ptr<arrow::io::InputStream> stream, const InputOptions& options,
                     Input* input) {
  auto read_options = arrow::json::ReadOptions::Defaults();
  read_options.block_size = kBlockBytes;
  auto parse_options = arrow::json::ParseOptions::Defaults();
  if (options.target != nullptr) {
    arrow::FieldVector fields;
    for (const auto& field : options.target->fields()) {
      fields.push_back(arrow::field(field->name(), ReadableType(field->type())));
    }
    parse_options.explicit_schema = arrow::schema(std::move(fields));
    parse_options.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Error;
  }
  Expected expected{parse_options.explicit_schema, ErrorKind::kInvalid};
  const std::string path = input->path;
  auto opened = arrow::json::StreamingReader::Make(stream, read_options, parse_options);
  ARROW_RETURN_NOT_OK(Explained(opened.status(), path, 0, expected));
  auto reader = *opened;
  std::shared_ptr<arrow::RecordBatch> first;
  ARROW_RETURN_NOT_OK(Explained(reader->ReadNext(&first), path, 0, expected));
  if (first == nullptr) {
    return MakeError(ErrorKind::kInvalid, "the file has no rows", {.object = path});
  }
  if (expected.schema == nullptr) expected = {first->schema(), ErrorKind::kCorruption};
  auto schema = WithVectors(*first, options.target.get());
  const auto is_begun = std::make_shared<bool>(false);
  input->reader = std::make_shared<BatchSource>(
      schema,
      [reader, schema, expected, first, path, target = options.target, is_begun,
       rows = int64_t{0}](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
        *is_begun = true;
        std::shared_ptr<arrow::RecordBatch> read = std::exchange(first, nullptr);
        if (read == nullptr) {
          ARROW_RETURN_NOT_OK(Explained(reader->ReadNext(&read), path, rows, expected));
        }
        if (read == nullptr) return Status::OK();
        ARROW_RETURN_NOT_OK(CheckVectors(*read, target.get(), path, rows));
        ARROW_ASSIGN_OR_RAISE(*batch, ToSchema(read, schema, path, rows));
        ARROW_RETURN_NOT_OK(CheckRead(**batch, path, rows));
        rows += read->num_rows();
        return Status::OK();
      });
  input->bytes_read = [reader, is_begun] {
    return *is_begun ? reader->bytes_processed() : 0;  // the first batch was read to see its types
  };
  return Status::OK();
}

}  // namespace varve::cli
