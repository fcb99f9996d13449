// SPDX-License-Identifier: Apache-2.0
#include "malformed_structures.h"

#include <stddef.h>
#include <stdint.h>

static int num_malformed;

int NumMalformedLeft(void) { return num_malformed; }

// ---- Schemas ----

static void ReleaseSchema(struct ArrowSchema* schema) {
  schema->release = NULL;
  --num_malformed;
}

// A child is released with its parent.
static void ReleaseChildSchema(struct ArrowSchema* schema) { schema->release = NULL; }

static struct ArrowSchema child_schema;
static struct ArrowSchema* child_schemas[1];

static void MakeRowSchema(struct ArrowSchema* out) {
  child_schema = (struct ArrowSchema){.format = "l", .name = "id", .release = ReleaseChildSchema};
  child_schemas[0] = &child_schema;
  *out = (struct ArrowSchema){.format = "+s",
                              .name = "",
                              .n_children = 1,
                              .children = child_schemas,
                              .release = ReleaseSchema};
  ++num_malformed;
}

void MakeMalformedSchema(int i, struct ArrowSchema* out) {
  static struct ArrowSchema dictionary;
  static struct ArrowSchema* itself[1];
  MakeRowSchema(out);
  switch (i) {
    case 0:
      out->format = NULL;
      break;
    case 1:
      child_schema.format = NULL;
      break;
    case 2:
      out->n_children = -1;
      break;
    case 3:
      out->children = NULL;
      break;
    case 4:
      child_schemas[0] = NULL;
      break;
    case 5:
      dictionary = (struct ArrowSchema){.name = "values", .release = ReleaseChildSchema};
      child_schema.dictionary = &dictionary;
      break;
    default:
      itself[0] = &child_schema;
      child_schema.format = "+l";
      child_schema.n_children = 1;
      child_schema.children = itself;
  }
}

// ---- Columns ----

static void ReleaseArray(struct ArrowArray* array) {
  array->release = NULL;
  --num_malformed;
}

static const void* buffers[4];

void MakeMalformedColumn(int i, struct ArrowArray* array, struct ArrowSchema* type) {
  static const int64_t values[] = {7};
  static struct ArrowArray* no_child[1];
  buffers[0] = NULL;
  buffers[1] = values;
  buffers[2] = buffers[3] = NULL;
  *type = (struct ArrowSchema){.format = "l", .name = "id", .release = ReleaseSchema};
  *array =
      (struct ArrowArray){.length = 1, .n_buffers = 2, .buffers = buffers, .release = ReleaseArray};
  num_malformed += 2;
  switch (i) {
    case 0:
      array->buffers = NULL;
      break;
    case 1:
      array->n_buffers = -1;
      break;
    case 2:
      array->n_children = -1;
      break;
    case 3:
      array->n_children = 1;
      break;
    case 4:
      type->format = "+s";
      type->n_children = 1;
      type->children = child_schemas;
      child_schemas[0] = &child_schema;
      child_schema =
          (struct ArrowSchema){.format = "l", .name = "part", .release = ReleaseChildSchema};
      array->n_buffers = 1;
      array->n_children = 1;
      array->children = no_child;
      break;
    case 5:
      array->offset = -1;
      break;
    case 6:
      array->length = INT64_MAX;
      array->offset = 1;
      break;
    default:  // texts without offsets
      type->format = "u";
      array->n_buffers = 3;
      buffers[1] = NULL;
  }
}

// ---- Streams ----

static int malformed;  // of the stream that was made last
static int is_schema_malformed;

static int GetSchema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  (void)stream;
  if (is_schema_malformed) {
    MakeMalformedSchema(malformed, out);
    return 0;
  }
  static struct ArrowSchema column;
  static struct ArrowSchema* columns[] = {&column};
  static struct ArrowArray unused;
  MakeMalformedColumn(malformed, &unused, &column);
  num_malformed -= 2;  // the column is its row's
  column.release = ReleaseChildSchema;
  *out = (struct ArrowSchema){
      .format = "+s", .name = "", .n_children = 1, .children = columns, .release = ReleaseSchema};
  ++num_malformed;
  return 0;
}

static void ReleaseChildArray(struct ArrowArray* array) { array->release = NULL; }

static int GetNext(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  (void)stream;
  if (is_schema_malformed) {
    *out = (struct ArrowArray){.release = NULL};
    return 0;
  }
  static struct ArrowArray column;
  static struct ArrowArray* columns[] = {&column};
  static const void* no_nulls[] = {NULL};
  struct ArrowSchema unused;
  MakeMalformedColumn(malformed, &column, &unused);
  num_malformed -= 2;
  column.release = ReleaseChildArray;
  *out = (struct ArrowArray){.length = 1,
                             .n_buffers = 1,
                             .n_children = 1,
                             .buffers = no_nulls,
                             .children = columns,
                             .release = ReleaseArray};
  ++num_malformed;
  return 0;
}

static const char* GetLastError(struct ArrowArrayStream* stream) {
  (void)stream;
  return "not an error of the stream";
}

static void ReleaseStream(struct ArrowArrayStream* stream) {
  stream->release = NULL;
  --num_malformed;
}

static void MakeStream(int i, int of_schema, struct ArrowArrayStream* out) {
  malformed = i;
  is_schema_malformed = of_schema;
  *out = (struct ArrowArrayStream){GetSchema, GetNext, GetLastError, ReleaseStream, NULL};
  ++num_malformed;
}

void MakeMalformedStream(int i, struct ArrowArrayStream* out) { MakeStream(i, 0, out); }
void MakeStreamOfMalformedSchema(int i, struct ArrowArrayStream* out) { MakeStream(i, 1, out); }
