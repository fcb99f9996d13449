// SPDX-License-Identifier: Apache-2.0
#include "cli/output/row_printer.h"

#include <algorithm>
#include <cstdint>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/output/display_text.h"
#include "cli/output/value_text.h"

namespace varve::cli {
namespace {

// Rows that decide the widths of a table.
constexpr size_t kRowsToMeasure = 1000;
constexpr int kWidestCell = 48;

}  // namespace

std::vector<std::string> JsonKeys(const arrow::Schema& schema) {
  std::vector<std::string> keys;
  for (const auto& field : schema.fields()) {
    std::string key;
    AppendJsonText(field->name(), &key);
    keys.push_back(key + ":");
  }
  return keys;
}

void AppendJsonRow(const arrow::RecordBatch& batch, int64_t row,
                   const std::vector<std::string>& keys, std::string* out) {
  out->push_back('{');
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (i > 0) out->push_back(',');
    out->append(keys[i]);
    AppendJson(*batch.column(i), row, out);
  }
  out->push_back('}');
}

RowPrinter::RowPrinter(Console* console, const arrow::Schema& schema)
    : console_(console), table_(console), json_keys_(JsonKeys(schema)) {
  for (const auto& field : schema.fields()) {
    table_.AddColumn(Printable(field->name()), IsRightAligned(*field->type()));
  }
}

void RowPrinter::Print(const arrow::RecordBatch& batch) {
  num_rows_ += batch.num_rows();
  std::string line;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    if (console_->json) {
      line.clear();
      AppendJsonRow(batch, row, json_keys_, &line);
      console_->DataLine(line);
      continue;
    }
    std::vector<std::string> cells;
    for (int i = 0; i < batch.num_columns(); ++i) {
      cells.push_back(CellText(*batch.column(i), row, kWidestCell));
    }
    table_.AddRow(std::move(cells));
    if (table_.num_pending() >= kRowsToMeasure) table_.Flush();
  }
}

void RowPrinter::Finish() {
  if (!console_->json) table_.Finish();
}

Status RowPrinter::PrintAll(arrow::RecordBatchReader* reader, int64_t limit) {
  while (num_rows_ < limit) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    Print(*batch->Slice(0, std::min(batch->num_rows(), limit - num_rows_)));
  }
  Finish();
  return Status::OK();
}

}  // namespace varve::cli
