// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <string_view>

#include "varve/milvus.h"

namespace varve {
namespace {

// Where the part that `address` ends with begins; 0: it is all of it.
size_t LastPart(std::string_view address) {
  const size_t slash = address.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

std::optional<int64_t> AsId(std::string_view part) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), id);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return id;
}

std::string_view WithoutSlashes(std::string_view address) {
  while (address.size() > 1 && address.ends_with('/')) address.remove_suffix(1);
  return address;
}

// Without its last part.
std::string_view Parent(std::string_view address) {
  const size_t begin = LastPart(address);
  if (begin == 0) return ".";
  return begin == 1 ? "/" : address.substr(0, begin - 1);
}

// Of a backup: metadata lie beside "binlogs". A bucket has nothing beside it.
std::string_view AboveBinlogs(std::string_view address) {
  const size_t begin = LastPart(address);
  const std::string_view before = address.substr(0, begin);
  if (address.substr(begin) != "binlogs" || before.ends_with("://") || before.ends_with(":///")) {
    return address;
  }
  return Parent(address);
}

}  // namespace

MilvusPlace LocateMilvus(const std::string& uri) {
  // What follows '?' are options of the store; a local path may have one in a name.
  const bool has_options = uri.find("://") != std::string::npos;
  const size_t options = has_options ? std::min(uri.find('?'), uri.size()) : uri.size();
  std::string_view address = WithoutSlashes(std::string_view(uri).substr(0, options));

  std::vector<int64_t> ids;  // from the last
  std::string_view folder = address;
  while (ids.size() <= 4) {
    const std::string_view part = folder.substr(LastPart(folder));
    if (part == "insert_log" || part == "delta_log") {
      address = AboveBinlogs(Parent(folder));
      MilvusPlace place{.store_uri = std::string(address) + uri.substr(options)};
      std::optional<int64_t>* const members[] = {&place.collection_id, &place.partition_id,
                                                 &place.segment_id};
      // Of four, the third is a group of milvus-backup.
      if (ids.size() == 4) ids.erase(ids.begin() + 1);
      for (size_t i = 0; i < ids.size(); ++i) *members[i] = ids[ids.size() - 1 - i];
      return place;
    }
    const auto id = AsId(part);
    if (!id || folder.size() == part.size()) break;
    ids.push_back(*id);
    folder = Parent(folder);
  }
  return {.store_uri = std::string(address) + uri.substr(options)};
}

}  // namespace varve
