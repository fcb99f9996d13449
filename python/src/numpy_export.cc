// SPDX-License-Identifier: Apache-2.0
#include "numpy_export.h"

#include <cstring>
#include <limits>
#include <string>

#include "array.h"
#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "errors.h"
#include "nanobind/ndarray.h"
#include "nanobind/stl/string.h"

namespace varve::python {
namespace {

using nb::dlpack::dtype;
using nb::dlpack::dtype_code;

struct Element {
  dtype_code code;
  uint8_t bits;
  std::string view;  // NumPy type the integers stand for; empty: themselves
};

std::string UnitOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "[s]";
    case arrow::TimeUnit::MILLI:
      return "[ms]";
    case arrow::TimeUnit::MICRO:
      return "[us]";
    default:
      return "[ns]";
  }
}

// False for types whose values are not numbers of a fixed width.
bool ElementOf(const arrow::DataType& type, Element* out) {
  switch (type.id()) {
    case arrow::Type::INT8:
      *out = {dtype_code::Int, 8, {}};
      return true;
    case arrow::Type::INT16:
      *out = {dtype_code::Int, 16, {}};
      return true;
    case arrow::Type::INT32:
      *out = {dtype_code::Int, 32, {}};
      return true;
    case arrow::Type::INT64:
      *out = {dtype_code::Int, 64, {}};
      return true;
    case arrow::Type::UINT8:
      *out = {dtype_code::UInt, 8, {}};
      return true;
    case arrow::Type::UINT16:
      *out = {dtype_code::UInt, 16, {}};
      return true;
    case arrow::Type::UINT32:
      *out = {dtype_code::UInt, 32, {}};
      return true;
    case arrow::Type::UINT64:
      *out = {dtype_code::UInt, 64, {}};
      return true;
    case arrow::Type::HALF_FLOAT:
      *out = {dtype_code::Float, 16, {}};
      return true;
    case arrow::Type::FLOAT:
      *out = {dtype_code::Float, 32, {}};
      return true;
    case arrow::Type::DOUBLE:
      *out = {dtype_code::Float, 64, {}};
      return true;
    case arrow::Type::BOOL:
      *out = {dtype_code::Bool, 8, {}};
      return true;
    case arrow::Type::DATE64:
      *out = {dtype_code::Int, 64, "datetime64[ms]"};
      return true;
    case arrow::Type::TIMESTAMP:
      *out = {dtype_code::Int, 64,
              "datetime64" + UnitOf(static_cast<const arrow::TimestampType&>(type).unit())};
      return true;
    case arrow::Type::DURATION:
      *out = {dtype_code::Int, 64,
              "timedelta64" + UnitOf(static_cast<const arrow::DurationType&>(type).unit())};
      return true;
    default:
      return false;
  }
}

// `owner` keeps `data` alive as long as the result lives.
template <class Owner>
nb::object View(const void* data, size_t ndim, const size_t* shape, const Element& element,
                std::shared_ptr<Owner> owner) {
  nb::capsule keeper(new std::shared_ptr<Owner>(std::move(owner)),
                     [](void* p) noexcept { delete static_cast<std::shared_ptr<Owner>*>(p); });
  static const uint64_t kNothing = 0;
  nb::ndarray<nb::numpy, nb::ro> array(data == nullptr ? &kNothing : data, ndim, shape, keeper,
                                       nullptr,
                                       dtype{static_cast<uint8_t>(element.code), element.bits, 1});
  nb::object out = nb::cast(array, nb::rv_policy::reference);
  if (!element.view.empty()) out = out.attr("view")(element.view);
  return out;
}

std::shared_ptr<arrow::Buffer> BytesOf(const arrow::BooleanArray& array) {
  std::shared_ptr<arrow::Buffer> bytes = ValueOrThrow(arrow::AllocateBuffer(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) bytes->mutable_data()[i] = array.Value(i) ? 1 : 0;
  return bytes;
}

// A copy of the values, with `filler` (one element wide) in the places of nulls; `per_row` values a
// row.
std::shared_ptr<arrow::Buffer> Filled(const arrow::Array& rows, const uint8_t* values,
                                      int64_t per_row, int64_t width, const void* filler) {
  std::shared_ptr<arrow::Buffer> copy =
      ValueOrThrow(arrow::AllocateBuffer(rows.length() * per_row * width));
  uint8_t* out = copy->mutable_data();
  if (copy->size() > 0) std::memcpy(out, values, static_cast<size_t>(copy->size()));
  for (int64_t row = 0; row < rows.length(); ++row) {
    if (!rows.IsNull(row)) continue;
    for (int64_t i = 0; i < per_row; ++i) {
      std::memcpy(out + (row * per_row + i) * width, filler, static_cast<size_t>(width));
    }
  }
  return copy;
}

nb::object Masked(const arrow::Array& array, nb::object values) {
  std::shared_ptr<arrow::Buffer> mask = ValueOrThrow(arrow::AllocateBuffer(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) mask->mutable_data()[i] = array.IsNull(i) ? 1 : 0;
  const size_t shape[1] = {static_cast<size_t>(array.length())};
  const uint8_t* bytes = mask->data();
  nb::object flags = View(bytes, 1, shape, {dtype_code::Bool, 8, {}}, std::move(mask));
  return nb::module_::import_("numpy.ma").attr("MaskedArray")(values, nb::arg("mask") = flags);
}

// What stands for a null.
constexpr uint16_t kHalfNaN = 0x7E00;
constexpr float kFloatNaN = std::numeric_limits<float>::quiet_NaN();
constexpr double kDoubleNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kNaT = INT64_MIN;

// nullptr where no value does.
const void* FillerOf(const Element& element) {
  if (element.code == dtype_code::Int && !element.view.empty()) return &kNaT;
  if (element.code != dtype_code::Float) return nullptr;
  if (element.bits == 16) return &kHalfNaN;
  if (element.bits == 32) return &kFloatNaN;
  return &kDoubleNaN;
}

nb::object ThroughPyarrow(const std::shared_ptr<arrow::Array>& array) {
  nb::object out = nb::module_::import_("pyarrow")
                       .attr("array")(nb::cast(PyArray{array}))
                       .attr("to_numpy")(nb::arg("zero_copy_only") = false);
  out.attr("setflags")(nb::arg("write") = false);
  return out;
}

const uint8_t* ValuesOf(const arrow::Array& array, int64_t width) {
  const auto& buffer = array.data()->buffers[1];
  return buffer == nullptr ? nullptr : buffer->data() + array.offset() * width;
}

nb::object Vectors(const std::shared_ptr<arrow::Array>& array, const Element& element) {
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*array);
  const int64_t per_row = list.list_type()->list_size();
  const int64_t width = element.bits / 8;
  const auto& child = *list.values();
  const uint8_t* values = ValuesOf(child, width);
  if (values != nullptr) values += list.offset() * per_row * width;
  const size_t shape[2] = {static_cast<size_t>(list.length()), static_cast<size_t>(per_row)};
  if (list.null_count() == 0) return View(values, 2, shape, element, array);
  auto filled = Filled(list, values, per_row, width, FillerOf(element));
  const uint8_t* bytes = filled->data();
  return View(bytes, 2, shape, element, std::move(filled));
}

}  // namespace

nb::object ToNumpy(const std::shared_ptr<arrow::Array>& array) {
  Element element;
  const arrow::DataType& type = *array->type();
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListArray&>(*array);
    const bool numbers = ElementOf(*list.value_type(), &element) &&
                         element.code != dtype_code::Bool && list.values()->null_count() == 0;
    // Integers have no value for a null.
    if (!numbers || (list.null_count() > 0 && FillerOf(element) == nullptr))
      return ThroughPyarrow(array);
    return Vectors(array, element);
  }
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY && array->null_count() == 0) {
    const int64_t width = type.byte_width();
    const size_t shape[2] = {static_cast<size_t>(array->length()), static_cast<size_t>(width)};
    return View(ValuesOf(*array, width), 2, shape, {dtype_code::UInt, 8, {}}, array);
  }
  if (!ElementOf(type, &element)) return ThroughPyarrow(array);
  const size_t shape[1] = {static_cast<size_t>(array->length())};
  if (element.code == dtype_code::Bool) {
    auto bytes = BytesOf(static_cast<const arrow::BooleanArray&>(*array));
    const uint8_t* data = bytes->data();
    nb::object values = View(data, 1, shape, element, std::move(bytes));
    return array->null_count() == 0 ? values : Masked(*array, values);
  }
  const int64_t width = element.bits / 8;
  const uint8_t* values = ValuesOf(*array, width);
  if (array->null_count() == 0) return View(values, 1, shape, element, array);
  if (const void* filler = FillerOf(element)) {
    auto filled = Filled(*array, values, 1, width, filler);
    const uint8_t* bytes = filled->data();
    return View(bytes, 1, shape, element, std::move(filled));
  }
  return Masked(*array, View(values, 1, shape, element, array));
}

}  // namespace varve::python
