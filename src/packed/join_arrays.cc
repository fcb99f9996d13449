// SPDX-License-Identifier: Apache-2.0
#include "packed/join_arrays.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "packed/array_conversion.h"
#include "packed/fixed_width.h"
#include "storage/map_guard.h"

namespace varve::internal {
namespace {

// Only such values are handed out where they lie in the file: of a fixed width, none of them null.
bool MayBeMapped(const arrow::Array& array) {
  if (PlainWidth(*array.type()) == 0 || array.null_count() > 0) return false;
  if (array.type_id() != arrow::Type::FIXED_SIZE_LIST) return true;
  return static_cast<const arrow::FixedSizeListArray&>(array).values()->null_count() == 0;
}

Status CopyValues(const arrow::Array& array, uint8_t* out) {
  const auto bytes = static_cast<size_t>(array.length() * PlainWidth(*array.type()));
  const uint8_t* values = PlainValues(array);
  if (bytes == 0 || values == nullptr) return Status::OK();
  return ReadMapped({values, bytes}, "", [&] { std::memcpy(out, values, bytes); });
}

// REQUIRES: MayBeMapped of each
Result<std::shared_ptr<arrow::Array>> CopyAll(const arrow::ArrayVector& parts) {
  const auto& type = parts.front()->type();
  const int64_t width = PlainWidth(*type);
  int64_t length = 0;
  for (const auto& part : parts) length += part->length();
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(length * width));
  uint8_t* out = values->mutable_data();
  for (const auto& part : parts) {
    ARROW_RETURN_NOT_OK(CopyValues(*part, out));
    out += part->length() * width;
  }
  return MakeDirectArray(type, length, std::move(values));
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> JoinArrays(const arrow::ArrayVector& parts) {
  if (std::all_of(parts.begin(), parts.end(), [](const auto& p) { return MayBeMapped(*p); })) {
    return CopyAll(parts);
  }
  arrow::ArrayVector own = parts;
  for (auto& part : own) {
    if (!MayBeMapped(*part)) continue;
    ARROW_ASSIGN_OR_RAISE(part, CopyAll({part}));
  }
  return arrow::Concatenate(own);
}

}  // namespace varve::internal
