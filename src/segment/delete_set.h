// SPDX-License-Identifier: Apache-2.0
// The deletes that concern a segment: which rows they hide, by key and time.
//
// Memory:  24 bytes a delete beside text keys
// Threads: immutable once loaded; share freely
// Source:  docs/format/delta-log.md
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/segment.h"
#include "varve/status.h"

namespace varve::internal {

class DeleteSet {
 public:
  /// Reads the delta logs of all `lists`, several at a time. `further` (may be nullptr): deletes
  /// that other segments share, which count as if they were among these.
  /// Errors: Invalid without a key; Corruption naming the log whose keys are of another type
  static Result<std::shared_ptr<const DeleteSet>> Load(
      ChunkManager* store, const std::vector<FieldBinlog>& lists, const FieldSchema* primary_key,
      std::shared_ptr<const DeleteSet> further = nullptr);

  int64_t size() const;

  /// Whether a delete of `key` is later than `inserted` and no later than `as_of`. One of the very
  /// time of the insert does not hide the row: an upsert deletes and inserts at once.
  bool Hides(int64_t key, uint64_t inserted, uint64_t as_of) const;
  bool Hides(std::string_view key, uint64_t inserted, uint64_t as_of) const;

 private:
  // By key, then time.
  std::vector<std::pair<int64_t, uint64_t>> numbers_;
  std::vector<std::pair<std::string_view, uint64_t>> texts_;
  std::vector<std::shared_ptr<arrow::Array>> text_keys_;  // what texts_ points into
  std::shared_ptr<const DeleteSet> further_;              // nullptr: none
};

}  // namespace varve::internal
