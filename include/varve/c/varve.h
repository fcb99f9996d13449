// SPDX-License-Identifier: Apache-2.0
//
// Tables of Varve for C, and for every language that calls C: library libvarve_c.so, pkg-config
// varve_c.
//
//   varve_error* error = NULL;
//   varve_table* table = NULL;
//   if (varve_table_open("file:///data/books", NULL, &table, &error) != VARVE_OK) {
//     fprintf(stderr, "%s\n", varve_error_message(error));
//     varve_error_free(error);
//   }
//
// Text:    UTF-8, ended by a zero byte
// Rows:    cross as Arrow's C data and C stream interfaces, without a copy
// Errors:  every call that can fail returns a code and, where `error` is not NULL, sets *error: to
//          NULL, or to what went wrong, which the caller frees (NULL, too, where memory ran out).
//          No exception leaves the library. Misuse that can be told is VARVE_INVALID: NULL, a
//          handle that was closed, a count without what it counts. Outputs are written on success
//          only.
// Streams: rows and schemas that a call takes in, it releases, whatever it returns. What it gives
//          out belongs to the caller and may outlive the table; get_last_error has the whole
//          message.
// Options: pointers to them may be NULL. struct_size is the sizeof that the caller was compiled
//          with; all else that is zero means the default. So programs and libraries of different
//          age work together.
// Stops:   a call whose options have a `stop`, and each get_next of a stream that it gave out,
//          fails with VARVE_CANCELLED soon after varve_stop_request, from any thread.
// Threads: calls on one table may run concurrently, its closing included. A stream has one caller
//          at a time.
// Source:  docs/guide/c.md; varve/table.h says more of what the calls do
#ifndef VARVE_C_VARVE_H_
#define VARVE_C_VARVE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "varve/c/arrow_abi.h"

#ifndef VARVE_C_EXPORT
#define VARVE_C_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// What a call came to. Values never change their meaning, new ones may be added.
typedef int32_t varve_code;
enum {
  VARVE_OK = 0,
  VARVE_INVALID = 1,             // the caller's input is wrong
  VARVE_NOT_FOUND = 2,           // a table, version, object, column or row does not exist
  VARVE_ALREADY_EXISTS = 3,      // create met something that is there
  VARVE_CORRUPTION = 4,          // bytes read are not the bytes written
  VARVE_COMMIT_CONFLICT = 5,     // another commit overlaps this one; nothing of ours is visible
  VARVE_COMMIT_UNKNOWN = 6,      // the commit may or may not have happened; see varve_table_resolve
  VARVE_UNSUPPORTED = 7,         // a valid file or request that this version does not handle
  VARVE_RESOURCE_EXHAUSTED = 8,  // memory, disk or a configured limit
  VARVE_IO = 9,                  // the operating system or the store reported an error
  VARVE_CANCELLED = 10,          // the caller asked to stop
  VARVE_INTERNAL = 11,           // a defect of Varve
  VARVE_DENIED = 12              // the operating system or the store denies access
};

// The stable lower-case name of a code ("ok", "corruption"); "unknown" for one that is none.
// Static.
VARVE_C_EXPORT const char* varve_code_name(varve_code code);

// The library's version, "0.1.0". Static.
VARVE_C_EXPORT const char* varve_library_version(void);

// What went wrong. Texts live until varve_error_free; those of NULL are empty, its code VARVE_OK.
typedef struct varve_error varve_error;

VARVE_C_EXPORT varve_code varve_error_code(const varve_error* error);
// What went wrong, with object, field, offset, expected and found where they are known.
VARVE_C_EXPORT const char* varve_error_message(const varve_error* error);
// The path of the file or object, or the URI of the table, that the error is of; may be empty.
VARVE_C_EXPORT const char* varve_error_object(const varve_error* error);
// Of VARVE_COMMIT_UNKNOWN: for varve_table_resolve. Else empty.
VARVE_C_EXPORT const char* varve_error_commit_token(const varve_error* error);
// NULL is harmless.
VARVE_C_EXPORT void varve_error_free(varve_error* error);

// Asks calls to stop. One may serve any number of calls, at once or one after the other; what it
// stopped stays stopped.
//
// A stopped read fails with VARVE_CANCELLED; a stopped write leaves nothing behind, but a commit
// whose manifest is being written fails or succeeds as usual. A call that begins when the stop was
// requested already fails before it touches the store.
typedef struct varve_stop varve_stop;

// NULL where memory ran out.
VARVE_C_EXPORT varve_stop* varve_stop_new(void);
// From any thread, during calls above all. NULL is harmless.
VARVE_C_EXPORT void varve_stop_request(varve_stop* stop);
// Not while another call gets it as an argument; calls that have begun, and streams, go on, and
// nothing stops them any more. NULL is harmless.
VARVE_C_EXPORT void varve_stop_free(varve_stop* stop);

typedef struct varve_table varve_table;

// Of an object store: credentials, endpoint, region, limits (docs/guide/object-stores.md).
typedef struct varve_option {
  const char* key;
  const char* value;
} varve_option;

typedef struct varve_open_options {
  size_t struct_size;
  uint64_t version;      // 0: the newest
  int64_t as_of_micros;  // newest version committed at or before, since the epoch; 0: not asked
  const varve_option* storage;
  size_t num_storage;
  const varve_stop* stop;  // of opening; NULL: nothing stops it
} varve_open_options;

typedef struct varve_create_options {
  size_t struct_size;
  const char* primary_key;  // name of the column; NULL: none
  const char* message;      // kept in the history
  const varve_option* storage;
  size_t num_storage;
  const varve_stop* stop;
  uint64_t keeps_timestamps;  // as varve_append_options
} varve_create_options;

// Members at the end are as wide as a pointer: a structure has no padding that a later one would
// take for a value.
typedef struct varve_append_options {
  size_t struct_size;
  const char* message;  // kept in the history
  const varve_stop* stop;
  // Not 0: the rows have a column "Timestamp" too, an int64 without nulls: their hybrid timestamps
  // (milliseconds since the epoch times 2^18, and a counter), stored with them and shown in place
  // of the commit's. From 2^63 on they are negative.
  uint64_t keeps_timestamps;
} varve_append_options;

typedef struct varve_scan_options {
  size_t struct_size;
  const char* const* columns;  // in this order
  size_t num_columns;          // 0: all of the user's
  const char* filter;          // "label = 7 AND ts >= 100"; NULL: all rows
  int64_t limit;               // rows; 0: no limit
  int64_t batch_size;          // rows, an upper bound; 0: 8192
  bool skip_verification;      // of checksums
  const varve_stop* stop;      // of the call and of the stream
} varve_scan_options;

typedef struct varve_take_options {
  size_t struct_size;
  const char* const* columns;
  size_t num_columns;
  bool skip_verification;
  const varve_stop* stop;
} varve_take_options;

typedef struct varve_history_options {
  size_t struct_size;
  int64_t limit;  // versions; 0: no limit
  const varve_stop* stop;
} varve_history_options;

// Of a call that has no others.
typedef struct varve_call_options {
  size_t struct_size;
  const varve_stop* stop;
} varve_call_options;

// What a commit came to.
typedef struct varve_commit {
  uint64_t version;
  int64_t rows_added;
} varve_commit;

// The version that a table handle is at.
typedef struct varve_table_state {
  uint64_t version;
  int64_t num_rows;
} varve_table_state;

// A table that does not exist yet, with the rows of `rows` in its first version. Errors:
// VARVE_ALREADY_EXISTS
VARVE_C_EXPORT varve_code varve_table_create(const char* uri, struct ArrowArrayStream* rows,
                                             const varve_create_options* options, varve_table** out,
                                             varve_error** error);

// The same without rows, from a schema (format "+s").
VARVE_C_EXPORT varve_code varve_table_create_empty(const char* uri, struct ArrowSchema* schema,
                                                   const varve_create_options* options,
                                                   varve_table** out, varve_error** error);

// Errors: VARVE_NOT_FOUND if there is no table or no such version
VARVE_C_EXPORT varve_code varve_table_open(const char* uri, const varve_open_options* options,
                                           varve_table** out, varve_error** error);

// Gives the handle back. Streams and calls that are under way are not disturbed.
// Errors: VARVE_INVALID if it is closed already, whatever was opened since
VARVE_C_EXPORT varve_code varve_table_close(varve_table* table, varve_error** error);

VARVE_C_EXPORT varve_code varve_table_get_state(varve_table* table, varve_table_state* out,
                                                varve_error** error);

// The columns of the user, as rows come and go; released by the caller.
VARVE_C_EXPORT varve_code varve_table_schema(varve_table* table, struct ArrowSchema* out,
                                             varve_error** error);

// Looks for newer versions. A table opened at a version stays there.
VARVE_C_EXPORT varve_code varve_table_refresh(varve_table* table, const varve_call_options* options,
                                              varve_error** error);

// Writes the rows of a stream as one version; nothing is visible unless this returns VARVE_OK.
// `out` may be NULL. Errors: VARVE_INVALID for rows that do not fit (the table is unchanged);
// VARVE_COMMIT_UNKNOWN, with a token
VARVE_C_EXPORT varve_code varve_table_append(varve_table* table, struct ArrowArrayStream* rows,
                                             const varve_append_options* options, varve_commit* out,
                                             varve_error** error);

// What became of an append that ended as VARVE_COMMIT_UNKNOWN. `out` may be NULL.
// Errors: VARVE_COMMIT_CONFLICT: it did not happen and never will; VARVE_COMMIT_UNKNOWN: ask again
// later; VARVE_NOT_FOUND: the versions that would tell are no longer kept; VARVE_INVALID: not a
// token
VARVE_C_EXPORT varve_code varve_table_resolve(varve_table* table, const char* token,
                                              const varve_call_options* options, varve_commit* out,
                                              varve_error** error);

// Rows in order, of the version that the handle is at now.
// Errors: VARVE_INVALID for an unknown column or a filter that does not parse
VARVE_C_EXPORT varve_code varve_table_scan(varve_table* table, const varve_scan_options* options,
                                           struct ArrowArrayStream* out, varve_error** error);

// Rows by position, in the order given, repetitions allowed, as one struct array and its schema,
// both released by the caller.  Errors: VARVE_INVALID naming the first position out of range
VARVE_C_EXPORT varve_code varve_table_take(varve_table* table, const int64_t* rows, size_t num_rows,
                                           const varve_take_options* options,
                                           struct ArrowArray* out_array,
                                           struct ArrowSchema* out_schema, varve_error** error);

// The same by row id: a row keeps the one it got when it was appended ("RowID" in a scan that names
// that column), whatever becomes of its position.
// Errors: VARVE_NOT_FOUND naming the first id that is not live
VARVE_C_EXPORT varve_code varve_table_take_row_ids(varve_table* table, const uint64_t* row_ids,
                                                   size_t num_row_ids,
                                                   const varve_take_options* options,
                                                   struct ArrowArray* out_array,
                                                   struct ArrowSchema* out_schema,
                                                   varve_error** error);

// One version, as the history tells of it. Texts live as long as the history.
typedef struct varve_version_info {
  uint64_t version;
  int64_t commit_micros;  // since the epoch, UTC
  const char* operation;  // "create", "append", …
  int64_t rows_added;
  int64_t rows_removed;
  int64_t num_rows;     // live rows of that version
  const char* message;  // of the caller who made it; may be empty
} varve_version_info;

// Every version, from the newest back; freed by the caller, and independent of the table.
typedef struct varve_history varve_history;

VARVE_C_EXPORT varve_code varve_table_history(varve_table* table,
                                              const varve_history_options* options,
                                              varve_history** out, varve_error** error);
// 0 for NULL.
VARVE_C_EXPORT size_t varve_history_size(const varve_history* history);
// Entry i, 0 is the newest; NULL from the size on.
VARVE_C_EXPORT const varve_version_info* varve_history_at(const varve_history* history, size_t i);
// NULL is harmless.
VARVE_C_EXPORT void varve_history_free(varve_history* history);

#ifdef __cplusplus
}
#endif

#endif  // VARVE_C_VARVE_H_
