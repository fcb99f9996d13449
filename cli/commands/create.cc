// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "cli/command.h"
#include "cli/input/input.h"
#include "cli/list_notes.h"
#include "cli/opened_stores.h"
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
        DataType::kText, DataType::kGeometry, DataType::kTimestamptz, DataType::kBinaryVector,
        DataType::kFloatVector, DataType::kFloat16Vector, DataType::kBFloat16Vector,
        DataType::kInt8Vector, DataType::kSparseFloatVector}) {
    names.emplace_back(DataTypeName(type));
  }
  return names;
}

// The value that rows without the field get, read as its type.
Result<std::shared_ptr<arrow::Scalar>> ParseDefault(const FieldSchema& field,
                                                    const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(const auto type, DefaultArrowType(field));
  auto value = arrow::is_nested(type->id()) || IsDenseVector(field.data_type)
                   ? Status::Invalid("only scalars have defaults")
                   : arrow::Scalar::Parse(type, text);
  if (value.ok()) return value;
  return MakeError(ErrorKind::kInvalid, "default value does not fit",
                   {.field = field.name, .expected = type->ToString(), .found = text});
}

bool IsText(DataType type) {
  return type == DataType::kString || type == DataType::kVarChar || type == DataType::kText;
}

// "name:Type", "name:FloatVector:384", with ":null" if rows may lack it, ":finite" if NaN and
// infinity are refused, and ":default=VALUE" at the end.
Result<FieldSchema> ParseField(std::string text) {
  const auto invalid = [&](const std::string& why) {
    return MakeError(ErrorKind::kInvalid, "field '" + text + "': " + why);
  };
  // A default may have colons of its own.
  constexpr std::string_view kDefaultMark = ":default=";
  const size_t mark = text.find(kDefaultMark);
  const bool has_default = mark != std::string::npos;
  std::vector<std::string> parts = CLI::detail::split(text.substr(0, mark), ':');
  if (parts.size() < 2) {
    return invalid("write NAME:TYPE or NAME:TYPE:DIM, and :null, :finite or :default=VALUE");
  }
  FieldSchema field;
  field.name = parts[0];
  for (; parts.size() > 2; parts.pop_back()) {
    if (parts.back() == "null") {
      field.nullable = true;
    } else if (parts.back() == "finite") {
      field.allow_non_finite = false;
    } else {
      break;
    }
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
    if (IsText(field.data_type)) {
      field.max_length = value;
    } else {
      field.dim = value;
    }
  }
  if (!field.allow_non_finite && !IsDenseVector(field.data_type) &&
      field.data_type != DataType::kSparseFloatVector) {
    return invalid("only vectors are checked for being finite");
  }
  if (has_default) {
    ARROW_ASSIGN_OR_RAISE(field.default_value,
                          ParseDefault(field, text.substr(mark + kDefaultMark.size())));
  }
  return field;
}

class CreateCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", table_uri_, "Path or URI; there must be no table yet")->required();
    auto* field = app->add_option("--field", fields_,
                                  "NAME:TYPE or NAME:TYPE:DIM, and :null if rows may lack it, "
                                  ":finite to refuse NaN and infinity in vectors, "
                                  ":default=VALUE at the end; repeat for each column");
    app->add_option("--like", like_, "Take the columns of this file")->excludes(field);
    app->add_option("--primary-key", primary_key_, "Column whose values name rows");
    write_.Configure(app);
  }

  Status Run(Console* console) override {
    ARROW_RETURN_NOT_OK(write_.store.Locate(&table_uri_));
    ARROW_ASSIGN_OR_RAISE(const TableOptions options, write_.ToOptions(table_uri_));
    ARROW_ASSIGN_OR_RAISE(const auto schema, MakeSchema(console));
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(table_uri_, options.store));
    ARROW_ASSIGN_OR_RAISE(const auto table, Table::Create(store, schema, options));
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
      ARROW_ASSIGN_OR_RAISE(const Input input, OpenInput(like_, {.store = write_.store}));
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
    "Types: Bool, Int8, Int16, Int32, Int64, Float, Double, Timestamptz, JSON, Geometry,\n"
    "SparseFloatVector; String, VarChar and Text (:max length); FloatVector, Float16Vector,\n"
    "BFloat16Vector, Int8Vector and BinaryVector (:dimension).",
    "varve create books --field id:Int64 --field title:VarChar --field emb:FloatVector:384 "
    "--primary-key id\n"
    "varve create shelf --field title:VarChar:200:default=untitled --field "
    "emb:FloatVector:384:null:finite\n"
    "varve create books --like sample.parquet --primary-key id",
    MakeCommand<CreateCommand>};

}  // namespace varve::cli
