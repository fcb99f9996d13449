// SPDX-License-Identifier: Apache-2.0
// The field of an insert log, as far as the log itself tells it.
//
// Threads: call from any thread
#pragma once

#include "varve/binlog_event.h"
#include "varve/payload_reader.h"
#include "varve/schema.h"

namespace varve::internal {

/// Named "field_100" after its id. `dim` is 0 where nothing tells it, `element_type` of an array
/// kNone.
FieldSchema DescribedField(const BinlogDescriptor& descriptor, const StoredValues& column);

}  // namespace varve::internal
