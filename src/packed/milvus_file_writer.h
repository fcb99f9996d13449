// SPDX-License-Identifier: Apache-2.0
// One file of a packed set of Milvus: the rows of a column group, in row groups of about the same
// size in memory.
//
// Units:    bytes of Arrow memory: whole buffers, each counted once (arrow::util::TotalBufferSize)
// Errors:   those of the store; after one, only Abort may follow
// Threads:  one caller at a time
// Lifetime: keeps the arrays of rows that are not written yet
// Source:   docs/format/milvus-packed.md, "Row groups"
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/milvus_footer.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"

namespace parquet::arrow {
class FileWriter;
}

namespace varve::internal {

/// Invalid for a size that parts of an upload cannot have; 0: the store's own.
Status CheckPartBytes(int64_t part_bytes);

class MilvusFileWriter {
 public:
  /// `schema`: of the group alone.
  static Result<std::unique_ptr<MilvusFileWriter>> Open(std::unique_ptr<ChunkWriter> object,
                                                        std::shared_ptr<arrow::Schema> schema,
                                                        int64_t row_group_bytes);
  ~MilvusFileWriter();

  /// Appends rows to those that wait. REQUIRES: columns of the schema's types
  void Append(arrow::ArrayVector columns, int64_t num_rows);
  /// Bytes of the rows that wait.
  int64_t waiting_bytes() const { return waiting_bytes_; }
  /// Cuts the rows that wait into row groups, and writes those that are full; the rest is kept for
  /// the next one.
  Status Flush();

  /// Writes the last row group and the footer, its keys between group_field_id_list and
  /// row_group_metadata. The object appears when it is published.
  Status Finish(const std::string& group_field_ids,
                const std::vector<std::pair<std::string, std::string>>& metadata);
  Status Publish();
  Status Abort();

  const std::string& path() const { return object_->path(); }
  int64_t file_bytes() const { return object_->bytes_written(); }

 private:
  struct Rows {
    arrow::ArrayVector columns;
    int64_t num_rows = 0;
    int64_t bytes = 0;
  };

  MilvusFileWriter(std::unique_ptr<ChunkWriter> object, std::shared_ptr<arrow::Schema> schema,
                   int64_t row_group_bytes);

  Status WriteRowGroup();

  const std::shared_ptr<ChunkWriter> object_;
  const std::shared_ptr<arrow::Schema> schema_;
  const int64_t row_group_bytes_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<Rows> waiting_;
  int64_t waiting_bytes_ = 0;
  // Of the row group that is being filled.
  std::vector<arrow::ArrayVector> columns_;
  int64_t num_rows_ = 0;
  int64_t bytes_ = 0;
  std::vector<MilvusRowGroup> row_groups_;
};

}  // namespace varve::internal
