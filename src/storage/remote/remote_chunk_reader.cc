// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/remote_chunk_reader.h"

#include <vector>

namespace varve::internal {

Status RemoteChunkReader::ReadAt(int64_t offset, int64_t length, void* out) const {
  const ReadRange range{.offset = offset, .length = length, .out = out};
  return ReadRanges({&range, 1});
}

Status RemoteChunkReader::ReadRanges(std::span<const ReadRange> ranges) const {
  const ObjectRanges object{
      .path = path_, .size = size_, .ranges = std::vector<ReadRange>(ranges.begin(), ranges.end())};
  return reads_.Run({&object, 1}, ReadPattern::kPoint);
}

}  // namespace varve::internal
