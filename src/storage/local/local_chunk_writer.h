// SPDX-License-Identifier: Apache-2.0
// Streams one file of the local store.
//
// Small pieces gather in a buffer, large ones go to the kernel from where they lie. The kernel is
// told to start writing every 16 MiB, so that Close does not find all of a large file still dirty.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/local/staged_file.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class LocalChunkWriter : public ChunkWriter {
 public:
  /// `name` is the last part of `path`. `area` must outlive the writer; `keep_alive` sees to it.
  LocalChunkWriter(std::unique_ptr<StagedFile> staged, std::string path, std::string name,
                   std::shared_ptr<void> keep_alive, MakeWriterOptions options);
  ~LocalChunkWriter() override;

  const std::string& path() const override { return path_; }
  int64_t bytes_written() const override { return bytes_written_; }
  Status Write(std::span<const uint8_t> bytes) override;
  Status WriteAll(std::span<const std::span<const uint8_t>> pieces) override;
  Status Close() override;
  Status Abort() override;

 private:
  Status CheckOpen() const;
  Status Flush(std::span<const std::span<const uint8_t>> pieces);
  Status Publish();

  const std::shared_ptr<void> keep_alive_;
  const std::string path_;
  const std::string name_;
  const bool replaces_;
  std::unique_ptr<StagedFile> staged_;  ///< null once closed, aborted or failed
  std::vector<uint8_t> buffer_;
  std::vector<iovec> batch_;  ///< reused by Flush
  int64_t bytes_written_ = 0;
  int64_t writeback_begin_ = 0;
};

}  // namespace varve::internal
