// SPDX-License-Identifier: Apache-2.0
#include "table/testing/sample_rows.h"

#include <numeric>
#include <sstream>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/pretty_print.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"

namespace varve::internal::testing {
namespace {

uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

void Check(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

std::string TextOf(int64_t row) {
  std::string text = "row " + std::to_string(row);
  text.append(static_cast<size_t>(row % 23), static_cast<char>('a' + row % 26));
  return text;
}

}  // namespace

std::shared_ptr<arrow::Schema> SampleSchema() {
  return arrow::schema(
      {arrow::field("id", arrow::int64(), false), arrow::field("ts", arrow::int64(), false),
       arrow::field("label", arrow::int32(), false), arrow::field("score", arrow::float64(), true),
       arrow::field("text", arrow::utf8(), false),
       arrow::field(
           "emb", arrow::fixed_size_list(arrow::field("item", arrow::float32(), false), kSampleDim),
           false)});
}

int64_t SampleTs(int64_t row) { return 1'700'000'000'000 + 37 * row; }
int32_t SampleLabel(int64_t row) {
  return static_cast<int32_t>(Mix(static_cast<uint64_t>(row)) % 10);
}

std::shared_ptr<arrow::RecordBatch> SampleRowsAt(const std::vector<int64_t>& rows) {
  arrow::Int64Builder id, ts;
  arrow::Int32Builder label;
  arrow::DoubleBuilder score;
  arrow::StringBuilder text;
  auto items = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder emb(arrow::default_memory_pool(), items,
                                  SampleSchema()->field(5)->type());
  for (const int64_t row : rows) {
    Check(id.Append(row));
    Check(ts.Append(SampleTs(row)));
    Check(label.Append(SampleLabel(row)));
    Check((row % 7 == 0 ? score.AppendNull() : score.Append(static_cast<double>(row % 1000) / 8)));
    Check(text.Append(TextOf(row)));
    Check(emb.Append());
    for (int32_t i = 0; i < kSampleDim; ++i) {
      const uint64_t bits = Mix(static_cast<uint64_t>(row) * kSampleDim + static_cast<uint64_t>(i));
      Check(items->Append(static_cast<float>(bits % 20001) / 10000.0f - 1.0f));
    }
  }
  arrow::ArrayVector arrays;
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&id, &ts, &label, &score, &text, &emb}) {
    arrays.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(SampleSchema(), static_cast<int64_t>(rows.size()),
                                  std::move(arrays));
}

std::shared_ptr<arrow::RecordBatch> SampleRows(int64_t begin, int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), begin);
  return SampleRowsAt(rows);
}

std::shared_ptr<arrow::RecordBatchReader> SampleReader(int64_t begin, int64_t count,
                                                       int64_t batch_rows) {
  arrow::RecordBatchVector batches;
  for (int64_t at = 0; at < count; at += batch_rows) {
    batches.push_back(SampleRows(begin + at, std::min(batch_rows, count - at)));
  }
  return arrow::RecordBatchReader::Make(std::move(batches), SampleSchema()).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> ReadAll(arrow::RecordBatchReader* reader) {
  auto table = reader->ToTable().ValueOrDie();
  if (table->num_rows() == 0) return arrow::RecordBatch::MakeEmpty(table->schema()).ValueOrDie();
  return table->CombineChunksToBatch().ValueOrDie();
}

std::string Difference(const arrow::RecordBatch& actual, const arrow::RecordBatch& expected) {
  if (!actual.schema()->Equals(*expected.schema(), /*check_metadata=*/false)) {
    return "schema: " + actual.schema()->ToString() +
           "\nexpected: " + expected.schema()->ToString();
  }
  if (actual.num_rows() != expected.num_rows()) {
    return "rows: " + std::to_string(actual.num_rows()) + ", expected " +
           std::to_string(expected.num_rows());
  }
  for (int i = 0; i < actual.num_columns(); ++i) {
    std::ostringstream diff;
    if (!actual.column(i)->Equals(*expected.column(i),
                                  arrow::EqualOptions::Defaults().diff_sink(&diff))) {
      return "column " + actual.column_name(i) + " differs:\n" + diff.str();
    }
  }
  return "";
}

}  // namespace varve::internal::testing
