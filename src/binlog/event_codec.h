// SPDX-License-Identifier: Apache-2.0
// Descriptors and event headers as bytes, and back.
//
// Errors:  Corruption naming object, offset, expected and found
// Threads: functions; call them from any thread
// Source:  docs/format/binlog-v1.md
#pragma once

#include <cstdint>
#include <string>

#include "base/coding.h"
#include "varve/binlog_event.h"
#include "varve/status.h"

namespace varve::internal {

inline constexpr int32_t kBinlogMagic = 0x00fffabc;
inline constexpr int64_t kMagicBytes = 4;
inline constexpr int64_t kEventHeaderBytes = 17;
/// Header and the two timestamps of a data event: what stands before its payload.
inline constexpr int64_t kEventFrontBytes = kEventHeaderBytes + 16;
/// Of the descriptor event, all but the extras.
inline constexpr int64_t kDescriptorFrontBytes = 81;
/// Real extras have some hundred bytes.
inline constexpr int32_t kExtrasBytesMax = 1 << 20;

/// Appends kEventHeaderBytes.
void EncodeEventHeader(const EventHeader& header, std::string* out);
/// Errors: also Corruption for an unknown type; the length is only compared with the least possible
Result<EventHeader> DecodeEventHeader(Decoder* decoder, const std::string& object);

/// Appends magic and descriptor event.  Errors: Invalid for extras that are not UTF-8 or too long
Status EncodeDescriptor(const BinlogDescriptor& descriptor, std::string* out);
/// From the first byte of the file; leaves `decoder` at the first data event.
Result<BinlogDescriptor> DecodeDescriptor(Decoder* decoder, const std::string& object);

}  // namespace varve::internal
