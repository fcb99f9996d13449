// SPDX-License-Identifier: Apache-2.0
#include "varve/codec.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <vector>

#include "varve/suggestion.h"

namespace varve {

Result<FieldWriteOptions> ParseCodec(const std::string& text, const std::string& field) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const Codec* codec = std::ranges::find(kCodecs, name, &Codec::name);
  if (codec == std::end(kCodecs)) {
    std::vector<std::string> names;
    for (const Codec& known : kCodecs) names.emplace_back(known.name);
    return MakeError(ErrorKind::kInvalid,
                     "unknown compression '" + name + "'" + DidYouMean(name, names) +
                         " (zstd, lz4, snappy, gzip, none, or with a level: zstd:9)",
                     {.field = field});
  }
  FieldWriteOptions options{.compression = codec->compression};
  if (colon == std::string::npos) return options;
  if (codec->highest_level == 0) {
    return MakeError(ErrorKind::kInvalid, "compression '" + name + "' has no levels",
                     {.field = field});
  }
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, options.level);
  if (parsed.ec != std::errc() || parsed.ptr != end || options.level < 1 ||
      options.level > codec->highest_level) {
    return MakeError(ErrorKind::kInvalid,
                     "'" + text.substr(colon + 1) + "' is no compression level of " + name +
                         " (1 to " + std::to_string(codec->highest_level) + ")",
                     {.field = field});
  }
  return options;
}

}  // namespace varve
