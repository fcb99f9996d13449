// SPDX-License-Identifier: Apache-2.0
// Filters as Python gives them: text, or an expression of pyarrow.compute.
#pragma once

#include <memory>
#include <string>

#include "nanobind/nanobind.h"

namespace arrow::compute {
class Expression;
}

namespace varve::python {

/// At most one of both is set; neither: all rows.
struct Filter {
  std::string text;
  std::shared_ptr<const arrow::compute::Expression> expression;
};

/// None, text or a pyarrow.compute.Expression. Throws InvalidError for anything else.
Filter ParseFilter(nanobind::handle filter);

}  // namespace varve::python
