// SPDX-License-Identifier: Apache-2.0
//
// A program in C11 that knows nothing but varve/c/varve.h: tables are made, appended to, read and
// damaged, and every misuse that can be told is answered.  usage: table_test EMPTY_FOLDER
#include <stddef.h>

#include "check.h"
#include "sample_rows.h"
#include "varve/c/varve.h"

// The layouts are part of the interface.
_Static_assert(sizeof(varve_open_options) == 48, "layout");
_Static_assert(offsetof(varve_open_options, storage) == 24, "layout");
_Static_assert(offsetof(varve_open_options, stop) == 40, "layout");
_Static_assert(sizeof(varve_create_options) == 56, "layout");
_Static_assert(offsetof(varve_create_options, stop) == 40, "layout");
_Static_assert(offsetof(varve_create_options, keeps_timestamps) == 48, "layout");
_Static_assert(sizeof(varve_append_options) == 32, "layout");
_Static_assert(offsetof(varve_append_options, stop) == 16, "layout");
_Static_assert(offsetof(varve_append_options, keeps_timestamps) == 24, "layout");
_Static_assert(sizeof(varve_scan_options) == 64, "layout");
_Static_assert(offsetof(varve_scan_options, limit) == 32, "layout");
_Static_assert(offsetof(varve_scan_options, skip_verification) == 48, "layout");
_Static_assert(offsetof(varve_scan_options, stop) == 56, "layout");
_Static_assert(sizeof(varve_take_options) == 40, "layout");
_Static_assert(offsetof(varve_take_options, stop) == 32, "layout");
_Static_assert(sizeof(varve_history_options) == 24, "layout");
_Static_assert(sizeof(varve_call_options) == 16, "layout");
_Static_assert(sizeof(varve_version_info) == 56, "layout");
_Static_assert(sizeof(varve_commit) == 16, "layout");
_Static_assert(sizeof(varve_table_state) == 16, "layout");
_Static_assert(sizeof(varve_code) == 4, "layout");

static char uri[4096];

// The call succeeds, and says so in both ways.
#define CHECK_OK(call)                                                                \
  do {                                                                                \
    varve_error* error = (varve_error*)uri; /* not NULL: the call sets it */          \
    const varve_code code = (call);                                                   \
    if (code != VARVE_OK || error != NULL) {                                          \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, varve_error_message(error)); \
      exit(1);                                                                        \
    }                                                                                 \
  } while (0)

// The call fails with `expected` and a message that has `part` in it.
#define CHECK_FAILS(call, expected, part)             \
  do {                                                \
    varve_error* error = NULL;                        \
    const varve_code code = (call);                   \
    CHECK_CONTAINS(varve_error_message(error), part); \
    CHECK_EQUAL(code, expected);                      \
    CHECK_EQUAL(varve_error_code(error), expected);   \
    varve_error_free(error);                          \
  } while (0)

static const int64_t* Ids(const struct ArrowArray* batch) {
  return (const int64_t*)batch->children[0]->buffers[1] + batch->children[0]->offset;
}

static void CheckVectors(const struct ArrowArray* batch, const int64_t* ids) {
  const struct ArrowArray* const vectors = batch->children[1];
  const float* const elements = (const float*)vectors->children[0]->buffers[1] +
                                vectors->children[0]->offset + vectors->offset * VECTOR_DIM;
  for (int64_t i = 0; i < batch->length; ++i) {
    for (int j = 0; j < VECTOR_DIM; ++j) {
      CHECK(elements[i * VECTOR_DIM + j] == SampleElement(ids[i], j));
    }
  }
}

// Reads a stream to its end: rows `first` and up, num_rows of them, batches of at most batch_rows.
static void CheckRows(struct ArrowArrayStream* rows, int64_t first, int64_t num_rows,
                      int64_t batch_rows) {
  int64_t next = first;
  for (;;) {
    struct ArrowArray batch;
    CHECK_EQUAL(rows->get_next(rows, &batch), 0);
    if (batch.release == NULL) break;
    CHECK(batch.length <= batch_rows);
    for (int64_t i = 0; i < batch.length; ++i) CHECK_EQUAL(Ids(&batch)[i], next + i);
    CheckVectors(&batch, Ids(&batch));
    next += batch.length;
    batch.release(&batch);
  }
  CHECK_EQUAL(next, first + num_rows);
  rows->release(rows);
}

static varve_table* MakeTable(void) {
  struct ArrowArrayStream rows;
  MakeSampleStream(0, 2, 50, 0, &rows);
  const varve_create_options options = {
      .struct_size = sizeof(options), .primary_key = "id", .message = "first"};
  varve_table* table = NULL;
  CHECK_OK(varve_table_create(uri, &rows, &options, &table, &error));
  CHECK(rows.release == NULL);
  CHECK(table != NULL);
  return table;
}

static void CheckState(varve_table* table, uint64_t version, int64_t num_rows) {
  varve_table_state state;
  CHECK_OK(varve_table_get_state(table, &state, &error));
  CHECK_EQUAL(state.version, version);
  CHECK_EQUAL(state.num_rows, num_rows);
}

static void TestWritesAndReads(varve_table* table) {
  CheckState(table, 1, 100);
  varve_table* other = NULL;
  CHECK_OK(varve_table_open(uri, NULL, &other, &error));

  struct ArrowArrayStream more;
  MakeSampleStream(100, 3, 10, 0, &more);
  const varve_append_options options = {.struct_size = sizeof(options), .message = "more"};
  varve_commit commit = {0, 0};
  CHECK_OK(varve_table_append(table, &more, &options, &commit, &error));
  CHECK(more.release == NULL);
  CHECK_EQUAL(commit.version, 2);
  CHECK_EQUAL(commit.rows_added, 30);
  CheckState(table, 2, 130);

  CheckState(other, 1, 100);
  CHECK_OK(varve_table_refresh(other, NULL, &error));
  CheckState(other, 2, 130);
  CHECK_OK(varve_table_close(other, &error));

  const varve_open_options at = {.struct_size = sizeof(at), .version = 1};
  varve_table* old = NULL;
  CHECK_OK(varve_table_open(uri, &at, &old, &error));
  CheckState(old, 1, 100);
  // Streams outlive the handle.
  struct ArrowArrayStream rows;
  CHECK_OK(varve_table_scan(old, NULL, &rows, &error));
  CHECK_OK(varve_table_close(old, &error));
  CheckRows(&rows, 0, 100, 8192);

  const char* const columns[] = {"id", "emb"};
  const varve_scan_options scan = {.struct_size = sizeof(scan),
                                   .columns = columns,
                                   .num_columns = 2,
                                   .filter = "id >= 20",
                                   .limit = 60,
                                   .batch_size = 7};
  CHECK_OK(varve_table_scan(table, &scan, &rows, &error));
  CheckRows(&rows, 20, 60, 7);

  struct ArrowSchema schema;
  CHECK_OK(varve_table_schema(table, &schema, &error));
  CHECK_EQUAL(schema.n_children, 2);
  CHECK_EQUAL(strcmp(schema.children[0]->name, "id"), 0);
  CHECK_EQUAL(strcmp(schema.children[0]->format, "l"), 0);
  CHECK_EQUAL(strcmp(schema.children[1]->name, "emb"), 0);
  CHECK_EQUAL(strcmp(schema.children[1]->format, "+w:4"), 0);
  schema.release(&schema);
}

static void TestTakes(varve_table* table) {
  const int64_t positions[] = {5, 117, 5, 0};
  struct ArrowArray batch;
  struct ArrowSchema schema;
  CHECK_OK(varve_table_take(table, positions, 4, NULL, &batch, &schema, &error));
  CHECK_EQUAL(batch.length, 4);
  for (int i = 0; i < 4; ++i) CHECK_EQUAL(Ids(&batch)[i], positions[i]);
  CheckVectors(&batch, positions);
  batch.release(&batch);
  schema.release(&schema);

  const char* const columns[] = {"id"};
  const varve_take_options options = {.struct_size = sizeof(options),
                                      .columns = columns,
                                      .num_columns = 1,
                                      .skip_verification = true};
  CHECK_OK(varve_table_take(table, positions, 2, &options, &batch, &schema, &error));
  CHECK_EQUAL(schema.n_children, 1);
  CHECK_EQUAL(Ids(&batch)[1], 117);
  batch.release(&batch);
  schema.release(&schema);

  CHECK_OK(varve_table_take(table, NULL, 0, NULL, &batch, &schema, &error));
  CHECK_EQUAL(batch.length, 0);
  batch.release(&batch);
  schema.release(&schema);

  const int64_t outside[] = {3, 130};
  CHECK_FAILS(varve_table_take(table, outside, 2, NULL, &batch, &schema, &error), VARVE_INVALID,
              "130");
}

static void TestTakesByRowId(varve_table* table) {
  // What the ids are, the table says.
  const char* const columns[] = {"RowID"};
  const varve_scan_options scan = {
      .struct_size = sizeof(scan), .columns = columns, .num_columns = 1, .filter = "id >= 97"};
  struct ArrowArrayStream rows;
  struct ArrowArray batch;
  struct ArrowSchema schema;
  CHECK_OK(varve_table_scan(table, &scan, &rows, &error));
  uint64_t ids[33];
  int64_t num_ids = 0;
  for (;;) {
    CHECK_EQUAL(rows.get_next(&rows, &batch), 0);
    if (batch.release == NULL) break;
    for (int64_t i = 0; i < batch.length; ++i) ids[num_ids++] = (uint64_t)Ids(&batch)[i];
    batch.release(&batch);
  }
  rows.release(&rows);
  CHECK_EQUAL(num_ids, 33);

  const uint64_t asked[] = {ids[0], ids[32], ids[3], ids[0]};
  const int64_t expected[] = {97, 129, 100, 97};
  CHECK_OK(varve_table_take_row_ids(table, asked, 4, NULL, &batch, &schema, &error));
  CHECK_EQUAL(batch.length, 4);
  for (int i = 0; i < 4; ++i) CHECK_EQUAL(Ids(&batch)[i], expected[i]);
  CheckVectors(&batch, expected);
  batch.release(&batch);
  schema.release(&schema);

  const char* const one_column[] = {"emb"};
  const varve_take_options options = {
      .struct_size = sizeof(options), .columns = one_column, .num_columns = 1};
  CHECK_OK(varve_table_take_row_ids(table, asked, 1, &options, &batch, &schema, &error));
  CHECK_EQUAL(schema.n_children, 1);
  CHECK_EQUAL(strcmp(schema.children[0]->name, "emb"), 0);
  batch.release(&batch);
  schema.release(&schema);
  CHECK_OK(varve_table_take_row_ids(table, NULL, 0, NULL, &batch, &schema, &error));
  CHECK_EQUAL(batch.length, 0);
  batch.release(&batch);
  schema.release(&schema);

  const uint64_t absent[] = {ids[0], 123456789};
  CHECK_FAILS(varve_table_take_row_ids(table, absent, 2, NULL, &batch, &schema, &error),
              VARVE_NOT_FOUND, "123456789");
  CHECK_FAILS(varve_table_take_row_ids(table, NULL, 2, NULL, &batch, &schema, &error),
              VARVE_INVALID, "row_ids is NULL");
  CHECK_FAILS(varve_table_take_row_ids(table, absent, 1, NULL, &batch, NULL, &error), VARVE_INVALID,
              "output is NULL");
}

static void CheckVersion(const varve_history* history, size_t i, uint64_t version,
                         const char* operation, int64_t rows_added, int64_t num_rows,
                         const char* message) {
  const varve_version_info* const info = varve_history_at(history, i);
  CHECK(info != NULL);
  CHECK_EQUAL(info->version, version);
  CHECK_EQUAL(strcmp(info->operation, operation), 0);
  CHECK_EQUAL(info->rows_added, rows_added);
  CHECK_EQUAL(info->rows_removed, 0);
  CHECK_EQUAL(info->num_rows, num_rows);
  CHECK_EQUAL(strcmp(info->message, message), 0);
}

// Of the versions that the test made so far; the second is opened by the time it was committed at.
static void TestTellsItsHistory(varve_table* table) {
  varve_history* history = NULL;
  CHECK_OK(varve_table_history(table, NULL, &history, &error));
  CHECK_EQUAL(varve_history_size(history), 2);
  CheckVersion(history, 0, 2, "append", 30, 130, "more");
  CheckVersion(history, 1, 1, "create", 100, 100, "first");
  CHECK(varve_history_at(history, 2) == NULL);
  CHECK(varve_history_at(history, 0)->commit_micros >= varve_history_at(history, 1)->commit_micros);
  const varve_open_options as_of = {.struct_size = sizeof(as_of),
                                    .as_of_micros = varve_history_at(history, 0)->commit_micros};
  varve_table* then = NULL;
  CHECK_OK(varve_table_open(uri, &as_of, &then, &error));
  CheckState(then, 2, 130);
  CHECK_OK(varve_table_close(then, &error));
  varve_history_free(history);

  varve_history_options options = {.struct_size = sizeof(options), .limit = 1};
  CHECK_OK(varve_table_history(table, &options, &history, &error));
  CHECK_EQUAL(varve_history_size(history), 1);
  CheckVersion(history, 0, 2, "append", 30, 130, "more");
  varve_history_free(history);

  options.limit = -1;
  CHECK_FAILS(varve_table_history(table, &options, &history, &error), VARVE_INVALID, "limit");
  CHECK_FAILS(varve_table_history(table, NULL, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK_FAILS(varve_table_history(NULL, NULL, &history, &error), VARVE_INVALID, "table is NULL");
  CHECK_EQUAL(varve_history_size(NULL), 0);
  CHECK(varve_history_at(NULL, 0) == NULL);
  varve_history_free(NULL);
}

// Every call that can be long, with a stop that was requested before.
static void TestStopsCalls(varve_table* table, const char* folder) {
  varve_stop* const stop = varve_stop_new();
  CHECK(stop != NULL);
  struct ArrowArrayStream begun;
  struct ArrowArrayStream rows;
  struct ArrowArray batch;
  struct ArrowSchema schema;
  const varve_scan_options scan = {.struct_size = sizeof(scan), .batch_size = 7, .stop = stop};
  CHECK_OK(varve_table_scan(table, &scan, &begun, &error));
  CHECK_EQUAL(begun.get_next(&begun, &batch), 0);
  CHECK_EQUAL(Ids(&batch)[6], 6);
  batch.release(&batch);
  // Before it was requested, it stops nothing.
  CHECK_OK(varve_table_scan(table, &scan, &rows, &error));
  CheckRows(&rows, 0, 130, 7);

  varve_stop_request(stop);
  varve_stop_request(stop);
  CHECK(begun.get_next(&begun, &batch) != 0);
  CHECK_CONTAINS(begun.get_last_error(&begun), "asked to stop");
  begun.release(&begun);
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_CANCELLED, "asked to stop");
  const varve_take_options take = {.struct_size = sizeof(take), .stop = stop};
  const int64_t position = 3;
  CHECK_FAILS(varve_table_take(table, &position, 1, &take, &batch, &schema, &error),
              VARVE_CANCELLED, "asked to stop");
  const uint64_t row_id = 3;
  CHECK_FAILS(varve_table_take_row_ids(table, &row_id, 1, &take, &batch, &schema, &error),
              VARVE_CANCELLED, "asked to stop");
  const varve_call_options call = {.struct_size = sizeof(call), .stop = stop};
  CHECK_FAILS(varve_table_refresh(table, &call, &error), VARVE_CANCELLED, "asked to stop");
  CHECK_FAILS(varve_table_resolve(table, "token", &call, NULL, &error), VARVE_CANCELLED,
              "asked to stop");
  const varve_history_options all = {.struct_size = sizeof(all), .stop = stop};
  varve_history* history = NULL;
  CHECK_FAILS(varve_table_history(table, &all, &history, &error), VARVE_CANCELLED, "asked to stop");
  const varve_open_options open = {.struct_size = sizeof(open), .stop = stop};
  varve_table* none = NULL;
  CHECK_FAILS(varve_table_open(uri, &open, &none, &error), VARVE_CANCELLED, "asked to stop");
  const varve_append_options append = {.struct_size = sizeof(append), .stop = stop};
  MakeSampleStream(130, 1, 5, 0, &rows);
  CHECK_FAILS(varve_table_append(table, &rows, &append, NULL, &error), VARVE_CANCELLED,
              "asked to stop");
  CHECK(rows.release == NULL);
  char stopped[4096];
  snprintf(stopped, sizeof(stopped), "%s/stopped", folder);
  const varve_create_options create = {.struct_size = sizeof(create), .stop = stop};
  MakeSampleStream(0, 1, 5, 0, &rows);
  CHECK_FAILS(varve_table_create(stopped, &rows, &create, &none, &error), VARVE_CANCELLED,
              "asked to stop");
  CHECK(rows.release == NULL);
  MakeSampleSchema(0, &schema);
  CHECK_FAILS(varve_table_create_empty(stopped, &schema, &create, &none, &error), VARVE_CANCELLED,
              "asked to stop");
  CHECK(schema.release == NULL);
  CHECK_FAILS(varve_table_open(stopped, NULL, &none, &error), VARVE_NOT_FOUND, "stopped");
  varve_stop_free(stop);
  CheckState(table, 2, 130);
  // The same table goes on where nobody asks to stop.
  CHECK_OK(varve_table_scan(table, NULL, &rows, &error));
  CheckRows(&rows, 0, 130, 8192);

  // A stream holds on to what it needs of a stop.
  varve_stop* const brief = varve_stop_new();
  const varve_scan_options briefly = {.struct_size = sizeof(briefly), .stop = brief};
  CHECK_OK(varve_table_scan(table, &briefly, &rows, &error));
  varve_stop_free(brief);
  CheckRows(&rows, 0, 130, 8192);
  varve_stop_request(NULL);
  varve_stop_free(NULL);
}

// Rows without end, whose reader asks for a stop after the second batch.
static varve_stop* stop_of_endless;
static int (*sample_get_next)(struct ArrowArrayStream*, struct ArrowArray*);
static int num_endless;

static int GetNextAndStop(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  if (++num_endless == 2) varve_stop_request(stop_of_endless);
  return sample_get_next(stream, out);
}

// A test that fails goes on until its time limit ends it.
static void TestStopsAnAppendInItsMiddle(varve_table* table) {
  stop_of_endless = varve_stop_new();
  struct ArrowArrayStream rows;
  MakeSampleStream(130, -1, 10, 0, &rows);
  sample_get_next = rows.get_next;
  rows.get_next = GetNextAndStop;
  const varve_append_options options = {.struct_size = sizeof(options), .stop = stop_of_endless};
  CHECK_FAILS(varve_table_append(table, &rows, &options, NULL, &error), VARVE_CANCELLED,
              "asked to stop");
  CHECK(rows.release == NULL);
  CHECK(num_endless >= 2);
  varve_stop_free(stop_of_endless);
  CHECK_OK(varve_table_refresh(table, NULL, &error));
  CheckState(table, 2, 130);
}

static void TestMakesAnEmptyTable(const char* folder) {
  char empty[4096];
  snprintf(empty, sizeof(empty), "%s/empty", folder);
  struct ArrowSchema schema;
  MakeSampleSchema(0, &schema);
  varve_table* table = NULL;
  CHECK_OK(varve_table_create_empty(empty, &schema, NULL, &table, &error));
  CHECK(schema.release == NULL);
  varve_table_state state;
  CHECK_OK(varve_table_get_state(table, &state, &error));
  CHECK_EQUAL(state.num_rows, 0);
  struct ArrowArrayStream rows;
  CHECK_OK(varve_table_scan(table, NULL, &rows, &error));
  CheckRows(&rows, 0, 0, 8192);
  MakeSampleStream(0, 1, 3, 0, &rows);
  CHECK_OK(varve_table_append(table, &rows, NULL, NULL, &error));
  CHECK_OK(varve_table_scan(table, NULL, &rows, &error));
  CheckRows(&rows, 0, 3, 8192);
  CHECK_OK(varve_table_close(table, &error));
}

static void TestReportsFailures(varve_table* table, const char* folder) {
  struct ArrowArrayStream rows;
  varve_table* none = NULL;
  MakeSampleStream(0, 1, 1, 0, &rows);
  CHECK_FAILS(varve_table_create(uri, &rows, NULL, &none, &error), VARVE_ALREADY_EXISTS, "books");
  CHECK(rows.release == NULL);
  CHECK(none == NULL);

  char absent[4096];
  snprintf(absent, sizeof(absent), "%s/absent", folder);
  varve_error* missing = NULL;
  CHECK_EQUAL(varve_table_open(absent, NULL, &none, &missing), VARVE_NOT_FOUND);
  CHECK_CONTAINS(varve_error_object(missing), "absent");
  CHECK_EQUAL(strlen(varve_error_commit_token(missing)), 0);
  varve_error_free(missing);
  const varve_open_options future = {.struct_size = sizeof(future), .version = 99};
  CHECK_FAILS(varve_table_open(uri, &future, &none, &error), VARVE_NOT_FOUND, "99");
  const varve_option unknown = {"no_such_option", "1"};
  const varve_open_options stored = {
      .struct_size = sizeof(stored), .storage = &unknown, .num_storage = 1};
  CHECK(varve_table_open("s3://bucket/books", &stored, &none, NULL) != VARVE_OK);

  // A stream of the caller's that fails: its message comes back, and nothing is written.
  MakeSampleStream(130, 2, 10, 1, &rows);
  CHECK_FAILS(varve_table_append(table, &rows, NULL, NULL, &error), VARVE_IO, "the rows ran dry");
  CHECK(rows.release == NULL);
  CheckState(table, 2, 130);

  const char* const columns[] = {"ids"};
  const varve_scan_options scan = {
      .struct_size = sizeof(scan), .columns = columns, .num_columns = 1};
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "ids");
  const varve_scan_options filter = {.struct_size = sizeof(filter), .filter = "id >"};
  CHECK_FAILS(varve_table_scan(table, &filter, &rows, &error), VARVE_INVALID, "expected");
  CHECK_FAILS(varve_table_resolve(table, "nonsense", NULL, NULL, &error), VARVE_INVALID, "token");

  CHECK_EQUAL(strcmp(varve_code_name(VARVE_OK), "ok"), 0);
  CHECK_EQUAL(strcmp(varve_code_name(VARVE_CORRUPTION), "corruption"), 0);
  CHECK_EQUAL(strcmp(varve_code_name(VARVE_DENIED), "denied"), 0);
  CHECK_EQUAL(strcmp(varve_code_name(VARVE_DENIED + 1), "unknown"), 0);
  CHECK_EQUAL(strcmp(varve_code_name(-1), "unknown"), 0);
  CHECK_CONTAINS(varve_library_version(), ".");
}

static void TestAnswersMisuse(varve_table* table) {
  struct ArrowArrayStream rows;
  struct ArrowArray batch;
  struct ArrowSchema schema;
  varve_table_state state;
  varve_table* none = NULL;

  CHECK_EQUAL(varve_error_code(NULL), VARVE_OK);
  CHECK_EQUAL(strlen(varve_error_message(NULL)), 0);
  CHECK_EQUAL(strlen(varve_error_object(NULL)), 0);
  CHECK_EQUAL(strlen(varve_error_commit_token(NULL)), 0);
  varve_error_free(NULL);

  CHECK_FAILS(varve_table_open(NULL, NULL, &none, &error), VARVE_INVALID, "uri is NULL");
  CHECK_FAILS(varve_table_open("\xff\xfe", NULL, &none, &error), VARVE_INVALID, "UTF-8");
  CHECK_FAILS(varve_table_open(uri, NULL, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK_EQUAL(varve_table_open(NULL, NULL, NULL, NULL), VARVE_INVALID);
  CHECK_FAILS(varve_table_create(uri, NULL, NULL, &none, &error), VARVE_INVALID, "rows is NULL");
  CHECK_FAILS(varve_table_create_empty(uri, NULL, NULL, &none, &error), VARVE_INVALID,
              "schema is NULL");
  // What was given is released even so.
  MakeSampleStream(0, 1, 1, 0, &rows);
  CHECK_FAILS(varve_table_create(uri, &rows, NULL, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK(rows.release == NULL);
  CHECK_FAILS(varve_table_append(table, &rows, NULL, NULL, &error), VARVE_INVALID, "released");
  MakeSampleSchema(0, &schema);
  CHECK_FAILS(varve_table_create_empty(NULL, &schema, NULL, &none, &error), VARVE_INVALID,
              "uri is NULL");
  CHECK(schema.release == NULL);
  MakeSampleStream(0, 1, 1, 0, &rows);
  CHECK_FAILS(varve_table_append(NULL, &rows, NULL, NULL, &error), VARVE_INVALID, "table is NULL");
  CHECK(rows.release == NULL);

  // A stream whose array is not what its schema says.
  MakeSampleStream(0, 1, -5, 0, &rows);
  CHECK_EQUAL(varve_table_append(table, &rows, NULL, NULL, NULL), VARVE_INVALID);
  CHECK(rows.release == NULL);

  varve_scan_options scan = {.struct_size = 0};
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "struct_size");
  scan.struct_size = SIZE_MAX;
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "struct_size");
  scan = (varve_scan_options){.struct_size = sizeof(scan), .num_columns = 2};
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "columns is NULL");
  const char* const columns[] = {"id", NULL};
  scan.columns = columns;
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "columns[1] is NULL");
  scan = (varve_scan_options){.struct_size = sizeof(scan), .limit = -1};
  CHECK_FAILS(varve_table_scan(table, &scan, &rows, &error), VARVE_INVALID, "limit");
  CHECK_FAILS(varve_table_scan(table, NULL, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK_FAILS(varve_table_take(table, NULL, 3, NULL, &batch, &schema, &error), VARVE_INVALID,
              "rows is NULL");
  CHECK_FAILS(varve_table_take(table, NULL, 0, NULL, NULL, &schema, &error), VARVE_INVALID,
              "output");
  CHECK_FAILS(varve_table_get_state(table, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK_FAILS(varve_table_schema(table, NULL, &error), VARVE_INVALID, "output is NULL");
  CHECK_FAILS(varve_table_resolve(table, NULL, NULL, NULL, &error), VARVE_INVALID, "token is NULL");

  // Options of a program that is newer than the library: those it does not use are no matter.
  struct {
    varve_append_options known;
    int64_t new_option;
  } newer = {.known = {.struct_size = sizeof(newer)}, .new_option = 0};
  MakeSampleStream(130, 1, 1, 0, &rows);
  newer.new_option = 1;
  CHECK_FAILS(varve_table_append(table, &rows, &newer.known, NULL, &error), VARVE_UNSUPPORTED,
              "option");
  newer.new_option = 0;
  MakeSampleStream(130, 1, 1, 0, &rows);
  CHECK_OK(varve_table_append(table, &rows, &newer.known, NULL, &error));
  // And of one that is older.
  const varve_scan_options older = {.struct_size = offsetof(varve_scan_options, limit),
                                    .limit = -1};
  CHECK_OK(varve_table_scan(table, &older, &rows, &error));
  CheckRows(&rows, 0, 131, 8192);

  // Handles that are none.
  CHECK_OK(varve_table_open(uri, NULL, &none, &error));
  CHECK_OK(varve_table_close(none, &error));
  CHECK_FAILS(varve_table_close(none, &error), VARVE_INVALID, "no table that is open");
  varve_table* another = NULL;
  CHECK_OK(varve_table_open(uri, NULL, &another, &error));
  CHECK(another != none);
  CHECK_FAILS(varve_table_close(none, &error), VARVE_INVALID, "no table that is open");
  CHECK_FAILS(varve_table_get_state(none, &state, &error), VARVE_INVALID, "no table that is open");
  CHECK_OK(varve_table_close(another, &error));
  CHECK_FAILS(varve_table_close(NULL, &error), VARVE_INVALID, "table is NULL");
  CHECK_FAILS(varve_table_refresh((varve_table*)&state, NULL, &error), VARVE_INVALID,
              "no table that is open");
}

// Every byte of a table's data files but the first is turned over: reading says where.
static void TestNamesDamage(const char* folder) {
  char command[8192];
  snprintf(command, sizeof(command),
           "for f in $(find '%s/books' -name '*.parquet'); do size=$(stat -c %%s \"$f\"); "
           "head -c $((size - 1)) /dev/zero | tr '\\0' '\\377' | dd of=\"$f\" bs=1M seek=1 "
           "oflag=seek_bytes "
           "conv=notrunc status=none; done",
           folder);
  CHECK_EQUAL(system(command), 0);
  varve_table* table = NULL;
  CHECK_OK(varve_table_open(uri, NULL, &table, &error));
  struct ArrowArrayStream rows;
  varve_error* damage = NULL;
  varve_code answer = varve_table_scan(table, NULL, &rows, &damage);
  if (answer == VARVE_OK) {  // the stream says it, with the whole message
    struct ArrowArray batch;
    CHECK(rows.get_next(&rows, &batch) != 0);
    CHECK_CONTAINS(rows.get_last_error(&rows), ".parquet");
    rows.release(&rows);
  } else {
    CHECK_EQUAL(answer, VARVE_CORRUPTION);
    CHECK_CONTAINS(varve_error_message(damage), ".parquet");
    varve_error_free(damage);
  }
  CHECK_OK(varve_table_close(table, &error));
}

// Ids and times in order: `times`, and 0 to num_times - 1, `copies` times over.
static void CheckTimes(varve_table* table, const int64_t* times, int64_t num_times, int copies) {
  const char* const columns[] = {"id", "Timestamp"};
  const varve_scan_options scan = {
      .struct_size = sizeof(scan), .columns = columns, .num_columns = 2};
  struct ArrowArrayStream rows;
  CHECK_OK(varve_table_scan(table, &scan, &rows, &error));
  int64_t row = 0;
  for (;;) {
    struct ArrowArray batch;
    CHECK_EQUAL(rows.get_next(&rows, &batch), 0);
    if (batch.release == NULL) break;
    const struct ArrowArray* const column = batch.children[1];
    const int64_t* const found = (const int64_t*)column->buffers[1] + column->offset;
    for (int64_t i = 0; i < batch.length; ++i, ++row) {
      CHECK_EQUAL(Ids(&batch)[i], row % num_times);
      CHECK_EQUAL(found[i], times[row % num_times]);
    }
    batch.release(&batch);
  }
  CHECK_EQUAL(row, num_times * copies);
  rows.release(&rows);
}

// A table is copied with its times, which are those of two commits, by one commit.
static void TestKeepsTimestamps(const char* folder) {
  char path[8192];
  struct ArrowArrayStream rows;
  varve_table* from = NULL;
  snprintf(path, sizeof(path), "%s/of-two-times", folder);
  MakeSampleStream(0, 1, 2, 0, &rows);
  CHECK_OK(varve_table_create(path, &rows, NULL, &from, &error));
  MakeSampleStream(2, 1, 3, 0, &rows);
  // Of a program that is older than the option, whatever stands behind what it knows.
  varve_append_options older = {.struct_size = offsetof(varve_append_options, keeps_timestamps),
                                .keeps_timestamps = 1};
  CHECK_OK(varve_table_append(from, &rows, &older, NULL, &error));

  const char* const columns[] = {"id", "emb", "Timestamp"};
  const varve_scan_options scan = {
      .struct_size = sizeof(scan), .columns = columns, .num_columns = 3};
  struct ArrowArray taken;
  struct ArrowSchema schema;
  const int64_t positions[] = {0, 1, 2, 3, 4};
  const varve_take_options take = {
      .struct_size = sizeof(take), .columns = columns + 2, .num_columns = 1};
  CHECK_OK(varve_table_take(from, positions, 5, &take, &taken, &schema, &error));
  int64_t times[5];
  memcpy(times, Ids(&taken), sizeof(times));
  taken.release(&taken);
  schema.release(&schema);
  CHECK_EQUAL(times[1], times[0]);
  CHECK(times[2] > times[1]);
  CHECK_EQUAL(times[4], times[2]);

  varve_table* to = NULL;
  snprintf(path, sizeof(path), "%s/of-kept-times", folder);
  const varve_create_options create = {.struct_size = sizeof(create), .keeps_timestamps = 1};
  CHECK_OK(varve_table_scan(from, &scan, &rows, &error));
  CHECK_OK(varve_table_create(path, &rows, &create, &to, &error));
  CheckTimes(to, times, 5, 1);
  const varve_append_options append = {.struct_size = sizeof(append), .keeps_timestamps = 1};
  CHECK_OK(varve_table_scan(from, &scan, &rows, &error));
  CHECK_OK(varve_table_append(to, &rows, &append, NULL, &error));
  CheckTimes(to, times, 5, 2);

  // Who does not ask for it has no such column, and who does has to bring it.
  const varve_append_options plain = {.struct_size = sizeof(plain)};
  CHECK_OK(varve_table_scan(from, &scan, &rows, &error));
  CHECK_FAILS(varve_table_append(to, &rows, &plain, NULL, &error), VARVE_INVALID,
              "unknown column: field 'Timestamp'");
  CHECK_OK(varve_table_scan(from, &scan, &rows, &error));
  CHECK_FAILS(varve_table_append(to, &rows, &older, NULL, &error), VARVE_INVALID,
              "unknown column: field 'Timestamp'");
  CHECK_OK(varve_table_scan(from, NULL, &rows, &error));
  CHECK_FAILS(varve_table_append(to, &rows, &append, NULL, &error), VARVE_INVALID,
              "missing column: field 'Timestamp'");
  CheckTimes(to, times, 5, 2);
  CHECK_OK(varve_table_close(to, &error));
  CHECK_OK(varve_table_close(from, &error));
}

int main(int argc, char** argv) {
  CHECK_EQUAL(argc, 2);
  snprintf(uri, sizeof(uri), "%s/books", argv[1]);
  varve_table* const table = MakeTable();
  TestWritesAndReads(table);
  TestTakes(table);
  TestTakesByRowId(table);
  TestTellsItsHistory(table);
  TestStopsCalls(table, argv[1]);
  TestStopsAnAppendInItsMiddle(table);
  TestMakesAnEmptyTable(argv[1]);
  TestReportsFailures(table, argv[1]);
  TestAnswersMisuse(table);
  CHECK_OK(varve_table_close(table, &error));
  TestKeepsTimestamps(argv[1]);
  TestNamesDamage(argv[1]);
  CHECK_EQUAL(NumSamplesLeft(), 0);
  return 0;
}
