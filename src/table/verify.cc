// SPDX-License-Identifier: Apache-2.0
#include "table/verify.h"

#include <mutex>
#include <utility>

#include "base/stop.h"
#include "packed/packed_layout.h"

namespace varve::internal {
namespace {

Status VerifyFile(const SnapshotState& state, const SegmentEntry& segment, const FileEntry& file,
                  bool deep, std::vector<std::string>* problems) {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, state.files->store()->Size(file.path));
  if (size != file.file_bytes) {
    return Corruption("file has another length than the manifest says",
                      {.object = file.path,
                       .expected = std::to_string(file.file_bytes) + " bytes",
                       .found = std::to_string(size)});
  }
  // A reader of its own: nothing that was verified earlier is taken for granted.
  ARROW_ASSIGN_OR_RAISE(auto reader, PackedFileReader::Open(state.files->store(), file.path,
                                                            {.file_bytes = file.file_bytes,
                                                             .layout = file.layout,
                                                             .field_ids = file.field_ids,
                                                             .map = state.files->maps()},
                                                            state.executor()));
  if (reader->num_rows() != segment.num_rows) {
    return Corruption("file does not have the rows of its segment",
                      {.object = file.path,
                       .expected = std::to_string(segment.num_rows) + " rows",
                       .found = std::to_string(reader->num_rows())});
  }
  if (deep) return reader->Verify(problems);
  return reader->Footer().status();
}

}  // namespace

Status VerifyFiles(const SnapshotState& state, bool deep, std::vector<std::string>* problems) {
  std::vector<std::pair<const SegmentEntry*, const FileEntry*>> files;
  for (const auto& segment : state.manifest->segments) {
    for (const FileEntry& file : segment->files) files.emplace_back(segment.get(), &file);
  }
  std::vector<std::vector<std::string>> found(files.size());
  ARROW_RETURN_NOT_OK(
      state.executor()->ParallelFor(static_cast<int64_t>(files.size()), [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        const Status status =
            VerifyFile(state, *files[at].first, *files[at].second, deep, &found[at]);
        // A file that was not read to its end is no damaged file.
        ARROW_RETURN_NOT_OK(CheckStopped());
        // Whatever keeps one file from being read is a problem of that file; the others are checked
        // all the same.
        if (!status.ok()) found[at].push_back(status.message());
        return Status::OK();
      }));
  for (auto& lines : found) {
    for (std::string& line : lines) problems->push_back(std::move(line));
  }
  return Status::OK();
}

}  // namespace varve::internal
