// SPDX-License-Identifier: Apache-2.0
// Fields of every data type, and values for them with the edges of each among them. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/random.h"
#include "varve/schema.h"

namespace varve::internal {

/// One field for each data type, element type, other Arrow type and nullability.
std::vector<FieldSchema> SampleFields();

/// "Array of Int8, nullable" and so on.
std::string Describe(const FieldSchema& field);

/// Random values of field.arrow_type; nulls where the field allows them.
std::shared_ptr<arrow::Array> SampleValues(const FieldSchema& field, int64_t num_rows,
                                           Random* random);

/// Whether two arrays have the same rows to the last bit: NaN is equal to NaN of the same payload,
/// 0 is not equal to -0.
bool HasSameBits(const arrow::Array& a, const arrow::Array& b);

}  // namespace varve::internal
