// SPDX-License-Identifier: Apache-2.0
#include "cli/export/milvus_export.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "varve/hybrid_timestamp.h"
#include "varve/milvus_export.h"
#include "varve/suggestion.h"
#include "varve/table.h"

namespace varve::cli {
namespace {

std::string NameOf(const std::string& location) {
  std::filesystem::path path(WithoutOptions(location));
  if (!path.has_filename()) path = path.parent_path();
  return path.stem().string();
}

// The first hybrid timestamp of this millisecond.
uint64_t Now() {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return HybridFromMillis(millis.count());
}

// The fields of `schema` that the rows have, in their order, with the primary key asked for.
Result<std::shared_ptr<const CollectionSchema>> SchemaOfExport(const CollectionSchema& schema,
                                                               const arrow::Schema& rows,
                                                               const std::string& primary_key) {
  std::vector<FieldSchema> fields;
  for (const std::string& name : rows.field_names()) {
    if (name == kTimestampFieldName) continue;
    const FieldSchema* field = schema.FindByName(name);
    if (field == nullptr) {
      return MakeError(ErrorKind::kInvalid, "only the fields of the schema can be exported",
                       {.field = name});
    }
    fields.push_back(*field);
    if (primary_key.empty()) continue;
    fields.back().primary_key = name == primary_key;
    // Columns may be nullable just because nobody said that they are not; a null is refused.
    if (name == primary_key) fields.back().nullable = false;
  }
  if (!primary_key.empty() && rows.GetFieldIndex(primary_key) < 0) {
    return MakeError(ErrorKind::kInvalid,
                     "no such column" + DidYouMean(primary_key, rows.field_names()),
                     {.field = primary_key});
  }
  return CollectionSchema::Make(std::move(fields), schema.max_field_id());
}

Status CheckIsNoTable(const std::shared_ptr<ChunkManager>& store) {
  const Status opened = Table::Open(store).status();
  if (IsNotFound(opened)) return Status::OK();
  ARROW_RETURN_NOT_OK(opened);
  return MakeError(ErrorKind::kAlreadyExists, "there is a table at this place",
                   {.object = store->uri()});
}

// The source's, with '_' for what Milvus does not take.
std::string DefaultName(const std::string& location) {
  std::string name = NameOf(location);
  for (char& c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word) c = '_';
  }
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, 1, '_');
  return name;
}

}  // namespace

Result<MilvusCollection> ExportToMilvus(const MilvusExportArguments& arguments,
                                        const MilvusExportPlaces& places,
                                        const CollectionSchema& schema,
                                        arrow::RecordBatchReader* rows) {
  ARROW_ASSIGN_OR_RAISE(const auto exported,
                        SchemaOfExport(schema, *rows->schema(), arguments.primary_key));
  ARROW_ASSIGN_OR_RAISE(const auto options, places.store.ToOptions(places.folder));
  ARROW_ASSIGN_OR_RAISE(const auto target, OpenStore(places.folder, options));
  ARROW_RETURN_NOT_OK(CheckIsNoTable(target));
  const std::string name =
      arguments.collection.empty() ? DefaultName(places.source) : arguments.collection;
  return ExportMilvusCollection(target, exported, rows, {.collection = name, .timestamp = Now()});
}

}  // namespace varve::cli
