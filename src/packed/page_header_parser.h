// SPDX-License-Identifier: Apache-2.0
// Parquet page headers from bytes that nobody vouches for.
//
// Errors:  Corruption with the offset in the file
// Source:  parquet.thrift, PageHeader; Thrift compact protocol
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "varve/status.h"

namespace varve::internal {

/// Longest header parquet-cpp accepts.
inline constexpr int64_t kPageHeaderBytesMax = 16 << 20;

struct ParsedPageHeader {
  enum class Type : int32_t { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };

  Type type = Type::kData;
  int32_t header_bytes = 0;
  int32_t uncompressed_bytes = 0;   ///< of the body; not negative
  int32_t compressed_bytes = 0;     ///< of the body as stored; not negative
  std::optional<uint32_t> crc32;    ///< of the body as stored
  int32_t num_values = 0;           ///< levels, nulls included; not negative
  int32_t encoding = 0;             ///< parquet::Encoding
  int32_t definition_encoding = 0;  ///< V1
  int32_t repetition_encoding = 0;  ///< V1
  int32_t num_nulls = 0;            ///< V2
  int32_t num_rows = 0;             ///< V2
  int32_t definition_bytes = 0;     ///< V2
  int32_t repetition_bytes = 0;     ///< V2
  bool is_compressed = true;        ///< V2

  bool is_data() const { return type == Type::kData || type == Type::kDataV2; }
};

/// The header that `bytes` start with; `offset` is where they stand in `object`.
Result<ParsedPageHeader> ParsePageHeader(std::span<const uint8_t> bytes, int64_t offset,
                                         const std::string& object);

/// That the body fits into the `bytes_left` after the header and, unless the file is `trusted`,
/// does not say that it decodes to more than its size makes credible. `where` names it in the
/// error.
Status CheckPageSizes(const ParsedPageHeader& header, int64_t bytes_left, bool trusted,
                      ErrorContext where);

}  // namespace varve::internal
