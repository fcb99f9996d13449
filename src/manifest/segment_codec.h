// SPDX-License-Identifier: Apache-2.0
// Segments, their files and their statistics to protobuf and back.
//
// Spec: docs/format/manifest.md, "Segments"
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "manifest/manifest.h"

namespace varve::manifest::v1 {
class Manifest;
class Segment;
class FieldList;
}  // namespace varve::manifest::v1

namespace varve::internal {

/// Writes segments into one Manifest message, sharing equal lists of columns among their files.
/// Lifetime: keeps a pointer to the message.
class SegmentEncoder {
 public:
  explicit SegmentEncoder(manifest::v1::Manifest* out) : out_(out) {}
  void Add(const SegmentEntry& segment);

 private:
  uint32_t IndexOf(const std::vector<int64_t>& field_ids);

  manifest::v1::Manifest* out_;
  std::map<std::vector<int64_t>, uint32_t> lists_;
};

/// Errors: Corruption naming `object` and the segment
Result<std::shared_ptr<const SegmentEntry>> DecodeSegment(
    const manifest::v1::Segment& message, const std::vector<std::vector<int64_t>>& field_lists,
    const std::string& object);

}  // namespace varve::internal
