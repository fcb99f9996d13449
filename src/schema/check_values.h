// SPDX-License-Identifier: Apache-2.0
// The rules of a field, applied to the values of one batch. Nothing is copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// "row 3: <mistake>: field 'x', expected …, found …"
Status RowError(int64_t row, std::string_view mistake, const std::string& field,
                std::string expected = "", std::string found = "");

/// Nulls, lengths, vector and sparse values of `array`, whose type is the field's arrow_type.
/// Errors: Invalid naming the field and the first row that breaks a rule
Status CheckValues(const FieldSchema& field, const arrow::Array& array);

}  // namespace varve::internal
