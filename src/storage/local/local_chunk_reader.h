// SPDX-License-Identifier: Apache-2.0
// One open file of the local store: pread, and a mapping on demand.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "storage/local/file_system.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class LocalChunkReader : public ChunkReader {
 public:
  /// Takes over `file`.
  LocalChunkReader(FileSystem* files, int file, std::string path, int64_t size);
  ~LocalChunkReader() override;

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override;
  /// Errors: Corruption if the file has not the size that OpenReader was told
  Result<std::shared_ptr<arrow::Buffer>> Map() const override;

 private:
  Result<std::shared_ptr<arrow::Buffer>> MakeMapping() const;

  FileSystem* const files_;
  const int file_;
  const std::string path_;
  const int64_t size_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<arrow::Buffer> mapping_;  ///< guarded by mutex_
};

}  // namespace varve::internal
