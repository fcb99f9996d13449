// SPDX-License-Identifier: Apache-2.0
// Many processes commit to one table on a local disk.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/testing/status_assertions.h"
#include "gtest/gtest.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/manifest_samples.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

constexpr int kProcesses = 16;
constexpr int kCommits = 50;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/varve-manifest-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string MessageOf(int writer, int commit) {
  return std::to_string(writer) + "/" + std::to_string(commit);
}

// What a writer process does; its exit status says how many commits failed.
int WriteAll(const std::string& folder, int writer) {
  auto store = OpenChunkManager(folder, {.sync = false});
  if (!store.ok()) return kCommits;
  // One thread: a pool does not survive fork.
  ManifestStore versions(*store,
                         {.deadline = std::chrono::hours(1)});  // however slow the machine is
  auto base = versions.LoadLatest();
  if (!base.ok()) return kCommits;
  int num_failed = 0;
  for (int i = 0; i < kCommits; ++i) {
    const CommitOutcome outcome =
        versions.Commit(*base, AppendOf(SampleSegment(Random::System()), MessageOf(writer, i)));
    if (outcome.state == CommitState::kCommitted) {
      base = outcome.manifest;
    } else {
      ++num_failed;
    }
  }
  return num_failed;
}

TEST(ManifestProcessTest, SixteenProcessesAllLand) {
  const TemporaryFolder folder;
  VARVE_ASSERT_OK_AND_ASSIGN(auto store, OpenChunkManager(folder.path(), {.sync = false}));
  ManifestStore versions(store);
  const CommitOutcome created = versions.Create(SampleSchema(), {});
  ASSERT_EQ(created.state, CommitState::kCommitted) << created.error;

  std::vector<pid_t> children;
  for (int writer = 0; writer < kProcesses; ++writer) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(WriteAll(folder.path(), writer));
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions.LoadLatest());
  ASSERT_EQ(latest->version, uint64_t{1 + kProcesses * kCommits});
  std::set<std::string> messages;
  std::set<Uuid> commit_ids;
  for (uint64_t version = 2; version <= latest->version; ++version) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto summary, versions.Summarize(version));
    messages.insert(summary.operation.message);
    commit_ids.insert(summary.commit_id);
  }
  EXPECT_EQ(messages.size(), size_t{kProcesses * kCommits});
  EXPECT_EQ(commit_ids.size(), size_t{kProcesses * kCommits});
  for (int writer = 0; writer < kProcesses; ++writer) {
    for (int i = 0; i < kCommits; ++i) EXPECT_TRUE(messages.contains(MessageOf(writer, i)));
  }
  for (size_t i = 0; i < latest->segments.size(); ++i) {
    EXPECT_EQ(latest->segments[i]->segment_id, i + 1);
    EXPECT_EQ(latest->segments[i]->first_row_id, 10 * i);
  }
  EXPECT_EQ(latest->num_rows(), 10 * kProcesses * kCommits);
}

}  // namespace
}  // namespace varve::internal
