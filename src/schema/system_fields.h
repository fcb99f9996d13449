// SPDX-License-Identifier: Apache-2.0
// The two fields that every row has beside the user's: RowID and Timestamp.
//
// Threads: call from any thread
// Source:  shared specification of Milvus' formats, section 9.1
#pragma once

#include <memory>

#include "varve/schema.h"

namespace varve::internal {

FieldSchema RowIdField();
FieldSchema TimestampField();

/// `schema` with Timestamp behind its fields: what files have of rows that bring their times.
std::shared_ptr<const CollectionSchema> WithTimestamps(const CollectionSchema& schema);

}  // namespace varve::internal
