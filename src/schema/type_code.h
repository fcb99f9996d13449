// SPDX-License-Identifier: Apache-2.0
// Arrow types and default values as a few bytes. Spec: docs/format/schema.md, "Arrow types"
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "base/coding.h"
#include "varve/status.h"

namespace varve::internal {

/// Appends `type`, which is storable (see arrow_mapping.h).
void AppendType(std::string* out, const arrow::DataType& type);
/// Errors: Corruption
Result<std::shared_ptr<arrow::DataType>> ReadType(Decoder* in, const std::string& object);

/// The bytes of a valid scalar of a storable type that is not nested.
std::string EncodeScalar(const arrow::Scalar& value);
/// Errors: Corruption for bytes that are no value of `type`
Result<std::shared_ptr<arrow::Scalar>> DecodeScalar(std::span<const uint8_t> bytes,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    const std::string& object);

}  // namespace varve::internal
