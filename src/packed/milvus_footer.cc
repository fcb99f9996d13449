// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_footer.h"

#include <charconv>
#include <set>

namespace varve::internal {
namespace {

constexpr char kGroupDelimiter = ';';
constexpr char kIdDelimiter = ',';
constexpr char kPartDelimiter = '|';

// Cuts what stands before the next delimiter off the front of `rest`.
std::string_view NextPart(std::string_view* rest, char delimiter) {
  const size_t end = rest->find(delimiter);
  const std::string_view part = rest->substr(0, end);
  *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
  return part;
}

// What was found may be long, and is not to be trusted with a terminal's width.
std::string Excerpt(std::string_view text) {
  constexpr size_t kLengthMax = 60;
  return std::string(text.substr(0, kLengthMax)) + (text.size() > kLengthMax ? "…" : "");
}

template <typename Number>
Result<Number> ParseNumber(std::string_view digits, const char* key, const std::string& object) {
  Number number = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0) return number;
  return Corruption("not a number in a footer key", {.object = object,
                                                     .field = key,
                                                     .expected = "a decimal number, 0 or more",
                                                     .found = Excerpt(digits)});
}

Result<MilvusRowGroup> ParseRowGroup(std::string_view entry, const std::string& object) {
  std::string_view rest = entry;
  const std::string_view memory = NextPart(&rest, kPartDelimiter);
  const std::string_view rows = NextPart(&rest, kPartDelimiter);
  const std::string_view first = NextPart(&rest, kPartDelimiter);
  const bool has_three = memory.size() + rows.size() + first.size() + 2 == entry.size();
  if (!has_three) {
    return Corruption("a row group's entry has not three parts", {.object = object,
                                                                  .field = kRowGroupsKey,
                                                                  .expected = "bytes|rows|row",
                                                                  .found = Excerpt(entry)});
  }
  MilvusRowGroup group;
  ARROW_ASSIGN_OR_RAISE(group.memory_bytes, ParseNumber<uint64_t>(memory, kRowGroupsKey, object));
  ARROW_ASSIGN_OR_RAISE(group.num_rows, ParseNumber<int64_t>(rows, kRowGroupsKey, object));
  ARROW_ASSIGN_OR_RAISE(group.first_row, ParseNumber<int64_t>(first, kRowGroupsKey, object));
  return group;
}

}  // namespace

std::string EncodeGroupFieldIds(const std::vector<std::vector<int64_t>>& groups) {
  std::string text;
  for (const auto& ids : groups) {
    if (ids.empty()) continue;
    if (!text.empty()) text += kGroupDelimiter;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i > 0) text += kIdDelimiter;
      text += std::to_string(ids[i]);
    }
  }
  return text;
}

std::string EncodeRowGroups(const std::vector<MilvusRowGroup>& row_groups) {
  std::string text;
  for (const MilvusRowGroup& group : row_groups) {
    if (!text.empty()) text += kGroupDelimiter;
    text += std::to_string(group.memory_bytes) + kPartDelimiter + std::to_string(group.num_rows) +
            kPartDelimiter + std::to_string(group.first_row);
  }
  return text;
}

Result<std::vector<std::vector<int64_t>>> ParseGroupFieldIds(std::string_view text,
                                                             const std::string& object) {
  std::vector<std::vector<int64_t>> groups;
  std::set<int64_t> known;
  while (!text.empty()) {
    std::string_view list = NextPart(&text, kGroupDelimiter);
    std::vector<int64_t> ids;
    while (!list.empty()) {
      const std::string_view digits = NextPart(&list, kIdDelimiter);
      if (digits.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(const auto id, ParseNumber<int64_t>(digits, kGroupFieldIdsKey, object));
      if (!known.insert(id).second) {
        return Corruption(
            "a field stands in two places of the set",
            {.object = object, .field = kGroupFieldIdsKey, .found = std::to_string(id)});
      }
      ids.push_back(id);
    }
    if (!ids.empty()) groups.push_back(std::move(ids));
  }
  return groups;
}

Result<std::vector<MilvusRowGroup>> ParseRowGroups(std::string_view text,
                                                   const std::string& object) {
  std::vector<MilvusRowGroup> row_groups;
  int64_t next_row = 0;
  while (!text.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto group,
                          ParseRowGroup(NextPart(&text, kGroupDelimiter), object));
    if (group.first_row != next_row ||
        __builtin_add_overflow(next_row, group.num_rows, &next_row)) {
      return Corruption("row groups do not follow each other",
                        {.object = object,
                         .field = kRowGroupsKey,
                         .expected = "row " + std::to_string(next_row),
                         .found = "row " + std::to_string(group.first_row)});
    }
    row_groups.push_back(group);
  }
  return row_groups;
}

}  // namespace varve::internal
