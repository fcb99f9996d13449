// SPDX-License-Identifier: Apache-2.0
//
// Structures of Arrow's C data interface that are wrong in one way each, which can be told without
// following them. They live in static memory, which the next one takes; releases are counted.
#ifndef VARVE_TESTS_CAPI_MALFORMED_STRUCTURES_H_
#define VARVE_TESTS_CAPI_MALFORMED_STRUCTURES_H_

#include "varve/c/arrow_abi.h"

enum { NUM_MALFORMED_SCHEMAS = 7, NUM_MALFORMED_COLUMNS = 8 };

// Number i, of rows.
void MakeMalformedSchema(int i, struct ArrowSchema* out);

// Number i, a column whose type is all right.
void MakeMalformedColumn(int i, struct ArrowArray* array, struct ArrowSchema* type);

// A stream of rows of that column alone.
void MakeMalformedStream(int i, struct ArrowArrayStream* out);
// A stream without rows, of malformed schema i.
void MakeStreamOfMalformedSchema(int i, struct ArrowArrayStream* out);

// How many structures were made for a caller and not released yet, in all.
int NumMalformedLeft(void);

#endif  // VARVE_TESTS_CAPI_MALFORMED_STRUCTURES_H_
