// SPDX-License-Identifier: Apache-2.0
// The inserts of a pack as one packed set: a Parquet file a column group.
//
// Retries: of the set as a whole, under new ids; what a try that failed has left is an orphan
// Memory:  the rows in the form that is stored, which shares what is the same in both; and what the
//          packed writer buffers
// Threads: one caller at a time
// Source:  shared specification of Milvus' formats, section 10.5
#pragma once

#include <vector>

#include "arrow/type_fwd.h"
#include "segment/bulk_pack_writer.h"
#include "varve/milvus_packed.h"

namespace varve::internal {

class BulkPackWriterV2 : public BulkPackWriter {
 public:
  using BulkPackWriter::BulkPackWriter;

 protected:
  Result<std::vector<FieldBinlog>> WriteInserts(const InsertRows& rows) override;

 private:
  /// `rows`: as they are stored.
  Result<std::vector<ColumnGroup>> ChooseSplit(const std::vector<FieldSchema>& fields,
                                               const arrow::RecordBatchVector& rows) const;
  Result<std::vector<FieldBinlog>> WriteSet(const InsertRows& rows,
                                            const arrow::RecordBatchVector& stored,
                                            const std::vector<ColumnGroup>& groups);
};

}  // namespace varve::internal
