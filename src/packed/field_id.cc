// SPDX-License-Identifier: Apache-2.0
#include "packed/field_id.h"

#include <charconv>
#include <set>
#include <string>

#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "schema/field_metadata.h"

namespace varve::internal {
namespace {

Result<int64_t> FieldIdOf(const arrow::Field& field) {
  const int index = field.metadata() == nullptr ? -1 : field.metadata()->FindKey(kFieldIdKey);
  const std::string digits = index < 0 ? "" : field.metadata()->value(index);
  int64_t id = -1;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, id);
  // Parquet has 32 bits for it.
  if (parsed.ec == std::errc() && parsed.ptr == end && id >= 0 && id <= INT32_MAX) return id;
  return MakeError(ErrorKind::kInvalid, "the field has no id of its own",
                   {.field = field.name(),
                    .expected = std::string("metadata ") + kFieldIdKey + ", 0 to 2147483647",
                    .found = digits.empty() ? "none" : digits});
}

}  // namespace

Result<std::vector<int64_t>> FieldIdsOf(const arrow::Schema& schema) {
  std::vector<int64_t> ids;
  std::set<int64_t> known;
  for (const auto& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t id, FieldIdOf(*field));
    if (!known.insert(id).second) {
      return MakeError(ErrorKind::kInvalid, "two fields have one id",
                       {.field = field->name(), .found = std::to_string(id)});
    }
    ids.push_back(id);
  }
  return ids;
}

}  // namespace varve::internal
