// SPDX-License-Identifier: Apache-2.0
// The form in which a field's arrays go into Parquet: vectors as fixed_size_binary or as lists,
// everything else as it is.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// True if the vector column stands in Parquet as LIST of its element type.
bool StoredAsList(const FieldSchema& field);

/// The Arrow field handed to Parquet, with the field id as metadata.
std::shared_ptr<arrow::Field> StoredField(const FieldSchema& field);

/// `array` (of the field's Arrow type) as an array of StoredField's type, without copying where the
/// values lie as they should.
Result<std::shared_ptr<arrow::Array>> StoredArray(const FieldSchema& field,
                                                  const std::shared_ptr<arrow::Array>& array);

}  // namespace varve::internal
