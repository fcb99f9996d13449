// SPDX-License-Identifier: Apache-2.0
// The parts of a Milvus V1 binlog: the descriptor at its front and the events behind it.
//
// Layout:  magic, descriptor event, data events; integers are little-endian, nothing is aligned,
//          padded or covered by a checksum
// Units:   bytes; timestamps are hybrid: milliseconds since the epoch << 18 | counter
// Threads: values; share as such
// Source:  docs/format/binlog-v1.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/visibility.h"

namespace varve {

enum class EventType : int8_t {
  kDescriptor = 0,
  kInsert = 1,
  kDelete = 2,
  kCreateCollection = 3,
  kDropCollection = 4,
  kCreatePartition = 5,
  kDropPartition = 6,
  kIndexFile = 7,
};

/// Of the logs of data definition, which are written no more: timestamps as Int64, requests
/// (protobufs, not text) as String.
constexpr bool IsDefinitionEvent(EventType type) {
  return type >= EventType::kCreateCollection && type <= EventType::kDropPartition;
}

/// "InsertEvent" and so on.
VARVE_EXPORT std::string_view EventTypeName(EventType type);

struct EventHeader {
  uint64_t timestamp = 0;  ///< of writing; readers ignore it
  EventType type = EventType::kDescriptor;
  int32_t event_length = 0;    ///< of the whole event, header included
  int32_t next_position = -1;  ///< where the event ends in the file, or -1; readers ignore it

  bool operator==(const EventHeader&) const = default;
};

/// Keys of `BinlogDescriptor::extras`.
inline constexpr char kVersionExtra[] = "version";
/// Value of kVersionExtra: a delta log whose payload has a column for keys and one for timestamps.
inline constexpr char kMultiFieldVersion[] = "MULTI_FIELD";

/// What a file says of itself.
struct BinlogDescriptor {
  uint64_t timestamp = 0;  ///< of writing
  int64_t collection_id = -1;
  int64_t partition_id = -1;
  int64_t segment_id = -1;
  int64_t field_id = -1;
  uint64_t start_timestamp = 0;  ///< of the rows, 0: not known
  uint64_t end_timestamp = 0;
  DataType payload_type = DataType::kNone;  ///< any code; whoever reads the payload checks it

  // From the JSON object behind the fixed part.
  int64_t original_size = 0;                 ///< of the values in memory; informational
  std::optional<bool> nullable;              ///< nullopt: not said, which means false
  std::optional<std::string> encrypted_key;  ///< there: all that follows is encrypted
  std::optional<int64_t> encryption_zone;
  std::map<std::string, std::string> extras;  ///< the other keys that have text values

  bool operator==(const BinlogDescriptor&) const = default;
};

/// One data event.
struct VARVE_EXPORT Event {
  EventHeader header;
  uint64_t start_timestamp = 0;
  uint64_t end_timestamp = 0;
  int64_t offset = 0;                      ///< of the event in the file
  std::shared_ptr<arrow::Buffer> payload;  ///< a slice of the file

  int64_t payload_offset() const;  ///< in the file
};

}  // namespace varve
