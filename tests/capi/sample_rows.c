// SPDX-License-Identifier: Apache-2.0
#include "sample_rows.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static atomic_int num_samples;

int NumSamplesLeft(void) { return num_samples; }

float SampleElement(int64_t id, int j) { return (float)id + 0.25f * (float)j; }

static void* Allocate(int64_t bytes) {
  void* const memory = calloc(1, bytes <= 0 ? 1 : (size_t)bytes);
  CHECK(memory != NULL);
  return memory;
}

// ---- Schemas ----

static void ReleaseSchema(struct ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  free((void*)schema->metadata);
  schema->release = NULL;
  --num_samples;
}

static void MakeSchema(const char* format, const char* name, int64_t num_children,
                       struct ArrowSchema* out) {
  memset(out, 0, sizeof(*out));
  out->format = format;
  out->name = name;
  out->n_children = num_children;
  out->children = Allocate(num_children * sizeof(struct ArrowSchema*));
  for (int64_t i = 0; i < num_children; ++i)
    out->children[i] = Allocate(sizeof(struct ArrowSchema));
  out->release = ReleaseSchema;
  ++num_samples;
}

// As the specification lays out metadata: a count, then lengths and bytes.
static const char* FieldId(const char* id) {
  static const char key[] = "PARQUET:field_id";
  const int32_t count = 1;
  const int32_t key_bytes = sizeof(key) - 1;
  const int32_t id_bytes = (int32_t)strlen(id);
  char* const metadata = Allocate(3 * sizeof(int32_t) + key_bytes + id_bytes);
  char* at = metadata;
  memcpy(at, &count, sizeof(count));
  memcpy(at += sizeof(count), &key_bytes, sizeof(key_bytes));
  memcpy(at += sizeof(key_bytes), key, key_bytes);
  memcpy(at += key_bytes, &id_bytes, sizeof(id_bytes));
  memcpy(at += sizeof(id_bytes), id, id_bytes);
  return metadata;
}

void MakeSampleSchema(int as_bytes, struct ArrowSchema* out) {
  MakeSchema("+s", "", 2, out);
  MakeSchema("l", "id", 0, out->children[0]);
  out->children[0]->metadata = FieldId("100");
  if (as_bytes) {
    MakeSchema("w:16", "emb", 0, out->children[1]);
  } else {
    MakeSchema("+w:4", "emb", 1, out->children[1]);
    MakeSchema("f", "item", 0, out->children[1]->children[0]);
  }
  out->children[1]->metadata = FieldId("101");
}

// ---- Arrays ----

static void ReleaseArray(struct ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  free(array->children);
  for (int64_t i = 0; i < array->n_buffers; ++i) free((void*)array->buffers[i]);
  free((void*)array->buffers);
  array->release = NULL;
  --num_samples;
}

static void MakeArray(int64_t length, int64_t num_buffers, int64_t num_children,
                      struct ArrowArray* out) {
  memset(out, 0, sizeof(*out));
  out->length = length;
  out->n_buffers = num_buffers;
  out->buffers = Allocate(num_buffers * sizeof(void*));
  out->n_children = num_children;
  out->children = Allocate(num_children * sizeof(struct ArrowArray*));
  for (int64_t i = 0; i < num_children; ++i) out->children[i] = Allocate(sizeof(struct ArrowArray));
  out->release = ReleaseArray;
  ++num_samples;
}

void MakeSampleRows(int as_bytes, int64_t first, int64_t num_rows, struct ArrowArray* out) {
  MakeArray(num_rows, 1, 2, out);
  struct ArrowArray* const ids = out->children[0];
  MakeArray(num_rows, 2, 0, ids);
  int64_t* const id = Allocate(num_rows * sizeof(int64_t));
  ids->buffers[1] = id;
  float* const elements = Allocate(num_rows * VECTOR_DIM * sizeof(float));
  struct ArrowArray* const vectors = out->children[1];
  if (as_bytes) {
    MakeArray(num_rows, 2, 0, vectors);
    vectors->buffers[1] = elements;
  } else {
    MakeArray(num_rows, 1, 1, vectors);
    MakeArray(num_rows * VECTOR_DIM, 2, 0, vectors->children[0]);
    vectors->children[0]->buffers[1] = elements;
  }
  for (int64_t i = 0; i < num_rows; ++i) {
    id[i] = first + i;
    for (int j = 0; j < VECTOR_DIM; ++j) elements[i * VECTOR_DIM + j] = SampleElement(first + i, j);
  }
}

// ---- Streams ----

struct SampleStream {
  int64_t next;
  int batches_left;
  int64_t rows_per_batch;
  int fails;
};

static int GetSchema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  (void)stream;
  MakeSampleSchema(0, out);
  return 0;
}

static int GetNext(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  struct SampleStream* const sample = stream->private_data;
  memset(out, 0, sizeof(*out));
  if (sample->batches_left == 0) return sample->fails ? EIO : 0;
  MakeSampleRows(0, sample->next, sample->rows_per_batch, out);
  sample->next += sample->rows_per_batch;
  --sample->batches_left;
  return 0;
}

static const char* GetLastError(struct ArrowArrayStream* stream) {
  (void)stream;
  return "the rows ran dry";
}

static void ReleaseStream(struct ArrowArrayStream* stream) {
  free(stream->private_data);
  stream->release = NULL;
  --num_samples;
}

void MakeSampleStream(int64_t first, int num_batches, int64_t rows_per_batch, int fails,
                      struct ArrowArrayStream* out) {
  struct SampleStream* const sample = Allocate(sizeof(struct SampleStream));
  *sample = (struct SampleStream){first, num_batches, rows_per_batch, fails};
  *out = (struct ArrowArrayStream){GetSchema, GetNext, GetLastError, ReleaseStream, sample};
  ++num_samples;
}
