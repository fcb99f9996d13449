// SPDX-License-Identifier: Apache-2.0
// From column names to fields.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::internal {

/// The columns of a result, in order.
struct Projection {
  std::vector<FieldSchema> fields;
  std::shared_ptr<arrow::Schema> schema;
};

/// All user fields if `names` is empty; "RowID" and "Timestamp" only when named.
/// Errors: Invalid for an unknown name (naming close ones) or a name given twice
Result<Projection> MakeProjection(const CollectionSchema& schema,
                                  const std::vector<std::string>& names);

/// RowID or Timestamp as a field; nullptr for every other id.
const FieldSchema* SystemField(int64_t field_id);

}  // namespace varve::internal
