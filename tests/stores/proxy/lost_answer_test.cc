// SPDX-License-Identifier: Apache-2.0
// Tables behind a network that loses answers and flips bits.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/remote/retrying_client.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/fault_proxy.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::ReadAll;
using testing::SampleReader;
using testing::SampleRows;

constexpr int64_t kRows = 50;

// An S3 server behind a proxy, whose script the test changes on the way.
class Network {
 public:
  Network()
      : proxy_([this](const HttpRequest& request) { return s3_.Answer(request); },
               [this](const HttpRequest& request) { return Ask(request); }) {
    proxy_.Listen();
  }

  void Play(FaultProxy::Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }

  std::shared_ptr<ChunkManager> Store(int max_tries = 4) const {
    OpenDalOptions options;
    options.scheme = "s3";
    options.options = {{"bucket", "bucket"},
                       {"root", "/table"},
                       {"endpoint", proxy_.endpoint()},
                       {"region", "us-east-1"},
                       {"access_key_id", "access-key"},
                       {"secret_access_key", "secret-key"},
                       {"disable_config_load", "true"},
                       {"disable_ec2_metadata", "true"}};
    // A request on a connection that is just closing would be lost beyond what the script says.
    options.idle_connections = 0;
    auto client = std::make_shared<RetryingClient>(
        MakeOpenDalClient(options).ValueOrDie(),
        RetryPolicy{.max_tries = max_tries, .first_pause = std::chrono::milliseconds(1)},
        std::make_shared<RetryBudget>());
    return std::make_shared<RemoteChunkManager>(
        std::move(client),
        RemoteOptions{
            .uri = "s3://bucket/table",
            .features = {.put_if_absent = true, .ordered_listing = true, .durable = true}});
  }

  const ScriptedHttpS3& s3() const { return s3_; }

 private:
  Fault Ask(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    return script_ ? script_(request) : Fault{};
  }

  ScriptedHttpS3 s3_;
  std::mutex mutex_;  // guards script_
  FaultProxy::Script script_;
  FaultProxy proxy_;
};

Fault Of(FaultKind kind) { return {.kind = kind, .at = 0, .answer = {}}; }

// Whatever answer of an append is lost, its rows are there once.
void ExpectAppendedOnce(FaultKind kind) {
  bool met = true;
  for (int lost = 0; met; ++lost) {
    SCOPED_TRACE("request " + std::to_string(lost) + " of the append");
    Network network;
    auto schema = CollectionSchema::FromArrow(*testing::SampleSchema(), nullptr, "id").ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(auto table, Table::Create(network.Store(), schema));
    VARVE_ASSERT_OK(table->Append(SampleReader(0, kRows)).status());
    met = false;
    network.Play([&met, lost, seen = 0, kind](const HttpRequest&) mutable {
      if (seen++ != lost) return Fault{};
      met = true;
      return Of(kind);
    });
    VARVE_ASSERT_OK_AND_ASSIGN(const CommitInfo commit, table->Append(SampleReader(kRows, kRows)));
    network.Play({});
    EXPECT_EQ(commit.version, 3u);
    EXPECT_EQ(commit.rows_added, kRows);

    VARVE_ASSERT_OK_AND_ASSIGN(const auto again, Table::Open(network.Store()));
    EXPECT_EQ(again->snapshot()->version(), 3u);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto scan, again->snapshot()->Scan());
    EXPECT_EQ(Difference(*ReadAll(scan.get()), *SampleRows(0, 2 * kRows)), "");
    VARVE_ASSERT_OK_AND_ASSIGN(const auto history, again->History());
    EXPECT_EQ(history.size(), 3u);
    ASSERT_LT(lost, 100);
    EXPECT_TRUE(met || lost >= 2);  // at least the rows and the manifest
  }
}

TEST(LostAnswerTest, AnAppendHappensOnceThoughAnyAnswerIsLost) {
  ExpectAppendedOnce(FaultKind::kDropAnswer);
}

TEST(LostAnswerTest, AnAppendHappensOnceThoughAnyRequestArrivesTwice) {
  ExpectAppendedOnce(FaultKind::kForwardTwice);
}

TEST(LostAnswerTest, AnAppendHappensOnceThoughAnyRequestIsLost) {
  ExpectAppendedOnce(FaultKind::kReset);
}

// Without anybody below who tries again.
TEST(LostAnswerTest, ACommitFindsOutByItselfWhatBecameOfItsManifest) {
  for (const FaultKind kind : {FaultKind::kDropAnswer, FaultKind::kReset, FaultKind::kForwardTwice,
                               FaultKind::kTruncate}) {
    Network network;
    auto schema = CollectionSchema::FromArrow(*testing::SampleSchema(), nullptr, "id").ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(auto table, Table::Create(network.Store(/*max_tries=*/1), schema));
    bool met = false;
    network.Play([&met, kind](const HttpRequest& request) {
      const bool is_manifest = S3CallOf(request) == S3Call::kPut &&
                               request.target.find("_versions/") != std::string::npos;
      if (!is_manifest || met) return Fault{};
      met = true;
      return Of(kind);
    });
    VARVE_ASSERT_OK_AND_ASSIGN(const CommitInfo commit, table->Append(SampleReader(0, kRows)));
    EXPECT_TRUE(met);
    EXPECT_EQ(commit.version, 2u);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto again, Table::Open(network.Store()));
    EXPECT_EQ(again->snapshot()->version(), 2u);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto scan, again->snapshot()->Scan());
    EXPECT_EQ(Difference(*ReadAll(scan.get()), *SampleRows(0, kRows)), "");
  }
}

TEST(LostAnswerTest, ALongObjectIsThereOrNotAsItsWriterSays) {
  const std::string bytes(20 << 20, 'x');
  const std::span<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  for (const FaultKind kind :
       {FaultKind::kNone, FaultKind::kDropAnswer, FaultKind::kForwardTwice, FaultKind::kReset}) {
    Network network;
    network.Play([kind](const HttpRequest& request) {
      return S3CallOf(request) == S3Call::kCompleteUpload ? Of(kind) : Fault{};
    });
    const auto store = network.Store();
    VARVE_ASSERT_OK_AND_ASSIGN(auto writer, store->OpenWriter("long"));
    VARVE_ASSERT_OK(writer->Write(span));
    const Status closed = writer->Close();
    writer = nullptr;
    const auto stored = network.s3().Get("bucket/table/long");
    EXPECT_EQ(closed.ok(), kind != FaultKind::kReset) << closed.ToString();
    EXPECT_EQ(stored.has_value(), closed.ok());
    EXPECT_TRUE(!stored || *stored == bytes);
    EXPECT_EQ(network.s3().num_uploads(), 0);
  }
}

struct Reads {
  int flipped = 0;
  int all = 0;
  std::string object;  // whose bytes were flipped
};

// Opens and scans; its read `which` comes flipped and, if that lasts, all later ones of the object.
Result<std::string> ReadFlipped(Network* network, int which, bool lasting, Reads* reads) {
  network->Play([=, seen = 0](const HttpRequest& request) mutable {
    if (S3CallOf(request) != S3Call::kGet) return Fault{};
    ++reads->all;
    const bool first = seen++ == which;
    if (first) reads->object = request.target;
    if (request.target != reads->object || (!first && !lasting)) return Fault{};
    ++reads->flipped;
    return Of(FaultKind::kFlip);
  });
  auto result = [&]() -> Result<std::string> {
    ARROW_ASSIGN_OR_RAISE(const auto opened, Table::Open(network->Store()));
    ARROW_ASSIGN_OR_RAISE(const auto scan, opened->snapshot()->Scan());
    ARROW_ASSIGN_OR_RAISE(const auto rows, scan->ToTable());
    ARROW_ASSIGN_OR_RAISE(const auto batch, rows->CombineChunksToBatch());
    return Difference(*batch, *SampleRows(0, kRows));
  }();
  network->Play({});
  return result;
}

class FlippedBitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto schema = CollectionSchema::FromArrow(*testing::SampleSchema(), nullptr, "id").ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(auto table, Table::Create(network_.Store(), schema));
    VARVE_ASSERT_OK(table->Append(SampleReader(0, kRows)).status());
    Reads sound;
    VARVE_ASSERT_OK_AND_ASSIGN(const std::string difference,
                               ReadFlipped(&network_, -1, false, &sound));
    ASSERT_EQ(difference, "");
    num_reads_ = sound.all;
    ASSERT_GE(num_reads_, 2);  // a version and the rows
  }

  Network network_;
  int num_reads_ = 0;  // of an open and a scan
};

TEST_F(FlippedBitTest, IsReadAgainOnceAndRecovered) {
  for (int which = 0; which < num_reads_; ++which) {
    Reads reads;
    const auto read = ReadFlipped(&network_, which, false, &reads);
    SCOPED_TRACE("read " + std::to_string(which) + ", " + reads.object);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(*read, "");
    EXPECT_EQ(reads.flipped, 1);
    // A version is one request; rows are asked for again with their checksums, which are another.
    const bool is_version = reads.object.find("_versions/") != std::string::npos;
    EXPECT_EQ(reads.all - num_reads_, is_version ? 1 : 2);
  }
}

TEST_F(FlippedBitTest, ThatLastsIsCorruptionOfThatObject) {
  for (int which = 0; which < num_reads_; ++which) {
    Reads reads;
    const auto read = ReadFlipped(&network_, which, true, &reads);
    SCOPED_TRACE("read " + std::to_string(which) + ", " + reads.object);
    ASSERT_FALSE(read.ok());
    EXPECT_TRUE(IsCorruption(read.status())) << read.status().ToString();
    const std::string path = reads.object.substr(std::string("/bucket/table/").size());
    EXPECT_NE(read.status().message().find("'" + path + "'"), std::string::npos)
        << read.status().ToString();
    EXPECT_EQ(reads.flipped, 2);  // once, and once more
  }
}

}  // namespace
}  // namespace varve::internal
