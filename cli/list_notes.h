// SPDX-License-Identifier: Apache-2.0
// Lists of numbers that a new table keeps as lists: their owner may have meant vectors.
#pragma once

#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve::cli {

/// One line for each column of lists of numbers that `schema` does not take for vectors: why, by
/// the rows that were looked at; and for each whose doubles are rounded. `first` may be nullptr:
/// there were no rows.
std::vector<std::string> ListNotes(const CollectionSchema& schema, const arrow::RecordBatch* first);

}  // namespace varve::cli
