// SPDX-License-Identifier: Apache-2.0
// Values in the form in which Milvus stores them (docs/format/data-types.md, column "Milvus").
//
// Threads: values; share as such
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/type_fwd.h"
#include "varve/schema.h"

namespace varve {

struct StoredValues {
  std::shared_ptr<arrow::Array> values;
  int32_t dim = 0;                          ///< of vectors, where the object tells; 0: it does not
  DataType element_type = DataType::kNone;  ///< of arrays of vectors, likewise
  int64_t first_row = 0;                    ///< of the values in the object, for errors
};

}  // namespace varve
