// SPDX-License-Identifier: Apache-2.0
// Arrow types that can be stored, and how they correspond to data types.
//
// One representation of each kind is stored: utf8 for large_utf8 and utf8_view, list for large_list
// and list_view, the values of a dictionary, the storage of an extension. Source:
// docs/format/data-types.md
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// Deepest nesting of lists, structs and maps.
inline constexpr int kTypeDepthMax = 32;

/// The type under which values of `type` are stored; `type` itself where it is that already.
/// Metadata of nested fields is dropped.  Errors: Invalid naming `field` and the type, for null,
/// union, run-end encoded and interval types, empty structs, lists and binaries of size 0, nesting
/// deeper than kTypeDepthMax, unknown extensions of these
Result<std::shared_ptr<arrow::DataType>> StorableType(const std::shared_ptr<arrow::DataType>& type,
                                                      const std::string& field);

/// The scalar data type that `type` stands for; kNone: none. `type` is storable.
DataType ScalarDataType(const arrow::DataType& type);

/// Sets data_type, dim and element_type as `type` suggests without further knowledge: vectors from
/// fixed_size_list and fixed_size_binary, arrays from lists of scalars. `type` is storable.
void Recognise(const arrow::DataType& type, FieldSchema* field);

/// OK if batches of `field` may carry `type` (storable); data_type, dim and element_type are valid.
/// Errors: Invalid
Status CheckArrowTypeFits(const FieldSchema& field, const arrow::DataType& type);

}  // namespace varve::internal
