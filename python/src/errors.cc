// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <string>

namespace varve::python {
namespace {

nb::object TextOrNone(const std::string& text) {
  if (text.empty()) return nb::none();
  // Names and found values may be bytes of a damaged file.
  return nb::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

[[noreturn]] void Raise(ErrorKind kind, std::string_view message, const ErrorContext* context) {
  std::string_view name = ErrorKindName(kind);
  nb::object error_class = nb::module_::import_("varve._errors")
                               .attr("class_of_kind")(nb::str(name.data(), name.size()));
  nb::object error = error_class(nb::steal(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace")));
  if (context != nullptr) {
    error.attr("object") = TextOrNone(context->object);
    error.attr("field") = TextOrNone(context->field);
    if (context->offset >= 0) error.attr("offset") = context->offset;
    error.attr("expected") = TextOrNone(context->expected);
    error.attr("found") = TextOrNone(context->found);
  }
  PyErr_SetObject(error_class.ptr(), error.ptr());
  throw nb::python_error();
}

}  // namespace

void Throw(const Status& status) { Raise(KindOf(status), status.message(), ContextOf(status)); }

void ThrowInvalid(std::string_view message) { Raise(ErrorKind::kInvalid, message, nullptr); }

Status PendingError::Keep(nb::python_error error) {
  if (!error_.has_value()) error_.emplace(std::move(error));
  return MakeError(ErrorKind::kCancelled, "stopped by a Python exception");
}

void PendingError::ThrowIfSet() {
  if (!error_.has_value()) return;
  nb::python_error error = std::move(*error_);
  error_.reset();
  throw error;
}

}  // namespace varve::python
