// SPDX-License-Identifier: Apache-2.0
#include "varve/table.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "capsule.h"
#include "columns.h"
#include "errors.h"
#include "filter.h"
#include "input.h"
#include "nanobind/stl/map.h"
#include "nanobind/stl/optional.h"
#include "nanobind/stl/string.h"
#include "nanobind/stl/vector.h"
#include "row_numbers.h"
#include "rows.h"
#include "schema.h"
#include "signals.h"
#include "table.h"
#include "varve/codec.h"
#include "varve/storage_metrics.h"
#include "varve/table_configuration.h"

namespace varve::python {
namespace {

using Text = std::optional<std::string>;
using Layouts = std::map<std::string, std::string>;
using Codecs = std::map<std::string, std::string>;
using StorageOptions = std::map<std::string, std::string>;

constexpr double kNanosPerSecond = 1e9;

struct PyTable {
  std::shared_ptr<Table> table;
};

Result<VectorLayout> LayoutOf(const std::string& field, const std::string& name) {
  if (name == "fixed") return VectorLayout::kFixedBinary;
  if (name == "list") return VectorLayout::kList;
  if (name == "compact") return VectorLayout::kCompact;
  return MakeError(ErrorKind::kInvalid, "unknown layout",
                   {.field = field, .expected = "fixed, list or compact", .found = name});
}

// `schema` with the layouts a caller chose.
Result<std::shared_ptr<const CollectionSchema>> WithLayouts(
    std::shared_ptr<const CollectionSchema> schema, const Layouts& layouts) {
  if (layouts.empty()) return schema;
  std::vector<FieldSchema> fields = schema->fields();
  for (const auto& [name, layout] : layouts) {
    const auto field =
        std::find_if(fields.begin(), fields.end(),
                     [&name = name](const FieldSchema& f) { return f.name == name; });
    if (field == fields.end()) {
      return MakeError(ErrorKind::kInvalid, "layout names an unknown column", {.field = name});
    }
    ARROW_ASSIGN_OR_RAISE(field->layout, LayoutOf(name, layout));
  }
  return CollectionSchema::Make(std::move(fields), schema->max_field_id());
}

// Timestamp, where rows bring it, is no field of the schema. `first` may be null.
Status DropTimestamps(std::shared_ptr<arrow::Schema>* columns,
                      std::shared_ptr<arrow::RecordBatch>* first) {
  const int timestamp = (*columns)->GetFieldIndex(std::string(kTimestampFieldName));
  if (timestamp < 0) return Status::OK();  // its absence is told when rows are read
  ARROW_ASSIGN_OR_RAISE(*columns, (*columns)->RemoveField(timestamp));
  if (*first != nullptr) {
    ARROW_ASSIGN_OR_RAISE(*first, (*first)->RemoveColumn(timestamp));
  }
  return Status::OK();
}

void Warn(const std::string& words) {
  if (PyErr_WarnEx(PyExc_UserWarning, words.c_str(), 2) != 0) throw nb::python_error();
}

Result<std::map<std::string, FieldWriteOptions>> ParseCodecs(const Codecs& codecs) {
  std::map<std::string, FieldWriteOptions> fields;
  for (const auto& [field, codec] : codecs) {
    ARROW_ASSIGN_OR_RAISE(fields[field], ParseCodec(codec, field));
  }
  return fields;
}

// What a caller of create and open says beside the address.
struct Settings {
  Text configuration;    // a file, or the text of one
  bool is_text = false;  // which of the two
  bool sync = true;
  bool map_files = true;
  int64_t commit_deadline_millis = 0;
  StorageOptions storage_options;

  // The address goes to where the configuration says; what the caller says goes before that.
  Result<TableOptions> ToOptions(std::string* uri, std::vector<std::string>* warnings) const {
    std::optional<StorageConfiguration> found;
    if (is_text) {
      ARROW_ASSIGN_OR_RAISE(found, StorageConfiguration::Parse(*configuration));
    } else {
      ARROW_ASSIGN_OR_RAISE(found, FindConfiguration(configuration.value_or("")));
    }
    TableOptions options;
    if (found.has_value()) {
      *uri = Locate(*found, *uri);
      options = TableOptionsFrom(*found, *uri);
      *warnings = found->warnings;
    }
    for (const auto& [name, value] : storage_options) {
      options.store.storage_options.insert_or_assign(name, value);
    }
    options.store.sync = sync;
    options.map_files = map_files;
    options.commit_deadline = std::chrono::milliseconds(commit_deadline_millis);
    return options;
  }
};

TableOptions OptionsOrThrow(const Settings& settings, std::string* uri) {
  std::vector<std::string> warnings;
  auto options = ValueOrThrow(settings.ToOptions(uri, &warnings));
  for (const std::string& warning : warnings) Warn(warning);
  return options;
}

bool IsListOf(const arrow::DataType& type, arrow::Type::type item) {
  return arrow::is_list_like(type.id()) &&
         static_cast<const arrow::BaseListType&>(type).value_type()->id() == item;
}

// Lists of numbers that did not become vectors: their owner may have meant some. And numbers that
// were rounded to make vectors.
void WarnOfLists(const CollectionSchema& schema, const arrow::Schema& input) {
  for (const FieldSchema& field : schema.fields()) {
    const auto given = input.GetFieldByName(field.name);
    if (field.data_type == DataType::kFloatVector && given != nullptr &&
        IsListOf(*given->type(), arrow::Type::DOUBLE)) {
      Warn("the numbers of column '" + field.name +
           "' are float64; its vectors are float32, so they are rounded (astype('float32') says "
           "that this is meant)");
      continue;
    }
    const auto& type = *field.arrow_type;
    // Integers of varying length are tags and counts more often than vectors.
    const bool fixed =
        type.id() == arrow::Type::FIXED_SIZE_LIST && field.data_type == DataType::kNone;
    if (!fixed && !arrow::is_var_length_list(type.id())) continue;
    const auto item = static_cast<const arrow::BaseListType&>(type).value_type()->id();
    if (!(fixed ? arrow::is_numeric(item) : arrow::is_floating(item))) continue;
    Warn("column '" + field.name +
         "' is stored as lists, not as vectors: give it as fixed-size lists of floats to have "
         "vectors");
  }
}

PyTable Create(std::string uri, nb::handle data, const Text& primary_key, const Layouts& layouts,
               const Text& compression, const Codecs& codecs, const Text& message,
               bool keeps_timestamps, const Settings& settings) {
  CreateOptions options{.primary_key = primary_key.value_or(""),
                        .message = message.value_or(""),
                        .keeps_timestamps = keeps_timestamps};
  options.table = OptionsOrThrow(settings, &uri);
  if (compression.has_value()) {
    options.table.write.defaults = ValueOrThrow(ParseCodec(*compression));
  }
  options.table.write.fields = ValueOrThrow(ParseCodecs(codecs));
  const std::string& key = options.primary_key;
  if (IsSchema(data)) {
    auto arrow_schema = ImportSchemaOf(data);
    return {ValueOrThrow(WithoutGil([&]() -> Result<std::shared_ptr<Table>> {
      ARROW_ASSIGN_OR_RAISE(auto schema, CollectionSchema::FromArrow(*arrow_schema, nullptr, key));
      ARROW_ASSIGN_OR_RAISE(schema, WithLayouts(std::move(schema), layouts));
      return Table::Create(uri, std::move(schema), nullptr, options);
    }))};
  }
  Input input = MakeInput(data);
  const auto given = input.reader->schema();
  auto made = WithoutGil([&]() -> Result<std::shared_ptr<Table>> {
    if (layouts.empty()) return Table::Create(uri, nullptr, input.reader, options);
    ARROW_ASSIGN_OR_RAISE(auto rows, PeekRows(input.reader));
    auto columns = rows.second->schema();
    if (keeps_timestamps) ARROW_RETURN_NOT_OK(DropTimestamps(&columns, &rows.first));
    ARROW_ASSIGN_OR_RAISE(auto schema,
                          CollectionSchema::FromArrow(*columns, rows.first.get(), key));
    ARROW_ASSIGN_OR_RAISE(schema, WithLayouts(std::move(schema), layouts));
    return Table::Create(uri, std::move(schema), rows.second, options);
  });
  if (!made.ok()) input.pending->ThrowIfSet();
  auto table = ValueOrThrow(std::move(made));
  WarnOfLists(*table->snapshot()->schema(), *given);
  return {std::move(table)};
}

PyTable Open(std::string uri, uint64_t version, int64_t as_of_micros, const Settings& settings) {
  OpenOptions options{.version = version, .as_of_micros = as_of_micros};
  options.table = OptionsOrThrow(settings, &uri);
  return {ValueOrThrow(WithoutGil([&] { return Table::Open(uri, options); }))};
}

uint64_t Append(const PyTable& self, nb::handle data, const Text& message, const Text& compression,
                const std::optional<Codecs>& codecs, bool keeps_timestamps) {
  AppendOptions options{.message = message.value_or(""), .keeps_timestamps = keeps_timestamps};
  if (compression.has_value()) options.defaults = ValueOrThrow(ParseCodec(*compression));
  options.fields = ValueOrThrow(ParseCodecs(codecs.value_or(Codecs())));
  Input input = MakeInput(data);
  auto commit = WithoutGil([&] { return self.table->Append(input.reader, options); });
  if (!commit.ok()) input.pending->ThrowIfSet();
  return ValueOrThrow(std::move(commit)).version;
}

uint64_t ResolveCommit(const PyTable& self, const std::string& token) {
  return ValueOrThrow(WithoutGil([&] { return self.table->Resolve(token); })).version;
}

nb::object MetricsOf(const PyTable& self) {
  const auto metrics = self.table->store().Metrics();
  if (!metrics.has_value()) return nb::none();
  const nb::module_ varve = nb::module_::import_("varve");
  nb::list operations;
  for (const OperationMetrics& each : metrics->operations) {
    operations.append(varve.attr("OperationMetrics")(
        each.operation, each.outcome, each.calls, each.requests, each.bytes,
        static_cast<double>(each.latency.sum_nanos) / kNanosPerSecond));
  }
  return varve.attr("StorageMetrics")(metrics->calls(), metrics->errors(), metrics->requests(),
                                      metrics->bytes(), operations,
                                      metrics->ToPrometheus(self.table->store().uri()));
}

PyRows Scan(const PyTable& self, nb::handle columns, nb::handle filter,
            std::optional<int64_t> limit, int64_t batch_size, bool verify) {
  if (limit.has_value() && *limit < 0) ThrowInvalid("limit is negative");
  if (batch_size < 1) ThrowInvalid("batch_size must be at least 1");
  const Columns wanted = ParseColumns(columns);
  const Filter parsed = ParseFilter(filter);
  ScanOptions options;
  options.columns = wanted.names;
  options.filter = parsed.text;
  options.expression = parsed.expression;
  options.limit = limit.value_or(INT64_MAX);
  options.batch_size = batch_size;
  options.verify = verify;
  return {self.table->snapshot(), std::move(options), wanted.none};
}

PyRows RowsOf(std::shared_ptr<arrow::RecordBatch> batch, const Columns& columns) {
  return PyRows(columns.none ? WithoutColumns(*batch) : std::move(batch));
}

PyRows Take(const PyTable& self, nb::handle rows, nb::handle columns, bool verify) {
  const std::vector<int64_t> numbers = ParseRowNumbers(rows, "row");
  const Columns wanted = ParseColumns(columns);
  const TakeOptions options{wanted.names, verify};
  auto snapshot = self.table->snapshot();
  return RowsOf(ValueOrThrow(WithoutGil([&] { return snapshot->Take(numbers, options); })), wanted);
}

PyRows TakeRowIds(const PyTable& self, nb::handle ids, nb::handle columns, bool verify) {
  const std::vector<int64_t> numbers = ParseRowNumbers(ids, "row id");
  const std::vector<uint64_t> row_ids(numbers.begin(), numbers.end());
  const Columns wanted = ParseColumns(columns);
  const TakeOptions options{wanted.names, verify};
  auto snapshot = self.table->snapshot();
  return RowsOf(ValueOrThrow(WithoutGil([&] { return snapshot->TakeRowIds(row_ids, options); })),
                wanted);
}

int64_t Count(const PyTable& self, nb::handle filter) {
  const Filter parsed = ParseFilter(filter);
  auto snapshot = self.table->snapshot();
  return ValueOrThrow(WithoutGil([&] {
    return parsed.expression != nullptr ? snapshot->Count(*parsed.expression)
                                        : snapshot->Count(parsed.text);
  }));
}

std::vector<std::string> Verify(const PyTable& self, bool deep) {
  auto snapshot = self.table->snapshot();
  std::vector<std::string> problems;
  ThrowIfError(WithoutGil([&] { return snapshot->Verify(deep, &problems); }));
  return problems;
}

uint64_t Refresh(const PyTable& self) {
  ThrowIfError(WithoutGil([&] { return self.table->Refresh(); }));
  return self.table->snapshot()->version();
}

nb::list Versions(const PyTable& self, std::optional<int64_t> limit) {
  auto history =
      ValueOrThrow(WithoutGil([&] { return self.table->History(limit.value_or(INT64_MAX)); }));
  nb::object version_class = nb::module_::import_("varve").attr("Version");
  nb::list out;
  for (const VersionInfo& info : history) {
    out.append(version_class(info.version, info.commit_micros, info.operation, info.rows_added,
                             info.rows_removed, info.num_rows, info.message));
  }
  return out;
}

std::string Describe(const PyTable& self) {
  auto snapshot = self.table->snapshot();
  return "<varve.Table '" + self.table->uri() + "': version " +
         std::to_string(snapshot->version()) + ", " + std::to_string(snapshot->num_rows()) +
         " rows>";
}

}  // namespace

void DefineTable(nb::module_& module) {
  const auto none = nb::none();
  nb::class_<PyTable>(
      module, "Table",
      "Rows in versions, each version an atomic commit. Made by varve.create and varve.open.")
      .def_prop_ro("uri", [](const PyTable& self) { return self.table->uri(); })
      .def_prop_ro(
          "version", [](const PyTable& self) { return self.table->snapshot()->version(); },
          "The version that reads see.")
      .def_prop_ro(
          "schema",
          [](const PyTable& self) { return PySchema{self.table->snapshot()->schema()->ToArrow()}; })
      .def("__len__", [](const PyTable& self) { return self.table->snapshot()->num_rows(); })
      .def("append", Append, nb::arg("data").none(), nb::arg("message") = none, nb::kw_only(),
           nb::arg("compression") = none, nb::arg("codec") = none,
           nb::arg("keeps_timestamps") = false,
           "Commits the rows of data as one version and returns its number. Nothing is visible "
           "unless it returns. compression, codec and keeps_timestamps are as for varve.create, "
           "for these rows.")
      .def("resolve_commit", ResolveCommit, nb::arg("token"),
           "Settles an append that raised CommitUnknownError: the version that it became. Raises "
           "CommitConflictError if it did not happen and never will, CommitUnknownError if it may "
           "still.")
      .def("storage_metrics", MetricsOf,
           "What the store was asked so far, and how it answered; None where nobody counts.")
      .def("scan", Scan, nb::arg("columns") = none, nb::arg("filter") = none,
           nb::arg("limit") = none, nb::arg("batch_size") = 8192, nb::arg("verify") = true,
           "Rows in order, those for which filter is true: text, or an expression of "
           "pyarrow.compute.")
      .def("take", Take, nb::arg("rows").none(), nb::arg("columns") = none,
           nb::arg("verify") = true, "Rows by position, in the order given; positions may repeat.")
      .def("take_row_ids", TakeRowIds, nb::arg("ids").none(), nb::arg("columns") = none,
           nb::arg("verify") = true,
           "Rows by row id (the column RowID), which outlives compaction.")
      .def("count", Count, nb::arg("filter") = none,
           "How many rows there are, for which filter is true.")
      .def("refresh", Refresh, "Looks for newer versions; the version that reads see from now on.")
      .def("versions", Versions, nb::arg("limit") = none, "The history, newest first.")
      .def("verify", Verify, nb::arg("deep") = false,
           "Compares the metadata with the files; deep reads every byte. One line a problem.")
      .def("__repr__", Describe);
  nb::class_<Settings>(module, "_Settings")
      .def(nb::init<Text, bool, bool, bool, int64_t, StorageOptions>(), nb::arg("config").none(),
           nb::arg("is_text"), nb::arg("sync"), nb::arg("map_files"),
           nb::arg("commit_deadline_millis"), nb::arg("storage_options"));
  module.def("_create", Create, nb::arg("uri"), nb::arg("data").none(),
             nb::arg("primary_key") = none, nb::arg("layouts"), nb::arg("compression") = none,
             nb::arg("codecs"), nb::arg("message") = none, nb::arg("keeps_timestamps"),
             nb::arg("settings"));
  module.def("_open", Open, nb::arg("uri"), nb::arg("version"), nb::arg("as_of_micros"),
             nb::arg("settings"));
}

}  // namespace varve::python
