// SPDX-License-Identifier: Apache-2.0
#include "capsule.h"

#include <utility>

#include "arrow/array.h"
#include "arrow/c/abi.h"
#include "arrow/c/bridge.h"
#include "arrow/chunked_array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "errors.h"

namespace varve::python {
namespace {

template <class C>
constexpr const char* kCapsuleName = nullptr;
template <>
constexpr const char* kCapsuleName<ArrowSchema> = "arrow_schema";
template <>
constexpr const char* kCapsuleName<ArrowArray> = "arrow_array";
template <>
constexpr const char* kCapsuleName<ArrowArrayStream> = "arrow_array_stream";

// A capsule that owns an exported structure until a consumer moves it out.
template <class C>
nb::object MakeCapsule(std::unique_ptr<C> exported) {
  PyObject* capsule = PyCapsule_New(exported.get(), kCapsuleName<C>, [](PyObject* dying) noexcept {
    auto* structure = static_cast<C*>(PyCapsule_GetPointer(dying, kCapsuleName<C>));
    if (structure->release != nullptr) structure->release(structure);
    delete structure;
  });
  if (capsule == nullptr) {
    exported->release(exported.get());
    throw nb::python_error();
  }
  exported.release();
  return nb::steal(capsule);
}

template <class C>
C* PointerOf(nb::handle capsule) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), kCapsuleName<C>);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<C*>(pointer);
}

std::pair<nb::object, nb::object> ArrayCapsulesOf(nb::handle data) {
  nb::object pair = data.attr("__arrow_c_array__")();
  if (!PyTuple_Check(pair.ptr()) || PyTuple_GET_SIZE(pair.ptr()) != 2) {
    ThrowInvalid("__arrow_c_array__ must return two capsules");
  }
  return {nb::borrow(PyTuple_GET_ITEM(pair.ptr(), 0)), nb::borrow(PyTuple_GET_ITEM(pair.ptr(), 1))};
}

}  // namespace

nb::object SchemaCapsule(const arrow::Schema& schema) {
  auto exported = std::make_unique<ArrowSchema>();
  ThrowIfError(arrow::ExportSchema(schema, exported.get()));
  return MakeCapsule(std::move(exported));
}

nb::object ArrayCapsules(const arrow::Array& array) {
  auto schema = std::make_unique<ArrowSchema>();
  auto values = std::make_unique<ArrowArray>();
  ThrowIfError(arrow::ExportArray(array, values.get(), schema.get()));
  return nb::make_tuple(MakeCapsule(std::move(schema)), MakeCapsule(std::move(values)));
}

nb::object BatchCapsules(const arrow::RecordBatch& batch) {
  auto schema = std::make_unique<ArrowSchema>();
  auto values = std::make_unique<ArrowArray>();
  ThrowIfError(arrow::ExportRecordBatch(batch, values.get(), schema.get()));
  return nb::make_tuple(MakeCapsule(std::move(schema)), MakeCapsule(std::move(values)));
}

nb::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader) {
  auto exported = std::make_unique<ArrowArrayStream>();
  ThrowIfError(arrow::ExportRecordBatchReader(std::move(reader), exported.get()));
  return MakeCapsule(std::move(exported));
}

std::shared_ptr<arrow::Schema> ImportSchemaOf(nb::handle data) {
  nb::object capsule = data.attr("__arrow_c_schema__")();
  return ValueOrThrow(arrow::ImportSchema(PointerOf<ArrowSchema>(capsule)));
}

std::shared_ptr<arrow::Array> ImportArrayOf(nb::handle data) {
  auto [schema, array] = ArrayCapsulesOf(data);
  return ValueOrThrow(
      arrow::ImportArray(PointerOf<ArrowArray>(array), PointerOf<ArrowSchema>(schema)));
}

std::shared_ptr<arrow::RecordBatch> ImportBatchOf(nb::handle data) {
  auto [schema, array] = ArrayCapsulesOf(data);
  return ValueOrThrow(
      arrow::ImportRecordBatch(PointerOf<ArrowArray>(array), PointerOf<ArrowSchema>(schema)));
}

std::shared_ptr<arrow::RecordBatchReader> ImportStreamOf(nb::handle data) {
  nb::object capsule = data.attr("__arrow_c_stream__")();
  return ValueOrThrow(arrow::ImportRecordBatchReader(PointerOf<ArrowArrayStream>(capsule)));
}

std::shared_ptr<arrow::ChunkedArray> ImportChunkedArrayOf(nb::handle data) {
  nb::object capsule = data.attr("__arrow_c_stream__")();
  return ValueOrThrow(arrow::ImportChunkedArray(PointerOf<ArrowArrayStream>(capsule)));
}

}  // namespace varve::python
