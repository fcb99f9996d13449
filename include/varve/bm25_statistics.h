// SPDX-License-Identifier: Apache-2.0
// What BM25 needs to know of the texts of a log: rows, tokens, and how many rows have each token.
//
//   offset  size  field
//        0     4  version    0
//        4     8  num_rows
//       12     8  num_tokens
//       20     8  repeated: token hash (u32), number of rows that have the token (i32)
//
// Integers are little-endian; entries come in any order, and are written in ascending order.
//
// Threads: const methods may be called concurrently
// Source:  shared specification of Milvus' formats, section 3.4; docs/format/bm25-statistics.md
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct VARVE_EXPORT Bm25Statistics {
  int64_t num_rows = 0;
  int64_t num_tokens = 0;
  std::unordered_map<uint32_t, int32_t> rows_with_token;  ///< by the token's hash

  /// Adds one row: what the BM25 function made of its text, as a sparse vector (pairs of u32 token
  /// hash and f32 count, ascending).
  /// Errors: Invalid for a length that is not a multiple of 8, hashes that do not ascend, or counts
  ///         that no text has; nothing is added then
  Status AddRow(std::span<const uint8_t> sparse_row);

  /// Adds those of other rows. Errors: Invalid if a sum is out of range; nothing is added then
  Status Merge(const Bm25Statistics& other);

  /// REQUIRES: what Decode would take
  std::string Encode() const;
  /// `object` names the bytes in errors.
  /// Errors: Corruption, also for counts that no rows can have; Unsupported for another version
  static Result<Bm25Statistics> Decode(std::span<const uint8_t> bytes, const std::string& object);

  bool operator==(const Bm25Statistics&) const = default;
};

}  // namespace varve
