// SPDX-License-Identifier: Apache-2.0
// Arrow arrays as the Parquet file inside an event, as Milvus' own writers make it.
//
// Errors:  Invalid for arrays that are not of the storage type, for a null in a required column
// Threads: functions; call them from any thread
// Source:  docs/format/binlog-v1.md, "Payload"
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct Payload {
  std::shared_ptr<arrow::Buffer> bytes;  ///< never null
  int64_t original_size = 0;             ///< bytes of the values before encoding
};

/// The insert payload of `field`: one column "val" of MilvusArrowType(field), zstd level 3, with a
/// dictionary unless it is the primary key.
VARVE_EXPORT Result<Payload> WriteFieldPayload(const FieldSchema& field,
                                               const std::shared_ptr<arrow::Array>& values);

/// The payload of a delta log of JSON rows: one required utf8 column "val", zstd level 3.
VARVE_EXPORT Result<Payload> WriteTextPayload(const std::shared_ptr<arrow::Array>& rows);

/// The payload of a delta log of two columns: "pk" and "ts" (int64), required, not compressed.
VARVE_EXPORT Result<Payload> WriteKeyPayload(const std::shared_ptr<arrow::Array>& primary_keys,
                                             const std::shared_ptr<arrow::Array>& timestamps);

}  // namespace varve
