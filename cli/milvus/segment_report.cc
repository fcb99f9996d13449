// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/segment_report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "arrow/scalar.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/table_printer.h"
#include "cli/parquet_summary.h"

namespace varve::cli {
namespace {

using json = nlohmann::ordered_json;

struct NamedField {
  std::optional<int64_t> id;
  std::string name;
};

std::string NameOf(int64_t field_id, const CollectionSchema& schema) {
  if (field_id == kRowIdFieldId) return std::string(kRowIdFieldName);
  if (field_id == kTimestampFieldId) return std::string(kTimestampFieldName);
  const FieldSchema* field = schema.FindById(field_id);
  return field == nullptr ? "-" : field->name;
}

std::optional<int64_t> IdOf(const std::string& name, const CollectionSchema& schema) {
  if (name == kRowIdFieldName) return kRowIdFieldId;
  if (name == kTimestampFieldName) return kTimestampFieldId;
  const FieldSchema* field = schema.FindByName(name);
  return field == nullptr ? std::nullopt : std::optional(field->field_id);
}

// Of a column group; none where neither metadata nor a file tell.
Result<std::vector<NamedField>> FieldsOf(const FieldBinlog& group, const CollectionSchema& schema,
                                         const std::shared_ptr<ChunkManager>& store) {
  std::vector<NamedField> fields;
  for (const int64_t id : group.child_fields) fields.push_back({id, NameOf(id, schema)});
  if (!fields.empty() || group.logs.empty()) return fields;
  const auto file = SummarizeParquet(store, group.logs.front().path);
  if (IsNotFound(file.status())) return fields;
  ARROW_RETURN_NOT_OK(file.status());
  if (file->row_groups.empty()) return fields;
  // Leaves of one column stand side by side.
  for (const ColumnChunkSummary& column : file->row_groups.front().columns) {
    if (!fields.empty() && fields.back().name == column.top_level) continue;
    fields.push_back({IdOf(column.top_level, schema), column.top_level});
  }
  return fields;
}

std::array<const std::vector<FieldBinlog>*, 4> ListsOf(const SegmentFiles& files) {
  return {&files.inserts, &files.deltas, &files.statistics, &files.bm25};
}

json Describe(const FieldBinlog& list, const MilvusCollection& collection) {
  json described;
  described["logs"] = json::array();
  json missing = json::array();
  for (const Binlog& log : list.logs) {
    described["logs"].push_back(log.path);
    if (collection.missing.contains(log.path)) missing.push_back(log.path);
  }
  described["bytes"] = NumBytes({list});
  described["missing"] = std::move(missing);
  return described;
}

json DescribeByField(const std::vector<FieldBinlog>& lists, const MilvusCollection& collection) {
  json described = json::array();
  for (const FieldBinlog& list : lists) {
    json entry = {{"field_id", list.field_id}, {"name", NameOf(list.field_id, *collection.schema)}};
    entry.update(Describe(list, collection));
    described.push_back(std::move(entry));
  }
  return described;
}

Result<json> DescribeGroups(const SegmentFiles& files, const MilvusCollection& collection,
                            const std::shared_ptr<ChunkManager>& store) {
  json described = json::array();
  for (const FieldBinlog& group : files.inserts) {
    json entry = {{"group_id", group.field_id}, {"fields", json::array()}};
    ARROW_ASSIGN_OR_RAISE(const auto fields, FieldsOf(group, *collection.schema, store));
    for (const NamedField& field : fields) {
      entry["fields"].push_back(
          {{"field_id", field.id ? json(*field.id) : json()}, {"name", field.name}});
    }
    entry.update(Describe(group, collection));
    described.push_back(std::move(entry));
  }
  return described;
}

Status PrintJsonOf(Console* console, const std::shared_ptr<ChunkManager>& store,
                   const MilvusCollection& collection, const SegmentFiles& files,
                   std::optional<int64_t> num_deletes, bool is_level_zero) {
  json document = SegmentSummary(collection, files, is_level_zero);
  document["deletes"] = num_deletes ? json(*num_deletes) : json();
  if (files.version == StorageVersion::kV1) {
    document["fields"] = DescribeByField(files.inserts, collection);
  } else {
    ARROW_ASSIGN_OR_RAISE(document["fields"], DescribeGroups(files, collection, store));
  }
  document["deltas"] = json::array();
  for (const FieldBinlog& list : files.deltas)
    document["deltas"].push_back(Describe(list, collection));
  document["statistics"] = DescribeByField(files.statistics, collection);
  document["bm25_statistics"] = DescribeByField(files.bm25, collection);
  PrintJson(console, document);
  return Status::OK();
}

void PrintFacts(Console* console, const MilvusCollection& collection, const SegmentFiles& files,
                std::optional<int64_t> num_deletes, bool is_level_zero) {
  const auto line = [&](const std::string& name, const std::string& text) {
    console->DataLine(console->Bold(PadToWidth(name, 12, false)) + Printable(text));
  };
  line("segment", std::to_string(files.segment_id));
  line("collection", std::to_string(files.collection_id) +
                         (collection.name.empty() ? "" : ", " + collection.name));
  const auto partition = collection.partitions.find(files.partition_id);
  const bool is_named = partition != collection.partitions.end() && !partition->second.empty();
  line("partition",
       std::to_string(files.partition_id) + (is_named ? ", " + partition->second : ""));
  line("storage", is_level_zero ? "level 0" : VersionText(files.version));
  line("rows", RowsText(files.num_rows));
  line("deletes", num_deletes ? FormatCount(*num_deletes) : "-");
  const int64_t num_missing = NumMissing(collection, files);
  if (num_missing > 0) line("missing", Plural(num_missing, "log"));
}

Status PrintLists(Console* console, const std::shared_ptr<ChunkManager>& store,
                  const MilvusCollection& collection, const SegmentFiles& files) {
  const bool is_v1 = files.version == StorageVersion::kV1;
  TablePrinter table(console);
  table.AddColumn(is_v1 ? "field" : "group", true);
  table.AddColumn(is_v1 ? "name" : "fields");
  table.AddColumn("logs", true);
  table.AddColumn("size", true);
  for (const FieldBinlog& list : files.inserts) {
    std::string names = is_v1 ? NameOf(list.field_id, *collection.schema) : "";
    if (!is_v1) {
      ARROW_ASSIGN_OR_RAISE(const auto fields, FieldsOf(list, *collection.schema, store));
      for (const NamedField& field : fields) names += (names.empty() ? "" : ", ") + field.name;
    }
    table.AddRow({std::to_string(list.field_id), Printable(names),
                  FormatCount(static_cast<int64_t>(list.logs.size())),
                  FormatBytes(NumBytes({list}))});
  }
  table.Finish();
  return Status::OK();
}

// Their folders say of what kind they are.
void PrintLogs(Console* console, const MilvusCollection& collection, const SegmentFiles& files) {
  TablePrinter table(console);
  table.AddColumn("log");
  table.AddColumn("rows", true);
  table.AddColumn("size", true);
  for (const auto* lists : ListsOf(files)) {
    for (const FieldBinlog& list : *lists) {
      for (const Binlog& log : list.logs) {
        const bool is_missing = collection.missing.contains(log.path);
        table.AddRow({Printable(log.path), RowsText(log.num_rows),
                      is_missing ? "missing" : FormatBytes(log.file_bytes)});
      }
    }
  }
  table.Finish();
}

}  // namespace

int64_t NumLogs(const std::vector<FieldBinlog>& lists) {
  int64_t count = 0;
  for (const FieldBinlog& list : lists) count += static_cast<int64_t>(list.logs.size());
  return count;
}

int64_t NumBytes(const std::vector<FieldBinlog>& lists) {
  int64_t bytes = 0;
  for (const FieldBinlog& list : lists) {
    for (const Binlog& log : list.logs) bytes += log.file_bytes;
  }
  return bytes;
}

int64_t NumMissing(const MilvusCollection& collection, const SegmentFiles& files) {
  int64_t count = 0;
  for (const auto* lists : ListsOf(files)) {
    for (const FieldBinlog& list : *lists) {
      count += std::ranges::count_if(
          list.logs, [&](const Binlog& log) { return collection.missing.contains(log.path); });
    }
  }
  return count;
}

std::string RowsText(int64_t num_rows) { return num_rows == 0 ? "-" : FormatCount(num_rows); }

std::string VersionText(StorageVersion version) {
  return "V" +
         (version == StorageVersion::kV1 ? "1" : std::to_string(static_cast<int64_t>(version)));
}

json SegmentSummary(const MilvusCollection& collection, const SegmentFiles& files,
                    bool is_level_zero) {
  json line;
  line["collection_id"] = files.collection_id;
  line["collection"] = collection.name;
  line["partition_id"] = files.partition_id;
  line["segment_id"] = files.segment_id;
  line["level_zero"] = is_level_zero;
  line["storage"] = VersionText(files.version);
  line["rows"] = files.num_rows == 0 ? json() : json(files.num_rows);
  line["insert_logs"] = NumLogs(files.inserts);
  line["insert_bytes"] = NumBytes(files.inserts);
  line["delta_logs"] = NumLogs(files.deltas);
  line["delta_bytes"] = NumBytes(files.deltas);
  line["missing_logs"] = NumMissing(collection, files);
  return line;
}

Status PrintSegment(Console* console, const std::shared_ptr<ChunkManager>& store,
                    const MilvusCollection& collection, const SegmentFiles& files,
                    std::optional<int64_t> num_deletes, bool is_level_zero) {
  if (console->json) {
    return PrintJsonOf(console, store, collection, files, num_deletes, is_level_zero);
  }
  PrintFacts(console, collection, files, num_deletes, is_level_zero);
  if (!files.inserts.empty()) {
    ARROW_RETURN_NOT_OK(PrintLists(console, store, collection, files));
  }
  if (files.version < StorageVersion::kV3) PrintLogs(console, collection, files);
  return Status::OK();
}

}  // namespace varve::cli
