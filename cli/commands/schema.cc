// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "arrow/type.h"
#include "cli/command.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/table_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

// "FloatVector(384)", or "-" for an Arrow type that has no other name.
std::string TypeText(const FieldSchema& field) {
  if (field.data_type == DataType::kNone) return "-";
  std::string text(DataTypeName(field.data_type));
  if (field.dim > 0) text += "(" + std::to_string(field.dim) + ")";
  return text;
}

class SchemaCommand : public Command {
 public:
  void Configure(CLI::App* app) override { source_.Configure(app, /*with_file=*/true); }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    const auto& collection = source->collection_schema();
    nlohmann::ordered_json fields = nlohmann::ordered_json::array();
    TablePrinter table(console);
    if (source->is_table()) table.AddColumn("id", true);
    for (const char* title : {"name", "type", "arrow type", "null", "key"}) table.AddColumn(title);
    for (const auto& arrow_field : source->schema()->fields()) {
      const FieldSchema* field =
          collection == nullptr ? nullptr : collection->FindByName(arrow_field->name());
      nlohmann::ordered_json entry;
      std::vector<std::string> cells;
      if (source->is_table() && field != nullptr) {
        entry["field_id"] = field->field_id;
        cells.push_back(std::to_string(field->field_id));
      }
      entry["name"] = arrow_field->name();
      const std::string arrow_type = arrow_field->type()->ToString();
      const bool named = field != nullptr && field->data_type != DataType::kNone;
      entry["type"] =
          named ? nlohmann::ordered_json(DataTypeName(field->data_type)) : nlohmann::ordered_json();
      if (field != nullptr && field->dim > 0) entry["dim"] = field->dim;
      entry["arrow_type"] = arrow_type;
      entry["nullable"] = arrow_field->nullable();
      const bool key = field != nullptr && field->primary_key;
      entry["primary_key"] = key;
      fields.push_back(std::move(entry));
      cells.insert(cells.end(), {Printable(arrow_field->name()),
                                 field == nullptr ? "-" : TypeText(*field), Printable(arrow_type),
                                 arrow_field->nullable() ? "yes" : "no", key ? "yes" : ""});
      table.AddRow(std::move(cells));
    }
    if (console->json) {
      nlohmann::ordered_json document;
      if (source->is_table()) document["version"] = source->snapshot()->version();
      document["fields"] = std::move(fields);
      PrintJson(console, document);
    } else {
      table.Finish();
    }
    return Status::OK();
  }

 private:
  SourceArguments source_;
};

}  // namespace

extern const CommandEntry kSchemaCommand{"schema",
                                         "Look",
                                         "Columns with their ids and types",
                                         "",
                                         "varve schema books\nvarve schema some.parquet --json",
                                         MakeCommand<SchemaCommand>};

}  // namespace varve::cli
