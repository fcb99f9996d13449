// SPDX-License-Identifier: Apache-2.0
//
// Rows made by hand through Arrow's C data interface: "id" (int64, row number) and "emb", a vector
// of VECTOR_DIM floats whose element j is SampleElement(id, j). Everything is freed by its release
// function.
#ifndef VARVE_TESTS_CAPI_SAMPLE_ROWS_H_
#define VARVE_TESTS_CAPI_SAMPLE_ROWS_H_

#include <stdint.h>

#include "varve/c/arrow_abi.h"

enum { VECTOR_DIM = 4 };

float SampleElement(int64_t id, int j);

// The schema of the rows: a struct of two columns. Each says its field id, 100 and 101, as
// "PARQUET:field_id". With `as_bytes`, vectors are fixed_size_binary, as Milvus has them.
void MakeSampleSchema(int as_bytes, struct ArrowSchema* out);

// Rows [first, first + num_rows), as a struct array; a length below 0 is claimed without anything
// behind it.
void MakeSampleRows(int as_bytes, int64_t first, int64_t num_rows, struct ArrowArray* out);

// A stream of num_batches such arrays (below 0: without end) with rows_per_batch rows each, of a
// struct with vectors as lists. It fails with EIO and the message "the rows ran dry" after the last
// if `fails`.
void MakeSampleStream(int64_t first, int num_batches, int64_t rows_per_batch, int fails,
                      struct ArrowArrayStream* out);

// How many structures were made and not released yet, in all.
int NumSamplesLeft(void);

#endif  // VARVE_TESTS_CAPI_SAMPLE_ROWS_H_
