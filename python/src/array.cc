// SPDX-License-Identifier: Apache-2.0
#include "array.h"

#include <string>

#include "arrow/array.h"
#include "arrow/type.h"
#include "capsule.h"
#include "errors.h"
#include "nanobind/stl/string.h"
#include "numpy_export.h"

namespace varve::python {
namespace {

nb::object AsArray(const PyArray& self, nb::object dtype, nb::object copy) {
  nb::object values = ToNumpy(self.array);
  if (!dtype.is_none() && !values.attr("dtype").attr("__eq__")(dtype).is(nb::borrow(Py_True))) {
    if (copy.is(nb::borrow(Py_False))) ThrowInvalid("another dtype cannot be had without a copy");
    return values.attr("astype")(dtype);
  }
  return copy.is(nb::borrow(Py_True)) ? nb::object(values.attr("copy")()) : values;
}

}  // namespace

void DefineArray(nb::module_& module) {
  nb::class_<PyArray>(
      module, "Array",
      "The values of one column in one batch. Speaks the Arrow PyCapsule interface.")
      .def("__len__", [](const PyArray& self) { return self.array->length(); })
      .def_prop_ro(
          "type", [](const PyArray& self) { return self.array->type()->ToString(); },
          "The Arrow type, as text.")
      .def_prop_ro("null_count", [](const PyArray& self) { return self.array->null_count(); })
      .def(
          "to_numpy", [](const PyArray& self) { return ToNumpy(self.array); },
          "A read-only NumPy array: without a copy where the type allows, two-dimensional for "
          "vectors.")
      .def("__array__", AsArray, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def(
          "to_arrow",
          [](nb::handle self) { return nb::module_::import_("pyarrow").attr("array")(self); },
          "The same as pyarrow.Array, without a copy.")
      .def(
          "to_pylist",
          [](nb::handle self) {
            return nb::module_::import_("pyarrow").attr("array")(self).attr("to_pylist")();
          },
          "The values as Python objects.")
      .def(
          "__arrow_c_array__",
          [](const PyArray& self, nb::object) { return ArrayCapsules(*self.array); },
          nb::arg("requested_schema") = nb::none())
      .def("__repr__", [](const PyArray& self) {
        return "<varve.Array: " + self.array->type()->ToString() + ", " +
               std::to_string(self.array->length()) + " rows>";
      });
}

}  // namespace varve::python
