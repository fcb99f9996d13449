// SPDX-License-Identifier: Apache-2.0
// A field's default value as metadata have it.
//
// Errors:  Corruption naming object and field: not a value, not of the field's type
//          (DecodeDefaultValue)
// Threads: call from any thread
// Source:  shared specification of Milvus' formats, section 9.2
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// From the bytes of a ValueField message; nullptr: no value in it.
Result<std::shared_ptr<arrow::Scalar>> DecodeDefaultValue(const FieldSchema& field,
                                                          std::string_view message,
                                                          const std::string& object);

/// The ValueField message of field.default_value, which is not null.
/// Errors: Unsupported for a value that has no member there
Result<std::string> EncodeDefaultValue(const FieldSchema& field);

}  // namespace varve::internal
