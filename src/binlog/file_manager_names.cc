// SPDX-License-Identifier: Apache-2.0
#include "binlog/file_manager_names.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "varve/index_slices.h"

namespace varve::internal {
namespace {

std::optional<int64_t> AsNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace

std::string LastPart(std::string_view path) {
  return std::string(path.substr(path.find_last_of('/') + 1));
}

Result<std::vector<std::string>> SortedByLogId(const std::vector<std::string>& paths) {
  std::vector<std::pair<int64_t, std::string>> logs;
  for (const std::string& path : paths) {
    const auto id = AsNumber(LastPart(path));
    if (!id) {
      return MakeError(
          ErrorKind::kInvalid, "not the path of an insert log",
          {.object = path, .expected = "a log id at its end", .found = "'" + LastPart(path) + "'"});
    }
    logs.emplace_back(*id, path);
  }
  std::sort(logs.begin(), logs.end());
  std::vector<std::string> sorted;
  for (auto& [id, path] : logs) sorted.push_back(std::move(path));
  return sorted;
}

Result<std::vector<SlicedFile>> GroupSlices(const std::vector<std::string>& paths) {
  std::map<std::string, std::map<int64_t, std::string>> files;
  for (const std::string& path : paths) {
    const std::string name = LastPart(path);
    const size_t underscore = name.find_last_of('_');
    const auto slice = underscore == std::string::npos
                           ? std::nullopt
                           : AsNumber(std::string_view(name).substr(underscore + 1));
    if (underscore == 0 || !slice || *slice < 0) {
      return MakeError(ErrorKind::kInvalid, "not a slice of a disk index",
                       {.object = path, .expected = "'{file}_{slice}'", .found = "'" + name + "'"});
    }
    if (!files[name.substr(0, underscore)].emplace(*slice, path).second) {
      return MakeError(ErrorKind::kInvalid, "two objects of an index have the same name",
                       {.object = path});
    }
  }
  std::vector<SlicedFile> grouped;
  for (auto& [name, slices] : files) {
    SlicedFile& file = grouped.emplace_back();
    file.name = name;
    for (auto& [slice, path] : slices) {
      if (slice != static_cast<int64_t>(file.slices.size())) {
        return Corruption(
            "a slice of a disk index is missing",
            {.object = path,
             .expected = "'" + SliceName(name, static_cast<int64_t>(file.slices.size())) + "'",
             .found = "'" + SliceName(name, slice) + "'"});
      }
      file.slices.push_back(std::move(path));
    }
  }
  return grouped;
}

}  // namespace varve::internal
