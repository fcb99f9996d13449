// SPDX-License-Identifier: Apache-2.0
// Pulls the plug at every call that appends to a table make: what a version names is durable before
// the version is.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/util/thread_pool.h"
#include "base/random.h"
#include "manifest/testing/manual_clock.h"
#include "storage/local/local_chunk_manager.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/power_loss_file_system.h"
#include "table/table_impl.h"
#include "table/testing/sample_rows.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::SampleReader;
using testing::SampleRows;
using testing::SampleSchema;

constexpr char kRoot[] = "/tables/books";
constexpr int64_t kAppendRows = 50;

// While it lives, work is done by the thread that asks for it: the file system is for one.
class OneThread {
 public:
  OneThread() { Set(1); }
  ~OneThread() { Set(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  static void Set(int threads) { EXPECT_TRUE(arrow::SetCpuThreadPoolCapacity(threads).ok()); }
  const int before_ = arrow::GetCpuThreadPoolCapacity();
};

// All objects of `store`, in memory: any number of threads may read them.
Result<std::shared_ptr<ChunkManager>> CopyOf(ChunkManager* store) {
  std::shared_ptr<ChunkManager> copy = MemoryChunkManager::Make();
  ARROW_ASSIGN_OR_RAISE(const auto objects, store->List(""));
  for (const ObjectInfo& object : objects) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(object.path));
    ARROW_RETURN_NOT_OK(
        copy->Write(object.path, {bytes->data(), static_cast<size_t>(bytes->size())}));
  }
  return copy;
}

// Rows of every other append bring their times: their number, twice.
bool BringsTimes(int64_t row) { return row / kAppendRows % 2 == 1; }

Result<std::shared_ptr<arrow::RecordBatchReader>> RowsWithTimes(int64_t begin) {
  auto rows = SampleRows(begin, kAppendRows);
  arrow::Int64Builder times;
  for (int64_t row = begin; row < begin + kAppendRows; ++row) {
    ARROW_RETURN_NOT_OK(times.Append(2 * row));
  }
  ARROW_ASSIGN_OR_RAISE(auto column, times.Finish());
  ARROW_ASSIGN_OR_RAISE(rows, rows->AddColumn(0, "Timestamp", column));
  return arrow::RecordBatchReader::Make({rows}, rows->schema());
}

Status CheckTimes(const Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, snapshot.Scan({.columns = {"Timestamp"}}));
  ARROW_ASSIGN_OR_RAISE(const auto found, reader->ToTable());
  ARROW_ASSIGN_OR_RAISE(const auto batch, found->CombineChunksToBatch());
  const auto& times = static_cast<const arrow::Int64Array&>(*batch->column(0));
  for (int64_t row = 0; row < times.length(); ++row) {
    if ((times.Value(row) == 2 * row) == BringsTimes(row)) continue;
    return Status::Invalid("row ", row, " has the time ", times.Value(row));
  }
  return Status::OK();
}

// An empty version 1, then appends of kAppendRows rows, each of several files.
class Workload {
 public:
  Workload(uint64_t seed, bool has_unnamed)
      : random_(Random::Seeded(seed)), files_(has_unnamed), clock_(1'700'000'000'000'000) {
    const int root = files_.OpenRoot("/");
    files_.MakeDirectory(root, "tables");
    files_.Sync(root);
    files_.Close(root);
  }

  PowerLossFileSystem* files() { return &files_; }
  int64_t num_power_losses() const { return num_power_losses_; }

  // Appends until the end or the first state that should not be; says what is wrong with it.
  std::optional<std::string> Run(uint64_t appends, int outcomes_per_call) {
    const OneThread one_thread;
    files_.set_observer([this, outcomes_per_call] {
      for (int i = 0; i < outcomes_per_call && !problem_; ++i) LosePower();
    });
    const Status status = Append(appends);
    if (!problem_ && !status.ok()) problem_ = status.ToString();
    if (!problem_) LosePower();
    files_.set_observer(nullptr);
    return problem_;
  }

 private:
  TableEnvironment Environment(std::shared_ptr<ChunkManager> store) {
    TableEnvironment environment{.store = std::move(store),
                                 .options = {},
                                 .manifest = {.clock = &clock_, .random = random_.get()},
                                 .executor = Executor::Inline()};
    environment.options.write.split = SplitPolicy::kExplicit;
    environment.options.write.groups = {{"emb"}, {"id", "ts", "label"}, {"score", "text"}};
    return environment;
  }

  Status Append(uint64_t appends) {
    ARROW_ASSIGN_OR_RAISE(const auto schema,
                          CollectionSchema::FromArrow(*SampleSchema(), nullptr, "id"));
    ARROW_ASSIGN_OR_RAISE(
        const auto table,
        CreateTable(Environment(LocalChunkManager::Make(kRoot, {}, &files_, random_.get())), schema,
                    nullptr, {}));
    acknowledged_ = 1;
    while (acknowledged_ <= appends && !problem_) {
      const int64_t begin = static_cast<int64_t>(acknowledged_ - 1) * kAppendRows;
      const AppendOptions options{.keeps_timestamps = BringsTimes(begin)};
      ARROW_ASSIGN_OR_RAISE(auto rows, RowsWithTimes(begin));
      if (!options.keeps_timestamps) rows = SampleReader(begin, kAppendRows);
      ARROW_ASSIGN_OR_RAISE(const CommitInfo info, table->Append(rows, options));
      acknowledged_ = info.version;
    }
    return Status::OK();
  }

  void LosePower() {
    ++num_power_losses_;
    const auto disk = files_.AfterPowerLoss(random_.get());
    const auto store = LocalChunkManager::Make(kRoot, {}, disk.get(), random_.get());
    const Status status = Check(store.get());
    if (!status.ok()) {
      problem_ = "after version " + std::to_string(acknowledged_) + ": " + status.ToString();
    }
  }

  // The newest version is the one acknowledged or the one under way, with all its rows.
  Status Check(ChunkManager* store) {
    ARROW_ASSIGN_OR_RAISE(auto copy, CopyOf(store));
    const auto opened = OpenTable(Environment(std::move(copy)), {});
    if (!opened.ok() && acknowledged_ == 0 && IsNotFound(opened.status())) return Status::OK();
    ARROW_RETURN_NOT_OK(opened);
    const auto snapshot = (*opened)->snapshot();
    const uint64_t version = snapshot->version();
    if (version < acknowledged_ || version > acknowledged_ + 1) {
      return Status::Invalid("the newest version is ", version);
    }
    const int64_t rows = static_cast<int64_t>(version - 1) * kAppendRows;
    if (snapshot->num_rows() != rows) return Status::Invalid(snapshot->num_rows(), " rows");
    if (rows == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto reader, snapshot->Scan());
    // An error here is one of the table: its data is not there.
    ARROW_ASSIGN_OR_RAISE(const auto found, reader->ToTable());
    ARROW_ASSIGN_OR_RAISE(const auto batch, found->CombineChunksToBatch());
    const std::string difference = Difference(*batch, *SampleRows(0, rows));
    return difference.empty() ? CheckTimes(*snapshot) : Status::Invalid(difference);
  }

  const std::unique_ptr<Random> random_;
  PowerLossFileSystem files_;
  ManualClock clock_;
  uint64_t acknowledged_ = 0;  // the newest version that was
  int64_t num_power_losses_ = 0;
  std::optional<std::string> problem_;
};

class TablePowerLossTest : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Unnamed, TablePowerLossTest, ::testing::Bool());

TEST_P(TablePowerLossTest, AVersionThatIsThereHasAllItsRows) {
  constexpr uint64_t kSeed = 20261127;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  constexpr int64_t kAppends = 8;
  Workload workload(kSeed, GetParam());
  const auto problem = workload.Run(kAppends, 2);
  EXPECT_FALSE(problem.has_value()) << *problem;
  // Three files and a version each.
  EXPECT_GE(workload.files()->num_syncs(SyncPurpose::kStreamedFile), 3 * kAppends);
  EXPECT_GE(workload.files()->num_syncs(SyncPurpose::kWholeFile), kAppends);
  EXPECT_GE(workload.num_power_losses(), kAppends * 4 * 4 * 2);
}

// Without this the test above could pass because it looks at nothing.
TEST_P(TablePowerLossTest, EverySyncIsNeeded) {
  for (int purpose = 0; purpose < kNumSyncPurposes; ++purpose) {
    SCOPED_TRACE("purpose " + std::to_string(purpose) + " seed 1");
    Workload workload(1, GetParam());
    workload.files()->LoseSyncs(static_cast<SyncPurpose>(purpose));
    EXPECT_TRUE(workload.Run(8, 2).has_value());
  }
}

}  // namespace
}  // namespace varve::internal
