// SPDX-License-Identifier: Apache-2.0
// What Milvus calls a data codec: one column, a run of deletes or a piece of an index, as the bytes
// that each kind of storage keeps.
//
//                remote                       memory, local disk
//   InsertData   insert log                   rows, dimension, values
//   DeltaData    delta log                    the same
//   IndexData    one IndexFile event          u64 size, u32 degree, bytes
//
// Errors:  Corruption and Unsupported naming object; Invalid for data that cannot be written
// Threads: values and functions; share the values as such
// Source:  docs/format/binlog-v1.md, "Index files", "Local files"
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "arrow/type_fwd.h"
#include "varve/binlog_event.h"
#include "varve/delta_log.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/stored_values.h"
#include "varve/visibility.h"

namespace varve {

/// Milvus' codes.
enum class StorageType { kMemory = 1, kLocalDisk = 2, kRemote = 3 };

/// A column in Milvus' storage form. Type and nullability are those of `descriptor`.
struct InsertData {
  BinlogDescriptor descriptor;
  StoredValues column;
};

/// Deletes, and whose they are.
struct DeltaData {
  BinlogDescriptor descriptor;
  DeleteData deletes;
};

/// The descriptor's extra that every index file has.
inline constexpr char kIndexBuildIdExtra[] = "indexBuildID";

/// One object of an index. `descriptor.payload_type` says how the bytes are kept: kNone as they
/// are, kInt8 (the default of Milvus) and kString inside a Parquet file.
struct IndexData {
  BinlogDescriptor descriptor;
  std::shared_ptr<arrow::Buffer> bytes;  ///< never null
  uint32_t degree = 0;                   ///< of graph indexes; in local files alone
};

using FileData = std::variant<InsertData, DeltaData, IndexData>;

VARVE_EXPORT Result<std::shared_ptr<arrow::Buffer>> Serialize(const FileData& data,
                                                              StorageType storage);

/// What a file that does not begin with the magic number is: files of memory and local disk do not
/// say. A descriptor of payload type kNone means index data, any other a column.
struct LocalFile {
  BinlogDescriptor descriptor;
  int32_t dim = 0;  ///< of vectors
};

/// Any of these files: the magic number tells remote ones, their event what is in them.
/// Errors: also Corruption where neither the magic number is there nor `local` given
VARVE_EXPORT Result<FileData> DeserializeFileData(const std::shared_ptr<arrow::Buffer>& bytes,
                                                  const std::string& object,
                                                  const LocalFile* local = nullptr);

}  // namespace varve
