// SPDX-License-Identifier: Apache-2.0
#include "varve/bm25_statistics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/coding.h"

namespace varve {

using internal::AppendFixed;
using internal::Decoder;

namespace {

constexpr int32_t kVersion = 0;
constexpr size_t kHeaderBytes = 20;
constexpr size_t kEntryBytes = 8;
// More than a row of 64 KiB has; their sum over all rows of a segment stays far below 2^63.
constexpr float kCountMax = 1e9F;

struct SparseEntry {
  uint32_t index;
  float value;
};
static_assert(sizeof(SparseEntry) == kEntryBytes);

SparseEntry EntryAt(std::span<const uint8_t> row, size_t at) {
  SparseEntry entry;
  std::memcpy(&entry, row.data() + at, kEntryBytes);
  return entry;
}

Status CheckRow(std::span<const uint8_t> row) {
  if (row.size() % kEntryBytes != 0) {
    return MakeError(ErrorKind::kInvalid, "not a sparse vector",
                     {.expected = "a multiple of 8 bytes", .found = std::to_string(row.size())});
  }
  int64_t last = -1;
  for (size_t at = 0; at < row.size(); at += kEntryBytes) {
    const auto [index, value] = EntryAt(row, at);
    if (int64_t{index} <= last) {
      return MakeError(ErrorKind::kInvalid, "tokens of a sparse vector do not ascend",
                       {.offset = static_cast<int64_t>(at),
                        .expected = "more than " + std::to_string(last),
                        .found = std::to_string(index)});
    }
    if (!(value >= 0 && value <= kCountMax)) {  // NaN too
      return MakeError(ErrorKind::kInvalid, "so many times no token occurs",
                       {.offset = static_cast<int64_t>(at + sizeof(index)),
                        .expected = "0 to 10^9",
                        .found = std::to_string(value)});
    }
    last = index;
  }
  return Status::OK();
}

Status SumOutOfRange(const char* what) {
  return MakeError(ErrorKind::kInvalid, "a sum of BM25 statistics is out of range",
                   {.field = what});
}

}  // namespace

Status Bm25Statistics::AddRow(std::span<const uint8_t> sparse_row) {
  ARROW_RETURN_NOT_OK(CheckRow(sparse_row));
  // No count is larger than this one.
  if (num_rows >= INT32_MAX) return SumOutOfRange("num_rows");
  int64_t tokens = 0;
  for (size_t at = 0; at < sparse_row.size(); at += kEntryBytes) {
    const auto [index, value] = EntryAt(sparse_row, at);
    ++rows_with_token[index];
    tokens += static_cast<int64_t>(value);
  }
  num_tokens += tokens;
  ++num_rows;
  return Status::OK();
}

Status Bm25Statistics::Merge(const Bm25Statistics& other) {
  int64_t rows, tokens;
  if (__builtin_add_overflow(num_rows, other.num_rows, &rows)) return SumOutOfRange("num_rows");
  if (__builtin_add_overflow(num_tokens, other.num_tokens, &tokens)) {
    return SumOutOfRange("num_tokens");
  }
  for (const auto& [token, count] : other.rows_with_token) {
    const auto found = rows_with_token.find(token);
    if (found != rows_with_token.end() && int64_t{found->second} + count > INT32_MAX) {
      return SumOutOfRange("rows_with_token");
    }
  }
  for (const auto& [token, count] : other.rows_with_token) rows_with_token[token] += count;
  num_rows = rows;
  num_tokens = tokens;
  return Status::OK();
}

std::string Bm25Statistics::Encode() const {
  std::vector<std::pair<uint32_t, int32_t>> entries(rows_with_token.begin(), rows_with_token.end());
  std::sort(entries.begin(), entries.end());
  std::string bytes;
  bytes.reserve(kHeaderBytes + entries.size() * kEntryBytes);
  AppendFixed(&bytes, kVersion);
  AppendFixed(&bytes, num_rows);
  AppendFixed(&bytes, num_tokens);
  for (const auto& [token, count] : entries) {
    AppendFixed(&bytes, token);
    AppendFixed(&bytes, count);
  }
  return bytes;
}

Result<Bm25Statistics> Bm25Statistics::Decode(std::span<const uint8_t> bytes,
                                              const std::string& object) {
  Decoder decoder(bytes, object);
  ARROW_ASSIGN_OR_RAISE(const auto version, decoder.ReadFixed<int32_t>());
  if (version != kVersion) {
    return MakeError(ErrorKind::kUnsupported, "unknown version of BM25 statistics",
                     {.object = object,
                      .field = "version",
                      .offset = 0,
                      .expected = std::to_string(kVersion),
                      .found = std::to_string(version)});
  }
  Bm25Statistics statistics;
  const auto out_of_range = [&](const char* field, uint64_t offset, int64_t limit, int64_t found) {
    return Corruption("BM25 statistics that no rows have",
                      {.object = object,
                       .field = field,
                       .offset = static_cast<int64_t>(offset),
                       .expected = "0 to " + std::to_string(limit),
                       .found = std::to_string(found)});
  };
  ARROW_ASSIGN_OR_RAISE(statistics.num_rows, decoder.ReadFixed<int64_t>());
  if (statistics.num_rows < 0) {
    return out_of_range("num_rows", 4, INT64_MAX, statistics.num_rows);
  }
  ARROW_ASSIGN_OR_RAISE(statistics.num_tokens, decoder.ReadFixed<int64_t>());
  if (statistics.num_tokens < 0) {
    return out_of_range("num_tokens", 12, INT64_MAX, statistics.num_tokens);
  }
  if (decoder.remaining() % kEntryBytes != 0) {
    return Corruption("BM25 statistics end in the middle of an entry",
                      {.object = object,
                       .offset = static_cast<int64_t>(bytes.size()),
                       .expected = "a multiple of 8 after 20 bytes",
                       .found = std::to_string(bytes.size()) + " bytes"});
  }
  statistics.rows_with_token.reserve(decoder.remaining() / kEntryBytes);
  while (decoder.remaining() > 0) {
    const uint64_t offset = decoder.position();
    ARROW_ASSIGN_OR_RAISE(const auto token, decoder.ReadFixed<uint32_t>());
    ARROW_ASSIGN_OR_RAISE(const auto count, decoder.ReadFixed<int32_t>());
    if (count < 0 || count > statistics.num_rows) {
      return out_of_range("rows with the token", offset + sizeof(token), statistics.num_rows,
                          count);
    }
    if (!statistics.rows_with_token.emplace(token, count).second) {
      return Corruption("a token occurs twice in BM25 statistics",
                        {.object = object,
                         .field = "token",
                         .offset = static_cast<int64_t>(offset),
                         .expected = "each token once",
                         .found = std::to_string(token)});
    }
  }
  return statistics;
}

}  // namespace varve
