// SPDX-License-Identifier: Apache-2.0
#include "query/filter_parser.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/type.h"
#include "base/edit_distance.h"
#include "query/condition.h"
#include "query/filter_lexer.h"

namespace varve::internal {
namespace {

constexpr size_t kFilterBytesMax = 16 << 20;

struct Operator {
  Comparison comparison;
  bool negated;
};

std::optional<Operator> OperatorOf(const FilterToken& token) {
  if (token.kind != FilterToken::Kind::kSymbol) return std::nullopt;
  if (token.source == "=" || token.source == "==") return Operator{Comparison::kEqual, false};
  if (token.source == "!=" || token.source == "<>") return Operator{Comparison::kEqual, true};
  if (token.source == "<") return Operator{Comparison::kLess, false};
  if (token.source == "<=") return Operator{Comparison::kLessEqual, false};
  if (token.source == ">") return Operator{Comparison::kGreater, false};
  if (token.source == ">=") return Operator{Comparison::kGreaterEqual, false};
  return std::nullopt;
}

// 7 < x is x > 7.
Comparison Mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return Comparison::kGreater;
    case Comparison::kLessEqual:
      return Comparison::kGreaterEqual;
    case Comparison::kGreater:
      return Comparison::kLess;
    case Comparison::kGreaterEqual:
      return Comparison::kLessEqual;
    default:
      return comparison;
  }
}

// `negated` says that an odd number of NOTs stands before what is parsed.
class FilterParser {
 public:
  FilterParser(std::string_view text, const CollectionSchema& schema)
      : lexer_(text), schema_(schema) {}

  Result<FilterNodePtr> Parse() {
    ARROW_RETURN_NOT_OK(Advance());
    if (token_.kind == FilterToken::Kind::kEnd) {
      return lexer_.ErrorAt(0, "the filter is empty", {.expected = "a condition"});
    }
    ARROW_ASSIGN_OR_RAISE(auto node, ParseJunction(/*any=*/true, false));
    if (token_.kind != FilterToken::Kind::kEnd)
      return Unexpected("AND, OR or the end of the filter");
    return node;
  }

 private:
  Status Advance() {
    ARROW_ASSIGN_OR_RAISE(token_, lexer_.Next());
    return Status::OK();
  }

  Status Unexpected(std::string_view expected) const {
    return lexer_.ErrorAt(token_.offset, "",
                          {.expected = std::string(expected), .found = DescribeToken(token_)});
  }

  Status ExpectSymbol(std::string_view symbol) {
    if (!token_.IsSymbol(symbol)) return Unexpected("'" + std::string(symbol) + "'");
    return Advance();
  }

  // OR of ANDs of conditions, by De Morgan's laws AND of ORs when negated.
  Result<FilterNodePtr> ParseJunction(bool any, bool negated) {
    std::vector<FilterNodePtr> children;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto child, any ? ParseJunction(false, negated) : ParseNot(negated));
      children.push_back(std::move(child));
      if (!token_.IsKeyword(any ? "OR" : "AND")) break;
      ARROW_RETURN_NOT_OK(Advance());
    }
    return MakeJunction(any == negated, std::move(children));
  }

  Result<FilterNodePtr> ParseNot(bool negated) {
    while (token_.IsKeyword("NOT")) {
      negated = !negated;
      ARROW_RETURN_NOT_OK(Advance());
    }
    if (!token_.IsSymbol("(")) return ParseCondition(negated);
    if (++depth_ > kFilterDepthMax) {
      return lexer_.ErrorAt(token_.offset, "parentheses are nested too deeply",
                            {.expected = "at most " + std::to_string(kFilterDepthMax)});
    }
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_ASSIGN_OR_RAISE(auto node, ParseJunction(/*any=*/true, negated));
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    --depth_;
    return node;
  }

  bool AtColumn() const {
    return token_.kind == FilterToken::Kind::kQuotedName ||
           (token_.kind == FilterToken::Kind::kName && !IsFilterKeyword(token_.source));
  }

  Result<FilterColumn> ParseColumn() {
    FilterColumn column = FindFilterColumn(schema_, token_.value);
    if (column.field_id < 0) {
      std::vector<std::string> names;
      for (const FieldSchema& field : schema_.fields()) names.push_back(field.name);
      names.emplace_back(kRowIdFieldName);
      names.emplace_back(kTimestampFieldName);
      const std::string hint = DidYouMean(token_.value, names);
      return lexer_.ErrorAt(token_.offset, "there is no column " + DescribeToken(token_) + hint);
    }
    ARROW_RETURN_NOT_OK(Advance());
    return column;
  }

  Result<FilterNodePtr> ParseCondition(bool negated) {
    if (AtColumn()) {
      const size_t offset = token_.offset;
      ARROW_ASSIGN_OR_RAISE(auto column, ParseColumn());
      return ParseColumnCondition(std::move(column), offset, negated);
    }
    const bool truth = token_.IsKeyword("TRUE");
    if (truth || token_.IsKeyword("FALSE")) {
      ARROW_RETURN_NOT_OK(TakeLiteral(truth));
      if (!OperatorOf(token_)) {
        ClearLiterals();
        return MakeConstant(truth != negated);
      }
    } else if (token_.kind == FilterToken::Kind::kEnd ||
               token_.kind == FilterToken::Kind::kSymbol ||
               token_.kind == FilterToken::Kind::kName) {
      return Unexpected("a column or a literal");
    } else {
      ARROW_RETURN_NOT_OK(ParseLiteral());
    }
    // literal operator column
    const auto op = OperatorOf(token_);
    if (!op) return Unexpected("a comparison");
    ARROW_RETURN_NOT_OK(Advance());
    if (!AtColumn()) return Unexpected("a column");
    ARROW_ASSIGN_OR_RAISE(auto column, ParseColumn());
    return Bind(std::move(column), Mirrored(op->comparison), op->negated != negated);
  }

  Result<FilterNodePtr> ParseColumnCondition(FilterColumn column, size_t offset, bool negated) {
    if (const auto op = OperatorOf(token_)) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_RETURN_NOT_OK(ParseLiteral());
      return Bind(std::move(column), op->comparison, op->negated != negated);
    }
    if (token_.IsKeyword("IS")) {
      ARROW_RETURN_NOT_OK(Advance());
      bool is_not = false;
      if (token_.IsKeyword("NOT")) {
        is_not = true;
        ARROW_RETURN_NOT_OK(Advance());
      }
      if (!token_.IsKeyword("NULL")) return Unexpected("NULL");
      ARROW_RETURN_NOT_OK(Advance());
      return MakeNullTest(std::move(column), is_not != negated);
    }
    const bool inner_not = token_.IsKeyword("NOT");
    if (inner_not) ARROW_RETURN_NOT_OK(Advance());
    negated = negated != inner_not;
    if (token_.IsKeyword("IN")) return ParseIn(std::move(column), negated);
    if (token_.IsKeyword("LIKE")) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_RETURN_NOT_OK(ParseLiteral());
      return Bind(std::move(column), Comparison::kLike, negated);
    }
    if (token_.IsKeyword("BETWEEN")) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_RETURN_NOT_OK(ParseLiteral());
      if (!token_.IsKeyword("AND")) return Unexpected("AND");
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_RETURN_NOT_OK(ParseLiteral());
      return Bind(std::move(column), Comparison::kBetween, negated);
    }
    if (inner_not) return Unexpected("IN, LIKE or BETWEEN");
    if (column.type->id() == arrow::Type::BOOL) {  // a column of truth values stands for itself
      literals_.emplace_back(true);
      offsets_.push_back(offset);
      return Bind(std::move(column), Comparison::kEqual, negated);
    }
    return Unexpected("a comparison, IN, BETWEEN, LIKE or IS");
  }

  Result<FilterNodePtr> ParseIn(FilterColumn column, bool negated) {
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_RETURN_NOT_OK(ExpectSymbol("("));
    ARROW_RETURN_NOT_OK(ParseLiteral());
    while (token_.IsSymbol(",")) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_RETURN_NOT_OK(ParseLiteral());
    }
    if (!token_.IsSymbol(")")) return Unexpected("',' or ')'");
    ARROW_RETURN_NOT_OK(Advance());
    return Bind(std::move(column), Comparison::kIn, negated);
  }

  Status TakeLiteral(Literal literal) {
    literals_.push_back(std::move(literal));
    offsets_.push_back(token_.offset);
    return Advance();
  }

  Status ParseLiteral() {
    switch (token_.kind) {
      case FilterToken::Kind::kNumber: {
        auto number = ExactNumber::Parse(token_.source);
        if (!number) return Unexpected("a number");
        return TakeLiteral(*std::move(number));
      }
      case FilterToken::Kind::kText:
        return TakeLiteral(std::move(token_.value));
      case FilterToken::Kind::kBytes:
        return TakeLiteral(BytesLiteral{std::move(token_.value)});
      case FilterToken::Kind::kQuotedName:
        return Unexpected("a literal (texts stand in 'single quotes')");
      default:
        break;
    }
    if (token_.IsKeyword("TRUE")) return TakeLiteral(true);
    if (token_.IsKeyword("FALSE")) return TakeLiteral(false);
    if (token_.IsKeyword("NULL")) return Unexpected("a literal (nulls are found with IS NULL)");
    return Unexpected(AtColumn() ? "a literal (columns are compared with literals only)"
                                 : "a literal");
  }

  void ClearLiterals() {
    literals_.clear();
    offsets_.clear();
  }

  // Takes the literals parsed since the last call.
  Result<FilterNodePtr> Bind(FilterColumn column, Comparison comparison, bool negated) {
    size_t culprit = 0;
    auto node =
        BindCondition(std::move(column), comparison, std::move(literals_), negated, &culprit);
    if (!node.ok()) {
      const ErrorContext* context = ContextOf(node.status());
      // The message ends with what was expected, which is not to be said twice.
      std::string message = node.status().message();
      const std::string tail =
          context == nullptr || context->expected.empty() ? "" : ": expected " + context->expected;
      message.resize(message.size() - tail.size());
      return lexer_.ErrorAt(offsets_[culprit], message,
                            context == nullptr ? ErrorContext{} : *context);
    }
    ClearLiterals();
    return node;
  }

  FilterLexer lexer_;
  const CollectionSchema& schema_;
  FilterToken token_;
  int depth_ = 0;
  std::vector<Literal> literals_;
  std::vector<size_t> offsets_;  // of literals_, in the text
};

}  // namespace

Result<FilterNodePtr> ParseFilter(std::string_view text, const CollectionSchema& schema) {
  if (text.size() > kFilterBytesMax) {
    return MakeError(ErrorKind::kResourceExhausted, "the filter is too long",
                     {.expected = "at most " + std::to_string(kFilterBytesMax) + " bytes",
                      .found = std::to_string(text.size())});
  }
  return FilterParser(text, schema).Parse();
}

}  // namespace varve::internal
