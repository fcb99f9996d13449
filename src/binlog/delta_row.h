// SPDX-License-Identifier: Apache-2.0
// One delete as a row of text: `{"pk":7,"ts":442959098087473153,"pkType":5}`, or "7,<ts>" in the
// oldest logs.
//
// Errors: a message without a place; the caller knows which row it was
// Source: docs/format/delta-log.md, "Rows of text"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "varve/schema.h"

namespace varve::internal {

struct DeltaRow {
  DataType key_type = DataType::kInt64;  ///< or kVarChar
  int64_t key = 0;
  std::string text_key;  ///< of kVarChar
  uint64_t timestamp = 0;

  /// Overwrites *this; "" or what is wrong with `row`. Reuses memory from row to row.
  std::string_view Parse(std::string_view row);
  /// Appends the JSON form.  REQUIRES: text_key is UTF-8
  void AppendTo(std::string* out) const;
};

}  // namespace varve::internal
