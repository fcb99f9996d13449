// SPDX-License-Identifier: Apache-2.0
#include "packed/check_batch.h"

#include <string>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"

namespace varve::internal {

Status CheckBatch(const arrow::Schema& schema, const arrow::RecordBatch& batch) {
  if (batch.num_columns() != schema.num_fields()) {
    return MakeError(ErrorKind::kInvalid, "wrong number of columns",
                     {.expected = std::to_string(schema.num_fields()),
                      .found = std::to_string(batch.num_columns())});
  }
  for (int i = 0; i < batch.num_columns(); ++i) {
    const arrow::Field& field = *schema.field(i);
    const arrow::Array& column = *batch.column(i);
    if (!column.type()->Equals(*field.type())) {
      return MakeError(ErrorKind::kInvalid, "wrong type",
                       {.field = field.name(),
                        .expected = field.type()->ToString(),
                        .found = column.type()->ToString()});
    }
    if (!field.nullable() && column.null_count() > 0) {
      return MakeError(ErrorKind::kInvalid, "null in a required field", {.field = field.name()});
    }
  }
  return Status::OK();
}

}  // namespace varve::internal
