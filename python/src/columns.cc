// SPDX-License-Identifier: Apache-2.0
#include "columns.h"

#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "nanobind/stl/string.h"
#include "varve/schema.h"

namespace varve::python {

namespace nb = nanobind;

namespace {

class NoColumnsReader : public arrow::RecordBatchReader {
 public:
  explicit NoColumnsReader(std::shared_ptr<arrow::RecordBatchReader> inner)
      : inner_(std::move(inner)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    if (*batch != nullptr) *batch = WithoutColumns(**batch);
    return arrow::Status::OK();
  }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> inner_;
  const std::shared_ptr<arrow::Schema> schema_ = arrow::schema({});
};

}  // namespace

Columns ParseColumns(nb::handle columns) {
  if (columns.is_none()) return {};
  if (PyUnicode_Check(columns.ptr())) return {.names = {nb::cast<std::string>(columns)}};
  Columns parsed;
  const nb::object iterator = nb::steal(PyObject_GetIter(columns.ptr()));
  if (!iterator.is_valid()) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "columns must be a name or a list of names, not %s",
                 Py_TYPE(columns.ptr())->tp_name);
    throw nb::python_error();
  }
  for (nb::handle name : nb::iter(iterator)) {
    if (!PyUnicode_Check(name.ptr())) {
      PyErr_Format(PyExc_TypeError, "columns must be names, found %s",
                   Py_TYPE(name.ptr())->tp_name);
      throw nb::python_error();
    }
    parsed.names.push_back(nb::cast<std::string>(name));
  }
  if (parsed.names.empty()) {
    // Row ids follow from the manifest: they cost no read.
    parsed.none = true;
    parsed.names.emplace_back(kRowIdFieldName);
  }
  return parsed;
}

std::shared_ptr<arrow::RecordBatchReader> WithoutColumns(
    std::shared_ptr<arrow::RecordBatchReader> reader) {
  return std::make_shared<NoColumnsReader>(std::move(reader));
}

std::shared_ptr<arrow::RecordBatch> WithoutColumns(const arrow::RecordBatch& batch) {
  return arrow::RecordBatch::Make(arrow::schema({}), batch.num_rows(), arrow::ArrayVector{});
}

}  // namespace varve::python
