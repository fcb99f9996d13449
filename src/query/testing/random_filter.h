// SPDX-License-Identifier: Apache-2.0
// Random columns and random filters over them, with an evaluator that goes row by row and shares no
// code with the one under test.
//
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/random.h"
#include "query/exact_number.h"
#include "varve/schema.h"
#include "varve/statistics.h"

namespace varve::internal::testing {

/// A value as the naive evaluator sees it; the member in use follows from the column.
struct Cell {
  bool null = false;
  Int128 thousandths = 0;  ///< integers, bools, dates, times, decimals
  double real = 0;
  std::string bytes;
};

struct RandomColumn {
  enum class Kind { kInteger, kBool, kReal, kText, kBinary };
  FieldSchema field;
  Kind kind = Kind::kInteger;
  std::vector<Cell> cells;
  std::shared_ptr<arrow::Array> array;
};

/// A filter that knows its own answer.
struct RandomFilter {
  enum class Kind { kCompare, kIn, kBetween, kLike, kNull, kAnd, kOr, kNot, kConstant };
  Kind kind = Kind::kConstant;
  size_t column = 0;
  std::string op;
  std::vector<Cell> literals;
  bool constant = false;
  std::vector<RandomFilter> children;
};

class RandomTable {
 public:
  RandomTable(Random* random, int64_t num_rows);

  const std::vector<RandomColumn>& columns() const { return columns_; }
  const std::shared_ptr<const CollectionSchema>& schema() const { return schema_; }
  /// Columns for Predicate::Evaluate, rows [begin, end).
  std::vector<std::shared_ptr<arrow::Array>> Arrays(const std::vector<int64_t>& field_ids,
                                                    int64_t begin, int64_t end) const;

  RandomFilter MakeFilter(int depth);
  std::string ToText(const RandomFilter& filter);
  /// nullopt: unknown.
  std::optional<bool> Judge(const RandomFilter& filter, size_t row) const;

  /// Statistics of rows [begin, end), some of them left out or wider than the values.
  ColumnStatistics MakeStatistics(size_t column, int64_t begin, int64_t end);

 private:
  Cell MakeCell(const RandomColumn& column, bool as_literal);
  std::string LiteralText(const RandomColumn& column, const Cell& cell) const;

  Random* random_;
  std::vector<RandomColumn> columns_;
  std::shared_ptr<const CollectionSchema> schema_;
};

}  // namespace varve::internal::testing
