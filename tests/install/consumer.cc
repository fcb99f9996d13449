// SPDX-License-Identifier: Apache-2.0
// Creates a table, appends and takes, through installed headers only. Prints the value it took: 42.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <varve/table.h>

#include <cstdio>

namespace {

arrow::Status Run() {
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues({7, 42}));
  ARROW_ASSIGN_OR_RAISE(auto ids, builder.Finish());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64(), /*nullable=*/false)});
  const auto batch = arrow::RecordBatch::Make(schema, 2, {ids});
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatchReader::Make({batch}, schema));
  ARROW_ASSIGN_OR_RAISE(auto table, varve::Table::Create("memory://consumer", rows));
  ARROW_ASSIGN_OR_RAISE(auto taken, table->snapshot()->Take({1}));
  std::printf("%lld\n", static_cast<long long>(
                            static_cast<const arrow::Int64Array&>(*taken->column(0)).Value(0)));
  return arrow::Status::OK();
}

}  // namespace

int main() {
  const arrow::Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
