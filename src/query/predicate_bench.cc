// SPDX-License-Identifier: Apache-2.0
// Filters over 200,000 rows that come as slices of 8,192, as a scan delivers them. Every answer is
// checked before it is timed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "query/predicate.h"

namespace varve::internal {
namespace {

constexpr int64_t kRows = 200'000;
constexpr int64_t kSliceRows = 8'192;

std::shared_ptr<const CollectionSchema> MakeSchema() {
  FieldSchema label, title;
  label.field_id = 100;
  label.name = "label";
  label.arrow_type = arrow::int32();
  title.field_id = 101;
  title.name = "title";
  title.arrow_type = arrow::utf8();
  return std::make_shared<CollectionSchema>(std::vector<FieldSchema>{label, title}, 101);
}

// label: row * 31 % 100; title: "title <label>".
std::shared_ptr<arrow::Array> MakeColumn(int64_t field_id) {
  arrow::Int32Builder labels;
  arrow::StringBuilder titles;
  for (int64_t row = 0; row < kRows; ++row) {
    const auto label = static_cast<int32_t>(row * 31 % 100);
    if (!labels.Append(label).ok() || !titles.Append("title " + std::to_string(label)).ok())
      abort();
  }
  return field_id == 100 ? labels.Finish().ValueOrDie() : titles.Finish().ValueOrDie();
}

int64_t Run(const Predicate& predicate,
            const std::vector<std::vector<std::shared_ptr<arrow::Array>>>& slices) {
  int64_t matches = 0;
  for (const auto& slice : slices) {
    matches +=
        static_cast<int64_t>(predicate.Evaluate(slice, slice[0]->length()).ValueOrDie().size());
  }
  return matches;
}

void EvaluateFilter(benchmark::State& state, const std::string& text, int64_t expected) {
  const auto predicate = Predicate::Parse(text, MakeSchema()).ValueOrDie();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const int64_t field_id : predicate->field_ids()) columns.push_back(MakeColumn(field_id));
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> slices;
  for (int64_t row = 0; row < kRows; row += kSliceRows) {
    slices.emplace_back();
    for (const auto& column : columns) slices.back().push_back(column->Slice(row, kSliceRows));
  }
  if (Run(*predicate, slices) != expected) {
    state.SkipWithError("the answer is wrong");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(Run(*predicate, slices));
  state.SetItemsProcessed(state.iterations() * kRows);
}

BENCHMARK_CAPTURE(EvaluateFilter, Equal, "label = 7", 2'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(EvaluateFilter, Between, "label BETWEEN 0 AND 49", 100'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(EvaluateFilter, In, "label IN (1, 3, 5, 7)", 8'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(EvaluateFilter, TextEqual, "title = 'title 7'", 2'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(EvaluateFilter, SelectiveAnd, "title LIKE '%7' AND label = 7", 2'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace varve::internal

BENCHMARK_MAIN();
