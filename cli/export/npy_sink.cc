// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/array/array_nested.h"
#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/export/export_sink.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;

// The format asks for a multiple of 64; two are enough for any number of rows.
constexpr size_t kHeaderBytes = 128;

const char* DescrOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FLOAT:
      return "<f4";
    case arrow::Type::HALF_FLOAT:
      return "<f2";
    case arrow::Type::DOUBLE:
      return "<f8";
    case arrow::Type::INT8:
      return "|i1";
    case arrow::Type::UINT8:
      return "|u1";
    case arrow::Type::INT16:
      return "<i2";
    case arrow::Type::UINT16:
      return "<u2";
    case arrow::Type::INT32:
      return "<i4";
    case arrow::Type::UINT32:
      return "<u4";
    case arrow::Type::INT64:
      return "<i8";
    case arrow::Type::UINT64:
      return "<u8";
    default:
      return nullptr;
  }
}

std::string Header(const std::string& descr, int64_t num_rows, int32_t dimension) {
  std::string text("\x93NUMPY\x01\x00", 8);
  const size_t length = kHeaderBytes - 10;
  text.push_back(static_cast<char>(length & 0xFF));
  text.push_back(static_cast<char>(length >> 8));
  text += "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" +
          std::to_string(num_rows) + "," + (dimension > 0 ? " " + std::to_string(dimension) : "") +
          "), }";
  text.resize(kHeaderBytes - 1, ' ');
  return text + "\n";
}

class NpySink : public ExportSink {
 public:
  NpySink(std::string column, int32_t dimension, int64_t num_rows,
          std::shared_ptr<arrow::io::OutputStream> out)
      : column_(std::move(column)),
        dimension_(dimension),
        rows_left_(num_rows),
        out_(std::move(out)) {}

  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    std::shared_ptr<arrow::Array> values = batch->column(0);
    ARROW_RETURN_NOT_OK(CheckNoNull(*values));
    if (dimension_ > 0) {
      ARROW_ASSIGN_OR_RAISE(values,
                            checked_cast<const arrow::FixedSizeListArray&>(*values).Flatten());
      ARROW_RETURN_NOT_OK(CheckNoNull(*values));
    }
    rows_left_ -= batch->num_rows();
    if (values->length() == 0) return Status::OK();
    const int64_t width = values->type()->byte_width();
    return out_->Write(values->data()->buffers[1]->data() + values->offset() * width,
                       values->length() * width);
  }

  Status Finish() override {
    if (rows_left_ == 0) return Status::OK();
    return MakeError(ErrorKind::kInternal, "another number of rows than the header says",
                     {.field = column_, .found = std::to_string(rows_left_) + " missing"});
  }

 private:
  Status CheckNoNull(const arrow::Array& array) const {
    if (array.null_count() == 0) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "NumPy arrays have no nulls", {.field = column_});
  }

  std::string column_;
  int32_t dimension_;
  int64_t rows_left_;
  std::shared_ptr<arrow::io::OutputStream> out_;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> OpenNpySink(
    const std::shared_ptr<arrow::Schema>& schema, int64_t num_rows,
    const std::shared_ptr<arrow::io::OutputStream>& out) {
  if (schema->num_fields() != 1) {
    return MakeError(ErrorKind::kInvalid, "a .npy file holds one column; name it with --columns",
                     {.found = std::to_string(schema->num_fields()) + " columns"});
  }
  const auto& field = schema->field(0);
  int32_t dimension = 0;
  auto type = field->type();
  if (type->id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = checked_cast<const arrow::FixedSizeListType&>(*type);
    dimension = list.list_size();
    type = list.value_type();
  }
  const char* descr = DescrOf(*type);
  if (descr == nullptr) {
    return MakeError(ErrorKind::kInvalid, "a .npy file holds numbers or vectors of numbers",
                     {.field = field->name(), .found = field->type()->ToString()});
  }
  const std::string header = Header(descr, num_rows, dimension);
  ARROW_RETURN_NOT_OK(out->Write(header.data(), static_cast<int64_t>(header.size())));
  return std::make_unique<NpySink>(field->name(), dimension, num_rows, out);
}

}  // namespace varve::cli
