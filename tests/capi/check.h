// SPDX-License-Identifier: Apache-2.0
//
// Checks of C tests: the first that fails ends the program and says where.
#ifndef VARVE_TESTS_CAPI_CHECK_H_
#define VARVE_TESTS_CAPI_CHECK_H_

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) {                                                              \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                       \
    }                                                                                \
  } while (0)

#define CHECK_EQUAL(actual, expected)                                                             \
  do {                                                                                            \
    const int64_t actual_value = (int64_t)(actual);                                               \
    const int64_t expected_value = (int64_t)(expected);                                           \
    if (actual_value != expected_value) {                                                         \
      fprintf(stderr, "%s:%d: %s is %" PRId64 ", not %" PRId64 "\n", __FILE__, __LINE__, #actual, \
              actual_value, expected_value);                                                      \
      exit(1);                                                                                    \
    }                                                                                             \
  } while (0)

#define CHECK_CONTAINS(text, part)                                                                \
  do {                                                                                            \
    const char* const text_value = (text);                                                        \
    if (strstr(text_value, (part)) == NULL) {                                                     \
      fprintf(stderr, "%s:%d: %s is '%s', without '%s'\n", __FILE__, __LINE__, #text, text_value, \
              part);                                                                              \
      exit(1);                                                                                    \
    }                                                                                             \
  } while (0)

#endif  // VARVE_TESTS_CAPI_CHECK_H_
