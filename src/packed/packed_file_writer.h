// SPDX-License-Identifier: Apache-2.0
// Writes one packed file: the columns of one column group.
//
// A file with a single dense vector column writes pages as they fill and keeps no more than one
// page of rows. Others write a row group for each buffer_bytes of rows; until then they keep the
// rows, or for columns without nulls that parquet-cpp encodes, no more than their pages.
//
// Errors:  after a failure only Abort may follow
// Threads: one caller at a time
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "base/random.h"
#include "packed/addressed_chunk_writer.h"
#include "packed/column_encoding.h"
#include "packed/encoded_chunk.h"
#include "packed/file_sink.h"
#include "packed/packed_footer.h"
#include "packed/row_queue.h"
#include "varve/packed.h"

namespace varve::internal {

struct PackedFileSpec {
  std::vector<FieldSchema> fields;
  PackedWriteOptions options;
  double row_bytes = 1;    ///< of a row of all groups, in memory; what a saving is weighed against
  bool copy_rows = false;  ///< rows that are kept are copied, so that the caller's batches can go
  Uuid file_id{};
  Executor* executor = Executor::Default();
};

class PackedFileWriter {
 public:
  PackedFileWriter(std::unique_ptr<ChunkWriter> writer, PackedFileSpec spec);
  ~PackedFileWriter();

  /// One array a field, all of one length.
  Status Write(const arrow::ArrayVector& columns);
  /// Writes what is left and the footer; the file is complete, but not visible yet.
  Result<PackedFile> Finish();
  /// Makes the finished file visible.
  Status Publish();
  Status Abort();

 private:
  struct Column;

  Status Start();
  Status Prepare(bool last);
  Status BufferRows(const arrow::ArrayVector& columns);
  Status ChooseFor(Column* column) const;
  Status StartEncoding();
  Status FlushRowGroup(bool last);
  Status StreamPages(bool last);
  Status FinishStreamedGroup();
  Status WriteEncodedGroup();
  Result<EncodedChunk> EncodeLeaf(Column* column, const arrow::ArrayVector& rows) const;
  Result<std::vector<EncodedChunk>> Encode(Column* column, const arrow::ArrayVector& rows) const;
  Status AppendEncoded(std::vector<EncodedChunk> chunks, WrittenRowGroup* group);
  std::vector<ColumnStatistics> Statistics() const;
  AddressedChunkWriter MakeAddressedWriter(Column* column);

  FileSink sink_;
  PackedFileSpec spec_;
  std::vector<Column> columns_;
  bool streams_ = false;
  bool started_ = false;
  int64_t num_rows_ = 0;
  int64_t buffered_rows_ = 0;   // of the row group to come
  int64_t buffered_bytes_ = 0;  // as they came
  bool encodes_early_ = false;
  int64_t memory_bytes_ = 0;
  // From Prepare on.
  std::shared_ptr<parquet::SchemaDescriptor> schema_;
  std::shared_ptr<parquet::WriterProperties> properties_;
  std::unique_ptr<parquet::BloomFilterBuilder> blooms_;
  std::vector<WrittenRowGroup> row_groups_;
  // Streaming.
  std::optional<AddressedChunkWriter> streamed_;
  bool irregular_ = false;  // the next row group holds too many nulls to be addressable
};

}  // namespace varve::internal
