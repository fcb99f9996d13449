// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_fields.h"

#include <cstdint>
#include <span>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace varve::internal {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// A message: its last field, and which fields are messages themselves (manifest.proto).
struct Shape {
  struct Child {
    int field;
    const Shape* shape;
  };
  int last_field;
  std::span<const Child> children;
};

constexpr Shape kFile{9, {}};
constexpr Shape kStatistics{12, {}};
constexpr Shape kDeletionVector{6, {}};
constexpr Shape::Child kSegmentChildren[] = {{7, &kFile}, {8, &kStatistics}, {9, &kDeletionVector}};
constexpr Shape kSegment{9, kSegmentChildren};
constexpr Shape kOperation{11, {}};
constexpr Shape kFieldList{1, {}};
constexpr Shape kSchema{3, {}};
constexpr Shape kDeltaFile{5, {}};
constexpr Shape kPair{2, {}};
constexpr Shape::Child kPairChildren[] = {{1, &kPair}};
constexpr Shape kPairs{1, kPairChildren};  // properties, tags and bases
constexpr Shape kIndex{7, {}};
constexpr Shape::Child kIndexChildren[] = {{1, &kIndex}};
constexpr Shape kIndexes{1, kIndexChildren};
constexpr Shape::Child kManifestChildren[] = {{1, &kSegment}, {8, &kOperation},  {14, &kFieldList},
                                              {19, &kSchema}, {20, &kDeltaFile}, {22, &kPairs},
                                              {23, &kPairs},  {24, &kIndexes},   {25, &kPairs}};
constexpr Shape kManifest{25, kManifestChildren};

bool HasUnknown(const Shape& shape, CodedInputStream* in) {
  while (const uint32_t tag = in->ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if (field > shape.last_field) return true;
    const Shape* child = nullptr;
    for (const Shape::Child& candidate : shape.children) {
      if (candidate.field == field) child = candidate.shape;
    }
    if (child == nullptr ||
        WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(in, tag)) return true;
      continue;
    }
    int length = 0;
    if (!in->ReadVarintSizeAsInt(&length)) return true;
    const auto limit = in->PushLimit(length);
    if (HasUnknown(*child, in) || in->BytesUntilLimit() != 0) return true;
    in->PopLimit(limit);
  }
  return false;
}

}  // namespace

bool HasUnknownManifestFields(std::string_view payload) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(payload.data()),
                      static_cast<int>(payload.size()));
  return HasUnknown(kManifest, &in) || !in.ConsumedEntireMessage();
}

}  // namespace varve::internal
