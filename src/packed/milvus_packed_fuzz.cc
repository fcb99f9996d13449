// SPDX-License-Identifier: Apache-2.0
// Any bytes as footer keys, and as the only file of a packed set. Errors are fine; crashes, hangs
// and unbounded allocations are findings, and so are keys that change when they are written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "packed/milvus_footer.h"
#include "varve/milvus_packed.h"

namespace {

using varve::internal::EncodeGroupFieldIds;
using varve::internal::EncodeRowGroups;
using varve::internal::ParseGroupFieldIds;
using varve::internal::ParseRowGroups;

void Check(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

std::shared_ptr<arrow::Field> Field(const char* name, std::shared_ptr<arrow::DataType> type,
                                    const char* id) {
  return arrow::field(name, std::move(type), /*nullable=*/true,
                      arrow::key_value_metadata({"PARQUET:field_id"}, {id}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto groups = ParseGroupFieldIds(text, "keys"); groups.ok()) {
    if (*ParseGroupFieldIds(EncodeGroupFieldIds(*groups), "keys") != *groups) std::abort();
  }
  if (const auto row_groups = ParseRowGroups(text, "keys"); row_groups.ok()) {
    if (*ParseRowGroups(EncodeRowGroups(*row_groups), "keys") != *row_groups) std::abort();
  }

  static const auto store = varve::OpenChunkManager("memory://milvus-packed-fuzz").ValueOrDie();
  Check(store->Write("file", {data, size}));
  // The fields of the real set, a file each.
  const auto schemas = {
      arrow::schema({Field("id", arrow::int64(), "100"), Field("value", arrow::float64(), "102")}),
      arrow::schema({Field("name", arrow::utf8(), "101")}),
      arrow::schema({Field("vector", arrow::list(arrow::float32()), "103")})};
  for (const auto& schema : schemas) {
    // The file in every place of a set.
    auto stream = varve::OpenMilvusPackedSets(store, {{"file", "file", "file"}}, schema);
    if (!stream.ok()) continue;
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int64_t rows = 0; rows < 100'000; rows += batch->num_rows()) {
      if (!(*stream)->ReadNext(&batch).ok() || batch == nullptr) break;
      Check(batch->Validate());
    }
  }
  return 0;
}
