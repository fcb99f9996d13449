// SPDX-License-Identifier: Apache-2.0
// Tables in C: every function is one call of varve/table.h.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "capi/arrow_streams.h"
#include "capi/handles.h"
#include "capi/option_values.h"
#include "capi/varve_error.h"
#include "capi/varve_history.h"
#include "capi/varve_stop.h"
#include "varve/c/varve.h"
#include "varve/schema.h"
#include "varve/table.h"

namespace varve::capi {
namespace {

// Never destroyed: threads may be calling while the process ends.
Handles<Table>& Tables() {
  static auto& tables = *new Handles<Table>("table");
  return tables;
}

varve_table* Open(std::shared_ptr<Table> table) {
  return static_cast<varve_table*>(Tables().Add(std::move(table)));
}

Result<CreateOptions> CreateOptionsOf(const varve_create_options& options) {
  CreateOptions create;
  ARROW_ASSIGN_OR_RAISE(create.primary_key, OptionalText(options.primary_key, "primary_key"));
  ARROW_ASSIGN_OR_RAISE(create.message, OptionalText(options.message, "message"));
  create.keeps_timestamps = options.keeps_timestamps != 0;
  ARROW_ASSIGN_OR_RAISE(create.table.store.storage_options,
                        StorageOptions(options.storage, options.num_storage));
  return create;
}

Result<ScanOptions> ScanOptionsOf(const varve_scan_options& options) {
  if (options.limit < 0 || options.batch_size < 0) {
    return MakeError(ErrorKind::kInvalid, "limit and batch_size are 0 or more",
                     {.found = std::to_string(std::min(options.limit, options.batch_size))});
  }
  ScanOptions scan;
  ARROW_ASSIGN_OR_RAISE(scan.columns, Texts(options.columns, options.num_columns, "columns"));
  ARROW_ASSIGN_OR_RAISE(scan.filter, OptionalText(options.filter, "filter"));
  if (options.limit > 0) scan.limit = options.limit;
  if (options.batch_size > 0) scan.batch_size = options.batch_size;
  scan.verify = !options.skip_verification;
  return scan;
}

Result<TakeOptions> TakeOptionsOf(const varve_take_options& options) {
  TakeOptions take;
  ARROW_ASSIGN_OR_RAISE(take.columns, Texts(options.columns, options.num_columns, "columns"));
  take.verify = !options.skip_verification;
  return take;
}

// Rows as they are asked for: by position, or by id.
template <typename T>
Result<std::vector<T>> ReadRows(const T* rows, size_t num_rows, const std::string& name) {
  if (rows == nullptr && num_rows > 0) {
    return MakeError(ErrorKind::kInvalid, name + " is NULL",
                     {.expected = std::to_string(num_rows) + " of them"});
  }
  return std::vector<T>(rows, rows + num_rows);
}

// What a take is made of, whichever way `take` asks for its rows.
template <typename Take>
Status TakeInto(const varve_table* table, const varve_take_options* options, ArrowArray* out_array,
                ArrowSchema* out_schema, Take&& take) {
  ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
  ARROW_RETURN_NOT_OK(RequireOutput(out_array));
  ARROW_RETURN_NOT_OK(RequireOutput(out_schema));
  ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
  ARROW_ASSIGN_OR_RAISE(const TakeOptions read, TakeOptionsOf(given));
  ARROW_ASSIGN_OR_RAISE(const auto batch, Stoppable(FlagOf(given.stop), [&] {
                          return take(*opened->snapshot(), read);
                        }));
  return arrow::ExportRecordBatch(*batch, out_array, out_schema);
}

void Assign(const CommitInfo& commit, varve_commit* out) {
  if (out != nullptr) *out = {.version = commit.version, .rows_added = commit.rows_added};
}

}  // namespace
}  // namespace varve::capi

using varve::Status;
using varve::Table;
using namespace varve::capi;

varve_code varve_table_create(const char* uri, ArrowArrayStream* rows,
                              const varve_create_options* options, varve_table** out,
                              varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader, ImportStream(rows));
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    ARROW_ASSIGN_OR_RAISE(const auto location, RequiredText(uri, "uri"));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    ARROW_ASSIGN_OR_RAISE(const auto create, CreateOptionsOf(given));
    ARROW_ASSIGN_OR_RAISE(auto table, Stoppable(FlagOf(given.stop), [&] {
                            return Table::Create(location, nullptr, reader, create);
                          }));
    *out = Open(std::move(table));
    return Status::OK();
  });
}

varve_code varve_table_create_empty(const char* uri, ArrowSchema* schema,
                                    const varve_create_options* options, varve_table** out,
                                    varve_error** error) {
  return Answer(error, [&]() -> Status {
    const ReleaseOnExit release(schema);
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    if (schema == nullptr) {
      return varve::MakeError(varve::ErrorKind::kInvalid, "the schema is NULL");
    }
    ARROW_ASSIGN_OR_RAISE(const auto location, RequiredText(uri, "uri"));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    ARROW_ASSIGN_OR_RAISE(const auto create, CreateOptionsOf(given));
    ARROW_ASSIGN_OR_RAISE(const auto columns, arrow::ImportSchema(schema));
    ARROW_ASSIGN_OR_RAISE(
        auto collection, varve::CollectionSchema::FromArrow(*columns, nullptr, create.primary_key));
    ARROW_ASSIGN_OR_RAISE(auto table, Stoppable(FlagOf(given.stop), [&] {
                            return Table::Create(location, std::move(collection), nullptr, create);
                          }));
    *out = Open(std::move(table));
    return Status::OK();
  });
}

varve_code varve_table_open(const char* uri, const varve_open_options* options, varve_table** out,
                            varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    ARROW_ASSIGN_OR_RAISE(const auto location, RequiredText(uri, "uri"));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    varve::OpenOptions open{.version = given.version, .as_of_micros = given.as_of_micros};
    ARROW_ASSIGN_OR_RAISE(open.table.store.storage_options,
                          StorageOptions(given.storage, given.num_storage));
    ARROW_ASSIGN_OR_RAISE(
        auto table, Stoppable(FlagOf(given.stop), [&] { return Table::Open(location, open); }));
    *out = Open(std::move(table));
    return Status::OK();
  });
}

varve_code varve_table_close(varve_table* table, varve_error** error) {
  return Answer(error, [&] { return Tables().Remove(table).status(); });
}

varve_code varve_table_get_state(varve_table* table, varve_table_state* out, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    const auto snapshot = opened->snapshot();
    *out = {.version = snapshot->version(), .num_rows = snapshot->num_rows()};
    return Status::OK();
  });
}

varve_code varve_table_schema(varve_table* table, ArrowSchema* out, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    return arrow::ExportSchema(*opened->snapshot()->schema()->ToArrow(), out);
  });
}

varve_code varve_table_refresh(varve_table* table, const varve_call_options* options,
                               varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    return Stoppable(FlagOf(given.stop), [&] { return opened->Refresh(); });
  });
}

varve_code varve_table_append(varve_table* table, ArrowArrayStream* rows,
                              const varve_append_options* options, varve_commit* out,
                              varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader, ImportStream(rows));
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    varve::AppendOptions append;
    ARROW_ASSIGN_OR_RAISE(append.message, OptionalText(given.message, "message"));
    append.keeps_timestamps = given.keeps_timestamps != 0;
    ARROW_ASSIGN_OR_RAISE(const auto commit, Stoppable(FlagOf(given.stop), [&] {
                            return opened->Append(reader, append);
                          }));
    Assign(commit, out);
    return Status::OK();
  });
}

varve_code varve_table_resolve(varve_table* table, const char* token,
                               const varve_call_options* options, varve_commit* out,
                               varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_ASSIGN_OR_RAISE(const auto text, RequiredText(token, "token"));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    ARROW_ASSIGN_OR_RAISE(const auto commit,
                          Stoppable(FlagOf(given.stop), [&] { return opened->Resolve(text); }));
    Assign(commit, out);
    return Status::OK();
  });
}

varve_code varve_table_scan(varve_table* table, const varve_scan_options* options,
                            ArrowArrayStream* out, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    ARROW_ASSIGN_OR_RAISE(const auto scan, ScanOptionsOf(given));
    const StopFlag stop = FlagOf(given.stop);
    ARROW_ASSIGN_OR_RAISE(auto rows,
                          Stoppable(stop, [&] { return opened->snapshot()->Scan(scan); }));
    return ExportStream(std::move(rows), stop, out);
  });
}

varve_code varve_table_take(varve_table* table, const int64_t* rows, size_t num_rows,
                            const varve_take_options* options, ArrowArray* out_array,
                            ArrowSchema* out_schema, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto positions, ReadRows(rows, num_rows, "rows"));
    return TakeInto(table, options, out_array, out_schema,
                    [&](const varve::Snapshot& snapshot, const varve::TakeOptions& take) {
                      return snapshot.Take(positions, take);
                    });
  });
}

varve_code varve_table_take_row_ids(varve_table* table, const uint64_t* row_ids, size_t num_row_ids,
                                    const varve_take_options* options, ArrowArray* out_array,
                                    ArrowSchema* out_schema, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto ids, ReadRows(row_ids, num_row_ids, "row_ids"));
    return TakeInto(table, options, out_array, out_schema,
                    [&](const varve::Snapshot& snapshot, const varve::TakeOptions& take) {
                      return snapshot.TakeRowIds(ids, take);
                    });
  });
}

varve_code varve_table_history(varve_table* table, const varve_history_options* options,
                               varve_history** out, varve_error** error) {
  return Answer(error, [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Tables().Find(table));
    ARROW_RETURN_NOT_OK(RequireOutput(out));
    ARROW_ASSIGN_OR_RAISE(const auto given, ReadOptions(options));
    if (given.limit < 0) {
      return varve::MakeError(varve::ErrorKind::kInvalid, "limit is 0 or more",
                              {.found = std::to_string(given.limit)});
    }
    const int64_t limit = given.limit == 0 ? INT64_MAX : given.limit;
    ARROW_ASSIGN_OR_RAISE(auto versions,
                          Stoppable(FlagOf(given.stop), [&] { return opened->History(limit); }));
    *out = MakeHistory(std::move(versions));
    return Status::OK();
  });
}
