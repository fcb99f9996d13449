// SPDX-License-Identifier: Apache-2.0
// Puts a V1 binlog together in memory.
//
//   varve::BinlogWriter writer(descriptor);
//   ARROW_RETURN_NOT_OK(writer.Append(varve::EventType::kInsert, min_ts, max_ts, payload));
//   ARROW_ASSIGN_OR_RAISE(auto bytes, writer.Finish());
//
// Lengths and positions are filled in, and so is original_size, the sum over all payloads. Readers
// of Milvus look at the first event alone, so a file for Milvus has one.
//
// Errors:  Invalid for what the format cannot say
// Threads: one caller at a time
// Source:  docs/format/binlog-v1.md
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/binlog_event.h"
#include "varve/payload_writer.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

class VARVE_EXPORT BinlogWriter {
 public:
  /// `descriptor.timestamp` becomes that of every event.
  explicit BinlogWriter(BinlogDescriptor descriptor) : descriptor_(std::move(descriptor)) {
    descriptor_.original_size = 0;
  }

  /// Adds an event of any type but the descriptor's. A timestamp of 0, which stands for "not
  /// known", is written as 1: Milvus' own writers refuse 0.
  /// Errors: Invalid for a payload too large for a length of 31 bits
  Status Append(EventType type, uint64_t start_timestamp, uint64_t end_timestamp, Payload payload);

  /// The file.  REQUIRES: called once
  Result<std::shared_ptr<arrow::Buffer>> Finish();

 private:
  struct Pending {
    EventType type;
    uint64_t start_timestamp;
    uint64_t end_timestamp;
    std::shared_ptr<arrow::Buffer> payload;
  };

  BinlogDescriptor descriptor_;
  std::vector<Pending> events_;
};

}  // namespace varve
