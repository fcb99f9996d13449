// SPDX-License-Identifier: Apache-2.0
// What a read will need of several files, fetched by requests that are under way together.
//
// Where a request takes its time, readers first say which bytes they are going to read, and only
// then read them: what the wave has fetched is found in memory. Files on a local disk have no part
// in this; nothing is added for them.
//
//   ReadWave wave(ReadPattern::kPoint);
//   ARROW_ASSIGN_OR_RAISE(bool more, column->PlanTake(rows, verify, &wave));
//   ARROW_RETURN_NOT_OK(wave.Fetch());
//   ARROW_ASSIGN_OR_RAISE(auto values, column->Take(rows, verify));  // asks the store for nothing
//
// Memory:   what was fetched stays until the wave goes
// Threads:  one caller at a time
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "packed/file_source.h"
#include "packed/staged_ranges.h"

namespace varve::internal {

class ReadWave {
 public:
  explicit ReadWave(ReadPattern pattern) : pattern_(pattern) {}
  ~ReadWave();
  ReadWave(const ReadWave&) = delete;
  ReadWave& operator=(const ReadWave&) = delete;

  /// Nothing if `source` reads locally or has the bytes in memory.
  void Add(const FileSource& source, int64_t offset, int64_t length);
  /// Nothing has been added since the last fetch.
  bool empty() const { return wanted_.empty(); }
  /// To be fetched, and fetched so far.
  int64_t bytes() const { return bytes_; }

  /// Reads what was added, and waits for it.
  Status Fetch();
  /// Begins to; Wait, Fetch or the end of the wave must come before more is added.
  Status Start();
  /// Until what was started is there.
  Status Wait();

  /// Adds and fetches until `plan` (which says whether there is more to plan) is content: what has
  /// to be read next may stand in what was read before.
  Status FetchAll(const std::function<Result<bool>(ReadWave*)>& plan);

 private:
  struct File {
    std::shared_ptr<const FileSource> source;
    std::vector<StagedRanges::Range> ranges;
  };
  struct Pending;

  Status Prepare(std::vector<ObjectRanges>* objects);
  void Publish();

  const ReadPattern pattern_;
  std::map<const FileSource*, File> wanted_;
  int64_t bytes_ = 0;
  using Staged = std::pair<std::shared_ptr<const FileSource>, std::shared_ptr<const StagedRanges>>;
  std::vector<Staged> fetching_;
  std::vector<Staged> fetched_;
  std::shared_ptr<Pending> pending_;
};

}  // namespace varve::internal
