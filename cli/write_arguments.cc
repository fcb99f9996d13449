// SPDX-License-Identifier: Apache-2.0
#include "cli/write_arguments.h"

#include <CLI/CLI.hpp>

#include "cli/source.h"
#include "varve/codec.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

// "FIELD=zstd:9". A name may have a '=' of its own, a codec has none.
Status AddCodec(const std::string& text, PackedWriteOptions* options) {
  const size_t mark = text.rfind('=');
  if (mark == std::string::npos || mark == 0) {
    return MakeError(ErrorKind::kInvalid,
                     "codec '" + text + "': write FIELD=CODEC, as in title=zstd:9");
  }
  const std::string name = text.substr(0, mark);
  ARROW_ASSIGN_OR_RAISE(const auto codec, ParseCodec(text.substr(mark + 1), name));
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
  ARROW_ASSIGN_OR_RAISE(TableOptions options, store.ToTableOptions(location));
  if (!compression.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.write.defaults, ParseCodec(compression));
  }
  for (const std::string& codec : codecs) {
    ARROW_RETURN_NOT_OK(AddCodec(codec, &options.write));
  }
  ARROW_RETURN_NOT_OK(ParseSplit(split, &options.write));
  options.store.sync = !no_sync;
  return options;
}

}  // namespace varve::cli
