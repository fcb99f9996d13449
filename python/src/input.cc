// SPDX-License-Identifier: Apache-2.0
#include "input.h"

#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "capsule.h"
#include "nanobind/stl/string.h"
#include "numpy_import.h"

namespace varve::python {
namespace {

using arrow::RecordBatch;
using arrow::RecordBatchReader;

class InterruptibleReader : public RecordBatchReader {
 public:
  InterruptibleReader(std::shared_ptr<RecordBatchReader> inner,
                      std::shared_ptr<PendingError> pending)
      : inner_(std::move(inner)), pending_(std::move(pending)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }

  arrow::Status ReadNext(std::shared_ptr<RecordBatch>* batch) override {
    {
      nb::gil_scoped_acquire gil;
      if (PyErr_CheckSignals() != 0) return pending_->Keep(nb::python_error());
    }
    return inner_->ReadNext(batch);
  }

  arrow::Status Close() override { return inner_->Close(); }

 private:
  std::shared_ptr<RecordBatchReader> inner_;
  std::shared_ptr<PendingError> pending_;
};

class PrefixedReader : public RecordBatchReader {
 public:
  PrefixedReader(std::shared_ptr<RecordBatch> first, std::shared_ptr<RecordBatchReader> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rest_->schema(); }

  arrow::Status ReadNext(std::shared_ptr<RecordBatch>* batch) override {
    if (first_ == nullptr) return rest_->ReadNext(batch);
    *batch = std::exchange(first_, nullptr);
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<RecordBatch> first_;
  std::shared_ptr<RecordBatchReader> rest_;
};

std::shared_ptr<RecordBatchReader> ReaderOf(std::shared_ptr<RecordBatch> batch) {
  auto schema = batch->schema();
  return ValueOrThrow(RecordBatchReader::Make({std::move(batch)}, std::move(schema)));
}

// Two dimensions of NumPy are vectors, and NumPy computes in doubles: a new table keeps them as
// float. What speaks Arrow keeps its type.
std::shared_ptr<arrow::Field> FieldOf(const std::string& name, nb::handle column,
                                      std::shared_ptr<arrow::DataType> type) {
  const bool doubles = type->id() == arrow::Type::FIXED_SIZE_LIST &&
                       type->field(0)->type()->id() == arrow::Type::DOUBLE;
  auto field = arrow::field(name, std::move(type));
  if (!doubles || nb::hasattr(column, "__arrow_c_array__") ||
      nb::hasattr(column, "__arrow_c_stream__")) {
    return field;
  }
  return field->WithMetadata(arrow::key_value_metadata({"varve.type"}, {"FloatVector"}));
}

std::shared_ptr<RecordBatch> FromMapping(nb::handle mapping) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  nb::object names = mapping.attr("keys")();
  for (nb::handle key : nb::iter(names)) {
    if (!PyUnicode_Check(key.ptr())) ThrowInvalid("column names must be text");
    const std::string name = nb::cast<std::string>(key);
    nb::object column = nb::steal(PyObject_GetItem(mapping.ptr(), key.ptr()));
    if (!column.is_valid()) throw nb::python_error();
    columns.push_back(ImportColumn(column, name.c_str()));
    fields.push_back(FieldOf(name, column, columns.back()->type()));
    if (columns.back()->length() != columns.front()->length()) {
      ThrowInvalid("column '" + name + "' has " + std::to_string(columns.back()->length()) +
                   " rows, column '" + fields.front()->name() + "' has " +
                   std::to_string(columns.front()->length()));
    }
  }
  if (columns.empty()) ThrowInvalid("no columns were given");
  const int64_t num_rows = columns.front()->length();
  return RecordBatch::Make(arrow::schema(std::move(fields)), num_rows, std::move(columns));
}

bool IsScalar(nb::handle value) {
  return value.is_none() || PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()) ||
         (PyNumber_Check(value.ptr()) == 1 && PySequence_Check(value.ptr()) == 0);
}

// Whether `data` is a list of rows, each a dict with a value for each column. (A dict of columns
// has no scalars.)
bool IsListOfRows(nb::handle data) {
  if (!PyList_Check(data.ptr()) || PyList_Size(data.ptr()) == 0) return false;
  const nb::object first = nb::borrow(PyList_GetItem(data.ptr(), 0));
  if (!PyDict_Check(first.ptr())) return false;
  for (const auto& [name, value] : nb::borrow<nb::dict>(first)) {
    if (IsScalar(value)) return true;
  }
  return false;
}

// Columns in the order in which their names come up; rows without one have null there.
std::shared_ptr<RecordBatch> FromListOfRows(nb::handle rows) {
  nb::dict columns;
  size_t num_rows = 0;
  for (nb::handle row : nb::iter(rows)) {
    if (!PyDict_Check(row.ptr())) {
      ThrowInvalid("row " + std::to_string(num_rows) + " is no dict but " +
                   Py_TYPE(row.ptr())->tp_name);
    }
    for (const auto& [name, value] : nb::borrow<nb::dict>(row)) {
      if (!columns.contains(name)) {
        nb::list absent;
        for (size_t i = 0; i < num_rows; ++i) absent.append(nb::none());
        columns[name] = absent;
      }
      nb::cast<nb::list>(columns[name]).append(value);
    }
    ++num_rows;
    for (const auto& [name, values] : columns) {
      auto column = nb::cast<nb::list>(values);
      if (column.size() < num_rows) column.append(nb::none());
    }
  }
  return FromMapping(columns);
}

// One piece of rows; nullptr if `data` is none.
std::shared_ptr<RecordBatchReader> PieceOf(nb::handle data) {
  if (nb::hasattr(data, "__arrow_c_stream__")) return ImportStreamOf(data);
  if (nb::hasattr(data, "__arrow_c_array__")) return ReaderOf(ImportBatchOf(data));
  if (nb::hasattr(data, "keys") && nb::hasattr(data, "__getitem__"))
    return ReaderOf(FromMapping(data));
  return nullptr;
}

// Pulls a Python iterator of pieces, one after the other. The first piece gives the schema.
class IteratorReader : public RecordBatchReader {
 public:
  IteratorReader(nb::object iterator, std::shared_ptr<RecordBatchReader> first,
                 std::shared_ptr<PendingError> pending)
      : iterator_(std::move(iterator)),
        schema_(first->schema()),
        piece_(std::move(first)),
        pending_(std::move(pending)) {}

  ~IteratorReader() override {
    if (!nb::is_alive()) {
      iterator_.release();
      return;
    }
    nb::gil_scoped_acquire gil;
    iterator_.reset();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<RecordBatch>* batch) override {
    for (;;) {
      batch->reset();
      if (piece_ == nullptr) return arrow::Status::OK();
      ARROW_RETURN_NOT_OK(piece_->ReadNext(batch));
      if (*batch != nullptr) return arrow::Status::OK();
      nb::gil_scoped_acquire gil;
      try {
        piece_ = Next(iterator_);
      } catch (nb::python_error& error) {
        return pending_->Keep(std::move(error));
      } catch (const std::exception& error) {
        return MakeError(ErrorKind::kInvalid, error.what());
      }
      if (piece_ != nullptr && !piece_->schema()->Equals(*schema_, /*check_metadata=*/false)) {
        return MakeError(ErrorKind::kInvalid, "batches of one write must have one schema",
                         {.expected = schema_->ToString(), .found = piece_->schema()->ToString()});
      }
    }
  }

  // The next piece, nullptr at the end. Throws what the iterator throws.
  static std::shared_ptr<RecordBatchReader> Next(nb::handle iterator) {
    nb::object item = nb::steal(PyIter_Next(iterator.ptr()));
    if (!item.is_valid()) {
      if (PyErr_Occurred()) throw nb::python_error();
      return nullptr;
    }
    auto piece = PieceOf(item);
    if (piece == nullptr) {
      ThrowInvalid(
          std::string(
              "an iterable of rows must give Arrow batches or mappings of columns, found ") +
          Py_TYPE(item.ptr())->tp_name);
    }
    return piece;
  }

 private:
  nb::object iterator_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<RecordBatchReader> piece_;
  std::shared_ptr<PendingError> pending_;
};

}  // namespace

arrow::Result<std::pair<std::shared_ptr<RecordBatch>, std::shared_ptr<RecordBatchReader>>> PeekRows(
    std::shared_ptr<RecordBatchReader> reader) {
  std::shared_ptr<RecordBatch> first;
  do {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&first));
  } while (first != nullptr && first->num_rows() == 0);
  auto whole = std::make_shared<PrefixedReader>(first, std::move(reader));
  return std::pair{std::move(first), std::shared_ptr<RecordBatchReader>(std::move(whole))};
}

bool IsSchema(nb::handle data) {
  return nb::hasattr(data, "__arrow_c_schema__") && !nb::hasattr(data, "__arrow_c_stream__") &&
         !nb::hasattr(data, "__arrow_c_array__");
}

Input MakeInput(nb::handle data) {
  auto pending = std::make_shared<PendingError>();
  std::shared_ptr<RecordBatchReader> reader =
      IsListOfRows(data) ? ReaderOf(FromListOfRows(data)) : PieceOf(data);
  if (reader == nullptr) {
    nb::object iterator =
        nb::steal(PyUnicode_Check(data.ptr()) ? nullptr : PyObject_GetIter(data.ptr()));
    if (!iterator.is_valid()) {
      PyErr_Clear();
      ThrowInvalid(
          std::string(
              "rows must be Arrow data, a mapping of columns or an iterable of batches, found ") +
          Py_TYPE(data.ptr())->tp_name);
    }
    auto first = IteratorReader::Next(iterator);
    if (first == nullptr) ThrowInvalid("the iterable has no batch, so the columns are not known");
    reader = std::make_shared<IteratorReader>(std::move(iterator), std::move(first), pending);
  }
  return {std::make_shared<InterruptibleReader>(std::move(reader), pending), pending};
}

}  // namespace varve::python
