// SPDX-License-Identifier: Apache-2.0
// What a segment of Milvus consists of, for people and as JSON.
//
// Threads: functions; one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/console.h"
#include "varve/milvus.h"

namespace varve::cli {

int64_t NumLogs(const std::vector<FieldBinlog>& lists);
int64_t NumBytes(const std::vector<FieldBinlog>& lists);
/// Logs of all kinds that the metadata name and that are not there.
int64_t NumMissing(const MilvusCollection& collection, const SegmentFiles& files);

/// "-" where the metadata do not tell, which say 0 then.
std::string RowsText(int64_t num_rows);
/// "V2".
std::string VersionText(StorageVersion version);

/// Its ids and sums, by the lists of files.
nlohmann::ordered_json SegmentSummary(const MilvusCollection& collection, const SegmentFiles& files,
                                      bool is_level_zero);

/// The same, fields or column groups, and all logs by name. Which fields a group has that the
/// metadata do not tell, the footer of its first log does. `num_deletes`: nullopt where nobody has
/// counted. Logs that are not there are marked.
/// Errors: Corruption naming a log whose footer does not parse
Status PrintSegment(Console* console, const std::shared_ptr<ChunkManager>& store,
                    const MilvusCollection& collection, const SegmentFiles& files,
                    std::optional<int64_t> num_deletes, bool is_level_zero);

}  // namespace varve::cli
