// SPDX-License-Identifier: Apache-2.0
#include "batch.h"

#include <string>

#include "array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "capsule.h"
#include "errors.h"
#include "nanobind/stl/string.h"
#include "nanobind/stl/vector.h"
#include "schema.h"

namespace varve::python {
namespace {

PyArray ColumnByName(const PyBatch& self, const std::string& name) {
  auto column = self.batch->GetColumnByName(name);
  if (column == nullptr) {
    ThrowIfError(
        MakeError(ErrorKind::kNotFound, "the batch has no column '" + name + "'", {.field = name}));
  }
  return {std::move(column)};
}

PyArray ColumnByIndex(const PyBatch& self, int index) {
  if (index < 0 || index >= self.batch->num_columns()) throw nb::index_error("no such column");
  return {self.batch->column(index)};
}

}  // namespace

void DefineBatch(nb::module_& module) {
  nb::class_<PyBatch>(module, "Batch",
                      "Some rows, column by column. Speaks the Arrow PyCapsule interface.")
      .def("__len__", [](const PyBatch& self) { return self.batch->num_rows(); })
      .def_prop_ro("num_rows", [](const PyBatch& self) { return self.batch->num_rows(); })
      .def_prop_ro("schema", [](const PyBatch& self) { return PySchema{self.batch->schema()}; })
      .def_prop_ro("column_names",
                   [](const PyBatch& self) { return self.batch->schema()->field_names(); })
      .def("column", ColumnByName, nb::arg("name"), "The column of that name.")
      .def("column", ColumnByIndex, nb::arg("index"))
      .def("__getitem__", ColumnByName, nb::arg("name"))
      .def(
          "to_arrow",
          [](nb::handle self) {
            return nb::module_::import_("pyarrow").attr("record_batch")(self);
          },
          "The same as pyarrow.RecordBatch, without a copy.")
      .def(
          "__arrow_c_array__",
          [](const PyBatch& self, nb::object) { return BatchCapsules(*self.batch); },
          nb::arg("requested_schema") = nb::none())
      .def("__repr__", [](const PyBatch& self) {
        return "<varve.Batch: " + std::to_string(self.batch->num_rows()) + " rows, " +
               std::to_string(self.batch->num_columns()) + " columns>";
      });
}

}  // namespace varve::python
