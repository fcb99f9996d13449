// SPDX-License-Identifier: Apache-2.0
// An object under construction, as the stream that Arrow's writers write to.
//
// Errors:   those of the ChunkWriter
// Threads:  one caller at a time
// Lifetime: Close ends the stream alone: whether the object appears is for its ChunkWriter to be
//           told, by Close or Abort
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "arrow/io/interfaces.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class ChunkOutputStream : public arrow::io::OutputStream {
 public:
  explicit ChunkOutputStream(std::shared_ptr<ChunkWriter> writer) : writer_(std::move(writer)) {}

  Status Write(const void* data, int64_t bytes) override {
    return writer_->Write({static_cast<const uint8_t*>(data), static_cast<size_t>(bytes)});
  }
  Result<int64_t> Tell() const override { return writer_->bytes_written(); }
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  const std::shared_ptr<ChunkWriter> writer_;
  bool closed_ = false;
};

}  // namespace varve::internal
