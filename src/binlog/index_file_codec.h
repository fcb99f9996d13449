// SPDX-License-Identifier: Apache-2.0
// Index files as Milvus stores them: one IndexFile event around a blob (data_codec.h).
#pragma once

#include "varve/index_file.h"

namespace varve::internal {

/// Lives for ever.
std::shared_ptr<const IndexFileCodec> EventIndexFileCodec();

}  // namespace varve::internal
