// SPDX-License-Identifier: Apache-2.0
// Versions of one table on a store: finding the newest, loading any, committing the next.
//
// Commit = one put-if-absent of version v + 1 (docs/format/commit.md):
//   1. apply the edit to the newest version known, encode, put.
//   2. the name was free: committed.
//   3. taken: read what stands there. Our own commit id: committed (a lost response). Else rebase
//   on the newest version
//      (appends always can; others when the operation records do not overlap) and go to 1, with
//      jitter, at most `commit_attempts_max` times; then conflict.
//   4. an error of the store: read the name back until the deadline; ours: committed; somebody
//   else's: go to 3; still
//      absent or unreadable: unknown, with a token that Resolve can settle later. Nothing is
//      deleted.
//
// Threads: all methods may be called concurrently.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "manifest/manifest.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

struct ManifestObject;

struct ManifestStoreOptions {
  int commit_attempts_max = 1000;
  /// Of a commit, from its first put or its catching up on others; a trial of the store
  /// (CheckConditionalWrites) comes before it.
  std::chrono::milliseconds deadline{60'000};
  Clock* clock = Clock::System();
  Random* random = Random::System();
};

/// The versions a commit tried to become, with its id; enough to find out later what happened.
struct CommitToken {
  Uuid commit_id{};
  std::vector<uint64_t> versions_tried;

  std::string Encode() const;
  static Result<CommitToken> Decode(const std::string& text);
};

enum class CommitState { kCommitted, kConflict, kFailed, kUnknown, kExpired };

struct CommitOutcome {
  CommitState state = CommitState::kFailed;
  std::shared_ptr<const Manifest> manifest;  ///< kCommitted
  CommitToken token;                         ///< kUnknown
  Status error;                              ///< kConflict, kFailed, kUnknown: why
};

/// What one version says of itself, without the segments of the versions below it.
struct ManifestSummary {
  uint64_t version = 0;
  Uuid commit_id{};
  int64_t commit_micros = 0;
  OperationRecord operation;
  int64_t num_rows = 0;
};

class ManifestStore {
 public:
  ManifestStore(std::shared_ptr<ChunkManager> store, ManifestStoreOptions options = {});

  /// "_versions/<20 digits of 2^64-1-v>"
  static std::string PathOf(uint64_t version);
  /// The version a delta of `version` is built on; 0 if `version` is stored in full.
  static uint64_t BaseOf(uint64_t version);

  /// Errors: NotFound if there is no table here; Corruption naming a version that is missing below
  /// the newest, where that shows (docs/format/commit.md, "A missing version")
  Result<uint64_t> FindLatest(uint64_t at_least = 0);
  /// Loads a version with everything it is built on, in one wave; `known` (may be null) saves
  /// reading what it already holds. Errors: NotFound; Corruption; Unsupported for a required
  /// feature that is not known
  Result<std::shared_ptr<const Manifest>> Load(uint64_t version, const Manifest* known = nullptr);
  Result<std::shared_ptr<const Manifest>> LoadLatest(const Manifest* known = nullptr);
  /// One version's own object alone: one read, for histories.  Errors: as Load
  Result<ManifestSummary> Summarize(uint64_t version);
  /// The newest version committed at or before `micros`.  Errors: NotFound if there is none
  Result<uint64_t> FindByTime(int64_t micros);

  /// Commits version 1.  Outcomes as Commit; an existing table gives kConflict with AlreadyExists.
  CommitOutcome Create(std::shared_ptr<const CollectionSchema> schema, ManifestEdit edit);
  /// Commits `edit`, made for `base`, on top of it or of what came after it.
  CommitOutcome Commit(std::shared_ptr<const Manifest> base, const ManifestEdit& edit);
  /// What became of a commit whose outcome was unknown. kCommitted; kFailed: certainly not and
  /// never will; kUnknown: still open; kExpired: the versions that could tell are no longer kept.
  CommitOutcome Resolve(const CommitToken& token);

  /// Metadata objects and their sizes, oldest first; for `varve info` and the benchmarks.
  Result<std::vector<ObjectInfo>> ListVersions();

 private:
  struct Attempt;

  // Local disks answer a probe at once; there neither hint nor listing pays.
  bool ProbesAreCheap() const;
  Result<bool> Exists(uint64_t version);
  Result<uint64_t> FindByListing();
  Result<uint64_t> FindEnd(uint64_t low);
  Result<uint64_t> FindBeyond(uint64_t end);
  Status CheckNames();
  // `version` may be committed: what it would build on is there, and nothing beyond it is.
  Status CheckPlace(uint64_t version);
  Status NoSuchVersion(uint64_t version) const;
  // Why `version` was not found: Corruption if there are older and newer ones, else NotFound.
  Status Absent(uint64_t version);
  Result<uint64_t> ReadHint();
  void WriteHint(uint64_t version);
  Result<ManifestObject> ReadObject(uint64_t version);
  /// `bytes`: of the version's object, as read the first time.
  Result<ManifestObject> DecodeOrReadAgain(uint64_t version,
                                           const Result<std::shared_ptr<arrow::Buffer>>& bytes);
  Result<std::shared_ptr<const Manifest>> LoadChain(std::span<const uint64_t> versions,
                                                    Manifest state);

  CommitOutcome CommitOnto(std::shared_ptr<const Manifest> base, const ManifestEdit& edit);
  Attempt Put(const Manifest& next, const std::string& bytes, int64_t deadline_nanos);
  Result<std::optional<Uuid>> ReadCommitId(uint64_t version);
  void PauseBeforeRetry(int attempt);

  std::shared_ptr<ChunkManager> store_;
  ManifestStoreOptions options_;
  // Somebody else commits too: worth standing in line first.
  std::atomic<bool> contended_{false};
};

}  // namespace varve::internal
