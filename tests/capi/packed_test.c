// SPDX-License-Identifier: Apache-2.0
//
// A program in C11 that knows nothing but varve/c/milvus_packed.h: the interface is Milvus', sets
// are written and read, and every misuse that can be told is answered.
//   usage: packed_test EMPTY_FOLDER
#include <stddef.h>
#include <unistd.h>

#include "check.h"
#include "malformed_structures.h"
#include "sample_rows.h"
#include "varve/c/milvus_packed.h"
#include "varve/c/varve.h"

// ---- Layouts, on machines with pointers of 8 bytes ----

_Static_assert(sizeof(CStatus) == 16, "layout");
_Static_assert(offsetof(CStatus, error_code) == 0, "layout");
_Static_assert(offsetof(CStatus, error_msg) == 8, "layout");

_Static_assert(offsetof(CStorageConfig, address) == 0, "layout");
_Static_assert(offsetof(CStorageConfig, bucket_name) == 8, "layout");
_Static_assert(offsetof(CStorageConfig, access_key_id) == 16, "layout");
_Static_assert(offsetof(CStorageConfig, access_key_value) == 24, "layout");
_Static_assert(offsetof(CStorageConfig, root_path) == 32, "layout");
_Static_assert(offsetof(CStorageConfig, storage_type) == 40, "layout");
_Static_assert(offsetof(CStorageConfig, cloud_provider) == 48, "layout");
_Static_assert(offsetof(CStorageConfig, iam_endpoint) == 56, "layout");
_Static_assert(offsetof(CStorageConfig, log_level) == 64, "layout");
_Static_assert(offsetof(CStorageConfig, region) == 72, "layout");
_Static_assert(offsetof(CStorageConfig, useSSL) == 80, "layout");
_Static_assert(offsetof(CStorageConfig, sslCACert) == 88, "layout");
_Static_assert(offsetof(CStorageConfig, useIAM) == 96, "layout");
_Static_assert(offsetof(CStorageConfig, useVirtualHost) == 97, "layout");
_Static_assert(offsetof(CStorageConfig, requestTimeoutMs) == 104, "layout");
_Static_assert(offsetof(CStorageConfig, gcp_credential_json) == 112, "layout");
_Static_assert(offsetof(CStorageConfig, use_custom_part_upload) == 120, "layout");
_Static_assert(offsetof(CStorageConfig, max_connections) == 124, "layout");
_Static_assert(offsetof(CStorageConfig, tls_min_version) == 128, "layout");
_Static_assert(offsetof(CStorageConfig, use_crc32c_checksum) == 136, "layout");
_Static_assert(sizeof(CStorageConfig) == 144, "layout");

_Static_assert(offsetof(CPluginContext, ez_id) == 0, "layout");
_Static_assert(offsetof(CPluginContext, collection_id) == 8, "layout");
_Static_assert(offsetof(CPluginContext, key) == 16, "layout");
_Static_assert(sizeof(CPluginContext) == 24, "layout");

_Static_assert(offsetof(CMmapConfig, cache_read_ahead_policy) == 0, "layout");
_Static_assert(offsetof(CMmapConfig, mmap_path) == 8, "layout");
_Static_assert(offsetof(CMmapConfig, disk_limit) == 16, "layout");
_Static_assert(offsetof(CMmapConfig, fix_file_size) == 24, "layout");
_Static_assert(offsetof(CMmapConfig, growing_enable_mmap) == 32, "layout");
_Static_assert(offsetof(CMmapConfig, scalar_index_enable_mmap) == 33, "layout");
_Static_assert(offsetof(CMmapConfig, scalar_field_enable_mmap) == 34, "layout");
_Static_assert(offsetof(CMmapConfig, vector_index_enable_mmap) == 35, "layout");
_Static_assert(offsetof(CMmapConfig, vector_field_enable_mmap) == 36, "layout");
_Static_assert(offsetof(CMmapConfig, mmap_populate) == 37, "layout");
_Static_assert(offsetof(CMmapConfig, json_stats_enable_mmap) == 38, "layout");
_Static_assert(offsetof(CMmapConfig, json_stats_mmap_path) == 40, "layout");
_Static_assert(sizeof(CMmapConfig) == 48, "layout");

_Static_assert(offsetof(CArrowReaderConfig, hole_size_limit_bytes) == 0, "layout");
_Static_assert(offsetof(CArrowReaderConfig, range_size_limit_bytes) == 8, "layout");
_Static_assert(sizeof(CArrowReaderConfig) == 16, "layout");
_Static_assert(sizeof(LoonProperty) == 16, "layout");
_Static_assert(offsetof(LoonProperties, count) == 8, "layout");
_Static_assert(sizeof(LoonProperties) == 16, "layout");

// ---- Parameters: a pointer of the type that Milvus' callers take for granted ----

struct Functions {
  CStatus (*new_writer_with_config)(struct ArrowSchema*, const int64_t, char**, int64_t, int64_t,
                                    void*, CStorageConfig, void**, CPluginContext*);
  CStatus (*new_writer)(struct ArrowSchema*, const int64_t, char**, int64_t, int64_t, void*, void**,
                        CPluginContext*);
  CStatus (*write)(void*, struct ArrowArray*, struct ArrowSchema*, struct ArrowSchema*);
  CStatus (*close_writer)(void*);
  CStatus (*close_and_tell)(void*, int64_t*, size_t);
  CStatus (*new_reader_with_config)(char**, int64_t, struct ArrowSchema*, const int64_t,
                                    CStorageConfig, void**, CPluginContext*);
  CStatus (*new_reader_with_properties)(char**, int64_t, struct ArrowSchema*, const int64_t,
                                        const LoonProperties*, const char*, void**,
                                        CPluginContext*);
  CStatus (*new_reader)(char**, int64_t, struct ArrowSchema*, const int64_t, void**,
                        CPluginContext*);
  CStatus (*read_next)(void*, void**, void**);
  CStatus (*close_reader)(void*);
  void* (*new_splits)(void);
  void (*add_split)(void*, int*, int);
  int (*splits_size)(void*);
  void (*free_splits)(void*);
  CStatus (*init_file_system)(CStorageConfig);
  void (*clean_file_system)(void);
};

const struct Functions functions = {NewPackedWriterWithStorageConfig,
                                    NewPackedWriter,
                                    WriteRecordBatch,
                                    CloseWriter,
                                    CloseAndTell,
                                    NewPackedReaderWithStorageConfig,
                                    NewPackedReaderWithProperties,
                                    NewPackedReader,
                                    ReadNext,
                                    CloseReader,
                                    NewCColumnSplits,
                                    AddCColumnSplit,
                                    CColumnSplitsSize,
                                    FreeCColumnSplits,
                                    InitArrowFileSystem,
                                    CleanArrowFileSystem};

// ---- Behaviour ----

static const char* folder;

static CStorageConfig LocalConfig(void) {
  return (CStorageConfig){.address = "",
                          .bucket_name = "",
                          .access_key_id = "",
                          .access_key_value = "",
                          .root_path = folder,
                          .storage_type = "local",
                          .cloud_provider = "",
                          .iam_endpoint = "",
                          .log_level = "warn",
                          .region = "",
                          .sslCACert = "",
                          .gcp_credential_json = "",
                          .use_custom_part_upload = true};
}

// Success has a static empty text.
#define CHECK_OK(call)                                                           \
  do {                                                                           \
    const CStatus status = (call);                                               \
    if (status.error_code != 0) {                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, status.error_msg);      \
      exit(1);                                                                   \
    }                                                                            \
    CHECK_EQUAL(strlen(status.error_msg), 0);                                    \
    CHECK(status.error_msg == TextOfSuccess()); /* the same each time: static */ \
  } while (0)

#define CHECK_FAILS(call, expected, part)     \
  do {                                        \
    const CStatus status = (call);            \
    CHECK_CONTAINS(status.error_msg, part);   \
    CHECK_EQUAL(status.error_code, expected); \
    free((void*)status.error_msg);            \
  } while (0)

// The text of a success, from a call that has nothing to do with the one that is looked at.
static const char* TextOfSuccess(void) {
  static const char* text = NULL;
  if (text == NULL) {
    const CStatus status = InitArrowFileSystem(LocalConfig());
    CHECK_EQUAL(status.error_code, 0);
    CleanArrowFileSystem();
    text = status.error_msg;
  }
  return text;
}

static char* file_paths[] = {"set/0/1", "set/101/2"};

static CColumnSplits MakeSplits(void) {
  int first[] = {0};
  int second[] = {1};
  const CColumnSplits splits = NewCColumnSplits();
  CHECK_EQUAL(CColumnSplitsSize(splits), 0);
  AddCColumnSplit(splits, first, 1);
  AddCColumnSplit(splits, second, 1);
  CHECK_EQUAL(CColumnSplitsSize(splits), 2);
  return splits;
}

static CPackedWriter MakeWriter(char** paths) {
  const CColumnSplits splits = MakeSplits();
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  CPackedWriter writer = NULL;
  CHECK_OK(NewPackedWriterWithStorageConfig(&schema, 0, paths, 2, 10 << 20, splits, LocalConfig(),
                                            &writer, NULL));
  CHECK(schema.release == NULL);
  CHECK(writer != NULL);
  FreeCColumnSplits(splits);
  return writer;
}

// The rows as columns next to each other, each with a schema of its own. The call releases them.
static CStatus Write(CPackedWriter writer, int64_t first, int64_t num_rows) {
  struct ArrowSchema schema;
  struct ArrowSchema parts;
  struct ArrowArray rows;
  MakeSampleSchema(1, &schema);
  MakeSampleSchema(1, &parts);
  MakeSampleRows(1, first, num_rows, &rows);
  struct ArrowArray arrays[] = {*rows.children[0], *rows.children[1]};
  struct ArrowSchema schemas[] = {*parts.children[0], *parts.children[1]};
  for (int i = 0; i < 2; ++i) {
    rows.children[i]->release = NULL;  // moved
    parts.children[i]->release = NULL;
  }
  rows.release(&rows);
  parts.release(&parts);
  const CStatus status = WriteRecordBatch(writer, arrays, schemas, &schema);
  CHECK(schema.release == NULL);
  for (int i = 0; i < 2; ++i) CHECK(arrays[i].release == NULL && schemas[i].release == NULL);
  return status;
}

// Reads to the end; rows from 0 up.
static void CheckRows(CPackedReader reader, int64_t num_rows) {
  int64_t next = 0;
  for (;;) {
    CArrowArray out_array = (CArrowArray)file_paths;  // a value that the end leaves alone
    CArrowSchema out_schema = (CArrowSchema)folder;
    CHECK_OK(ReadNext(reader, &out_array, &out_schema));
    if (out_array == (CArrowArray)file_paths) {
      CHECK(out_schema == (CArrowSchema)folder);
      break;
    }
    struct ArrowArray* const batch = out_array;
    struct ArrowSchema* const schema = out_schema;
    CHECK(batch->length > 0 && batch->length <= 1024);
    CHECK_EQUAL(batch->n_children, 2);
    CHECK_EQUAL(strcmp(schema->children[1]->format, "w:16"), 0);
    const struct ArrowArray* const id = batch->children[0];
    const struct ArrowArray* const vectors = batch->children[1];
    for (int64_t i = 0; i < batch->length; ++i) {
      CHECK_EQUAL(((const int64_t*)id->buffers[1])[id->offset + i], next + i);
      for (int j = 0; j < VECTOR_DIM; ++j) {
        CHECK(((const float*)vectors->buffers[1])[(vectors->offset + i) * VECTOR_DIM + j] ==
              SampleElement(next + i, j));
      }
    }
    next += batch->length;
    batch->release(batch);
    schema->release(schema);
    free(batch);
    free(schema);
  }
  CHECK_EQUAL(next, num_rows);
  CHECK_OK(CloseReader(reader));
}

static CPackedReader MakeReader(void) {
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  CPackedReader reader = NULL;
  CHECK_OK(NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 16 << 20, LocalConfig(),
                                            &reader, NULL));
  CHECK(schema.release == NULL);
  return reader;
}

static int64_t FileSize(const char* path) {
  char full[4096];
  snprintf(full, sizeof(full), "%s/%s", folder, path);
  FILE* const file = fopen(full, "rb");
  if (file == NULL) return -1;
  CHECK_EQUAL(fseek(file, 0, SEEK_END), 0);
  const int64_t size = ftell(file);
  fclose(file);
  return size;
}

static void TestWritesAndReads(void) {
  const CPackedWriter writer = MakeWriter(file_paths);
  CHECK_OK(Write(writer, 0, 3000));
  CHECK_OK(Write(writer, 3000, 1));
  CHECK_OK(Write(writer, 3001, 0));
  CHECK_EQUAL(FileSize(file_paths[0]), -1);
  int64_t sizes[] = {-1, -1};
  CHECK_FAILS(CloseAndTell(writer, sizes, 1), VARVE_INVALID, "column groups");
  CHECK_FAILS(CloseAndTell(writer, NULL, 2), VARVE_INVALID, "output is NULL");
  CHECK_OK(CloseAndTell(writer, sizes, 2));
  for (int i = 0; i < 2; ++i) CHECK_EQUAL(sizes[i], FileSize(file_paths[i]));
  CHECK(sizes[1] > 3001 * (int64_t)sizeof(float) * VECTOR_DIM);
  CHECK_FAILS(CloseAndTell(writer, sizes, 2), VARVE_INVALID, "no packed writer that is open");
  CHECK_FAILS(CloseWriter(writer), VARVE_INVALID, "no packed writer that is open");
  CHECK_FAILS(Write(writer, 0, 1), VARVE_INVALID, "no packed writer that is open");

  CheckRows(MakeReader(), 3001);
}

static void TestGivesAWriterUp(void) {
  char* paths[] = {"given_up/0/1", "given_up/101/2"};
  const CPackedWriter writer = MakeWriter(paths);
  CHECK_OK(Write(writer, 0, 3000));
  CHECK_OK(varve_packed_writer_abort(writer));
  for (int i = 0; i < 2; ++i) CHECK_EQUAL(FileSize(paths[i]), -1);
  CHECK_FAILS(varve_packed_writer_abort(writer), VARVE_INVALID, "no packed writer that is open");
  CHECK_FAILS(CloseWriter(writer), VARVE_INVALID, "no packed writer that is open");
  CHECK_FAILS(varve_packed_writer_abort(NULL), VARVE_INVALID, "packed writer is NULL");

  // The names are free.
  const CPackedWriter again = MakeWriter(paths);
  CHECK_OK(Write(again, 0, 1));
  CHECK_OK(CloseWriter(again));
  for (int i = 0; i < 2; ++i) CHECK(FileSize(paths[i]) > 0);
}

// The store of the process, and one that is described by properties.
static void TestOtherStores(void) {
  struct ArrowSchema schema;
  CPackedReader reader = NULL;
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReader(file_paths, 2, &schema, 0, &reader, NULL), VARVE_INVALID,
              "InitArrowFileSystem");
  CHECK(schema.release == NULL);
  CHECK_OK(InitArrowFileSystem(LocalConfig()));
  MakeSampleSchema(1, &schema);
  CHECK_OK(NewPackedReader(file_paths, 2, &schema, -1, &reader, NULL));

  char* paths[] = {"/other/0/1", "/other/101/2"};  // below the root all the same
  const CColumnSplits splits = MakeSplits();
  CPackedWriter writer = NULL;
  MakeSampleSchema(1, &schema);
  CHECK_OK(NewPackedWriter(&schema, 1 << 20, paths, 2, 0, splits, &writer, NULL));
  FreeCColumnSplits(splits);
  CleanArrowFileSystem();
  CHECK_OK(Write(writer, 0, 10));
  CHECK_OK(CloseWriter(writer));
  CheckRows(reader, 3001);

  LoonProperty all[] = {{"fs.storage_type", "local"},
                        {"fs.root_path", (char*)folder},
                        {"fs.use_ssl", "false"},
                        {"reader.record_batch_max_rows", "8192"}};
  LoonProperties properties = {all, 4};
  MakeSampleSchema(1, &schema);
  CHECK_OK(NewPackedReaderWithProperties(paths, 2, &schema, 0, &properties, NULL, &reader, NULL));
  CheckRows(reader, 10);
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithProperties(paths, 2, &schema, 0, &properties, "s3://elsewhere/a",
                                            &reader, NULL),
              VARVE_UNSUPPORTED, "s3://elsewhere/a");
  all[2].value = "maybe";
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithProperties(paths, 2, &schema, 0, &properties, "", &reader, NULL),
              VARVE_INVALID, "fs.use_ssl");
  all[2].value = NULL;
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithProperties(paths, 2, &schema, 0, &properties, "", &reader, NULL),
              VARVE_INVALID, "fs.use_ssl is NULL");
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithProperties(paths, 2, &schema, 0, NULL, "", &reader, NULL),
              VARVE_INVALID, "properties are NULL");
  // No bucket is made up.
  LoonProperty remote[] = {{"fs.storage_type", "minio"}};
  properties = (LoonProperties){remote, 1};
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithProperties(paths, 2, &schema, 0, &properties, "", &reader, NULL),
              VARVE_INVALID, "bucket_name");
}

static void TestReadsMissingFieldsAsNulls(void) {
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  // The id of the vectors becomes one that the set does not have; the digits are the last ones.
  char* const metadata = (char*)schema.children[1]->metadata;
  char* const digits = metadata + 3 * sizeof(int32_t) + strlen("PARQUET:field_id");
  CHECK_EQUAL(memcmp(digits, "101", 3), 0);
  memcpy(digits, "177", 3);
  CPackedReader reader = NULL;
  CHECK_OK(
      NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), &reader, NULL));
  CArrowArray out_array = NULL;
  CArrowSchema out_schema = NULL;
  CHECK_OK(ReadNext(reader, &out_array, &out_schema));
  struct ArrowArray* const batch = out_array;
  struct ArrowSchema* const found = out_schema;
  CHECK_EQUAL(batch->children[1]->null_count, batch->length);
  CHECK((found->children[1]->flags & ARROW_FLAG_NULLABLE) != 0);
  batch->release(batch);
  found->release(found);
  free(batch);
  free(found);
  CHECK_OK(CloseReader(reader));
}

static CStatus NewWriter(CColumnSplits splits, CStorageConfig config, char** paths,
                         int64_t num_paths, CPluginContext* context) {
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  CPackedWriter writer = NULL;
  const CStatus status = NewPackedWriterWithStorageConfig(&schema, 0, paths, num_paths, 0, splits,
                                                          config, &writer, context);
  CHECK(schema.release == NULL);
  CHECK(writer == NULL);
  return status;
}

static void TestAnswersMisuseOfWriters(void) {
  char* paths[] = {"misuse/0/1", "misuse/101/2", "misuse/102/3"};
  CColumnSplits splits = MakeSplits();
  CPackedWriter writer = NULL;
  struct ArrowSchema schema;
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 3, NULL), VARVE_INVALID, "paths");
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 1, NULL), VARVE_INVALID, "paths");
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 0, NULL), VARVE_INVALID, "num_paths");
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, -1, NULL), VARVE_INVALID, "num_paths");
  CHECK_FAILS(NewWriter(splits, LocalConfig(), NULL, 2, NULL), VARVE_INVALID, "paths is NULL");
  // Where the number is wrong, no path is touched.
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, INT64_MAX, NULL), VARVE_INVALID, "num_paths");
  CHECK_FAILS(NewWriter(splits, LocalConfig(), (char**)folder, 1000000, NULL), VARVE_INVALID,
              "num_paths");
  char* holes[] = {"misuse/0/1", NULL};
  CHECK_FAILS(NewWriter(splits, LocalConfig(), holes, 2, NULL), VARVE_INVALID, "paths[1] is NULL");
  char* escape[] = {"misuse/0/1", "../outside"};
  CHECK_FAILS(NewWriter(splits, LocalConfig(), escape, 2, NULL), VARVE_INVALID, "outside");
  CPluginContext context = {1, 2, "key"};
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 2, &context), VARVE_UNSUPPORTED, "encrypted");
  CStorageConfig config = LocalConfig();
  config.address = NULL;
  CHECK_FAILS(NewWriter(splits, config, paths, 2, NULL), VARVE_INVALID, "CStorageConfig.address");
  config = LocalConfig();
  config.storage_type = "tape";
  CHECK_FAILS(NewWriter(splits, config, paths, 2, NULL), VARVE_INVALID, "tape");
  CHECK_FAILS(
      NewPackedWriterWithStorageConfig(NULL, 0, paths, 2, 0, splits, LocalConfig(), &writer, NULL),
      VARVE_INVALID, "schema is NULL");
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(
      NewPackedWriterWithStorageConfig(&schema, 0, paths, 2, 0, splits, LocalConfig(), NULL, NULL),
      VARVE_INVALID, "output is NULL");
  CHECK(schema.release == NULL);
  CHECK_FAILS(NewPackedWriterWithStorageConfig(&schema, 0, paths, 2, 0, splits, LocalConfig(),
                                               &writer, NULL),
              VARVE_INVALID, "released");

  int outside[] = {2};
  AddCColumnSplit(splits, outside, 1);
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 3, NULL), VARVE_INVALID, "column");
  FreeCColumnSplits(splits);
  splits = MakeSplits();
  AddCColumnSplit(splits, NULL, 2);
  CHECK_EQUAL(CColumnSplitsSize(splits), 3);
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 3, NULL), VARVE_INVALID, "group");
  FreeCColumnSplits(splits);
  FreeCColumnSplits(splits);  // for the second time
  FreeCColumnSplits(NULL);
  AddCColumnSplit(splits, outside, 1);
  AddCColumnSplit(NULL, outside, -1);
  CHECK_EQUAL(CColumnSplitsSize(splits), 0);
  CHECK_FAILS(NewWriter(splits, LocalConfig(), paths, 2, NULL), VARVE_INVALID, "column splits");
  CHECK_FAILS(NewWriter(NULL, LocalConfig(), paths, 2, NULL), VARVE_INVALID,
              "column splits is NULL");

  // A file that is there is not overwritten.
  const CColumnSplits again = MakeSplits();
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedWriterWithStorageConfig(&schema, 0, file_paths, 2, 0, again, LocalConfig(),
                                               &writer, NULL),
              VARVE_ALREADY_EXISTS, "set/");
  char* late[] = {"late/0/1", "late/101/2"};
  const CPackedWriter first = MakeWriter(late);
  const CPackedWriter second = MakeWriter(late);
  CHECK_OK(CloseWriter(first));
  CHECK_FAILS(CloseWriter(second), VARVE_ALREADY_EXISTS, "late/");
  CheckRows(MakeReader(), 3001);
  FreeCColumnSplits(again);

  const CPackedReader reader = MakeReader();
  CHECK_FAILS(CloseWriter(reader), VARVE_INVALID, "no packed writer that is open");
  CHECK_OK(CloseReader(reader));
  CHECK_FAILS(CloseWriter(NULL), VARVE_INVALID, "packed writer is NULL");
  CHECK_FAILS(CloseAndTell(NULL, NULL, 0), VARVE_INVALID, "packed writer is NULL");
}

static void TestAnswersMisuseOfRows(void) {
  char* paths[] = {"rows/0/1", "rows/101/2"};
  const CPackedWriter writer = MakeWriter(paths);
  struct ArrowSchema schema;
  struct ArrowSchema one;
  struct ArrowArray rows;
  CHECK_FAILS(WriteRecordBatch(writer, NULL, NULL, NULL), VARVE_INVALID, "NULL");
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(WriteRecordBatch(writer, NULL, NULL, &schema), VARVE_INVALID, "NULL");
  CHECK(schema.release == NULL);
  // Without a schema, nobody knows how many arrays there are.
  MakeSampleRows(1, 0, 1, &rows);
  MakeSampleSchema(1, &one);
  CHECK_FAILS(WriteRecordBatch(writer, &rows, &one, &schema), VARVE_INVALID, "released");
  CHECK_FAILS(WriteRecordBatch(writer, &rows, &one, NULL), VARVE_INVALID, "NULL");
  CHECK(rows.release != NULL && one.release != NULL);
  rows.release(&rows);
  // Arrays without schemas.
  MakeSampleSchema(1, &schema);
  schema.children[1]->release(schema.children[1]);
  free(schema.children[1]);
  schema.n_children = 1;
  CHECK_FAILS(WriteRecordBatch(writer, NULL, &one, &schema), VARVE_INVALID, "NULL");
  CHECK(one.release == NULL);
  // A schema that cannot be read.
  MakeSampleRows(1, 0, 1, &rows);
  MakeSampleSchema(1, &one);
  MakeSampleSchema(1, &schema);
  schema.children[1]->release(schema.children[1]);
  free(schema.children[1]);
  schema.n_children = 1;
  schema.children[0]->format = "no such format";
  CHECK_FAILS(WriteRecordBatch(writer, &rows, &one, &schema), VARVE_INVALID, "format");
  CHECK(rows.release == NULL && one.release == NULL && schema.release == NULL);
  // One column instead of two.
  MakeSampleRows(1, 0, 1, &rows);
  MakeSampleSchema(1, &one);
  MakeSampleSchema(1, &schema);
  schema.children[1]->release(schema.children[1]);
  free(schema.children[1]);
  schema.n_children = 1;
  CHECK_FAILS(WriteRecordBatch(writer, &rows, &one, &schema), VARVE_INVALID, "number of columns");
  CHECK(rows.release == NULL && one.release == NULL);
  // Columns of different lengths, and one that claims what it does not have.
  struct ArrowArray longer;
  struct ArrowSchema parts;
  for (int64_t length = -2; length <= 2; length += 4) {
    MakeSampleSchema(1, &schema);
    MakeSampleSchema(1, &parts);
    MakeSampleRows(1, 0, 1, &rows);
    MakeSampleRows(1, 0, length, &longer);
    struct ArrowArray arrays[] = {*rows.children[0], *longer.children[1]};
    struct ArrowSchema schemas[] = {*parts.children[0], *parts.children[1]};
    rows.children[0]->release = NULL;
    longer.children[1]->release = NULL;
    parts.children[0]->release = NULL;
    parts.children[1]->release = NULL;
    rows.release(&rows);
    longer.release(&longer);
    parts.release(&parts);
    CHECK_FAILS(WriteRecordBatch(writer, arrays, schemas, &schema), VARVE_INVALID, "length");
    CHECK(arrays[0].release == NULL && arrays[1].release == NULL);
    CHECK(schemas[0].release == NULL && schemas[1].release == NULL);
  }
  CHECK_OK(Write(writer, 0, 5));
  CHECK_OK(CloseWriter(writer));
}

// NULL and numbers below 0 where there can be none, wherever Arrow's structures are taken in.
static void TestAnswersMalformedStructures(void) {
  char* paths[] = {"malformed/0/1", "malformed/101/2"};
  const CPackedWriter writer = MakeWriter(paths);
  const CColumnSplits splits = MakeSplits();
  struct ArrowSchema schema;
  CPackedReader reader = NULL;
  CPackedWriter none = NULL;
  for (int i = 0; i < NUM_MALFORMED_SCHEMAS; ++i) {
    MakeMalformedSchema(i, &schema);
    CHECK_FAILS(
        NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), &reader, NULL),
        VARVE_INVALID, "structure of Arrow");
    MakeMalformedSchema(i, &schema);
    CHECK_FAILS(NewPackedWriterWithStorageConfig(&schema, 0, paths, 2, 0, splits, LocalConfig(),
                                                 &none, NULL),
                VARVE_INVALID, "structure of Arrow");
    // One column, whose schema is malformed; and one column that the rows' schema describes so.
    struct ArrowArray column;
    struct ArrowSchema type;
    MakeMalformedSchema(i, &schema);
    MakeMalformedColumn(0, &column, &type);
    const int is_told = schema.children != NULL && schema.n_children == 1;
    CHECK_FAILS(WriteRecordBatch(writer, &column, &type, &schema), VARVE_INVALID,
                "structure of Arrow");
    CHECK((column.release == NULL) == is_told && (type.release == NULL) == is_told);
    if (!is_told) {
      column.release(&column);
      type.release(&type);
    }
    CHECK_EQUAL(NumMalformedLeft(), 0);
  }
  CHECK(reader == NULL && none == NULL);
  for (int i = 0; i < NUM_MALFORMED_COLUMNS; ++i) {
    struct ArrowSchema parts;
    struct ArrowArray rows;
    MakeSampleSchema(1, &schema);
    MakeSampleSchema(1, &parts);
    MakeSampleRows(1, 0, 1, &rows);
    struct ArrowArray arrays[] = {{.release = NULL}, *rows.children[1]};
    struct ArrowSchema schemas[] = {{.release = NULL}, *parts.children[1]};
    rows.children[1]->release = NULL;  // moved
    parts.children[1]->release = NULL;
    rows.release(&rows);
    parts.release(&parts);
    MakeMalformedColumn(i, &arrays[0], &schemas[0]);
    CHECK_FAILS(WriteRecordBatch(writer, arrays, schemas, &schema), VARVE_INVALID,
                "structure of Arrow");
    CHECK(arrays[0].release == NULL && arrays[1].release == NULL);
    CHECK_EQUAL(NumMalformedLeft(), 0);
  }
  FreeCColumnSplits(splits);
  CHECK_OK(Write(writer, 0, 5));
  CHECK_OK(CloseWriter(writer));
}

static CStatus OpenReader(CPluginContext* context, CPackedReader* reader) {
  struct ArrowSchema schema;
  MakeSampleSchema(1, &schema);
  const CStatus status =
      NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), reader, context);
  CHECK(schema.release == NULL);
  return status;
}

// The four bytes that a file ends with.
static void EndFileWith(const char* path, const char* magic) {
  char full[4096];
  snprintf(full, sizeof(full), "%s/%s", folder, path);
  FILE* const file = fopen(full, "r+b");
  CHECK(file != NULL);
  CHECK_EQUAL(fseek(file, -4, SEEK_END), 0);
  CHECK_EQUAL(fwrite(magic, 1, 4, file), 4);
  CHECK_EQUAL(fclose(file), 0);
}

// Whether the file is encrypted decides, not whether there is a context.
static void TestReadsWithAPluginContext(void) {
  CPluginContext context = {1, 2, "key"};
  CPackedReader reader = NULL;
  CHECK_OK(OpenReader(&context, &reader));
  CheckRows(reader, 3001);
  EndFileWith(file_paths[1], "PARE");
  CHECK_FAILS(OpenReader(&context, &reader), VARVE_UNSUPPORTED, file_paths[1]);
  CHECK_FAILS(OpenReader(NULL, &reader), VARVE_UNSUPPORTED, "encrypted");
  EndFileWith(file_paths[1], "PAR1");
  CHECK_OK(OpenReader(NULL, &reader));
  CheckRows(reader, 3001);
}

static void TestAnswersMisuseOfReaders(void) {
  struct ArrowSchema schema;
  CPackedReader reader = NULL;
  CHECK_FAILS(
      NewPackedReaderWithStorageConfig(file_paths, 2, NULL, 0, LocalConfig(), &reader, NULL),
      VARVE_INVALID, "schema is NULL");
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(
      NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), NULL, NULL),
      VARVE_INVALID, "output is NULL");
  CHECK(schema.release == NULL);
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithStorageConfig(NULL, 2, &schema, 0, LocalConfig(), &reader, NULL),
              VARVE_INVALID, "paths is NULL");
  char* absent[] = {"absent"};
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(NewPackedReaderWithStorageConfig(absent, 1, &schema, 0, LocalConfig(), &reader, NULL),
              VARVE_NOT_FOUND, "absent");
  // Another type than the one stored.
  MakeSampleSchema(0, &schema);
  CHECK_FAILS(
      NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), &reader, NULL),
      VARVE_UNSUPPORTED, "emb");
  CHECK(reader == NULL);

  CArrowArray array = NULL;
  CArrowSchema out_schema = NULL;
  reader = MakeReader();
  CHECK_FAILS(ReadNext(reader, NULL, &out_schema), VARVE_INVALID, "output is NULL");
  CHECK_FAILS(ReadNext(reader, &array, NULL), VARVE_INVALID, "output is NULL");
  CHECK_OK(CloseReader(reader));
  CHECK_FAILS(CloseReader(reader), VARVE_INVALID, "no packed reader that is open");
  CHECK_FAILS(ReadNext(reader, &array, &out_schema), VARVE_INVALID,
              "no packed reader that is open");
  CHECK_FAILS(CloseReader(NULL), VARVE_INVALID, "packed reader is NULL");
  CHECK_FAILS(ReadNext(NULL, &array, &out_schema), VARVE_INVALID, "packed reader is NULL");
  CHECK(array == NULL && out_schema == NULL);

  // A file that was cut short.
  char full[4096];
  snprintf(full, sizeof(full), "%s/%s", folder, file_paths[1]);
  CHECK_EQUAL(truncate(full, FileSize(file_paths[1]) - 9), 0);
  MakeSampleSchema(1, &schema);
  CHECK_FAILS(
      NewPackedReaderWithStorageConfig(file_paths, 2, &schema, 0, LocalConfig(), &reader, NULL),
      VARVE_CORRUPTION, file_paths[1]);
}

int main(int argc, char** argv) {
  CHECK_EQUAL(argc, 2);
  folder = argv[1];
  TestWritesAndReads();
  TestGivesAWriterUp();
  TestOtherStores();
  TestReadsMissingFieldsAsNulls();
  TestAnswersMisuseOfWriters();
  TestAnswersMisuseOfRows();
  TestAnswersMalformedStructures();
  TestReadsWithAPluginContext();
  TestAnswersMisuseOfReaders();
  CHECK_EQUAL(NumSamplesLeft(), 0);
  return 0;
}
