// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/record_batch.h"
#include "cli/input/formats.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "varve/packed.h"

namespace varve::cli {

Status OpenParquet(const std::string& path, const InputOptions& options, Input* input) {
  const FileLocation location = SplitFileLocation(path);
  ARROW_ASSIGN_OR_RAISE(const auto store_options, options.store.ToOptions(path));
  ARROW_ASSIGN_OR_RAISE(auto store, OpenStore(location.folder, store_options));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<PackedReader> reader,
                        PackedReader::Open(store, {location.name}));
  input->num_rows = reader->num_rows();
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->Scan());
  input->reader = std::move(batches);
  return Status::OK();
}

}  // namespace varve::cli
