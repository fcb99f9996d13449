// SPDX-License-Identifier: Apache-2.0
#include "filter.h"

#include <string>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/compute/expression.h"
#include "errors.h"
#include "nanobind/stl/string.h"

namespace varve::python {
namespace {

// pyarrow's class, or None where nobody has imported it: then `filter` cannot be one.
nb::object ExpressionClass() {
  nb::object modules = nb::module_::import_("sys").attr("modules");
  nb::object module = modules.attr("get")("pyarrow.compute");
  return module.is_none() ? module : nb::object(module.attr("Expression"));
}

std::shared_ptr<arrow::Buffer> CopyOf(nb::handle bytes) {
  Py_buffer view;
  if (PyObject_GetBuffer(bytes.ptr(), &view, PyBUF_SIMPLE) != 0) throw nb::python_error();
  std::string copy(static_cast<const char*>(view.buf), static_cast<size_t>(view.len));
  PyBuffer_Release(&view);
  return arrow::Buffer::FromString(std::move(copy));
}

}  // namespace

Filter ParseFilter(nb::handle filter) {
  if (filter.is_none()) return {};
  if (PyUnicode_Check(filter.ptr())) {
    auto text = nb::cast<std::string>(filter);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      ThrowInvalid("the filter is empty; leave it out to have all rows");
    }
    return {.text = std::move(text)};
  }
  const nb::object expression_class = ExpressionClass();
  const int known =
      expression_class.is_none() ? 0 : PyObject_IsInstance(filter.ptr(), expression_class.ptr());
  if (known < 0) throw nb::python_error();
  if (known == 0) {
    ThrowInvalid(std::string("a filter is text, such as 'label = 7', or an expression of "
                             "pyarrow.compute; found ") +
                 Py_TYPE(filter.ptr())->tp_name);
  }
  // What pickle would write: Arrow's own serialization. Both sides use one Arrow library.
  const nb::object reduced = filter.attr("__reduce__")();
  const nb::object arguments = reduced[1];
  auto expression = ValueOrThrow(arrow::compute::Deserialize(CopyOf(nb::object(arguments[0]))));
  return {.expression = std::make_shared<arrow::compute::Expression>(std::move(expression))};
}

}  // namespace varve::python
