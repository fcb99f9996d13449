// SPDX-License-Identifier: Apache-2.0
#include "varve/index_slices.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "binlog/json_members.h"

namespace varve {

using internal::Excerpt;
using internal::JsonMembers;
using internal::ParseJson;

namespace {

Status AddBlob(std::string name, std::shared_ptr<arrow::Buffer> blob, BinarySet* set) {
  const auto [place, added] = set->emplace(std::move(name), std::move(blob));
  if (added) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "two blobs of an index have the same name",
                   {.field = place->first});
}

// What SLICE_META says of one blob.
struct SlicedBlob {
  std::string name;
  int64_t num_slices = 0;
  int64_t bytes = 0;
};

Result<std::vector<SlicedBlob>> ReadSliceMeta(const arrow::Buffer& meta,
                                              const std::string& object) {
  const std::string source = object + "/" + std::string(kSliceMetaName);
  std::span<const uint8_t> text(meta.data(), static_cast<size_t>(meta.size()));
  if (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json document, ParseJson(text, source));
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(document, source, "document"));
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* entries, members.Get("meta"));
  if (!entries->is_array()) {
    return members.Wrong("wrong kind of value", "meta", "an array", Excerpt(*entries));
  }
  std::vector<SlicedBlob> blobs;
  for (const nlohmann::json& entry : *entries) {
    ARROW_ASSIGN_OR_RAISE(const JsonMembers one, JsonMembers::Of(entry, source, "meta"));
    SlicedBlob& blob = blobs.emplace_back();
    ARROW_ASSIGN_OR_RAISE(blob.name, one.GetText("name"));
    ARROW_ASSIGN_OR_RAISE(blob.num_slices, one.GetInt64("slice_num"));
    ARROW_ASSIGN_OR_RAISE(blob.bytes, one.GetInt64("total_len"));
    if (blob.num_slices < 1) {
      return one.Wrong("a blob of no slices", "slice_num", "at least 1",
                       std::to_string(blob.num_slices));
    }
  }
  return blobs;
}

// Takes the slices out of the set. Nothing is allocated before they are all seen to be there.
Result<std::shared_ptr<arrow::Buffer>> Assemble(const SlicedBlob& blob, BinarySet* slices,
                                                const std::string& object) {
  arrow::BufferVector parts;
  int64_t bytes = 0;
  for (int64_t i = 0; i < blob.num_slices; ++i) {
    const auto found = slices->find(SliceName(blob.name, i));
    if (found == slices->end()) {
      return Corruption("a slice of an index blob is missing",
                        {.object = object,
                         .field = blob.name,
                         .expected = std::to_string(blob.num_slices) + " slices",
                         .found = "no '" + SliceName(blob.name, i) + "'"});
    }
    bytes += found->second->size();
    parts.push_back(std::move(found->second));
    slices->erase(found);
  }
  if (bytes != blob.bytes) {
    return Corruption("the slices of an index blob have another length than the blob",
                      {.object = object,
                       .field = blob.name,
                       .expected = std::to_string(blob.bytes) + " bytes",
                       .found = std::to_string(bytes)});
  }
  if (parts.size() == 1) return parts.front();
  return arrow::ConcatenateBuffers(parts);
}

}  // namespace

std::string SliceName(std::string_view name, int64_t slice) {
  return std::string(name) + "_" + std::to_string(slice);
}

Result<BinarySet> SliceBinarySet(const BinarySet& set, int64_t slice_bytes) {
  if (slice_bytes < 1) {
    return MakeError(ErrorKind::kInvalid, "a slice of an index cannot have this size",
                     {.expected = "at least 1 byte", .found = std::to_string(slice_bytes)});
  }
  BinarySet slices;
  auto meta = nlohmann::ordered_json::array();
  for (const auto& [name, blob] : set) {
    if (name == kSliceMetaName) {  // alone, it would be read as what it is named after
      return MakeError(ErrorKind::kInvalid, "a blob of an index has a name that is taken",
                       {.field = name});
    }
    if (blob->size() <= slice_bytes) {
      ARROW_RETURN_NOT_OK(AddBlob(name, blob, &slices));
      continue;
    }
    int64_t num_slices = 0;
    for (int64_t begin = 0; begin < blob->size(); begin += slice_bytes) {
      const int64_t length = std::min(slice_bytes, blob->size() - begin);
      ARROW_RETURN_NOT_OK(
          AddBlob(SliceName(name, num_slices++), arrow::SliceBuffer(blob, begin, length), &slices));
    }
    meta.push_back({{"name", name}, {"slice_num", num_slices}, {"total_len", blob->size()}});
  }
  if (meta.empty()) return slices;
  std::string text;
  try {
    text = nlohmann::ordered_json{{"meta", std::move(meta)}}.dump();
  } catch (const nlohmann::json::exception& error) {
    return MakeError(ErrorKind::kInvalid, "the name of an index blob is not UTF-8",
                     {.found = error.what()});
  }
  text.push_back('\0');
  slices[std::string(kSliceMetaName)] = arrow::Buffer::FromString(std::move(text));
  return slices;
}

Result<BinarySet> AssembleBinarySet(BinarySet slices, const std::string& object) {
  const auto meta = slices.find(std::string(kSliceMetaName));
  if (meta == slices.end()) return slices;
  ARROW_ASSIGN_OR_RAISE(const auto blobs, ReadSliceMeta(*meta->second, object));
  slices.erase(meta);
  BinarySet set;
  for (const SlicedBlob& blob : blobs) {
    ARROW_ASSIGN_OR_RAISE(auto whole, Assemble(blob, &slices, object));
    set[blob.name] = std::move(whole);
  }
  for (auto& [name, blob] : slices) {
    if (!set.emplace(name, std::move(blob)).second) {
      return Corruption("an index blob is there whole and in slices",
                        {.object = object, .field = name});
    }
  }
  return set;
}

}  // namespace varve
