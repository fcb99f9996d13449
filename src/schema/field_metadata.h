// SPDX-License-Identifier: Apache-2.0
// The Arrow field metadata that carries what an Arrow type cannot say: "varve.type",
// "varve.element_type", "varve.dim", the rules "varve.max_length", "varve.max_capacity",
// "varve.allow_non_finite" and "varve.default", and the field's id.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

inline constexpr char kTypeKey[] = "varve.type";
inline constexpr char kElementTypeKey[] = "varve.element_type";
inline constexpr char kDimKey[] = "varve.dim";
inline constexpr char kMaxLengthKey[] = "varve.max_length";
inline constexpr char kMaxCapacityKey[] = "varve.max_capacity";
inline constexpr char kAllowNonFiniteKey[] = "varve.allow_non_finite";
inline constexpr char kDefaultKey[] = "varve.default";
inline constexpr char kFieldIdKey[] = "PARQUET:field_id";

/// The id always, the field's params, and type, element type and dimension where the Arrow type
/// alone would be recognised as something else.
std::shared_ptr<const arrow::KeyValueMetadata> MetadataOfField(const FieldSchema& field);

/// Sets data_type, element_type, dim and the rules as the metadata says; what it does not say
/// stays. Keys that are not ours become params.  Errors: Invalid for a value that makes no sense,
/// and for a key that begins as ours do and is none
Status ApplyMetadata(const arrow::Field& source, FieldSchema* field);

}  // namespace varve::internal
