// SPDX-License-Identifier: Apache-2.0
#include "segment/segment_chunks.h"

#include <algorithm>
#include <set>

namespace varve::internal {
namespace {

Status Wrong(const SegmentFiles& files, std::string_view message, int64_t field_id) {
  return MakeError(ErrorKind::kInvalid, message,
                   {.object = NameOf(files), .field = std::to_string(field_id)});
}

}  // namespace

std::string NameOf(const SegmentFiles& files) {
  return "segment " + std::to_string(files.segment_id);
}

Status CheckVersion(const SegmentFiles& files) {
  if (files.version == StorageVersion::kV1 || files.version == StorageVersion::kV2) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kUnsupported, "segments of this storage version are not read",
                   {.object = NameOf(files),
                    .expected = "V1 or V2",
                    .found = "V" + std::to_string(static_cast<int64_t>(files.version))});
}

Status CheckFormat(const SegmentFiles& files, const FieldBinlog& list) {
  if (list.format.empty() || list.format == "parquet") return Status::OK();
  return MakeError(ErrorKind::kUnsupported,
                   "insert logs of this format are neither read nor written",
                   {.object = NameOf(files),
                    .field = std::to_string(list.field_id),
                    .expected = "parquet",
                    .found = list.format});
}

std::vector<const Binlog*> LogsOf(const SegmentFiles& files) {
  std::vector<const Binlog*> logs;
  for (const auto* lists : {&files.inserts, &files.statistics, &files.deltas, &files.bm25}) {
    for (const FieldBinlog& list : *lists) {
      for (const Binlog& log : list.logs) logs.push_back(&log);
    }
  }
  return logs;
}

Status SortLogs(SegmentFiles* files) {
  std::set<int64_t> seen;
  for (FieldBinlog& list : files->inserts) {
    if (!seen.insert(list.field_id).second) {
      return Wrong(*files, "insert logs of a field are listed twice", list.field_id);
    }
    ARROW_RETURN_NOT_OK(CheckFormat(*files, list));
    for (const Binlog& log : list.logs) {
      if (log.path.empty()) return Wrong(*files, "an insert log without a path", list.field_id);
    }
    std::ranges::stable_sort(list.logs, {}, &Binlog::log_id);
  }
  std::ranges::sort(files->inserts, {}, &FieldBinlog::field_id);
  return Status::OK();
}

Result<std::vector<SegmentChunk>> ChunksOf(const SegmentFiles& files) {
  size_t num_chunks = 0;
  for (const FieldBinlog& list : files.inserts) {
    num_chunks = std::max(num_chunks, list.logs.size());
  }
  std::vector<SegmentChunk> chunks(num_chunks, {.logs = {files.inserts.size(), nullptr}});
  for (size_t i = 0; i < files.inserts.size(); ++i) {
    const std::vector<Binlog>& logs = files.inserts[i].logs;
    for (size_t j = 0; j < logs.size(); ++j) {
      SegmentChunk& chunk = chunks[num_chunks - logs.size() + j];
      chunk.logs[i] = &logs[j];
      if (logs[j].num_rows <= 0) continue;  // not told
      if (chunk.num_rows < 0) chunk.num_rows = logs[j].num_rows;
      if (chunk.num_rows == logs[j].num_rows) continue;
      return Corruption("logs of one chunk have different numbers of rows",
                        {.object = logs[j].path,
                         .field = std::to_string(files.inserts[i].field_id),
                         .expected = std::to_string(chunk.num_rows),
                         .found = std::to_string(logs[j].num_rows)});
    }
  }
  return chunks;
}

}  // namespace varve::internal
