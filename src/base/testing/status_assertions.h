// SPDX-License-Identifier: Apache-2.0
// Assertions on arrow::Status and arrow::Result for GoogleTest.
#pragma once

#include <gtest/gtest.h>

#define VARVE_TESTING_JOIN2(a, b) a##b
#define VARVE_TESTING_JOIN(a, b) VARVE_TESTING_JOIN2(a, b)

#define VARVE_ASSERT_OK(expression)                            \
  do {                                                         \
    const auto varve_status = (expression);                    \
    ASSERT_TRUE(varve_status.ok()) << varve_status.ToString(); \
  } while (false)

#define VARVE_ASSERT_OK_AND_ASSIGN_IMPL(result, declaration, expression) \
  auto result = (expression);                                            \
  ASSERT_TRUE(result.ok()) << result.status().ToString();                \
  declaration = std::move(result).ValueUnsafe()

/// VARVE_ASSERT_OK_AND_ASSIGN(auto value, Function()): `value` is the result, or the test fails.
#define VARVE_ASSERT_OK_AND_ASSIGN(declaration, expression)                                    \
  VARVE_ASSERT_OK_AND_ASSIGN_IMPL(VARVE_TESTING_JOIN(varve_result_, __COUNTER__), declaration, \
                                  expression)
