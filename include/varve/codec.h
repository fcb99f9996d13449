// SPDX-License-Identifier: Apache-2.0
// How people write down a codec and its level, on a command line or in a script.
//
//   ARROW_ASSIGN_OR_RAISE(options.fields["title"], varve::ParseCodec("zstd:9"));
//
// Names:   zstd (levels 1 to 22), lz4 (1 to 12), snappy, gzip (1 to 9), none; without a level,
//          the codec's own
// Errors:  Invalid that names what is close, or the levels there are
// Threads: may be called concurrently
#pragma once

#include <string>
#include <string_view>

#include "varve/packed.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct Codec {
  std::string_view name;
  Compression compression;
  int highest_level;  ///< 0: it has no levels; else they count from 1
};
/// In the order of Compression.
inline constexpr Codec kCodecs[] = {
    {"zstd", Compression::kZstd, 22},    {"lz4", Compression::kLz4, 12},
    {"snappy", Compression::kSnappy, 0}, {"gzip", Compression::kGzip, 9},
    {"none", Compression::kNone, 0},
};

/// `field` is whose codec it is, for the error; empty: everybody's.
VARVE_EXPORT Result<FieldWriteOptions> ParseCodec(const std::string& text,
                                                  const std::string& field = "");

}  // namespace varve
