// SPDX-License-Identifier: Apache-2.0
#include "cli/write_arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "cli/source.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

struct Codec {
  Compression compression;
  int highest_level;  // 0: it has no levels
};

const std::map<std::string, Codec>& Codecs() {
  static const std::map<std::string, Codec> kCodecs = {
      {"zstd", {Compression::kZstd, 22}},    {"lz4", {Compression::kLz4, 0}},
      {"snappy", {Compression::kSnappy, 0}}, {"gzip", {Compression::kGzip, 9}},
      {"none", {Compression::kNone, 0}},
  };
  return kCodecs;
}

Result<FieldWriteOptions> ParseCompression(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto codec = Codecs().find(name);
  if (codec == Codecs().end()) {
    std::vector<std::string> names;
    for (const auto& [known, value] : Codecs()) names.push_back(known);
    return MakeError(ErrorKind::kInvalid,
                     "unknown compression '" + name + "'" + DidYouMean(name, names) +
                         " (zstd, lz4, snappy, gzip, none, or with a level: zstd:9)");
  }
  FieldWriteOptions options;
  options.compression = codec->second.compression;
  if (colon != std::string::npos) {
    const int highest = codec->second.highest_level;
    if (highest == 0) {
      return MakeError(ErrorKind::kInvalid, "compression '" + name + "' has no levels");
    }
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, options.level);
    if (parsed.ec != std::errc() || parsed.ptr != end || options.level < 1 ||
        options.level > highest) {
      return MakeError(ErrorKind::kInvalid, "'" + text.substr(colon + 1) +
                                                "' is no compression level of " + name + " (1 to " +
                                                std::to_string(highest) + ")");
    }
  }
  return options;
}

// "FIELD=zstd:9". A name may have a '=' of its own, a codec has none.
Status ParseCodec(const std::string& text, PackedWriteOptions* options) {
  const size_t mark = text.rfind('=');
  if (mark == std::string::npos || mark == 0) {
    return MakeError(ErrorKind::kInvalid,
                     "codec '" + text + "': write FIELD=CODEC, as in title=zstd:9");
  }
  const std::string name = text.substr(0, mark);
  ARROW_ASSIGN_OR_RAISE(const auto codec, ParseCompression(text.substr(mark + 1)));
  if (!options->fields.emplace(name, codec).second) {
    return MakeError(ErrorKind::kInvalid, "two codecs for one field", {.field = name});
  }
  return Status::OK();
}

Status ParseSplit(const std::string& text, PackedWriteOptions* options) {
  if (text == "default") {
    options->split = SplitPolicy::kDefault;
  } else if (text == "one") {
    options->split = SplitPolicy::kOneGroup;
  } else if (text == "schema") {
    options->split = SplitPolicy::kBySchema;
  } else if (text == "size") {
    options->split = SplitPolicy::kByAverageSize;
  } else if (text.find(';') != std::string::npos || text.find(',') != std::string::npos) {
    options->split = SplitPolicy::kExplicit;
    for (const std::string& group : CLI::detail::split(text, ';')) {
      options->groups.push_back(SplitNames({group}));
    }
  } else {
    return MakeError(
        ErrorKind::kInvalid,
        "unknown split '" + text + "'" + DidYouMean(text, {"default", "one", "schema", "size"}) +
            " (default, one, schema, size, or groups of columns: 'embedding;id,title')");
  }
  return Status::OK();
}

}  // namespace

void WriteArguments::Configure(CLI::App* app) {
  app->add_option("--split", split,
                  "Columns that share a file: default (each vector for itself), one, schema, size, "
                  "or groups: 'embedding;id,title'");
  app->add_option("--compression", compression,
                  "For scalars and texts: zstd (default), lz4, snappy, gzip, none; level: zstd:9");
  app->add_option("--codec", codecs,
                  "Of one field, whatever it saves: FIELD=zstd:9; repeat for each field");
  app->add_flag("--no-sync", no_sync,
                "Do not wait for stable storage: faster, but a power failure may take the commit");
  store.Configure(app);
}

Result<TableOptions> WriteArguments::ToOptions(const std::string& location) const {
  TableOptions options;
  ARROW_ASSIGN_OR_RAISE(const auto configuration, store.LoadConfiguration());
  if (!compression.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.write.defaults, ParseCompression(compression));
  } else if (configuration.has_value()) {
    options.write.defaults = {configuration->compression.algorithm,
                              configuration->compression.level};
  }
  for (const std::string& codec : codecs) {
    ARROW_RETURN_NOT_OK(ParseCodec(codec, &options.write));
  }
  ARROW_RETURN_NOT_OK(ParseSplit(split, &options.write));
  ARROW_ASSIGN_OR_RAISE(options.store, store.ToOptions(location));
  options.store.sync = !no_sync;
  return options;
}

}  // namespace varve::cli
