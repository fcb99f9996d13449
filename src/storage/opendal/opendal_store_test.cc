// SPDX-License-Identifier: Apache-2.0
// The contract against a server that the environment names, as tests/stores/servers.py does:
// VARVE_TEST_STORE is its address, VARVE_TEST_STORE_NAME what it is called, VARVE_TEST_STORE_LACKS
// what makes it unfit for commits. Skipped without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/store_address.h"
#include "storage/remote/store_probe.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Variable(const std::string& name) {
  return ProcessEnvironment()("VARVE_TEST_STORE" + name).value_or("");
}

std::string FreshRoot() {
  return Variable("") + "/test-" + std::to_string(Random::System()->Next());
}

StoreAddress AddressOf(const std::string& uri) {
  return ResolveStoreAddress(uri, {}, ProcessEnvironment()).ValueOrDie();
}

std::vector<ConformanceTarget> Targets() {
  // What cannot hold a table keeps no promise that would be worth a test.
  if (Variable("").empty() || !Variable("_LACKS").empty()) return {};
  return {{.name = Variable("_NAME"),
           .make = [] { return OpenChunkManager(FreshRoot()).ValueOrDie(); },
           .features = AddressOf(Variable("")).manager.features,
           .is_shared_by_processes = true,
           .pins_what_is_open = false,
           // Headers tell seconds, listings may tell more.
           .time_step_micros = 1'000'000}};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChunkManagerConformanceTest);
INSTANTIATE_TEST_SUITE_P(Remote, ChunkManagerConformanceTest, testing::ValuesIn(Targets()),
                         NameOfTarget);

// Parts of 5 MiB, the least that services take.
class LongObjectTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Targets().empty()) GTEST_SKIP() << "no server that is fit for tables";
    store_ = OpenChunkManager(FreshRoot() + "?part_bytes=5242880").ValueOrDie();
    const auto random = Random::Seeded(kSeed);
    for (char& c : text_) c = static_cast<char>(random->Next());
  }

  std::unique_ptr<ChunkWriter> Written(const std::string& path) {
    auto writer = store_->OpenWriter(path).ValueOrDie();
    for (size_t at = 0; at < text_.size(); at += kPieceBytes) {
      EXPECT_TRUE(writer->Write(AsBytes(text_.substr(at, kPieceBytes))).ok());
    }
    return writer;
  }

  static constexpr uint64_t kSeed = 20261121;
  static constexpr size_t kPieceBytes = 3 << 20;
  std::shared_ptr<ChunkManager> store_;
  std::string text_ = std::string((17 << 20) + 1, '\0');
};

TEST_F(LongObjectTest, IsThereWholeOrNotAtAll) {
  const auto writer = Written("data/long");
  EXPECT_FALSE(*store_->Exist("data/long"));
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_TRUE((*store_->Read("data/long"))->ToString() == text_);
  const auto reader = store_->OpenReader("data/long").ValueOrDie();
  EXPECT_EQ(reader->size(), static_cast<int64_t>(text_.size()));
  EXPECT_EQ((*reader->Read((5 << 20) - 3, 7))->ToString(), text_.substr((5 << 20) - 3, 7));
}

TEST_F(LongObjectTest, OverwritesNothing) {
  const auto late = Written("a");
  ASSERT_TRUE(store_->Write("a", AsBytes("early")).ok());
  const Status status = late->Close();
  EXPECT_EQ(KindOf(status), ErrorKind::kAlreadyExists) << status;
  EXPECT_EQ((*store_->Read("a"))->ToString(), "early");
}

TEST_F(LongObjectTest, LeavesNothingWhereItIsGivenUp) {
  EXPECT_TRUE(Written("a")->Abort().ok());
  static_cast<void>(Written("b"));
  EXPECT_THAT(*store_->List(""), IsEmpty());
}

TEST(StoreProbeOnServerTest, FindsWhatTheServerLacks) {
  if (Variable("").empty()) GTEST_SKIP() << "no server";
  const std::string root = FreshRoot();
  const StoreAddress address = AddressOf(root);
  auto client = MakeOpenDalClient(address.client).ValueOrDie();
  const auto probe = ProbeConditionalWrites(
      client.get(), {.uploads = true, .multipart = address.manager.multipart});
  ASSERT_TRUE(probe.ok()) << probe.status();
  const std::string lacks = Variable("_LACKS");
  EXPECT_EQ(probe->put_if_absent, lacks.find("put") == lacks.npos) << probe->put_problem;
  EXPECT_EQ(probe->upload_if_absent, lacks.find("upload") == lacks.npos) << probe->upload_problem;
  const Status fit = RefuseUnlessSafe(*probe, root);
  EXPECT_EQ(fit.ok(), lacks.empty()) << fit;
  if (lacks.empty()) {
    EXPECT_EQ(probe->listing_problem, "");
  } else {
    EXPECT_THAT(fit.message(), HasSubstr("succeeded: the condition is ignored"));
  }
  EXPECT_THAT(probe->left_behind, IsEmpty());
  EXPECT_THAT(*OpenChunkManager(root).ValueOrDie()->List(""), IsEmpty());
}

}  // namespace
}  // namespace varve::internal
