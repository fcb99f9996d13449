// SPDX-License-Identifier: Apache-2.0
// GoogleTest on arrow::Status and arrow::Result.
#pragma once

#include "gtest/gtest.h"
#include "varve/status.h"

#define ASSERT_OK(expression)                               \
  do {                                                      \
    const ::arrow::Status assert_ok_status = (expression);  \
    ASSERT_TRUE(assert_ok_status.ok()) << assert_ok_status; \
  } while (false)

#define VARVE_TEST_CONCAT_(x, y) x##y
#define VARVE_TEST_CONCAT(x, y) VARVE_TEST_CONCAT_(x, y)
#define VARVE_ASSERT_OK_AND_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                                        \
  ASSERT_TRUE(result.ok()) << result.status();                       \
  declaration = std::move(result).ValueUnsafe()

/// ASSERT_OK_AND_ASSIGN(auto value, Function()): the value, or the test fails.
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  VARVE_ASSERT_OK_AND_ASSIGN_(VARVE_TEST_CONCAT(assert_result_, __LINE__), declaration, expression)
