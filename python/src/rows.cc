// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <limits>
#include <mutex>
#include <string>
#include <utility>

#include "array.h"
#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "batch.h"
#include "capsule.h"
#include "columns.h"
#include "errors.h"
#include "nanobind/stl/string.h"
#include "numpy_export.h"
#include "schema.h"
#include "signals.h"

namespace varve::python {
namespace {

// Python may share an iterator between threads; readers take one caller at a time.
class BatchIterator {
 public:
  explicit BatchIterator(std::shared_ptr<arrow::RecordBatchReader> reader)
      : reader_(std::move(reader)) {}

  PyBatch Next() {
    std::shared_ptr<arrow::RecordBatch> batch;
    ThrowIfError(WithoutGil([&] {
      std::lock_guard<std::mutex> lock(mutex_);
      return reader_->ReadNext(&batch);
    }));
    if (batch == nullptr) throw nb::stop_iteration();
    return {std::move(batch)};
  }

 private:
  std::mutex mutex_;  // guards the reader
  std::shared_ptr<arrow::RecordBatchReader> reader_;
};

// All values of one column, in one array.
std::shared_ptr<arrow::Array> Column(PyRows& self, const std::string& name) {
  const int index = self.schema()->GetFieldIndex(name);
  if (index < 0) {
    ThrowIfError(
        MakeError(ErrorKind::kNotFound, "the rows have no column '" + name + "'", {.field = name}));
  }
  if (self.batch() != nullptr) return self.batch()->column(index);
  auto reader = self.ReadAtOnce(name);
  std::shared_ptr<arrow::RecordBatch> batch;
  ThrowIfError(WithoutGil([&] { return reader->ReadNext(&batch); }));
  if (batch != nullptr) return batch->column(0);
  return ValueOrThrow(arrow::MakeEmptyArray(self.schema()->field(index)->type()));
}

nb::object ToArrow(nb::object self) {
  nb::module_ pyarrow = nb::module_::import_("pyarrow");
  PyRows& rows = nb::cast<PyRows&>(self);
  nb::list batches;
  BatchIterator iterator(rows.Read());
  for (;;) {
    try {
      batches.append(pyarrow.attr("record_batch")(nb::cast(iterator.Next())));
    } catch (const nb::builtin_exception& end) {
      if (end.type() != nb::exception_type::stop_iteration) throw;
      break;
    }
  }
  return pyarrow.attr("Table").attr("from_batches")(
      batches, nb::arg("schema") = pyarrow.attr("schema")(nb::cast(PySchema{rows.schema()})));
}

}  // namespace

PyRows::PyRows(std::shared_ptr<arrow::RecordBatch> batch)
    : schema_(batch->schema()), batch_(std::move(batch)) {}

PyRows::PyRows(std::shared_ptr<const Snapshot> snapshot, ScanOptions options, bool without_columns)
    : snapshot_(std::move(snapshot)),
      options_(std::move(options)),
      without_columns_(without_columns),
      first_(Begin()) {
  schema_ = first_->schema();
}

std::shared_ptr<arrow::RecordBatchReader> PyRows::ReadAtOnce(const std::string& name) const {
  ScanOptions options = options_;
  options.columns = {name};
  options.exact_batch_size = true;
  options.batch_size = std::numeric_limits<int64_t>::max();
  return ValueOrThrow(WithoutGil([&] { return snapshot_->Scan(options); }));
}

std::shared_ptr<arrow::RecordBatchReader> PyRows::Begin() const {
  auto reader = ValueOrThrow(WithoutGil([&] { return snapshot_->Scan(options_); }));
  return without_columns_ ? WithoutColumns(std::move(reader)) : reader;
}

std::shared_ptr<arrow::RecordBatchReader> PyRows::Read() {
  if (batch_ != nullptr) return ValueOrThrow(arrow::RecordBatchReader::Make({batch_}, schema_));
  if (first_ != nullptr) return std::exchange(first_, nullptr);
  return Begin();
}

void DefineRows(nb::module_& module) {
  nb::class_<BatchIterator>(module, "BatchIterator",
                            "The batches of a result, one after the other.")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", &BatchIterator::Next);
  nb::class_<PyRows>(module, "Rows",
                     "The result of a scan or a take: iterate over its batches, hand it to "
                     "anything that speaks the Arrow "
                     "PyCapsule interface, or convert it. A scan reads rows as they are asked for, "
                     "anew each time.")
      .def_prop_ro("schema", [](const PyRows& self) { return PySchema{self.schema()}; })
      .def("__iter__", [](PyRows& self) { return new BatchIterator(self.Read()); })
      .def(
          "column",
          [](PyRows& self, const std::string& name) { return PyArray{Column(self, name)}; },
          nb::arg("name"), "All values of one column; several batches are put together by a copy.")
      .def(
          "__getitem__",
          [](PyRows& self, const std::string& name) { return PyArray{Column(self, name)}; },
          nb::arg("name"))
      .def(
          "to_numpy",
          [](PyRows& self, const std::string& name) { return ToNumpy(Column(self, name)); },
          nb::arg("column"),
          "All values of one column as a read-only NumPy array; vectors give two dimensions. No "
          "copy where the rows are one batch.")
      .def("to_arrow", ToArrow, "The rows as pyarrow.Table, without a copy.")
      .def(
          "to_pandas", [](nb::object self) { return ToArrow(self).attr("to_pandas")(); },
          "The rows as pandas.DataFrame.")
      .def(
          "to_polars",
          [](nb::object self) {
            return nb::module_::import_("polars").attr("from_arrow")(ToArrow(std::move(self)));
          },
          "The rows as polars.DataFrame.")
      .def(
          "to_pylist", [](nb::object self) { return ToArrow(self).attr("to_pylist")(); },
          "The rows as a list of dictionaries.")
      .def("__arrow_c_schema__", [](const PyRows& self) { return SchemaCapsule(*self.schema()); })
      .def(
          "__arrow_c_stream__",
          [](PyRows& self, nb::object) { return StreamCapsule(Interruptible(self.Read())); },
          nb::arg("requested_schema") = nb::none())
      .def("__repr__", [](const PyRows& self) {
        std::string text = "<varve.Rows: ";
        if (self.batch() != nullptr) text += std::to_string(self.batch()->num_rows()) + " rows of ";
        const auto names = self.schema()->field_names();
        for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ", ") + names[i];
        return text + (names.empty() ? "no columns>" : ">");
      });
}

}  // namespace varve::python
