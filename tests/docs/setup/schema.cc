// SPDX-License-Identifier: Apache-2.0
// Surroundings of the C++ in docs/guide/schema.md; prints the schemas it makes.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <varve/schema.h>

#include <cstdio>
#include <memory>

namespace {

arrow::Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch() {
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues({7, 42}));
  ARROW_ASSIGN_OR_RAISE(auto ids, builder.Finish());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64(), false)}), 2,
                                  {ids});
}

arrow::Status Run() {
  ARROW_ASSIGN_OR_RAISE(const auto batch, MakeBatch());
  SNIPPETS;
  return arrow::Status::OK();
}

}  // namespace

int main() {
  const arrow::Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
