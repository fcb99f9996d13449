// SPDX-License-Identifier: Apache-2.0
#include "numpy_import.h"

#include <cstring>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/chunked_array.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "capsule.h"
#include "errors.h"
#include "nanobind/stl/string.h"

namespace varve::python {
namespace {

// The memory of a Python object, held by its buffer view; given back under the GIL from whatever
// thread drops it last.
class PythonBuffer : public arrow::Buffer {
 public:
  explicit PythonBuffer(const Py_buffer& view)
      : arrow::Buffer(static_cast<const uint8_t*>(view.buf), view.len), view_(view) {}
  ~PythonBuffer() override {
    if (!nb::is_alive()) return;
    nb::gil_scoped_acquire gil;
    PyBuffer_Release(&view_);
  }

 private:
  Py_buffer view_;
};

std::shared_ptr<arrow::DataType> TypeOfFormat(const char* format, Py_ssize_t width) {
  const char* code = *format == '@' || *format == '=' || *format == '<' ? format + 1 : format;
  if (*code == '\0' || code[1] != '\0') return nullptr;
  if (std::strchr("bhilqn", *code) != nullptr) {
    switch (width) {
      case 1:
        return arrow::int8();
      case 2:
        return arrow::int16();
      case 4:
        return arrow::int32();
      case 8:
        return arrow::int64();
    }
  }
  if (std::strchr("BHILQN", *code) != nullptr) {
    switch (width) {
      case 1:
        return arrow::uint8();
      case 2:
        return arrow::uint16();
      case 4:
        return arrow::uint32();
      case 8:
        return arrow::uint64();
    }
  }
  switch (*code) {
    case 'e':
      return arrow::float16();
    case 'f':
      return arrow::float32();
    case 'd':
      return arrow::float64();
    case '?':
      return arrow::boolean();
    default:
      return nullptr;
  }
}

std::shared_ptr<arrow::Array> Primitive(std::shared_ptr<arrow::DataType> type, int64_t length,
                                        std::shared_ptr<arrow::Buffer> values) {
  return arrow::MakeArray(
      arrow::ArrayData::Make(std::move(type), length, {nullptr, std::move(values)}, 0));
}

std::shared_ptr<arrow::Array> PackBooleans(const uint8_t* bytes, int64_t length) {
  std::shared_ptr<arrow::Buffer> bits = ValueOrThrow(arrow::AllocateEmptyBitmap(length));
  for (int64_t i = 0; i < length; ++i) {
    if (bytes[i] != 0) arrow::bit_util::SetBit(bits->mutable_data(), i);
  }
  return Primitive(arrow::boolean(), length, std::move(bits));
}

// A C-contiguous array whose buffer protocol names its type; nullptr if it is something else.
std::shared_ptr<arrow::Array> FromBuffer(nb::handle array, const char* name) {
  Py_buffer view;
  if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
    PyErr_Clear();
    return nullptr;
  }
  auto buffer = std::make_shared<PythonBuffer>(view);
  std::shared_ptr<arrow::DataType> type =
      TypeOfFormat(view.format == nullptr ? "B" : view.format, view.itemsize);
  if (type == nullptr || view.ndim == 0) return nullptr;
  if (view.ndim > 2) {
    ThrowInvalid(std::string("column '") + name + "' has " + std::to_string(view.ndim) +
                 " dimensions: one is a column of numbers, two a column of vectors");
  }
  const int64_t length = view.shape[0];
  const int64_t num_values = view.len / view.itemsize;
  std::shared_ptr<arrow::Array> values =
      type->id() == arrow::Type::BOOL
          ? PackBooleans(static_cast<const uint8_t*>(view.buf), num_values)
          : Primitive(type, num_values, std::move(buffer));
  if (view.ndim == 1) return values;
  if (view.shape[1] < 1 || view.shape[1] > INT32_MAX) {
    ThrowInvalid(std::string("column '") + name + "' holds vectors of " +
                 std::to_string(view.shape[1]) + " values");
  }
  auto list_type = arrow::fixed_size_list(arrow::field("item", type, /*nullable=*/false),
                                          static_cast<int32_t>(view.shape[1]));
  return std::make_shared<arrow::FixedSizeListArray>(list_type, length, std::move(values));
}

bool IsNumpyArray(nb::handle column) {
  return nb::hasattr(column, "dtype") && nb::hasattr(column, "strides") &&
         PyObject_CheckBuffer(column.ptr());
}

std::shared_ptr<arrow::Array> FromNumpy(nb::handle column, const char* name) {
  const std::string kind = nb::cast<std::string>(column.attr("dtype").attr("kind"));
  if (kind.find_first_of("biuf") == std::string::npos) return nullptr;
  nb::object contiguous = nb::module_::import_("numpy").attr("ascontiguousarray")(column);
  if (!nb::cast<bool>(contiguous.attr("dtype").attr("isnative"))) {
    contiguous = contiguous.attr("astype")(contiguous.attr("dtype").attr("newbyteorder")("="));
  }
  return FromBuffer(contiguous, name);
}

}  // namespace

std::shared_ptr<arrow::Array> ImportColumn(nb::handle column, const char* name) {
  if (nb::hasattr(column, "__arrow_c_array__")) return ImportArrayOf(column);
  if (nb::hasattr(column, "__arrow_c_stream__")) {
    auto chunked = ImportChunkedArrayOf(column);
    if (chunked->num_chunks() == 1) return chunked->chunk(0);
    if (chunked->num_chunks() == 0) return ValueOrThrow(arrow::MakeEmptyArray(chunked->type()));
    return ValueOrThrow(arrow::Concatenate(chunked->chunks()));
  }
  if (IsNumpyArray(column)) {
    if (auto array = FromNumpy(column, name)) return array;
  }
  nb::object converted;
  try {
    converted = nb::module_::import_("pyarrow").attr("array")(column);
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError) &&
        !error.matches(PyExc_NotImplementedError)) {
      throw;
    }
    ThrowInvalid(std::string("column '") + name + "' cannot be turned into an Arrow array: " +
                 nb::cast<std::string>(nb::str(error.value())));
  }
  // pyarrow answers with a chunked array where one array cannot hold the texts.
  if (nb::hasattr(converted, "__arrow_c_array__")) return ImportArrayOf(converted);
  return ImportColumn(converted, name);
}

}  // namespace varve::python
