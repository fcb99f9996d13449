// SPDX-License-Identifier: Apache-2.0
// A store whose objects cannot be mapped, as if it were an object store. For tests.
#pragma once

#include "storage/testing/intercepting_chunk_manager.h"

namespace varve::internal {

class FarChunkManager : public InterceptingChunkManager {
 public:
  using InterceptingChunkManager::InterceptingChunkManager;
  ChunkManagerFeatures features() const override {
    ChunkManagerFeatures features = InterceptingChunkManager::features();
    features.mapping = false;
    return features;
  }
};

}  // namespace varve::internal
