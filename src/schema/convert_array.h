// SPDX-License-Identifier: Apache-2.0
// Turns the arrays a caller has into the type a field is stored as, where no value changes.
//
// Decoded: dictionaries, views, large lists and texts, extensions. Widened: integers into any
// integer type that holds the values, half_float into float and double, float into double, times
// into finer units. Renamed: nested fields. Nothing is copied where only the type's wording
// differs.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// Errors: Invalid naming the field, and the row for a value that does not fit
Result<std::shared_ptr<arrow::Array>> ConvertArray(const FieldSchema& field,
                                                   const std::shared_ptr<arrow::Array>& array,
                                                   const std::shared_ptr<arrow::DataType>& to);

/// For dense vector fields: from fixed_size_list, fixed_size_binary, and lists and binaries whose
/// rows all have the field's width, into its arrow_type. No copy unless a list column has nulls.
/// Errors: Invalid naming the field and the row, for other widths and nulls inside vectors
Result<std::shared_ptr<arrow::Array>> ConvertVectors(const FieldSchema& field,
                                                     const std::shared_ptr<arrow::Array>& array);

/// Validity bitmap of `array`, starting at bit 0; null if no value is null.
Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const arrow::Array& array);

/// "wrong type: field 'x', expected …, found …"
Status WrongType(const FieldSchema& field, const arrow::DataType& found);

}  // namespace varve::internal
