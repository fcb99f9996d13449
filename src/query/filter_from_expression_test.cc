// SPDX-License-Identifier: Apache-2.0
#include "query/filter_from_expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/exec.h"
#include "arrow/compute/expression.h"
#include "arrow/compute/initialize.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "query/predicate.h"
#include "query/testing/random_filter.h"

namespace varve::internal {
namespace {

namespace cp = arrow::compute;
using cp::Expression;
using cp::field_ref;
using cp::literal;
using testing::RandomTable;

// Arrow's own answer.
std::vector<int64_t> ArrowRows(const RandomTable& table, const Expression& expression) {
  EXPECT_TRUE(cp::Initialize().ok());
  const auto bound = expression.Bind(*table.schema()->ToArrow()).ValueOrDie();
  std::vector<arrow::Datum> values;
  for (const auto& column : table.columns()) values.emplace_back(column.array);
  const int64_t num_rows = table.columns().front().array->length();
  const auto result =
      cp::ExecuteScalarExpression(bound, cp::ExecBatch(std::move(values), num_rows)).ValueOrDie();
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < num_rows; ++row) {
    const auto truth =
        result.is_scalar() ? result.scalar() : result.make_array()->GetScalar(row).ValueOrDie();
    if (truth->is_valid && static_cast<const arrow::BooleanScalar&>(*truth).value) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<int64_t> OurRows(const RandomTable& table, const Predicate& predicate) {
  const int64_t num_rows = table.columns().front().array->length();
  return predicate.Evaluate(table.Arrays(predicate.field_ids(), 0, num_rows), num_rows)
      .ValueOrDie();
}

class ExpressionMaker {
 public:
  ExpressionMaker(Random* random, const RandomTable& table) : random_(random), table_(table) {}

  Expression Make(int depth) {
    switch (random_->Uniform(depth > 0 ? 9 : 4)) {
      case 4:
        return cp::not_(Make(depth - 1));
      case 5:
        return cp::and_(Make(depth - 1), Make(depth - 1));
      case 6:
        return cp::or_(Make(depth - 1), Make(depth - 1));
      case 7:
        return cp::call("and", {Make(depth - 1), Make(depth - 1)});
      case 8:
        return cp::call("or", {Make(depth - 1), Make(depth - 1)});
      default:
        return MakeLeaf();
    }
  }

 private:
  // A value of the column itself is a literal of the same type.
  Expression Literal(const arrow::Array& array) {
    const auto row = static_cast<int64_t>(random_->Uniform(static_cast<uint64_t>(array.length())));
    return literal(array.GetScalar(row).ValueOrDie());
  }

  Expression MakeLeaf() {
    const auto& column = table_.columns()[random_->Uniform(table_.columns().size())];
    const Expression field = field_ref(column.field.name);
    switch (random_->Uniform(5)) {
      case 0:
        return random_->Uniform(2) == 0 ? cp::is_valid(field)
                                        : cp::is_null(field, random_->Uniform(2) == 0);
      case 1: {
        const auto length = static_cast<int64_t>(random_->Uniform(6));
        const auto behavior =
            static_cast<cp::SetLookupOptions::NullMatchingBehavior>(random_->Uniform(4));
        // Arrow knows no other behaviour for these.
        const auto type = column.field.arrow_type->id();
        return cp::call("is_in", {field},
                        cp::SetLookupOptions(
                            column.array->Slice(0, length),
                            type == arrow::Type::BOOL ? cp::SetLookupOptions::MATCH : behavior));
      }
      default: {
        const char* functions[] = {"equal",      "not_equal", "less",
                                   "less_equal", "greater",   "greater_equal"};
        const char* function = functions[random_->Uniform(std::size(functions))];
        Expression value = Literal(*column.array);
        if (column.field.arrow_type->id() == arrow::Type::FLOAT && random_->Uniform(2) == 0) {
          const double values[] = {0.1, -7.5, 1e39, -1e39, 1e-60};
          value = literal(values[random_->Uniform(std::size(values))]);
        }
        if (column.field.arrow_type->id() == arrow::Type::INT16 && random_->Uniform(2) == 0) {
          value = literal(random_->Uniform(2) == 0 ? 2.5 : -3.0);
        }
        return random_->Uniform(2) == 0 ? cp::call(function, {field, value})
                                        : cp::call(function, {value, field});
      }
    }
  }

  Random* random_;
  const RandomTable& table_;
};

TEST(FilterFromExpressionTest, GivesArrowsAnswer) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = Random::Seeded(seed);
    RandomTable table(random.get(), 1 + static_cast<int64_t>(random->Uniform(150)));
    ExpressionMaker maker(random.get(), table);
    for (int i = 0; i < 25; ++i) {
      const Expression expression = maker.Make(3);
      SCOPED_TRACE(expression.ToString());
      const auto predicate = Predicate::FromExpression(expression, table.schema());
      ASSERT_TRUE(predicate.ok()) << predicate.status();
      ASSERT_EQ(OurRows(table, **predicate), ArrowRows(table, expression))
          << (*predicate)->ToString();
    }
  }
}

class FilterFromExpressionExamplesTest : public ::testing::Test {
 protected:
  std::string TextOf(const Expression& expression) {
    const auto predicate = Predicate::FromExpression(expression, table_.schema());
    return predicate.ok() ? (*predicate)->ToString() : predicate.status().ToString();
  }

  std::unique_ptr<Random> random_ = Random::Seeded(1);
  RandomTable table_{random_.get(), 10};
};

TEST_F(FilterFromExpressionExamplesTest, KnownFunctionsBecomeConditions) {
  EXPECT_EQ(TextOf(cp::equal(field_ref("c2"), literal(7))), "c2 = 7");
  EXPECT_EQ(TextOf(cp::less(literal(7.5), field_ref("c2"))), "c2 > 7.5");
  EXPECT_EQ(TextOf(cp::and_(
                {cp::is_valid(field_ref("c1")), cp::is_null(field_ref("c2")), field_ref("c10")})),
            "c1 IS NOT NULL AND c2 IS NULL AND c10 = true");
  EXPECT_EQ(TextOf(cp::not_(cp::or_(cp::equal(field_ref("c2"), literal(7)), literal(true)))),
            "FALSE AND c2 != 7");
  EXPECT_EQ(TextOf(cp::equal(field_ref("c13"), literal("a'b"))), "c13 = 'a''b'");
  EXPECT_EQ(TextOf(cp::greater(field_ref("RowID"), literal(int64_t{3}))), "RowID > 3");
  EXPECT_EQ(TextOf(cp::equal(field_ref("c2"), cp::call("cast", {literal("12")},
                                                       cp::CastOptions::Safe(arrow::int32())))),
            "c2 = 12");
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues({3, 1}).ok());
  EXPECT_EQ(TextOf(cp::call("is_in", {field_ref("c2")},
                            cp::SetLookupOptions(builder.Finish().ValueOrDie()))),
            "c2 IN (3, 1)");
}

TEST_F(FilterFromExpressionExamplesTest, OtherFunctionsRunInArrowAndPruneNothing) {
  const Expression sum =
      cp::greater(cp::call("add", {field_ref("c1"), field_ref("c2")}), literal(3));
  const Expression both = cp::and_(sum, cp::equal(field_ref("c2"), literal(5000)));
  const auto predicate = Predicate::FromExpression(both, table_.schema()).ValueOrDie();
  EXPECT_EQ(OurRows(table_, *predicate), ArrowRows(table_, both));
  ColumnStatistics statistics;
  statistics.min = int64_t{0};
  statistics.max = int64_t{4};
  EXPECT_EQ(predicate->Prune([&](int64_t) { return &statistics; }, 10), Match::kNone);
  EXPECT_EQ(Predicate::FromExpression(sum, table_.schema())
                .ValueOrDie()
                ->Prune([&](int64_t) { return &statistics; }, 10),
            Match::kSome);
}

TEST_F(FilterFromExpressionExamplesTest, LongChainsAreFlatAndDeepNestsAreRefused) {
  Expression chain = cp::equal(field_ref("c2"), literal(1));
  for (int i = 0; i < 5000; ++i) chain = cp::or_(chain, cp::equal(field_ref("c2"), literal(i)));
  EXPECT_TRUE(Predicate::FromExpression(chain, table_.schema()).ok());
  Expression nest = cp::equal(field_ref("c2"), literal(1));
  for (int i = 0; i < 300; ++i) nest = cp::not_(nest);
  EXPECT_TRUE(Predicate::FromExpression(nest, table_.schema()).status().IsInvalid());
}

TEST_F(FilterFromExpressionExamplesTest, MistakesAreNamed) {
  EXPECT_THAT(TextOf(cp::equal(field_ref("c22"), literal(1))),
              ::testing::HasSubstr("names a column that does not exist"));
  EXPECT_THAT(TextOf(cp::call("add", {field_ref("c2"), literal(1)})),
              ::testing::HasSubstr("expected a truth value for each row"));
  EXPECT_TRUE(Predicate::FromExpression(Expression(), table_.schema()).status().IsInvalid());
}

}  // namespace
}  // namespace varve::internal
