// SPDX-License-Identifier: Apache-2.0
// An object of a store as Arrow's RandomAccessFile, for parquet-cpp and Arrow's readers.
//
// Threads: ReadAt concurrently; Read and Seek one caller at a time
#pragma once

#include <memory>
#include <string>

#include "arrow/io/interfaces.h"
#include "varve/chunk_manager.h"

namespace varve::cli {

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenChunkFile(
    const std::shared_ptr<ChunkManager>& store, const std::string& path);

}  // namespace varve::cli
