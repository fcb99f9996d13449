// SPDX-License-Identifier: Apache-2.0
// Exported rows as a collection of Milvus.
//
// Threads: functions; one caller at a time
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "cli/store_arguments.h"
#include "varve/milvus.h"
#include "varve/schema.h"

namespace varve::cli {

struct MilvusExportArguments {
  std::string to;           ///< which format; empty: none of Milvus'
  std::string collection;   ///< its name; empty: as that which the rows come from
  std::string primary_key;  ///< empty: that of the schema
};

struct MilvusExportPlaces {
  std::string folder;  ///< that will have the backup, or its address
  std::string source;  ///< where the rows come from
  const StoreArguments& store;
};

/// All of `rows`, some fields of `schema`, with the timestamps that they bring in a column
/// "Timestamp", or stamped with the time it is now.
/// Errors: Invalid for a primary key that is not among them; those of ExportMilvusCollection
Result<MilvusCollection> ExportToMilvus(const MilvusExportArguments& arguments,
                                        const MilvusExportPlaces& places,
                                        const CollectionSchema& schema,
                                        arrow::RecordBatchReader* rows);

}  // namespace varve::cli
