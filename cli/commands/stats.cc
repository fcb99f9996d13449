// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/column_statistics.h"
#include "cli/command.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/progress_reader.h"
#include "cli/output/table_printer.h"
#include "cli/output/value_text.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

constexpr int kWidestBound = 24;

std::string NormText(double norm) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.4g", norm);
  return text.data();
}

class StatsCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    AddColumnsOption(app, &columns_, "Only these columns");
    app->add_flag("--scan", scan_, "From the rows themselves, not from the footers");
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    const auto names = SplitNames(columns_);
    ARROW_RETURN_NOT_OK(source->CheckColumns(names));
    const auto wanted = [&](const std::string& name) {
      return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    };
    std::vector<ColumnSummary> columns;
    if (scan_) {
      ARROW_RETURN_NOT_OK(FromRows(*source, names, console, &columns));
    } else {
      ARROW_RETURN_NOT_OK(FromFooters(*source, wanted, &columns));
    }
    if (console->json) {
      PrintDocument(console, *source, columns);
    } else if (scan_) {
      PrintScanned(console, columns);
    } else {
      PrintFooters(console, columns);
    }
    return Status::OK();
  }

 private:
  template <typename Wanted>
  static Status FromFooters(const Source& source, Wanted wanted,
                            std::vector<ColumnSummary>* columns) {
    for (const SegmentInfo& segment : source.segments()) {
      for (const FileInfo& file : segment.files) {
        ARROW_ASSIGN_OR_RAISE(const auto summary, SummarizeParquet(source.store(), file.path));
        for (const RowGroupSummary& row_group : summary.row_groups) {
          for (const ColumnChunkSummary& chunk : row_group.columns) {
            if (!wanted(chunk.top_level)) continue;
            auto found = std::find_if(columns->begin(), columns->end(), [&](const auto& column) {
              return column.name == chunk.column;
            });
            if (found == columns->end()) {
              columns->push_back({.name = chunk.column});
              found = columns->end() - 1;
            }
            ARROW_RETURN_NOT_OK(AddChunk(chunk, &*found));
          }
        }
      }
    }
    // In the order of the schema, whichever files columns are in.
    const auto order = [&](const ColumnSummary& column) {
      const int index =
          source.schema()->GetFieldIndex(column.name.substr(0, column.name.find('.')));
      return index < 0 ? source.schema()->num_fields() : index;
    };
    std::stable_sort(columns->begin(), columns->end(),
                     [&](const auto& a, const auto& b) { return order(a) < order(b); });
    return Status::OK();
  }

  static Status FromRows(const Source& source, const std::vector<std::string>& names,
                         Console* console, std::vector<ColumnSummary>* columns) {
    ARROW_ASSIGN_OR_RAISE(auto rows, source.Scan({.columns = names}));
    ProgressReader reader(std::move(rows), "scanning", source.num_rows(), console);
    for (const auto& field : reader.schema()->fields()) {
      columns->push_back({.name = field->name(), .type = field->type()});
    }
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      for (int i = 0; i < batch->num_columns(); ++i) {
        ARROW_RETURN_NOT_OK(AddValues(batch->column(i), &(*columns)[i]));
      }
    }
  }

  static std::string Bound(const std::shared_ptr<arrow::Scalar>& scalar, bool known) {
    return scalar == nullptr || !known ? "-" : ScalarCell(*scalar, kWidestBound);
  }

  static void PrintFooters(Console* console, const std::vector<ColumnSummary>& columns) {
    TablePrinter table(console);
    table.AddColumn("column");
    table.AddColumn("values", true);
    table.AddColumn("nulls", true);
    table.AddColumn("min");
    table.AddColumn("max");
    table.AddColumn("bytes", true);
    table.AddColumn("raw", true);
    table.AddColumn("encoding");
    for (const ColumnSummary& column : columns) {
      std::string encodings;
      for (const std::string& encoding : column.encodings) {
        encodings += (encodings.empty() ? "" : ", ") + encoding;
      }
      table.AddRow({Printable(column.name), FormatCount(column.num_values),
                    column.null_count < 0 ? "-" : FormatCount(column.null_count),
                    Bound(column.min, column.bounds_known), Bound(column.max, column.bounds_known),
                    FormatBytes(column.compressed_bytes), FormatBytes(column.uncompressed_bytes),
                    encodings});
    }
    table.Finish();
  }

  static void PrintScanned(Console* console, const std::vector<ColumnSummary>& columns) {
    TablePrinter table(console);
    table.AddColumn("column");
    table.AddColumn("values", true);
    table.AddColumn("nulls", true);
    table.AddColumn("min");
    table.AddColumn("max");
    table.AddColumn("vector length (min, mean, max)");
    for (const ColumnSummary& column : columns) {
      std::string norms;
      if (column.num_vectors > 0) {
        norms = NormText(column.smallest_norm) + ", " +
                NormText(column.sum_of_norms / static_cast<double>(column.num_vectors)) + ", " +
                NormText(column.largest_norm);
      }
      if (column.zero > 0) norms += "; " + FormatCount(column.zero) + " of length 0";
      if (column.non_finite > 0) {
        norms += "; " + FormatCount(column.non_finite) + " with NaN or infinity";
      }
      table.AddRow({Printable(column.name), FormatCount(column.num_values),
                    FormatCount(column.null_count), Bound(column.min, column.bounds_known),
                    Bound(column.max, column.bounds_known), norms});
    }
    table.Finish();
  }

  void PrintDocument(Console* console, const Source& source,
                     const std::vector<ColumnSummary>& columns) const {
    nlohmann::ordered_json document;
    document["location"] = source.location();
    if (source.is_table()) document["version"] = source.snapshot()->version();
    document["rows"] = source.num_rows();
    document["from"] = scan_ ? "rows" : "footers";
    document["columns"] = nlohmann::ordered_json::array();
    for (const ColumnSummary& column : columns) {
      nlohmann::ordered_json entry;
      entry["column"] = column.name;
      if (column.type != nullptr) entry["arrow_type"] = column.type->ToString();
      entry["values"] = column.num_values;
      entry["nulls"] = column.null_count < 0 ? nlohmann::ordered_json()
                                             : nlohmann::ordered_json(column.null_count);
      for (const auto& [key, scalar] : {std::pair{"min", column.min}, {"max", column.max}}) {
        entry[key] = scalar == nullptr || !column.bounds_known
                         ? nlohmann::ordered_json()
                         : nlohmann::ordered_json::parse(ScalarJson(*scalar));
      }
      if (!scan_) {
        entry["bytes"] = column.compressed_bytes;
        entry["uncompressed_bytes"] = column.uncompressed_bytes;
        entry["encodings"] = column.encodings;
      }
      if (column.num_vectors + column.non_finite > 0) {
        nlohmann::ordered_json norms;
        norms["min"] = column.smallest_norm;
        norms["mean"] = column.num_vectors == 0
                            ? 0
                            : column.sum_of_norms / static_cast<double>(column.num_vectors);
        norms["max"] = column.largest_norm;
        norms["zero"] = column.zero;
        norms["non_finite"] = column.non_finite;
        entry["vector_length"] = std::move(norms);
      }
      document["columns"].push_back(std::move(entry));
    }
    PrintJson(console, document);
  }

  SourceArguments source_;
  std::vector<std::string> columns_;
  bool scan_ = false;
};

}  // namespace

extern const CommandEntry kStatsCommand{
    "stats",
    "Look",
    "Values, nulls, bounds, bytes and encodings of each column",
    "Footers know no bounds of vectors and lists; --scan adds the lengths of vectors.",
    "varve stats books\nvarve stats books --scan --columns year,embedding\nvarve stats "
    "some.parquet --json",
    MakeCommand<StatsCommand>};

}  // namespace varve::cli
