// SPDX-License-Identifier: Apache-2.0
#include "schema.h"

#include <string>
#include <vector>

#include "arrow/type.h"
#include "capsule.h"
#include "errors.h"
#include "nanobind/stl/string.h"
#include "nanobind/stl/vector.h"

namespace varve::python {
namespace {

std::vector<std::string> TypesOf(const PySchema& self) {
  std::vector<std::string> types;
  for (const auto& field : self.schema->fields()) types.push_back(field->type()->ToString());
  return types;
}

std::string Describe(const PySchema& self) {
  std::string text = "<varve.Schema";
  for (const auto& field : self.schema->fields()) {
    text += "\n  " + field->name() + ": " + field->type()->ToString() +
            (field->nullable() ? "" : " not null");
  }
  return text + ">";
}

bool Equal(const PySchema& self, nb::handle other) {
  return nb::hasattr(other, "__arrow_c_schema__") &&
         self.schema->Equals(*ImportSchemaOf(other), /*check_metadata=*/false);
}

}  // namespace

void DefineSchema(nb::module_& module) {
  nb::class_<PySchema>(module, "Schema",
                       "Names and Arrow types of columns. Speaks the Arrow PyCapsule interface.")
      .def_prop_ro("names", [](const PySchema& self) { return self.schema->field_names(); })
      .def_prop_ro("types", TypesOf, "Arrow types as text, in the order of names.")
      .def("__len__", [](const PySchema& self) { return self.schema->num_fields(); })
      .def("__contains__",
           [](const PySchema& self, const std::string& name) {
             return self.schema->GetFieldIndex(name) >= 0;
           })
      .def("__eq__", Equal, nb::arg("other").none())
      .def(
          "to_arrow",
          [](nb::handle self) { return nb::module_::import_("pyarrow").attr("schema")(self); },
          "The same as pyarrow.Schema.")
      .def("__arrow_c_schema__", [](const PySchema& self) { return SchemaCapsule(*self.schema); })
      .def("__repr__", Describe);
}

}  // namespace varve::python
