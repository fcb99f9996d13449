// SPDX-License-Identifier: Apache-2.0
// Parquet page headers (Thrift compact protocol), padded to a length of our choice.
//
// The padding is binary field 32767, which the Parquet format reserves for extensions and every
// reader must skip. It is what lets page bodies start on 64-byte boundaries without a gap between
// pages.
//
// Source: parquet.thrift, PageHeader; docs/format/packed-file.md, "Page header"
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "parquet/types.h"

namespace varve::internal {

/// What a header of a data page (version 1) or of a dictionary page says.
struct PageHeader {
  bool dictionary = false;
  int32_t uncompressed_bytes = 0;  ///< of the body
  int32_t compressed_bytes = 0;    ///< of the body as stored
  std::optional<uint32_t> crc32;   ///< of the body as stored
  int32_t num_values = 0;          ///< levels, nulls included
  parquet::Encoding::type encoding = parquet::Encoding::PLAIN;
};

/// A header of any content fits in this many bytes, padding field included.
inline constexpr int64_t kPageHeaderBytes = 64;

/// The header in as few bytes as it takes.
std::string EncodePageHeader(const PageHeader& header);

/// The header in exactly `total_bytes`.
/// REQUIRES: kPageHeaderBytes <= total_bytes <= 1 MiB (readers give up at 16 MiB)
std::string EncodePaddedPageHeader(const PageHeader& header, int64_t total_bytes);

}  // namespace varve::internal
