// SPDX-License-Identifier: Apache-2.0
// A process that flushes a segment is killed before and after every call of the store and of the
// file system. Nothing is visible in part afterwards, and the flush that is run again puts its rows
// and deletes into the segment exactly once.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/local/local_chunk_manager.h"
#include "storage/local/posix_file_system.h"
#include "storage/testing/intercepting_chunk_manager.h"
#include "storage/testing/scratch_directory.h"
#include "varve/delta_log.h"
#include "varve/primary_key_statistics.h"
#include "varve/segment.h"
#include "varve/table.h"
#include "varve/table_segments.h"

namespace varve::internal {
namespace {

using testing::SampleSegment;
using testing::SyncRows;

constexpr int64_t kSegment = 7;
constexpr int64_t kEarlierRows = 11;
constexpr int64_t kRows = 30;
constexpr int kFailuresMax = 5;  // enough to see what is wrong

// Counts the moments at which a process may die, and dies at one of them.
class Moments {
 public:
  void DieAt(int64_t moment) { fatal_ = moment; }
  void Pass() {
    if (passed_.fetch_add(1) == fatal_) kill(getpid(), SIGKILL);
  }
  int64_t passed() const { return passed_; }

 private:
  int64_t fatal_ = -1;
  std::atomic<int64_t> passed_{0};
};

// One moment before a call, one after.
class Call {
 public:
  explicit Call(Moments* moments) : moments_(moments) { moments_->Pass(); }
  ~Call() { moments_->Pass(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Moments* const moments_;
};

class MortalFileSystem : public PosixFileSystem {
 public:
  explicit MortalFileSystem(Moments* moments) : moments_(moments) {}

  int OpenDirectory(int directory, const char* path) override {
    const Call call(moments_);
    return PosixFileSystem::OpenDirectory(directory, path);
  }
  int Open(int directory, const char* name, OpenMode mode) override {
    const Call call(moments_);
    return PosixFileSystem::Open(directory, name, mode);
  }
  int OpenUnnamed(int directory) override {
    const Call call(moments_);
    return PosixFileSystem::OpenUnnamed(directory);
  }
  int64_t ReadAt(int file, void* out, size_t length, int64_t offset) override {
    const Call call(moments_);
    return PosixFileSystem::ReadAt(file, out, length, offset);
  }
  int64_t WriteAt(int file, std::span<const iovec> pieces, int64_t offset) override {
    const Call call(moments_);
    return PosixFileSystem::WriteAt(file, pieces, offset);
  }
  // What a process wrote outlives it without: power losses are another test's.
  int Sync(int) override {
    const Call call(moments_);
    return 0;
  }
  int SyncData(int) override {
    const Call call(moments_);
    return 0;
  }
  int LinkUnnamed(int file, int directory, const char* name) override {
    const Call call(moments_);
    return PosixFileSystem::LinkUnnamed(file, directory, name);
  }
  int Link(int directory, const char* from, const char* to) override {
    const Call call(moments_);
    return PosixFileSystem::Link(directory, from, to);
  }
  int Rename(int directory, const char* from, const char* to) override {
    const Call call(moments_);
    return PosixFileSystem::Rename(directory, from, to);
  }
  int Unlink(int directory, const char* name) override {
    const Call call(moments_);
    return PosixFileSystem::Unlink(directory, name);
  }
  int MakeDirectory(int directory, const char* name) override {
    const Call call(moments_);
    return PosixFileSystem::MakeDirectory(directory, name);
  }
  int StatName(int directory, const char* name, FileStat* stat) override {
    const Call call(moments_);
    return PosixFileSystem::StatName(directory, name, stat);
  }

 private:
  Moments* const moments_;
};

class MortalCalls : public StorageInterceptor {
 public:
  explicit MortalCalls(Moments* moments) : moments_(moments) {}
  Status Before(StorageOperation, const std::string&) override {
    moments_->Pass();
    return Status::OK();
  }
  Status After(StorageOperation, const std::string&, int64_t, int64_t) override {
    moments_->Pass();
    return Status::OK();
  }

 private:
  Moments* const moments_;
};

// Stands still, so that the same pack gives the same bytes.
class StoppedClock : public Clock {
 public:
  int64_t NowMicros() override { return 1'700'000'000'000'000; }
  int64_t MonotonicNanos() override { return 0; }
  void SleepFor(std::chrono::nanoseconds) override {}
};

struct Scene {
  const char* name;
  StorageVersion version;
  bool adds_rows;  // then without deletes
};

constexpr Scene kScenes[] = {{"V1", StorageVersion::kV1, false},
                             {"V2", StorageVersion::kV2, false},
                             {"V2Rows", StorageVersion::kV2, true}};

// Moments from one kill to the next: VARVE_KILLS of them (100 unless told) are spread over the
// scenes; from 500 on each moment has one.
int64_t Stride(int64_t num_moments) {
  const char* wanted = std::getenv("VARVE_KILLS");
  const int64_t kills = wanted == nullptr ? 100 : std::atoi(wanted);
  if (kills >= 500) return 1;
  return std::max<int64_t>(1, num_moments * std::ssize(kScenes) / std::max<int64_t>(kills, 1));
}

SyncPack LastPack(const Scene& scene) {
  SyncPack pack = testing::SamplePack(kSegment, kEarlierRows, kRows - kEarlierRows);
  pack.bm25_fields = {testing::kSparseFieldId};
  pack.is_flush = true;
  if (!scene.adds_rows) pack.deletes = {testing::SyncDeletes(3, 9), testing::SyncDeletes(20, 1)};
  return pack;
}

// What a process that begins knows of the table.
Result<SyncContext> Begin(std::shared_ptr<ChunkManager> store, const Scene& scene, Clock* clock) {
  ARROW_ASSIGN_OR_RAISE(auto writer, TableMetaWriter::Make(store, {.adds_rows = scene.adds_rows}));
  auto cache = MakeMemoryMetaCache(testing::SyncSchema());
  cache->Put(SampleSegment(kSegment, scene.version));
  ARROW_ASSIGN_OR_RAISE(auto states, writer->LoadSegments());
  for (const SegmentState& state : states) cache->Put(state);
  ARROW_ASSIGN_OR_RAISE(auto ids, MakeUnusedIdAllocator(store.get(), states));
  SyncContext context;
  context.environment = {.store = std::move(store),
                         .cache = std::move(cache),
                         .writer = std::move(writer),
                         .ids = std::move(ids),
                         .options = {}};
  context.clock = clock;
  return context;
}

Result<SyncOutcome> Flush(const std::shared_ptr<ChunkManager>& store, const Scene& scene) {
  StoppedClock clock;
  ARROW_ASSIGN_OR_RAISE(const SyncContext context, Begin(store, scene, &clock));
  return SyncTask(context, LastPack(scene)).Run();
}

// The child: flushes, counting moments.
Result<int64_t> FlushAndCount(const std::string& root, const Scene& scene, int64_t fatal) {
  Moments moments;
  MortalFileSystem files(&moments);
  auto store = std::make_shared<InterceptingChunkManager>(LocalChunkManager::Make(root, {}, &files),
                                                          std::make_shared<MortalCalls>(&moments));
  StoppedClock clock;
  ARROW_ASSIGN_OR_RAISE(const SyncContext context, Begin(store, scene, &clock));
  const int64_t begun = moments.passed();
  if (fatal >= 0) moments.DieAt(begun + fatal);
  ARROW_RETURN_NOT_OK(SyncTask(context, LastPack(scene)).Run().status());
  return moments.passed() - begun;
}

// True: it was killed. A process of its own, which has none of this one's threads.
bool RunAndKill(const std::string& root, const Scene& scene, int64_t fatal) {
  const std::string moment = std::to_string(fatal);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "sync_crash_test", "--flush", root.c_str(), scene.name, moment.c_str(),
          nullptr);
    _exit(127);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

// A path without the id of its log: runs differ in those alone.
std::string PlaceOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Bytes by place, of a run that nobody disturbed.
using Contents = std::map<std::string, std::set<std::string>>;

Result<Contents> ContentsOf(ChunkManager* store) {
  Contents contents;
  ARROW_ASSIGN_OR_RAISE(const auto objects, store->List("files/"));
  for (const ObjectInfo& object : objects) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(object.path));
    contents[PlaceOf(object.path)].insert(bytes->ToString());
  }
  return contents;
}

Result<std::shared_ptr<arrow::Table>> ReadRows(const std::shared_ptr<ChunkManager>& store,
                                               const SegmentFiles& files) {
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        SegmentReader::Open(store, testing::SyncSchema(), files));
  ARROW_ASSIGN_OR_RAISE(
      const auto stream,
      reader->Scan({.columns = {"pk", "text", "emb", "terms", "RowID", "Timestamp"}}));
  return stream->ToTable();
}

// All rows of the segment, deleted ones too.
Result<std::shared_ptr<arrow::Table>> ReadInserts(const std::shared_ptr<ChunkManager>& store,
                                                  SegmentFiles files) {
  files.deltas.clear();
  return ReadRows(store, files);
}

std::string CheckRows(const std::shared_ptr<arrow::Table>& rows, int64_t count) {
  if (rows->num_rows() != count) return "rows: " + std::to_string(rows->num_rows());
  const auto expected = SyncRows(0, count);
  for (const std::string& name : rows->ColumnNames()) {
    const arrow::ChunkedArray wanted(expected->GetColumnByName(name));
    if (!rows->GetColumnByName(name)->Equals(wanted)) return "values of " + name;
  }
  return "";
}

Result<std::vector<int64_t>> ReadDeletedKeys(ChunkManager* store, const SegmentFiles& files) {
  std::vector<int64_t> keys;
  for (const FieldBinlog& field : files.deltas) {
    for (const Binlog& log : field.logs) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(log.path));
      ARROW_ASSIGN_OR_RAISE(const auto deletes, ReadDeltaLog(bytes, log.path));
      const auto& read = static_cast<const arrow::Int64Array&>(*deletes.primary_keys);
      for (int64_t i = 0; i < read.length(); ++i) keys.push_back(read.Value(i));
    }
  }
  return keys;
}

// How the segment that the table names is wrong; "" if it is right. `flushed`: with the last pack.
Result<std::string> WhatIsWrong(const std::shared_ptr<ChunkManager>& store, const Scene& scene,
                                const SegmentState& state, bool flushed) {
  const int64_t count = flushed ? kRows : kEarlierRows;
  if (state.files.num_rows != count) return "num_rows " + std::to_string(state.files.num_rows);
  ARROW_ASSIGN_OR_RAISE(const auto rows, ReadInserts(store, state.files));
  if (std::string wrong = CheckRows(rows, count); !wrong.empty()) return wrong;
  std::vector<int64_t> deleted;
  if (flushed && !scene.adds_rows) deleted = {3, 4, 5, 6, 7, 8, 9, 10, 11, 20};
  ARROW_ASSIGN_OR_RAISE(const auto keys, ReadDeletedKeys(store.get(), state.files));
  if (keys != deleted) return "deletes: " + std::to_string(keys.size());
  ARROW_ASSIGN_OR_RAISE(const auto visible, ReadRows(store, state.files));
  if (visible->num_rows() != count - static_cast<int64_t>(deleted.size())) {
    return "visible rows: " + std::to_string(visible->num_rows());
  }
  for (const FieldBinlog& field : state.files.statistics) {
    for (const Binlog& log : field.logs) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(log.path));
      const std::span<const uint8_t> span(bytes->data(), static_cast<size_t>(bytes->size()));
      if (!IsCompoundStatisticsPath(log.path)) {
        ARROW_RETURN_NOT_OK(DecodePrimaryKeyStatistics(span, log.path).status());
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const auto parts, DecodeCompoundPrimaryKeyStatistics(span, log.path));
      if (parts.size() != 2) return "compound statistics of " + std::to_string(parts.size());
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto table, Table::Open(store));
  ARROW_ASSIGN_OR_RAISE(const auto scan,
                        table->snapshot()->Scan({.columns = {"pk", "text", "emb", "Timestamp"}}));
  ARROW_ASSIGN_OR_RAISE(const auto shown, scan->ToTable());
  return CheckRows(shown, scene.adds_rows ? count : 0);
}

// The whole of one trial: what the killed process left, the rerun, and a rerun of that.
Result<std::string> Trial(const std::string& root, const Scene& scene, const Contents& whole) {
  const std::shared_ptr<ChunkManager> store = LocalChunkManager::Make(root, {.sync = false});
  ARROW_ASSIGN_OR_RAISE(const auto writer, TableMetaWriter::Make(store));
  ARROW_ASSIGN_OR_RAISE(const auto left, writer->LoadSegment(kSegment));
  if (!left.has_value()) return "the earlier pack is gone";
  const bool flushed = left->lifecycle == SegmentLifecycle::kFlushed;
  ARROW_ASSIGN_OR_RAISE(std::string wrong, WhatIsWrong(store, scene, *left, flushed));
  if (!wrong.empty()) return "after the kill: " + wrong;
  ARROW_ASSIGN_OR_RAISE(const auto contents, ContentsOf(store.get()));
  for (const auto& [place, found] : contents) {
    for (const std::string& bytes : found) {
      const auto at = whole.find(place);
      if (at == whole.end() || !at->second.contains(bytes)) return "part of an object: " + place;
    }
  }

  ARROW_ASSIGN_OR_RAISE(const SyncOutcome again, Flush(store, scene));
  const SyncResult expected = flushed ? SyncResult::kAlreadyDone : SyncResult::kCommitted;
  // A flush that is done may be told to end the segment again.
  if (again.result != expected) return "result of the rerun";
  ARROW_ASSIGN_OR_RAISE(const auto after, writer->LoadSegment(kSegment));
  if (!after.has_value() || *after != again.state) return "the rerun's state is not the table's";
  ARROW_ASSIGN_OR_RAISE(wrong, WhatIsWrong(store, scene, *after, true));
  if (!wrong.empty()) return "after the rerun: " + wrong;

  ARROW_RETURN_NOT_OK(CollectSegmentOrphans(store.get(), 1, {*after}, "files", {}).status());
  ARROW_ASSIGN_OR_RAISE(const SyncOutcome third, Flush(store, scene));
  if (third.result != SyncResult::kAlreadyDone || third.state != *after) return "a third run";
  ARROW_ASSIGN_OR_RAISE(wrong, WhatIsWrong(store, scene, *after, true));
  if (!wrong.empty()) return "after the orphans were removed: " + wrong;
  ARROW_ASSIGN_OR_RAISE(const auto objects, store->List("files/"));
  if (objects.size() != testing::PathsOf(after->files).size()) return "orphans were left";
  return "";
}

class SyncCrashTest : public ::testing::TestWithParam<Scene> {};

TEST_P(SyncCrashTest, AFlushKilledAnywhereCountsOnceWhenItIsRunAgain) {
  const Scene scene = GetParam();
  const ScratchDirectory scratch;
  // A segment that has a pack already: trials begin with a copy of it.
  const std::string begin = scratch.path() + "/begin";
  {
    const std::shared_ptr<ChunkManager> store = LocalChunkManager::Make(begin, {.sync = false});
    VARVE_ASSERT_OK(Table::Create(store, testing::SyncSchema()).status());
    StoppedClock clock;
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncContext context, Begin(store, scene, &clock));
    SyncPack first = testing::SamplePack(kSegment, 0, kEarlierRows);
    first.bm25_fields = {testing::kSparseFieldId};
    VARVE_ASSERT_OK(SyncTask(context, first).Run().status());
  }
  const auto copy = [&](const std::string& name) {
    const std::string root = scratch.path() + "/" + name;
    std::filesystem::remove_all(root);
    std::filesystem::copy(begin, root, std::filesystem::copy_options::recursive);
    return root;
  };
  const std::string undisturbed = copy("undisturbed");
  VARVE_ASSERT_OK_AND_ASSIGN(const int64_t num_moments, FlushAndCount(undisturbed, scene, -1));
  VARVE_ASSERT_OK_AND_ASSIGN(const Contents whole,
                             ContentsOf(LocalChunkManager::Make(undisturbed).get()));

  const int64_t stride = Stride(num_moments);
  int64_t trials = 0;
  int64_t kills = 0;
  int wrong = 0;
  for (int64_t moment = 0; moment < num_moments && wrong < kFailuresMax; moment += stride) {
    ++trials;
    SCOPED_TRACE("moment " + std::to_string(moment) + " of " + std::to_string(num_moments));
    const std::string root = copy("trial");
    kills += RunAndKill(root, scene, moment) ? 1 : 0;
    const auto trial = Trial(root, scene, whole);
    const std::string problem = trial.ok() ? *trial : trial.status().ToString();
    if (problem.empty()) continue;
    ++wrong;
    ADD_FAILURE() << problem;
  }
  // Threads may pass moments in another order, and a few fewer: then nobody dies at the last.
  EXPECT_GE(kills, trials - std::max<int64_t>(4, trials / 20));
  // One line of JSON, which the benchmarks read.
  std::printf(R"({"scene": "%s", "kills": %lld, "wrong": %d})"
              "\n",
              scene.name, static_cast<long long>(kills), wrong);
  RecordProperty("kills", static_cast<int>(kills));
}

INSTANTIATE_TEST_SUITE_P(Scenes, SyncCrashTest, ::testing::ValuesIn(kScenes),
                         [](const auto& scene) { return std::string(scene.param.name); });

int FlushAndDie(const std::string& root, const std::string& scene_name, int64_t fatal) {
  for (const Scene& scene : kScenes) {
    if (scene.name == scene_name) return FlushAndCount(root, scene, fatal).ok() ? 0 : 1;
  }
  return 2;
}

}  // namespace
}  // namespace varve::internal

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "--flush") {
    return varve::internal::FlushAndDie(argv[2], argv[3], std::atoll(argv[4]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
