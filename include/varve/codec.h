// SPDX-License-Identifier: Apache-2.0
// How people write down a codec and its level, on a command line or in a script.
//
//   ARROW_ASSIGN_OR_RAISE(options.fields["title"], varve::ParseCodec("zstd:9"));
//
// Names:   zstd (levels 1 to 22), lz4, snappy, gzip (1 to 9), none; without a level,
//          the codec's own
// Errors:  Invalid that names what is close, or the levels there are
// Threads: may be called concurrently
#pragma once

#include <string>

#include "varve/packed.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// `field` is whose codec it is, for the error; empty: everybody's.
VARVE_EXPORT Result<FieldWriteOptions> ParseCodec(const std::string& text,
                                                  const std::string& field = "");

}  // namespace varve
