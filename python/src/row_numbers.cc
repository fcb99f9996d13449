// SPDX-License-Identifier: Apache-2.0
#include "row_numbers.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "arrow/array.h"
#include "arrow/chunked_array.h"
#include "arrow/type.h"
#include "capsule.h"
#include "errors.h"

namespace varve::python {
namespace {

using Numbers = std::vector<int64_t>;

[[noreturn]] void ThrowNotIntegers(const char* what, const std::string& found) {
  ThrowInvalid(std::string(what) + " numbers must be integers, found " + found);
}

[[noreturn]] void ThrowTooLarge(const char* what) {
  ThrowInvalid(std::string(what) + " number does not fit 64-bit signed integers");
}

template <class T>
void AppendStrided(const char* data, int64_t length, int64_t stride, const char* what,
                   Numbers* out) {
  const size_t before = out->size();
  out->resize(before + static_cast<size_t>(length));
  int64_t* to = out->data() + before;
  if (sizeof(T) == 8 && stride == 8) {
    if (length > 0) std::memcpy(to, data, static_cast<size_t>(length) * 8);
  } else {
    for (int64_t i = 0; i < length; ++i) {
      T value;
      std::memcpy(&value, data + i * stride, sizeof value);
      to[i] = static_cast<int64_t>(value);
    }
  }
  if constexpr (std::is_same_v<T, uint64_t>) {
    // What does not fit has wrapped to a negative number.
    if (std::any_of(to, to + length, [](int64_t x) { return x < 0; })) ThrowTooLarge(what);
  }
}

// Dispatches on signedness and width; false for a width that is none.
bool AppendIntegers(bool is_signed, int64_t width, const char* data, int64_t length, int64_t stride,
                    const char* what, Numbers* out) {
  switch (is_signed ? width : -width) {
    case 8:
      AppendStrided<int64_t>(data, length, stride, what, out);
      return true;
    case 4:
      AppendStrided<int32_t>(data, length, stride, what, out);
      return true;
    case 2:
      AppendStrided<int16_t>(data, length, stride, what, out);
      return true;
    case 1:
      AppendStrided<int8_t>(data, length, stride, what, out);
      return true;
    case -8:
      AppendStrided<uint64_t>(data, length, stride, what, out);
      return true;
    case -4:
      AppendStrided<uint32_t>(data, length, stride, what, out);
      return true;
    case -2:
      AppendStrided<uint16_t>(data, length, stride, what, out);
      return true;
    case -1:
      AppendStrided<uint8_t>(data, length, stride, what, out);
      return true;
    default:
      return false;
  }
}

class BufferView {
 public:
  explicit BufferView(PyObject* object) {
    if (PyObject_GetBuffer(object, &view_, PyBUF_STRIDED_RO | PyBUF_FORMAT) != 0) {
      throw nb::python_error();
    }
  }
  ~BufferView() { PyBuffer_Release(&view_); }
  BufferView(const BufferView&) = delete;
  BufferView& operator=(const BufferView&) = delete;
  const Py_buffer& operator*() const { return view_; }
  const Py_buffer* operator->() const { return &view_; }

 private:
  Py_buffer view_;
};

void AppendBuffer(PyObject* rows, const char* what, Numbers* out) {
  BufferView view(rows);
  const char* format = view->format == nullptr ? "B" : view->format;
  const char* code = *format == '@' || *format == '=' || *format == '<' ? format + 1 : format;
  const bool is_signed = std::strchr("bhilqn", *code) != nullptr;
  const bool known =
      *code != '\0' && code[1] == '\0' && (is_signed || std::strchr("BHILQN", *code) != nullptr);
  if (view->ndim == 1 && view->shape[0] == 0) return;  // an empty array may be of any type
  if (*code == '?') {
    ThrowInvalid(std::string(what) +
                 " numbers must be integers, found booleans: turn a mask into numbers with "
                 "numpy.flatnonzero, or use scan(filter=...)");
  }
  if (!known) ThrowNotIntegers(what, std::string("elements of format '") + format + "'");
  if (view->ndim != 1) {
    ThrowInvalid(std::string(what) + " numbers must have one dimension, found " +
                 std::to_string(view->ndim));
  }
  if (!AppendIntegers(is_signed, view->itemsize, static_cast<const char*>(view->buf),
                      view->shape[0], view->strides[0], what, out)) {
    ThrowNotIntegers(what, std::string("elements of format '") + format + "'");
  }
}

void AppendArrow(const arrow::Array& array, const char* what, Numbers* out) {
  const arrow::DataType& type = *array.type();
  if (array.length() == 0) return;
  if (!arrow::is_integer(type.id())) ThrowNotIntegers(what, "Arrow type " + type.ToString());
  if (array.null_count() > 0) ThrowInvalid(std::string(what) + " numbers must not be null");
  const int64_t width = type.byte_width();
  const char* data =
      reinterpret_cast<const char*>(array.data()->buffers[1]->data()) + array.offset() * width;
  AppendIntegers(arrow::is_signed_integer(type.id()), width, data, array.length(), width, what,
                 out);
}

int64_t IntegerOf(PyObject* item, const char* what) {
  if (PyBool_Check(item)) ThrowNotIntegers(what, "a boolean");
  nb::object index = PyLong_CheckExact(item) ? nb::borrow(item) : nb::steal(PyNumber_Index(item));
  if (!index.is_valid()) {
    PyErr_Clear();
    ThrowNotIntegers(what, Py_TYPE(item)->tp_name);
  }
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) ThrowTooLarge(what);
  return value;
}

void AppendRange(nb::handle range, const char* what, Numbers* out) {
  const int64_t start = IntegerOf(range.attr("start").ptr(), what);
  const int64_t step = IntegerOf(range.attr("step").ptr(), what);
  const size_t length = nb::len(range);
  out->reserve(length);
  // Unsigned, since the number after the last may not fit.
  uint64_t value = static_cast<uint64_t>(start);
  for (size_t i = 0; i < length; ++i, value += static_cast<uint64_t>(step)) {
    out->push_back(static_cast<int64_t>(value));
  }
}

void AppendItems(nb::handle rows, const char* what, Numbers* out) {
  nb::object items = nb::steal(PySequence_Fast(rows.ptr(), ""));
  if (!items.is_valid()) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw nb::python_error();
    PyErr_Clear();
    ThrowInvalid(std::string(what) +
                 " numbers must be a list, a range, NumPy integers or Arrow integers, found " +
                 Py_TYPE(rows.ptr())->tp_name);
  }
  out->reserve(static_cast<size_t>(PySequence_Fast_GET_SIZE(items.ptr())));
  // The size is asked again each time: __index__ of an item may change the list.
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    nb::object item = nb::borrow(PySequence_Fast_GET_ITEM(items.ptr(), i));
    out->push_back(IntegerOf(item.ptr(), what));
  }
}

}  // namespace

Numbers ParseRowNumbers(nb::handle rows, const char* what) {
  Numbers out;
  if (PyObject_CheckBuffer(rows.ptr()) && !PyBytes_Check(rows.ptr())) {
    AppendBuffer(rows.ptr(), what, &out);
  } else if (PyRange_Check(rows.ptr())) {
    AppendRange(rows, what, &out);
  } else if (PyList_CheckExact(rows.ptr()) || PyTuple_CheckExact(rows.ptr())) {
    AppendItems(rows, what, &out);
  } else if (PyUnicode_Check(rows.ptr()) || PyBytes_Check(rows.ptr())) {
    ThrowNotIntegers(what, "text");
  } else if (nb::hasattr(rows, "__arrow_c_array__")) {
    AppendArrow(*ImportArrayOf(rows), what, &out);
  } else if (nb::hasattr(rows, "__arrow_c_stream__")) {
    const auto chunked = ImportChunkedArrayOf(rows);
    for (const auto& chunk : chunked->chunks()) AppendArrow(*chunk, what, &out);
  } else {
    AppendItems(rows, what, &out);
  }
  const auto negative = std::find_if(out.begin(), out.end(), [](int64_t row) { return row < 0; });
  if (negative != out.end()) {
    ThrowInvalid(std::string(what) + " number " + std::to_string(*negative) + " at place " +
                 std::to_string(negative - out.begin()) + " is negative: they count from 0");
  }
  return out;
}

}  // namespace varve::python
