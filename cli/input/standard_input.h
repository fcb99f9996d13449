// SPDX-License-Identifier: Apache-2.0
// Standard input as a stream that Ctrl-C ends, also while nothing arrives.
//
// Errors: Cancelled after Ctrl-C; kIo
#pragma once

#include <memory>

#include "arrow/io/type_fwd.h"

namespace varve::cli {

std::shared_ptr<arrow::io::InputStream> OpenStandardInput();

}  // namespace varve::cli
