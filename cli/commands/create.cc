// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "arrow/record_batch.h"
#include "cli/command.h"
#include "cli/input/input.h"
#include "cli/list_notes.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/write_arguments.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

// Types a column can be declared with; the others need a batch to show them (--like).
std::vector<std::string> TypeNames() {
  std::vector<std::string> names;
  for (const DataType type :
       {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64,
        DataType::kFloat, DataType::kDouble, DataType::kString, DataType::kVarChar, DataType::kJson,
        DataType::kText, DataType::kBinaryVector, DataType::kFloatVector, DataType::kFloat16Vector,
        DataType::kBFloat16Vector, DataType::kInt8Vector, DataType::kSparseFloatVector}) {
    names.emplace_back(DataTypeName(type));
  }
  return names;
}

// "name:Type", "name:FloatVector:384", each with ":null" at the end if rows may lack it.
Result<FieldSchema> ParseField(const std::string& text) {
  const auto invalid = [&](const std::string& why) {
    return MakeError(ErrorKind::kInvalid, "field '" + text + "': " + why);
  };
  std::vector<std::string> parts = CLI::detail::split(text, ':');
  if (parts.size() < 2) return invalid("write NAME:TYPE, NAME:TYPE:DIM, and :null if nullable");
  FieldSchema field;
  field.name = parts[0];
  if (parts.back() == "null") {
    field.nullable = true;
    parts.pop_back();
  }
  const auto type = DataTypeFromName(parts[1]);
  if (!type.ok()) {
    return invalid("unknown type '" + parts[1] + "'" + DidYouMean(parts[1], TypeNames()));
  }
  field.data_type = *type;
  if (parts.size() > 3) return invalid("too many parts");
  if (parts.size() == 3) {
    const std::string& number = parts[2];
    int32_t value = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || value <= 0) {
      return invalid("'" + number + "' is no dimension");
    }
    if (field.data_type == DataType::kVarChar) {
      field.max_length = value;
    } else {
      field.dim = value;
    }
  }
  return field;
}

class CreateCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", table_uri_, "Path or URI; there must be no table yet")->required();
    auto* field = app->add_option("--field", fields_,
                                  "NAME:TYPE or NAME:TYPE:DIM, and :null if rows may lack it; "
                                  "repeat for each column");
    app->add_option("--like", like_, "Take the columns of this file")->excludes(field);
    app->add_option("--primary-key", primary_key_, "Column whose values name rows");
    write_.Configure(app);
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const TableOptions options, write_.ToOptions());
    ARROW_ASSIGN_OR_RAISE(const auto schema, MakeSchema(console));
    ARROW_ASSIGN_OR_RAISE(const auto table, Table::Create(table_uri_, schema, options));
    if (console->json) {
      nlohmann::ordered_json document;
      document["table"] = table->uri();
      document["version"] = table->snapshot()->version();
      document["columns"] = schema->fields().size();
      PrintJson(console, document);
    } else {
      console->Say("an empty table, version " + std::to_string(table->snapshot()->version()) +
                   " of " + table->uri() + "; fill it with 'varve import'");
    }
    return Status::OK();
  }

 private:
  Result<std::shared_ptr<const CollectionSchema>> MakeSchema(Console* console) const {
    if (!like_.empty()) {
      ARROW_ASSIGN_OR_RAISE(const Input input, OpenInput(like_, {}));
      std::shared_ptr<arrow::RecordBatch> sample;
      ARROW_RETURN_NOT_OK(input.reader->ReadNext(&sample));
      ARROW_ASSIGN_OR_RAISE(auto schema, CollectionSchema::FromArrow(*input.reader->schema(),
                                                                     sample.get(), primary_key_));
      for (const std::string& note : ListNotes(*schema, sample.get())) {
        console->Say(Printable(note));
      }
      return schema;
    }
    if (fields_.empty()) {
      return MakeError(ErrorKind::kInvalid, "name columns with --field, or a file with --like");
    }
    std::vector<FieldSchema> fields;
    std::vector<std::string> names;
    bool key_found = primary_key_.empty();
    for (const std::string& text : fields_) {
      ARROW_ASSIGN_OR_RAISE(auto field, ParseField(text));
      field.primary_key = !primary_key_.empty() && field.name == primary_key_;
      key_found = key_found || field.primary_key;
      names.push_back(field.name);
      fields.push_back(std::move(field));
    }
    if (!key_found) {
      return MakeError(ErrorKind::kInvalid, "the primary key '" + primary_key_ +
                                                "' is none of the fields" +
                                                DidYouMean(primary_key_, names));
    }
    return CollectionSchema::Make(std::move(fields));
  }

  std::string table_uri_;
  std::vector<std::string> fields_;
  std::string like_;
  std::string primary_key_;
  WriteArguments write_;
};

}  // namespace

extern const CommandEntry kCreateCommand{
    "create",
    "Write",
    "An empty table with the columns you name",
    "Types: Bool, Int8 to Int64, Float, Double, VarChar (:max length), Text, JSON, and the "
    "vectors\n"
    "FloatVector, Float16Vector, BFloat16Vector, Int8Vector, BinaryVector (:dimension).",
    "varve create books --field id:Int64 --field title:VarChar --field emb:FloatVector:384 "
    "--primary-key id\n"
    "varve create books --like sample.parquet --primary-key id",
    MakeCommand<CreateCommand>};

}  // namespace varve::cli
