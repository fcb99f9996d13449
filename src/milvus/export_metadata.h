// SPDX-License-Identifier: Apache-2.0
// The metadata of a backup, as text: what backup_metadata.h reads.
//
// Errors:  Unsupported naming a field whose default Milvus cannot have
// Threads: functions; call them from any thread
// Source:  milvus-backup, backup.proto, as Go's encoding/json writes it
#pragma once

#include <cstdint>
#include <string>

#include "varve/milvus.h"
#include "varve/status.h"

namespace varve::internal {

struct ExportedMetadata {
  std::string backup, collections, partitions, segments;  ///< a JSON document each
};

/// What marks a place while an export is at work there: a backup under way.
std::string DescribeExportUnderWay(const MilvusCollection& collection, uint64_t timestamp);

/// `timestamp`: of the export, hybrid.
Result<ExportedMetadata> DescribeExport(const MilvusCollection& collection, uint64_t timestamp);

}  // namespace varve::internal
