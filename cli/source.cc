// SPDX-License-Identifier: Apache-2.0
#include "cli/source.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <string_view>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "cli/option_checks.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A binlog ends as the Parquet file in it does, and would pass for one.
Status CheckIsNoBinlog(const std::shared_ptr<ChunkManager>& store, const std::string& path,
                       const std::string& location) {
  constexpr std::string_view kBinlogMagic("\xbc\xfa\xff\x00", 4);
  char magic[kBinlogMagic.size()] = {};
  ARROW_ASSIGN_OR_RAISE(const auto file, store->OpenReader(path));
  if (file->size() < static_cast<int64_t>(sizeof(magic))) return Status::OK();
  ARROW_RETURN_NOT_OK(file->ReadAt(0, sizeof(magic), magic));
  if (std::string_view(magic, sizeof(magic)) != kBinlogMagic) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "this is a binlog of Milvus: varve binlog reads it",
                   {.object = location});
}

}  // namespace

void SourceArguments::Configure(CLI::App* app, bool with_file) {
  accepts_file = with_file;
  app->add_option(
         "TABLE", location,
         with_file ? "Path or URI of a table, or of one Parquet file" : "Path or URI of a table")
      ->required();
  auto* by_number = app->add_option("--version", version, "Read this version; default: the newest")
                        ->check(VersionNumber());
  app->add_option(
         "--as-of", as_of,
         "Read the newest version committed by then: 2026-11-21T04:00Z, or an age: 15m, 2h")
      ->excludes(by_number);
  store.Configure(app);
}

Result<std::unique_ptr<Source>> Source::Open(const SourceArguments& given) {
  SourceArguments arguments = given;
  ARROW_RETURN_NOT_OK(arguments.store.Locate(&arguments.location));
  std::unique_ptr<Source> source(new Source);
  source->location_ = WithoutOptions(arguments.location);
  ARROW_ASSIGN_OR_RAISE(const ChunkManagerOptions store,
                        arguments.store.ToOptions(arguments.location));
  if (IsLocalFile(arguments.location) ||
      (arguments.accepts_file && IsRemoteFile(arguments.location))) {
    if (!arguments.accepts_file) {
      return MakeError(
          ErrorKind::kInvalid,
          "this command reads tables; 'varve import TABLE FILE' makes one of a file (head, "
          "take, stats and export read single files)",
          {.object = source->location_});
    }
    if (arguments.version != 0 || !arguments.as_of.empty()) {
      return MakeError(ErrorKind::kInvalid, "a single file has no versions",
                       {.object = source->location_});
    }
    const FileLocation file = SplitFileLocation(arguments.location);
    ARROW_ASSIGN_OR_RAISE(source->store_, OpenStore(file.folder, store));
    source->file_name_ = file.name;
    ARROW_ASSIGN_OR_RAISE(source->file_bytes_, source->store_->Size(file.name));
    ARROW_RETURN_NOT_OK(CheckIsNoBinlog(source->store_, file.name, source->location_));
    ARROW_ASSIGN_OR_RAISE(source->file_, PackedReader::Open(source->store_, {file.name}));
    source->schema_ = source->file_->schema();
    auto collection = CollectionSchema::FromArrow(*source->schema_);
    if (collection.ok()) source->collection_schema_ = *collection;
    return source;
  }
  if (arguments.accepts_file && IsAbsentFile(arguments.location)) {
    return MakeError(ErrorKind::kNotFound, "there is no such file", {.object = source->location_});
  }
  OpenOptions options;
  options.table.store = store;
  options.version = arguments.version;
  if (!arguments.as_of.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.as_of_micros, ParseTime(arguments.as_of, NowMicros()));
  }
  ARROW_ASSIGN_OR_RAISE(source->store_, OpenStore(arguments.location, store));
  ARROW_ASSIGN_OR_RAISE(source->table_, Table::Open(source->store_, options));
  source->snapshot_ = source->table_->snapshot();
  source->collection_schema_ = source->snapshot_->schema();
  source->schema_ = source->collection_schema_->ToArrow();
  return source;
}

int64_t Source::num_rows() const { return file_ ? file_->num_rows() : snapshot_->num_rows(); }

std::vector<SegmentInfo> Source::segments() const {
  if (file_ == nullptr) return snapshot_->segments();
  SegmentInfo segment;
  segment.num_rows = file_->num_rows();
  segment.files.push_back({file_name_, file_bytes_, schema_->field_names()});
  return {segment};
}

Result<std::shared_ptr<arrow::RecordBatchReader>> Source::Scan(const SourceScan& scan) const {
  ARROW_RETURN_NOT_OK(CheckColumns(scan.columns));
  if (file_ != nullptr) {
    if (!scan.filter.empty()) {
      return MakeError(ErrorKind::kUnsupported,
                       "a filter needs a table; 'varve import TABLE FILE' makes one of a file",
                       {.object = location_});
    }
    PackedReadOptions options;
    options.columns = scan.columns;
    options.end_row = std::min(scan.limit, file_->num_rows());
    options.verify = scan.verify;
    return file_->Scan(options);
  }
  ScanOptions options;
  options.columns = scan.columns;
  options.filter = scan.filter;
  options.limit = scan.limit;
  options.verify = scan.verify;
  return snapshot_->Scan(options);
}

Result<std::shared_ptr<arrow::RecordBatch>> Source::Take(const std::vector<int64_t>& rows,
                                                         const std::vector<std::string>& columns,
                                                         bool verify) const {
  ARROW_RETURN_NOT_OK(CheckColumns(columns));
  if (file_ != nullptr) return file_->Take(rows, columns, verify);
  return snapshot_->Take(rows, {.columns = columns, .verify = verify});
}

Status Source::CheckColumns(const std::vector<std::string>& columns) const {
  std::vector<std::string> known = schema_->field_names();
  if (is_table()) {
    known.emplace_back(kRowIdFieldName);
    known.emplace_back(kTimestampFieldName);
  }
  for (const std::string& column : columns) {
    if (std::find(known.begin(), known.end(), column) != known.end()) continue;
    return MakeError(ErrorKind::kInvalid,
                     "there is no column '" + column + "'" + DidYouMean(column, known) +
                         " ('varve schema' lists all)",
                     {.object = location_});
  }
  return Status::OK();
}

void AddColumnsOption(CLI::App* app, std::vector<std::string>* columns, const std::string& what) {
  app->add_option("-c,--columns", *columns, what + ": a,b,c or a b c");
}

std::vector<std::string> SplitNames(const std::vector<std::string>& lists) {
  std::vector<std::string> names;
  for (const std::string& list : lists) {
    for (std::string name : CLI::detail::split(list, ',')) {
      CLI::detail::trim(name);
      if (!name.empty()) names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace varve::cli
