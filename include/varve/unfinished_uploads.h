// SPDX-License-Identifier: Apache-2.0
// Objects that somebody began to write part by part and neither finished nor gave up, as a process
// that was killed leaves them. They are no objects, and cost storage until they are removed.
//
// Only on S3 and lookalikes; elsewhere services remove them by themselves.
//
// Errors:  Unsupported for a store that does not tell its uploads apart; else as ChunkManager
// Threads: as ChunkManager
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct UnfinishedUpload {
  std::string path;
  std::string id;            ///< the service's
  int64_t begun_micros = 0;  ///< since 1970; 0: not told
};

/// Of paths that start with `prefix`, by path. Some services want a whole path.
VARVE_EXPORT Result<std::vector<UnfinishedUpload>> ListUnfinishedUploads(
    ChunkManager& store, const std::string& prefix = "");

/// Removes what it holds. One that is gone is not an error.
VARVE_EXPORT Status AbortUnfinishedUpload(ChunkManager& store, const UnfinishedUpload& upload);

/// A writer that goes on with an unfinished upload of `path`, if there is one: of the same bytes,
/// cut as before, only parts that the service lacks are sent. Nobody else may be writing `path`:
/// its other unfinished uploads are aborted at the end.
VARVE_EXPORT Result<std::unique_ptr<ChunkWriter>> ResumeWriter(ChunkManager& store,
                                                               const std::string& path,
                                                               MakeWriterOptions options = {});

}  // namespace varve
