// SPDX-License-Identifier: Apache-2.0
//
// Many threads on one handle, which is closed under their hands: every call answers, with the right
// rows or with VARVE_INVALID.  usage: threads_test EMPTY_FOLDER
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "check.h"
#include "sample_rows.h"
#include "varve/c/milvus_packed.h"
#include "varve/c/varve.h"

enum { NUM_THREADS = 4, NUM_ROWS = 3000 };

static const char* folder;
static atomic_int num_calls;

static void InThreads(void* (*run)(void*), void* argument, void (*meanwhile)(void*)) {
  pthread_t threads[NUM_THREADS];
  for (int i = 0; i < NUM_THREADS; ++i) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, run, argument), 0);
  }
  if (meanwhile != NULL) meanwhile(argument);
  for (int i = 0; i < NUM_THREADS; ++i) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

// ---- Tables ----

// Until the table is closed.
static void* TakeRows(void* table) {
  for (;;) {
    const int64_t positions[] = {7, NUM_ROWS - 1};
    struct ArrowArray batch;
    struct ArrowSchema schema;
    varve_error* error = NULL;
    const varve_code code =
        varve_table_take((varve_table*)table, positions, 2, NULL, &batch, &schema, &error);
    ++num_calls;
    if (code != VARVE_OK) {
      CHECK_EQUAL(code, VARVE_INVALID);
      CHECK_CONTAINS(varve_error_message(error), "no table that is open");
      varve_error_free(error);
      return NULL;
    }
    for (int i = 0; i < 2; ++i) {
      CHECK_EQUAL(((const int64_t*)batch.children[0]->buffers[1])[batch.children[0]->offset + i],
                  positions[i]);
    }
    batch.release(&batch);
    schema.release(&schema);
  }
}

static void CloseAfterSomeCalls(void* table) {
  while (num_calls < 10 * NUM_THREADS) sched_yield();
  CHECK_EQUAL(varve_table_close((varve_table*)table, NULL), VARVE_OK);
}

static void TestTableIsClosedInUse(void) {
  char uri[4096];
  snprintf(uri, sizeof(uri), "%s/books", folder);
  struct ArrowArrayStream rows;
  MakeSampleStream(0, 3, NUM_ROWS / 3, 0, &rows);
  varve_table* table = NULL;
  CHECK_EQUAL(varve_table_create(uri, &rows, NULL, &table, NULL), VARVE_OK);
  InThreads(TakeRows, table, CloseAfterSomeCalls);
}

// Until they are stopped: a test that fails goes on until its time limit ends it.
struct StoppedScans {
  varve_table* table;
  varve_stop* stop;
};

static void* ScanUntilStopped(void* argument) {
  const struct StoppedScans* const scans = argument;
  const varve_scan_options options = {
      .struct_size = sizeof(options), .batch_size = 100, .stop = scans->stop};
  for (;;) {
    struct ArrowArrayStream rows;
    const varve_code code = varve_table_scan(scans->table, &options, &rows, NULL);
    ++num_calls;
    if (code == VARVE_CANCELLED) return NULL;
    CHECK_EQUAL(code, VARVE_OK);
    int64_t next = 0;
    for (;;) {
      struct ArrowArray batch;
      if (rows.get_next(&rows, &batch) != 0) {
        CHECK_CONTAINS(rows.get_last_error(&rows), "asked to stop");
        break;
      }
      if (batch.release == NULL) {
        CHECK_EQUAL(next, NUM_ROWS);
        break;
      }
      const struct ArrowArray* const ids = batch.children[0];
      CHECK_EQUAL(((const int64_t*)ids->buffers[1])[ids->offset], next);
      next += batch.length;
      batch.release(&batch);
    }
    rows.release(&rows);
  }
}

static void StopAfterSomeCalls(void* argument) {
  while (num_calls < 10 * NUM_THREADS) sched_yield();
  varve_stop_request(((struct StoppedScans*)argument)->stop);
}

static void TestOneStopStopsManyThreads(void) {
  char uri[4096];
  snprintf(uri, sizeof(uri), "%s/stopped", folder);
  struct ArrowArrayStream rows;
  MakeSampleStream(0, 3, NUM_ROWS / 3, 0, &rows);
  struct StoppedScans scans = {NULL, varve_stop_new()};
  CHECK_EQUAL(varve_table_create(uri, &rows, NULL, &scans.table, NULL), VARVE_OK);
  num_calls = 0;
  InThreads(ScanUntilStopped, &scans, StopAfterSomeCalls);
  varve_stop_free(scans.stop);
  CHECK_EQUAL(varve_table_close(scans.table, NULL), VARVE_OK);
}

// ---- Packed sets ----

static CStorageConfig LocalConfig(void) {
  return (CStorageConfig){.address = "",
                          .bucket_name = "",
                          .access_key_id = "",
                          .access_key_value = "",
                          .root_path = folder,
                          .storage_type = "local",
                          .cloud_provider = "",
                          .iam_endpoint = "",
                          .log_level = "",
                          .region = "",
                          .sslCACert = "",
                          .gcp_credential_json = ""};
}

static char* paths[] = {"set/1"};

// Each writes all rows.
static void* WriteRows(void* writer) {
  struct ArrowSchema schema;
  struct ArrowSchema parts;
  struct ArrowArray rows;
  MakeSampleSchema(1, &schema);
  MakeSampleSchema(1, &parts);
  MakeSampleRows(1, 0, NUM_ROWS, &rows);
  struct ArrowArray arrays[] = {*rows.children[0], *rows.children[1]};
  struct ArrowSchema schemas[] = {*parts.children[0], *parts.children[1]};
  for (int i = 0; i < 2; ++i) {
    rows.children[i]->release = NULL;  // moved
    parts.children[i]->release = NULL;
  }
  rows.release(&rows);
  parts.release(&parts);
  CHECK_EQUAL(WriteRecordBatch(writer, arrays, schemas, &schema).error_code, 0);
  return NULL;
}

static atomic_llong num_rows_read;
static atomic_llong sum_of_ids;

// Each reads what the others leave.
static void* ReadRows(void* reader) {
  for (;;) {
    CArrowArray out_array = NULL;
    CArrowSchema out_schema = NULL;
    CHECK_EQUAL(ReadNext(reader, &out_array, &out_schema).error_code, 0);
    if (out_array == NULL) return NULL;
    struct ArrowArray* const batch = out_array;
    struct ArrowSchema* const schema = out_schema;
    const struct ArrowArray* const ids = batch->children[0];
    for (int64_t i = 0; i < batch->length; ++i) {
      sum_of_ids += ((const int64_t*)ids->buffers[1])[ids->offset + i];
    }
    num_rows_read += batch->length;
    batch->release(batch);
    schema->release(schema);
    free(batch);
    free(schema);
  }
}

static void TestSetIsWrittenAndReadByMany(void) {
  const CColumnSplits splits = NewCColumnSplits();
  int all[] = {0, 1};
  AddCColumnSplit(splits, all, 2);
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  CPackedWriter writer = NULL;
  CHECK_EQUAL(NewPackedWriterWithStorageConfig(&schema, 0, paths, 1, 0, splits, LocalConfig(),
                                               &writer, NULL)
                  .error_code,
              0);
  FreeCColumnSplits(splits);
  InThreads(WriteRows, writer, NULL);
  CHECK_EQUAL(CloseWriter(writer).error_code, 0);

  MakeSampleSchema(1, &schema);
  CPackedReader reader = NULL;
  CHECK_EQUAL(NewPackedReaderWithStorageConfig(paths, 1, &schema, 0, LocalConfig(), &reader, NULL)
                  .error_code,
              0);
  InThreads(ReadRows, reader, NULL);
  CHECK_EQUAL(num_rows_read, NUM_THREADS * NUM_ROWS);
  CHECK_EQUAL(sum_of_ids, NUM_THREADS * ((int64_t)NUM_ROWS * (NUM_ROWS - 1) / 2));
  CHECK_EQUAL(CloseReader(reader).error_code, 0);
}

int main(int argc, char** argv) {
  CHECK_EQUAL(argc, 2);
  folder = argv[1];
  TestTableIsClosedInUse();
  TestOneStopStopsManyThreads();
  TestSetIsWrittenAndReadByMany();
  CHECK_EQUAL(NumSamplesLeft(), 0);
  return 0;
}
