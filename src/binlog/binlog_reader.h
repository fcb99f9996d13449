// SPDX-License-Identifier: Apache-2.0
// A whole V1 binlog that is in memory: its descriptor, its events, their payloads.
//
//   ARROW_ASSIGN_OR_RAISE(auto bytes, store->Read(path));
//   ARROW_ASSIGN_OR_RAISE(auto binlog, BinlogReader::Open(bytes, path));
//   ARROW_ASSIGN_OR_RAISE(auto column, binlog.ReadColumn());
//
// Errors:   Corruption naming object, offset, expected and found; Unsupported for an encrypted file
// Threads:  immutable; share freely
// Lifetime: keeps the bytes; payloads are slices of them, arrays stand alone
// Source:   docs/format/binlog-v1.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "binlog/event.h"
#include "binlog/payload_reader.h"

namespace varve::internal {

class BinlogReader {
 public:
  /// Reads descriptor and event headers; every byte of the file belongs to one of them.
  static Result<BinlogReader> Open(std::shared_ptr<arrow::Buffer> bytes, std::string object);

  const std::string& object() const { return object_; }
  const BinlogDescriptor& descriptor() const { return descriptor_; }
  /// In file order. Every current writer makes exactly one; readers take any number.
  const std::vector<Event>& events() const { return events_; }

  /// The Parquet file in `event`, which is one of events().
  Result<std::unique_ptr<PayloadReader>> OpenPayload(const Event& event) const;

  /// The first column of all events together, as the storage type of the descriptor's data type.
  /// Errors: also Corruption for a file without events, and for vectors of several widths
  Result<StoredValues> ReadColumn() const;

 private:
  explicit BinlogReader(std::string object) : object_(std::move(object)) {}
  Status ReadEvents(const std::shared_ptr<arrow::Buffer>& bytes, Decoder* decoder);

  std::string object_;
  BinlogDescriptor descriptor_;
  std::vector<Event> events_;
};

}  // namespace varve::internal
