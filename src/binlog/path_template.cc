// SPDX-License-Identifier: Apache-2.0
#include "varve/path_template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "storage/object_path.h"

namespace varve {

using internal::CheckObjectPath;

namespace {

struct Template {
  PathKind kind;
  std::string_view name;
  std::string_view text;
};

// In the order of PathKind.
constexpr Template kTemplates[] = {
    {PathKind::kInsertLog, "insert log",
     "insert_log/{collection}/{partition}/{segment}/{field}/{log}"},
    {PathKind::kDeltaLog, "delta log", "delta_log/{collection}/{partition}/{segment}/{log}"},
    {PathKind::kPrimaryKeyStatistics, "primary key statistics",
     "stats_log/{collection}/{partition}/{segment}/{field}/{log}"},
    {PathKind::kBm25Statistics, "BM25 statistics",
     "bm25_stats/{collection}/{partition}/{segment}/{field}/{log}"},
    {PathKind::kPartitionStatistics, "partition statistics",
     "part_stats/{collection}/{partition}/{channel}/{version}"},
    {PathKind::kIndexOfBuild, "index file",
     "index_files/{build}/{version}/{partition}/{segment}/{key}"},
    {PathKind::kIndexOfCollection, "index file of a collection",
     "index_v1/{collection}/{partition}/{segment}/{build}/{version}/{key}"},
    {PathKind::kClusteringCentroids, "clustering centroids",
     "analyze_stats/{task}/{version}/{collection}/{partition}/{field}/centroids"},
    {PathKind::kClusteringOffsets, "clustering offsets",
     "analyze_stats/{task}/{version}/{collection}/{partition}/{field}/{segment}/offset_mapping"},
    {PathKind::kTextIndex, "text index",
     "text_log/{build}/{version}/{collection}/{partition}/{segment}/{field}/{rest}"},
    {PathKind::kJsonStatistics, "JSON statistics",
     "json_stats/{data_format}/{build}/{version}/{collection}/{partition}/{segment}/{field}/"
     "{rest}"},
    {PathKind::kJsonKeyIndex, "JSON key index", "json_key_index_log/{rest}"},
    {PathKind::kSegmentBase, "segment", "insert_log/{collection}/{partition}/{segment}"},
    {PathKind::kManifest, "manifest of a segment",
     "insert_log/{collection}/{partition}/{segment}/_metadata/manifest-{version}.avro"},
    {PathKind::kSegmentData, "data of a segment",
     "insert_log/{collection}/{partition}/{segment}/_data/{group_index}_{uuid}.{format}"},
    {PathKind::kSegmentDelta, "delta log of a segment",
     "insert_log/{collection}/{partition}/{segment}/_delta/{log}"},
    {PathKind::kSegmentBloomFilter, "primary key statistics of a segment",
     "insert_log/{collection}/{partition}/{segment}/_stats/bloom_filter.{field}/{log}"},
    {PathKind::kSegmentBm25, "BM25 statistics of a segment",
     "insert_log/{collection}/{partition}/{segment}/_stats/bm25.{field}/{log}"},
    {PathKind::kSegmentTextIndex, "text index of a segment",
     "insert_log/{collection}/{partition}/{segment}/_stats/text_index.{field}/{rest}"},
    {PathKind::kSegmentJsonStatistics, "JSON statistics of a segment",
     "insert_log/{collection}/{partition}/{segment}/_stats/json_stats.{field}/{rest}"},
    {PathKind::kSegmentIndex, "index of a segment",
     "insert_log/{collection}/{partition}/{segment}/_index/{rest}"},
    {PathKind::kLargeObject, "large objects of a field",
     "insert_log/{collection}/{partition}/lobs/{field}/_data/{uuid}.vx"},
};

constexpr auto kKinds = [] {
  std::array<PathKind, std::size(kTemplates)> kinds{};
  for (size_t i = 0; i < kinds.size(); ++i) kinds[i] = kTemplates[i].kind;
  return kinds;
}();

static_assert(
    [] {
      for (size_t i = 0; i < std::size(kTemplates); ++i) {
        if (static_cast<size_t>(kTemplates[i].kind) != i) return false;
      }
      return true;
    }(),
    "kTemplates is in the order of PathKind");

const Template& TemplateOf(PathKind kind) { return kTemplates[static_cast<size_t>(kind)]; }

bool IsPart(std::string_view text) {
  return !text.empty() && text.find('/') == std::string_view::npos;
}

// The text's own rules, "//" and the like, are those of CheckObjectPath.
bool IsRest(std::string_view text) { return !text.empty(); }

bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    return form == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

struct Number {
  std::string_view name;
  int64_t PathFields::*member;
};
constexpr Number kNumbers[] = {
    {"collection", &PathFields::collection},
    {"partition", &PathFields::partition},
    {"segment", &PathFields::segment},
    {"field", &PathFields::field},
    {"log", &PathFields::log},
    {"build", &PathFields::build},
    {"version", &PathFields::version},
    {"task", &PathFields::task},
    {"data_format", &PathFields::data_format},
    {"group_index", &PathFields::group_index},
};

struct Text {
  std::string_view name;
  std::string PathFields::*member;
  bool (*fits)(std::string_view);
  std::string_view expected;
};
constexpr Text kTexts[] = {
    {"channel", &PathFields::channel, IsPart, "the name of a channel"},
    {"key", &PathFields::key, IsPart, "the name of a blob"},
    {"uuid", &PathFields::uuid, IsUuid, "a UUID in lower case"},
    {"format", &PathFields::format, IsPart, "a file name extension"},
    {"rest", &PathFields::rest, IsRest, "at least one more part"},
};

template <typename T, size_t N>
const T* Named(const T (&table)[N], std::string_view name) {
  const auto* found =
      std::find_if(table, table + N, [&](const T& entry) { return entry.name == name; });
  return found == table + N ? nullptr : found;
}

// As it is printed, so that two paths never mean the same object.
std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (std::to_string(value) != text) return std::nullopt;
  return value;
}

// What is wrong with a value, or an empty text.
std::string_view SetField(std::string_view name, std::string_view value, PathFields* fields) {
  if (const Number* number = Named(kNumbers, name)) {
    const auto parsed = ParseNumber(value);
    if (!parsed) return "a decimal number";
    fields->*number->member = *parsed;
    return {};
  }
  const Text* text = Named(kTexts, name);
  if (!text->fits(value)) return text->expected;
  fields->*text->member = value;
  return {};
}

struct Mismatch {
  size_t offset = 0;  ///< in the path
  std::string field;  ///< placeholder, if it is one
  std::string expected;
  std::string found;
};

// Walks the template; literals match themselves, a placeholder takes everything up to the character
// that follows it in the template, the last one up to the end of the path.
std::optional<Mismatch> Match(std::string_view text, std::string_view path, size_t at,
                              PathFields* fields) {
  while (!text.empty()) {
    if (text.front() != '{') {
      const std::string_view literal = text.substr(0, text.find('{'));
      const std::string_view rest = path.substr(at);
      if (!rest.starts_with(literal)) {
        const auto [in_literal, in_path] =
            std::mismatch(literal.begin(), literal.end(), rest.begin(), rest.end());
        // From the beginning of the part that differs.
        size_t begin = at + static_cast<size_t>(in_path - rest.begin());
        const size_t back = literal.substr(0, begin - at).find_last_of('/');
        begin = back == std::string_view::npos ? at : at + back + 1;
        const std::string_view wanted = literal.substr(begin - at);
        const std::string_view part = path.substr(begin);
        return Mismatch{begin, "", "'" + std::string(wanted.substr(0, wanted.find('/', 1))) + "'",
                        "'" + std::string(part.substr(0, part.find('/', 1))) + "'"};
      }
      at += literal.size();
      text.remove_prefix(literal.size());
      continue;
    }
    const std::string_view name = text.substr(1, text.find('}') - 1);
    text.remove_prefix(name.size() + 2);
    const size_t end =
        text.empty() ? path.size() : std::min(path.find(text.front(), at), path.size());
    const std::string_view value = path.substr(at, end - at);
    if (const auto expected = SetField(name, value, fields); !expected.empty()) {
      return Mismatch{at, std::string(name), std::string(expected), "'" + std::string(value) + "'"};
    }
    at = end;
  }
  if (at == path.size()) return std::nullopt;
  return Mismatch{at, "", "the end of the path", "'" + std::string(path.substr(at)) + "'"};
}

Status MismatchError(const Template& wanted, std::string_view path, Mismatch mismatch) {
  return MakeError(ErrorKind::kInvalid, "not the path of: " + std::string(wanted.name),
                   {.object = std::string(path),
                    .field = std::move(mismatch.field),
                    .offset = static_cast<int64_t>(mismatch.offset),
                    .expected = std::move(mismatch.expected),
                    .found = std::move(mismatch.found)});
}

// Where the template begins in `path`.
Result<size_t> SkipRoot(std::string_view path, std::string_view root) {
  if (root.empty()) return 0;
  if (path.starts_with(root) && path.substr(root.size()).starts_with('/')) return root.size() + 1;
  return MakeError(ErrorKind::kInvalid, "the path is not below the root",
                   {.object = std::string(path),
                    .offset = 0,
                    .expected = "'" + std::string(root) + "/'",
                    .found = "'" + std::string(path.substr(0, root.size() + 1)) + "'"});
}

}  // namespace

std::span<const PathKind> PathKinds() { return kKinds; }

std::string_view PathKindName(PathKind kind) { return TemplateOf(kind).name; }

std::string_view PathTemplate(PathKind kind) { return TemplateOf(kind).text; }

Result<std::string> PrintPath(PathKind kind, const PathFields& fields, std::string_view root) {
  const Template& printed = TemplateOf(kind);
  std::string path(root);
  if (!root.empty()) path += '/';
  for (std::string_view text = printed.text; !text.empty();) {
    if (text.front() != '{') {
      const std::string_view literal = text.substr(0, text.find('{'));
      path += literal;
      text.remove_prefix(literal.size());
      continue;
    }
    const std::string_view name = text.substr(1, text.find('}') - 1);
    text.remove_prefix(name.size() + 2);
    if (const Number* number = Named(kNumbers, name)) {
      path += std::to_string(fields.*number->member);
      continue;
    }
    const Text* placeholder = Named(kTexts, name);
    const std::string& value = fields.*placeholder->member;
    if (!placeholder->fits(value)) {
      return MakeError(ErrorKind::kInvalid, "no path can be made for: " + std::string(printed.name),
                       {.field = std::string(name),
                        .expected = std::string(placeholder->expected),
                        .found = "'" + value + "'"});
    }
    path += value;
  }
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return path;
}

Result<PathFields> ParsePathAs(PathKind kind, std::string_view path, std::string_view root) {
  ARROW_ASSIGN_OR_RAISE(const size_t begin, SkipRoot(path, root));
  PathFields fields;
  if (auto mismatch = Match(PathTemplate(kind), path, begin, &fields)) {
    return MismatchError(TemplateOf(kind), path, std::move(*mismatch));
  }
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return fields;
}

Result<ParsedPath> ParsePath(std::string_view path, std::string_view root) {
  ARROW_ASSIGN_OR_RAISE(const size_t begin, SkipRoot(path, root));
  const Template* nearest = nullptr;
  Mismatch farthest;
  for (const Template& candidate : kTemplates) {
    ParsedPath parsed{.kind = candidate.kind};
    auto mismatch = Match(candidate.text, path, begin, &parsed.fields);
    if (!mismatch) {
      ARROW_RETURN_NOT_OK(CheckObjectPath(path));
      return parsed;
    }
    if (nearest == nullptr || mismatch->offset > farthest.offset) {
      nearest = &candidate;
      farthest = std::move(*mismatch);
    }
  }
  if (farthest.offset == begin) {
    return MakeError(ErrorKind::kInvalid, "not the path of anything that Milvus writes",
                     {.object = std::string(path),
                      .offset = static_cast<int64_t>(begin),
                      .expected = "a folder such as 'insert_log'",
                      .found = std::move(farthest.found)});
  }
  return MismatchError(*nearest, path, std::move(farthest));
}

}  // namespace varve
