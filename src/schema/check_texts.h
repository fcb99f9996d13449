// SPDX-License-Identifier: Apache-2.0
// Texts are UTF-8: Parquet says so of its strings, and other readers refuse a file that breaks it.
//
// Cost: texts that are valid are read once, all together
#pragma once

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// Every text of `array`, those inside lists, maps and structs included; nulls are not looked at.
/// Errors: Invalid naming the field, the row and the byte of the first text that is not UTF-8
Status CheckTexts(const FieldSchema& field, const arrow::Array& array);

}  // namespace varve::internal
