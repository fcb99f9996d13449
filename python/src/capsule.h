// SPDX-License-Identifier: Apache-2.0
// Arrow data across the border to Python: the capsules of the Arrow PyCapsule interface, both ways.
//
// Threads: with the GIL held. An imported reader may be pulled without it.
// Source:  https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

namespace nb = nanobind;

nb::object SchemaCapsule(const arrow::Schema& schema);
/// (schema capsule, array capsule) of an array, or of a batch as a struct array.
nb::object ArrayCapsules(const arrow::Array& array);
nb::object BatchCapsules(const arrow::RecordBatch& batch);
nb::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader);

/// What the methods __arrow_c_schema__, __arrow_c_array__ and __arrow_c_stream__ of `data` give.
std::shared_ptr<arrow::Schema> ImportSchemaOf(nb::handle data);
std::shared_ptr<arrow::Array> ImportArrayOf(nb::handle data);
std::shared_ptr<arrow::RecordBatch> ImportBatchOf(nb::handle data);
std::shared_ptr<arrow::RecordBatchReader> ImportStreamOf(nb::handle data);
/// A stream of plain arrays (a chunked column).
std::shared_ptr<arrow::ChunkedArray> ImportChunkedArrayOf(nb::handle data);

}  // namespace varve::python
