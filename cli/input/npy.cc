// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "cli/input/batch_source.h"
#include "cli/input/formats.h"

namespace varve::cli {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr int64_t kLargestHeaderBytes = 1 << 20;
constexpr int64_t kBatchBytes = 16 << 20;

struct NpyHeader {
  std::shared_ptr<arrow::DataType> type;
  int64_t num_rows = 0;
  int64_t dimension = 0;  // 0: one-dimensional
  int64_t data_offset = 0;
};

// The value after 'key': in the header, a literal Python dictionary.
std::string_view ValueOf(std::string_view header, std::string_view key) {
  size_t at = header.find(std::string("'").append(key).append("'"));
  if (at == std::string_view::npos) return {};
  at = header.find(':', at);
  if (at == std::string_view::npos) return {};
  at = header.find_first_not_of(' ', at + 1);
  return at == std::string_view::npos ? std::string_view{} : header.substr(at);
}

std::shared_ptr<arrow::DataType> TypeOf(std::string_view descr) {
  if (descr == "<f4") return arrow::float32();
  if (descr == "<f2") return arrow::float16();
  if (descr == "<f8") return arrow::float64();
  if (descr == "|i1") return arrow::int8();
  if (descr == "|u1") return arrow::uint8();
  if (descr == "<i2") return arrow::int16();
  if (descr == "<u2") return arrow::uint16();
  if (descr == "<i4") return arrow::int32();
  if (descr == "<u4") return arrow::uint32();
  if (descr == "<i8") return arrow::int64();
  if (descr == "<u8") return arrow::uint64();
  return nullptr;
}

// "(1000, 384)" or "(1000,)"; false if it is anything else.
bool ParseShape(std::string_view text, std::vector<int64_t>* shape) {
  const size_t close = text.find(')');
  if (text.empty() || text[0] != '(' || close == std::string_view::npos) return false;
  text = text.substr(1, close - 1);
  while (true) {
    const size_t begin = text.find_first_not_of(" ,");
    if (begin == std::string_view::npos) return true;
    text.remove_prefix(begin);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) return false;
    shape->push_back(value);
    text.remove_prefix(end - text.data());
  }
}

Result<NpyHeader> ReadHeader(arrow::io::RandomAccessFile* file, const std::string& path,
                             int64_t file_bytes) {
  const auto damaged = [&](const char* what, int64_t offset, std::string found) {
    return Corruption(what, {.object = path, .offset = offset, .found = std::move(found)});
  };
  ARROW_ASSIGN_OR_RAISE(auto start, file->ReadAt(0, 12));
  const std::string_view bytes(*start);
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) {
    return damaged("not a .npy file: its first bytes are not \\x93NUMPY", 0, "");
  }
  const int version = bytes[6];
  if (version < 1 || version > 3) {
    return damaged("unknown .npy version", 6, std::to_string(version));
  }
  uint32_t header_bytes = 0;
  const int length_bytes = version == 1 ? 2 : 4;
  const int64_t header_offset = 8 + length_bytes;
  if (bytes.size() < static_cast<size_t>(header_offset))
    return damaged(".npy header cut off", 8, "");
  std::memcpy(&header_bytes, bytes.data() + 8, length_bytes);
  if (header_bytes > kLargestHeaderBytes || header_offset + header_bytes > file_bytes) {
    return damaged(".npy header longer than the file or 1 MiB", 8, std::to_string(header_bytes));
  }
  ARROW_ASSIGN_OR_RAISE(auto text, file->ReadAt(header_offset, header_bytes));
  const std::string_view header(*text);

  NpyHeader parsed;
  parsed.data_offset = header_offset + header_bytes;
  std::string_view descr = ValueOf(header, "descr");
  if (descr.size() < 2 || descr[0] != '\'') {
    return damaged(".npy header without a simple 'descr'", header_offset, "");
  }
  descr.remove_prefix(1);
  descr = descr.substr(0, descr.find('\''));
  parsed.type = TypeOf(descr);
  if (parsed.type == nullptr) {
    return MakeError(ErrorKind::kUnsupported,
                     "numbers of this kind cannot be imported; convert with astype('float32')",
                     {.object = path, .field = "descr", .found = std::string(descr)});
  }
  if (!ValueOf(header, "fortran_order").starts_with("False")) {
    return MakeError(ErrorKind::kUnsupported,
                     "the array is stored by columns; save numpy.ascontiguousarray(a)",
                     {.object = path, .field = "fortran_order"});
  }
  std::vector<int64_t> shape;
  if (!ParseShape(ValueOf(header, "shape"), &shape)) {
    return damaged(".npy header without a 'shape'", header_offset, "");
  }
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] == 0)) {
    return MakeError(ErrorKind::kUnsupported, "only arrays of one or two dimensions are rows",
                     {.object = path, .field = "shape"});
  }
  parsed.num_rows = shape[0];
  parsed.dimension = shape.size() == 2 ? shape[1] : 0;
  int64_t bytes_expected = 0;
  const int64_t width = parsed.type->byte_width();
  if (parsed.dimension > INT32_MAX ||
      __builtin_mul_overflow(parsed.num_rows, std::max<int64_t>(parsed.dimension, 1),
                             &bytes_expected) ||
      __builtin_mul_overflow(bytes_expected, width, &bytes_expected) ||
      bytes_expected != file_bytes - parsed.data_offset) {
    return Corruption("the length of the file does not fit the shape of the array",
                      {.object = path,
                       .offset = parsed.data_offset,
                       .expected = std::to_string(bytes_expected) + " bytes of values",
                       .found = std::to_string(file_bytes - parsed.data_offset)});
  }
  return parsed;
}

}  // namespace

Status OpenNpy(std::shared_ptr<arrow::io::RandomAccessFile> file, const InputOptions& options,
               Input* input) {
  ARROW_ASSIGN_OR_RAISE(const NpyHeader header,
                        ReadHeader(file.get(), input->path, input->file_bytes));
  const bool is_vector = header.dimension > 0;
  const auto type = is_vector ? arrow::fixed_size_list(arrow::field("item", header.type, false),
                                                       static_cast<int32_t>(header.dimension))
                              : header.type;
  auto field = arrow::field(ColumnName(options, is_vector), type, false);
  if (is_vector && header.type->id() == arrow::Type::DOUBLE) {
    // A new table keeps them as float: two dimensions are vectors, and NumPy computes in doubles.
    field = field->WithMetadata(arrow::key_value_metadata({"varve.type"}, {"FloatVector"}));
  }
  auto schema = arrow::schema({std::move(field)});
  const int64_t values_per_row = std::max<int64_t>(header.dimension, 1);
  const int64_t row_bytes = values_per_row * header.type->byte_width();
  const int64_t batch_rows = std::max<int64_t>(1, kBatchBytes / row_bytes);
  input->num_rows = header.num_rows;
  input->reader = std::make_shared<BatchSource>(
      schema,
      [=, path = input->path,
       row = int64_t{0}](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
        const int64_t count = std::min(batch_rows, header.num_rows - row);
        if (count == 0) return Status::OK();
        const int64_t offset = header.data_offset + row * row_bytes;
        ARROW_ASSIGN_OR_RAISE(auto values, file->ReadAt(offset, count * row_bytes));
        if (values->size() != count * row_bytes) {
          return Corruption("file ended early", {.object = path, .offset = offset});
        }
        auto data = arrow::ArrayData::Make(header.type, count * values_per_row,
                                           {nullptr, std::move(values)}, 0);
        if (is_vector) data = arrow::ArrayData::Make(type, count, {nullptr}, {data}, 0);
        *batch = arrow::RecordBatch::Make(schema, count, {arrow::MakeArray(data)});
        row += count;
        return Status::OK();
      });
  return Status::OK();
}

}  // namespace varve::cli
