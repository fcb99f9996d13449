// SPDX-License-Identifier: Apache-2.0
// Manifests and edits for tests: plausible ones, random ones, and all of one as text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/random.h"
#include "manifest/manifest.h"

namespace varve::internal {

/// Int64 "id" (the key), VarChar "title", Float "price", Int64 "ts", Int32 "label", FloatVector
/// "embedding" of 16.
std::shared_ptr<const CollectionSchema> SampleSchema();

/// What the table layer hands over for 10 rows in one file: a layout record of 200 bytes of which
/// 24 are random, statistics of five columns, and a name of the usual form.
SegmentEntry SampleSegment(Random* random, int64_t num_rows = 10);
ManifestEdit AppendOf(SegmentEntry segment, const std::string& message = "");

/// Everything a full version can hold, in random amounts; valid.
Manifest RandomManifest(uint64_t seed);

/// Every value, one a line: equal texts mean equal manifests.
std::string DumpManifest(const Manifest& manifest);
/// The segments' part of it.
std::string DumpSegments(const Manifest& manifest);

}  // namespace varve::internal
