// SPDX-License-Identifier: Apache-2.0
// What a Parquet file's column index and bloom filters say of one column.
//
// Bounds are given only where the file's type and the field's compare alike; texts may have been
// cut by the writer, so theirs are never called exact.
#pragma once

#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/packed_file_reader.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

/// Zones of column `column` of the root, read as `type`; they cover all rows.
Result<std::vector<PageZone>> ReadZones(const ParquetMetadata& metadata, int column,
                                        int64_t field_id,
                                        const std::shared_ptr<arrow::DataType>& type);

/// One bit a row group: false only if no row of it equals `value`.
Result<std::vector<bool>> ReadMayContain(const ParquetMetadata& metadata, int column,
                                         const std::shared_ptr<arrow::DataType>& type,
                                         const StatisticValue& value);

}  // namespace varve::internal
