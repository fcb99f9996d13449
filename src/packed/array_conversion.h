// SPDX-License-Identifier: Apache-2.0
// Arrays as a file holds them, as the type a field asks for: vectors in their several spellings,
// nested types by their children's names, everything else by a checked cast.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::internal {

/// `array` as `type`; shares buffers where the bytes already are right.
/// Errors: Invalid for values that do not fit; NotImplemented for types that do not convert
Result<std::shared_ptr<arrow::Array>> ConvertArray(const std::shared_ptr<arrow::Array>& array,
                                                   const std::shared_ptr<arrow::DataType>& type);

/// An array over `values`, for a type with PlainWidth > 0. `validity` may be null.
std::shared_ptr<arrow::Array> MakeDirectArray(const std::shared_ptr<arrow::DataType>& type,
                                              int64_t length, std::shared_ptr<arrow::Buffer> values,
                                              std::shared_ptr<arrow::Buffer> validity = nullptr,
                                              int64_t null_count = 0);

}  // namespace varve::internal
