// SPDX-License-Identifier: Apache-2.0
// Surroundings of the C++ in README.md: rows to start with and more of them, twenty each.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <varve/table.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace {

constexpr int32_t kDim = 4;

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Rows(int64_t first) {
  arrow::Int64Builder ids;
  arrow::Int64Builder stamps;
  arrow::Int32Builder labels;
  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(), values, kDim);
  for (int64_t id = first; id < first + 20; ++id) {
    ARROW_RETURN_NOT_OK(ids.Append(id));
    ARROW_RETURN_NOT_OK(stamps.Append(10 * id));
    ARROW_RETURN_NOT_OK(labels.Append(static_cast<int32_t>(id % 10)));
    ARROW_RETURN_NOT_OK(vectors.Append());
    for (int i = 0; i < kDim; ++i) ARROW_RETURN_NOT_OK(values->Append(static_cast<float>(id)));
  }
  arrow::ArrayVector columns(4);
  ARROW_RETURN_NOT_OK(ids.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(labels.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(stamps.Finish(&columns[2]));
  ARROW_RETURN_NOT_OK(vectors.Finish(&columns[3]));
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64(), false), arrow::field("label", arrow::int32()),
       arrow::field("ts", arrow::int64()), arrow::field("emb", columns[3]->type())});
  return arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, 20, columns)}, schema);
}

arrow::Status Run() {
  std::filesystem::remove_all("books");  // the page's Python made one
  ARROW_ASSIGN_OR_RAISE(const auto rows, Rows(0));
  ARROW_ASSIGN_OR_RAISE(const auto more_rows, Rows(20));
  SNIPPETS;
  ARROW_ASSIGN_OR_RAISE(const auto left, varve::Table::Open("books"));
  if (left->snapshot()->version() != 2 || left->snapshot()->num_rows() != 40) {
    return arrow::Status::Invalid("not what the page says");
  }
  return arrow::Status::OK();
}

}  // namespace

int main() {
  const arrow::Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
