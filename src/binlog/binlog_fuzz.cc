// SPDX-License-Identifier: Apache-2.0
// Any bytes as a binlog: as a delta log, and as an insert log of the type that its descriptor
// names. What is read can be written, and reads back the same. Seeds: tests/fixtures/fuzz/binlog/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "packed/milvus_values.h"
#include "varve/binlog_reader.h"
#include "varve/data_codec.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"

namespace {

using namespace varve;
using namespace varve::internal;

void Check(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

void Expect(bool holds) {
  if (!holds) std::abort();
}

void ReadAsDeltaLog(const std::shared_ptr<arrow::Buffer>& bytes) {
  const auto deletes = ReadDeltaLog(bytes, "fuzz");
  if (!deletes.ok()) return;
  Check(deletes->Validate());
  Check(deletes->primary_keys->ValidateFull());
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    const auto written = WriteDeltaLog(*deletes, {}, form).ValueOrDie();
    const auto again = ReadDeltaLog(written, "again").ValueOrDie();
    Expect(again.timestamps->Equals(*deletes->timestamps));
    Expect(again.primary_keys->Equals(deletes->primary_keys));
  }
}

// A field that `column` may be of.
FieldSchema FieldOf(const BinlogReader& binlog, const StoredValues& column, DataType element) {
  FieldSchema field;
  field.field_id = binlog.descriptor().field_id;
  field.name = "f";
  field.data_type = binlog.descriptor().payload_type;
  field.nullable = true;
  field.element_type = column.element_type == DataType::kNone ? element : column.element_type;
  field.dim = column.dim;
  return field;
}

void ReadAsInsertLog(const std::shared_ptr<arrow::Buffer>& bytes) {
  const auto binlog = BinlogReader::Open(bytes, "fuzz");
  if (!binlog.ok()) return;
  const auto column = binlog->ReadColumn();
  if (!column.ok()) return;
  Check(column->values->Validate());
  for (const DataType element : {DataType::kInt8, DataType::kInt64, DataType::kDouble,
                                 DataType::kVarChar, DataType::kGeometry}) {
    const FieldSchema field = FieldOf(*binlog, *column, element);
    // A schema that has this dimension is the caller's word.
    if (!CheckNullBytes(field, *column->values, 64 << 20).ok()) return;
    const auto values = ReadInsertLog(field, bytes, "fuzz");
    if (!values.ok()) continue;
    Check((*values)->ValidateFull());
    const auto written = WriteInsertLog(field, *values, {}).ValueOrDie();
    const auto again = ReadInsertLog(field, written, "again").ValueOrDie();
    Expect(again->length() == (*values)->length());
    Expect(again->null_count() == (*values)->null_count());
  }
}

// As any file of Milvus' data codecs, or else as local ones of several types.
void ReadAsFileData(const std::shared_ptr<arrow::Buffer>& bytes) {
  for (const DataType type :
       {DataType::kNone, DataType::kBool, DataType::kInt64, DataType::kFloatVector}) {
    LocalFile local;
    local.descriptor.payload_type = type;
    local.descriptor.nullable = bytes->size() % 2 == 0;
    local.dim = 2;
    const auto data = DeserializeFileData(bytes, "fuzz", &local);
    if (!data.ok()) continue;
    if (const auto* insert = std::get_if<InsertData>(&*data)) {
      Check(insert->column.values->Validate());
    } else if (const auto* index = std::get_if<IndexData>(&*data)) {
      Expect(index->bytes != nullptr);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size));
  ReadAsDeltaLog(bytes);
  ReadAsInsertLog(bytes);
  ReadAsFileData(bytes);
  return 0;
}
