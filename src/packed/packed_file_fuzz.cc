// SPDX-License-Identifier: Apache-2.0
// Any bytes as a packed file: opened, described, scanned, taken from, verified; as what it says it
// is, and as a file of Milvus with columns of every form that has to be decoded. Errors are fine;
// crashes, hangs and unbounded allocations are findings. Seeds: tests/fixtures/fuzz/packed_file/
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "varve/packed.h"
#include "varve/schema.h"

namespace {

using varve::CollectionSchema;
using varve::DataType;
using varve::FieldSchema;

void Check(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

// Ids from 100 on; any column may be missing.
std::shared_ptr<const CollectionSchema> MilvusFields() {
  std::vector<FieldSchema> fields;
  const auto add = [&](DataType type, DataType element, int32_t dim) {
    FieldSchema field{.data_type = type, .nullable = true};
    field.name = "f" + std::to_string(fields.size());
    field.element_type = element;
    field.dim = dim;
    fields.push_back(std::move(field));
  };
  for (const DataType element :
       {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64,
        DataType::kFloat, DataType::kDouble, DataType::kVarChar, DataType::kJson,
        DataType::kGeometry, DataType::kTimestamptz}) {
    add(DataType::kArray, element, 0);
  }
  add(DataType::kFloatVector, DataType::kNone, 2);
  add(DataType::kBinaryVector, DataType::kNone, 16);
  add(DataType::kArrayOfVector, DataType::kFloatVector, 2);
  fields.back().arrow_type = arrow::list(arrow::fixed_size_list(arrow::float32(), 2));
  return CollectionSchema::Make(std::move(fields)).ValueOrDie();
}

void ReadAll(const std::shared_ptr<varve::ChunkManager>& store,
             std::shared_ptr<const CollectionSchema> schema) {
  auto reader = varve::PackedReader::Open(store, {"file.parquet"}, std::move(schema));
  if (!reader.ok()) return;
  if (auto scan = (*reader)->Scan(); scan.ok()) {
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int64_t rows = 0; rows < 100'000; rows += batch->num_rows()) {
      if (!(*scan)->ReadNext(&batch).ok() || batch == nullptr) break;
      Check(batch->Validate());
    }
  }
  const int64_t num_rows = (*reader)->num_rows();
  if (num_rows > 0) {
    auto taken = (*reader)->Take({num_rows - 1, 0});
    if (taken.ok()) Check((*taken)->Validate());
  }
  std::vector<std::string> problems;
  if (const auto status = (*reader)->Verify(&problems); !status.ok()) return;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto store = varve::OpenChunkManager("memory://packed-file-fuzz").ValueOrDie();
  static const auto milvus_fields = MilvusFields();
  Check(store->Write("file.parquet", {data, size}));
  ReadAll(store, nullptr);
  ReadAll(store, milvus_fields);
  return 0;
}
