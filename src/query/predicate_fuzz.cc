// SPDX-License-Identifier: Apache-2.0
// Any text: it parses or it does not; what parses prints as text that reads back to the same,
// prunes and names its equalities.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "arrow/type.h"
#include "query/predicate.h"

namespace {

std::shared_ptr<const varve::CollectionSchema> MakeSchema() {
  const std::shared_ptr<arrow::DataType> types[] = {arrow::int8(),
                                                    arrow::uint64(),
                                                    arrow::float32(),
                                                    arrow::float64(),
                                                    arrow::utf8(),
                                                    arrow::boolean(),
                                                    arrow::binary(),
                                                    arrow::date32(),
                                                    arrow::timestamp(arrow::TimeUnit::NANO),
                                                    arrow::time64(arrow::TimeUnit::MICRO),
                                                    arrow::decimal128(20, 3),
                                                    arrow::decimal256(60, 3)};
  std::vector<varve::FieldSchema> fields;
  for (const auto& type : types) {
    varve::FieldSchema field;
    field.field_id = varve::kFirstUserFieldId + static_cast<int64_t>(fields.size());
    field.name = std::string(1, static_cast<char>('a' + fields.size()));
    field.nullable = true;
    field.arrow_type = type;
    fields.push_back(std::move(field));
  }
  return std::make_shared<varve::CollectionSchema>(std::move(fields), 200);
}

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using varve::internal::Predicate;
  static const auto schema = MakeSchema();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto predicate = Predicate::Parse(text, schema);
  if (!predicate.ok()) return 0;
  const std::string printed = (*predicate)->ToString();
  const auto again = Predicate::Parse(printed, schema);
  Require(again.ok());
  Require((*again)->ToString() == printed);
  Require((*again)->field_ids() == (*predicate)->field_ids());
  varve::ColumnStatistics statistics;
  statistics.null_count = 0;
  statistics.min = int64_t{-5};
  statistics.max = int64_t{5};
  const auto lookup = [&](int64_t) { return &statistics; };
  Require((*again)->Prune(lookup, 10) == (*predicate)->Prune(lookup, 10));
  Require((*again)->equalities().size() == (*predicate)->equalities().size());
  return 0;
}
