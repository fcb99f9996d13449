// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/chunk_manager_conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "storage/testing/refused_paths.h"

namespace varve::internal {

void PrintTo(const ConformanceTarget& target, std::ostream* out) { *out << target.name; }

std::string NameOfTarget(const testing::TestParamInfo<ConformanceTarget>& info) {
  return info.param.name;
}

// Stores that a test executable does not instantiate the suite for do not matter to it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChunkManagerConformanceTest);

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string ReadAll(ChunkManager* store, const std::string& path) {
  const auto bytes = store->Read(path);
  return bytes.ok() ? (*bytes)->ToString() : bytes.status().ToString();
}

std::vector<std::string> ListPaths(ChunkManager* store, const std::string& prefix,
                                   ListOptions options = {}) {
  const auto infos = store->List(prefix, std::move(options));
  if (!infos.ok()) return {infos.status().ToString()};
  std::vector<std::string> paths;
  for (const ObjectInfo& info : *infos) paths.push_back(info.path);
  return paths;
}

std::string RandomText(Random* random, size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random->Next());
  return text;
}

ErrorKind KindOfResult(const Status& status) { return status.ok() ? ErrorKind{0} : KindOf(status); }

TEST_P(ChunkManagerConformanceTest, ReportsItsFeatures) {
  const ChunkManagerFeatures found = store_->features();
  const ChunkManagerFeatures& expected = GetParam().features;
  EXPECT_EQ(found.put_if_absent, expected.put_if_absent);
  EXPECT_EQ(found.ordered_listing, expected.ordered_listing);
  EXPECT_EQ(found.write_at, expected.write_at);
  EXPECT_EQ(found.mapping, expected.mapping);
  EXPECT_EQ(found.durable, expected.durable);
  EXPECT_THAT(store_->uri(), testing::HasSubstr("://"));
}

TEST_P(ChunkManagerConformanceTest, AnEmptyStoreHasNothing) {
  EXPECT_FALSE(*store_->Exist("a"));
  EXPECT_FALSE(*store_->Exist("a/b/c"));
  EXPECT_EQ(KindOfResult(store_->Size("a").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOfResult(store_->Stat("a/b").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOfResult(store_->Read("a").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOfResult(store_->OpenReader("a/b/c").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOfResult(store_->Copy("a", "b")), ErrorKind::kNotFound);
  EXPECT_TRUE(store_->Remove("a").ok());
  EXPECT_TRUE(store_->Remove("a/b/c").ok());
  EXPECT_THAT(ListPaths(store_.get(), ""), IsEmpty());
  EXPECT_THAT(ListPaths(store_.get(), "a/b"), IsEmpty());
}

TEST_P(ChunkManagerConformanceTest, WriteThenReadGivesTheSameBytes) {
  auto random = Random::Seeded(11);
  for (const size_t size : {0, 1, 511, 512, 65'537, 3'000'001}) {
    const std::string text = RandomText(random.get(), size);
    const std::string path = "data/of-" + std::to_string(size);
    ASSERT_TRUE(store_->Write(path, AsBytes(text)).ok());
    EXPECT_TRUE(ReadAll(store_.get(), path) == text) << size;
    EXPECT_EQ(*store_->Size(path), static_cast<int64_t>(size));
    EXPECT_TRUE(*store_->Exist(path));
  }
}

TEST_P(ChunkManagerConformanceTest, WriteReplacesAndOpenReadersKeepWhatTheyOpened) {
  ASSERT_TRUE(store_->Write("a", AsBytes("the old bytes")).ok());
  const auto reader = *store_->OpenReader("a");
  ASSERT_TRUE(store_->Write("a", AsBytes("new")).ok());
  EXPECT_EQ(ReadAll(store_.get(), "a"), "new");
  const auto old = reader->Read(4, 9);
  if (!GetParam().pins_what_is_open && !old.ok()) {
    EXPECT_EQ(KindOfResult(old.status()), ErrorKind::kCorruption);
    return;
  }
  EXPECT_EQ((*old)->ToString(), "old bytes");
}

TEST_P(ChunkManagerConformanceTest, ReadersReadRangesExactly) {
  auto random = Random::Seeded(12);
  const std::string text = RandomText(random.get(), 100'000);
  ASSERT_TRUE(store_->Write("a/b", AsBytes(text)).ok());
  const auto reader = *store_->OpenReader("a/b");
  EXPECT_EQ(reader->path(), "a/b");
  EXPECT_EQ(reader->size(), 100'000);
  std::vector<std::string> outs;
  std::vector<ReadRange> ranges;
  for (int i = 0; i < 100; ++i) {
    const auto offset = static_cast<int64_t>(random->Uniform(100'001));
    const auto length =
        static_cast<int64_t>(random->Uniform(static_cast<uint64_t>(100'001 - offset)));
    outs.emplace_back(static_cast<size_t>(length), 'x');
    ranges.push_back({.offset = offset, .length = length});
    ASSERT_EQ((*reader->Read(offset, length))->ToString(),
              text.substr(static_cast<size_t>(offset), static_cast<size_t>(length)));
  }
  for (size_t i = 0; i < ranges.size(); ++i) ranges[i].out = outs[i].data();
  ASSERT_TRUE(reader->ReadRanges(ranges).ok());
  for (size_t i = 0; i < ranges.size(); ++i) {
    ASSERT_EQ(outs[i], text.substr(static_cast<size_t>(ranges[i].offset), outs[i].size()));
  }
  EXPECT_TRUE(reader->ReadRanges({}).ok());
}

TEST_P(ChunkManagerConformanceTest, ReadsPastTheEndAreCorruption) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  ASSERT_TRUE(store_->Write("a", AsBytes("0123456789")).ok());
  const auto reader = *store_->OpenReader("a");
  char out[16];
  EXPECT_TRUE(reader->ReadAt(10, 0, out).ok());
  for (const auto& [offset, length] : std::vector<std::pair<int64_t, int64_t>>{
           {0, 11}, {10, 1}, {11, 0}, {9, 2}, {5, kHuge}, {kHuge, 5}, {kHuge, kHuge}}) {
    EXPECT_EQ(KindOfResult(reader->ReadAt(offset, length, out)), ErrorKind::kCorruption);
    EXPECT_EQ(KindOfResult(reader->Read(offset, length).status()), ErrorKind::kCorruption);
  }
  EXPECT_EQ(KindOfResult(reader->ReadAt(-1, 1, out)), ErrorKind::kInvalid);
  EXPECT_EQ(KindOfResult(reader->ReadAt(1, -1, out)), ErrorKind::kInvalid);
  EXPECT_EQ(KindOfResult(reader->Read(0, -1).status()), ErrorKind::kInvalid);
  const Status status = reader->ReadAt(8, 5, out);
  ASSERT_NE(ContextOf(status), nullptr);
  EXPECT_EQ(ContextOf(status)->object, "a");
  EXPECT_EQ(ContextOf(status)->offset, 8);
  EXPECT_EQ(ContextOf(status)->expected, "5 bytes");
  EXPECT_EQ(ContextOf(status)->found, "2 bytes");
}

TEST_P(ChunkManagerConformanceTest, AKnownSizeIsTrustedUntilAReadComesShort) {
  ASSERT_TRUE(store_->Write("a", AsBytes("0123456789")).ok());
  char out[32];
  const auto exact = *store_->OpenReader("a", 10);
  EXPECT_EQ(exact->size(), 10);
  EXPECT_EQ((*exact->Read(3, 4))->ToString(), "3456");
  const auto too_long = *store_->OpenReader("a", 20);
  EXPECT_EQ(too_long->size(), 20);
  EXPECT_EQ((*too_long->Read(0, 10))->ToString(), "0123456789");
  EXPECT_EQ(KindOfResult(too_long->ReadAt(5, 10, out)), ErrorKind::kCorruption);
  EXPECT_EQ(KindOfResult(too_long->ReadAt(15, 5, out)), ErrorKind::kCorruption);
  const auto too_short = *store_->OpenReader("a", 4);
  EXPECT_EQ(KindOfResult(too_short->ReadAt(0, 10, out)), ErrorKind::kCorruption);
}

TEST_P(ChunkManagerConformanceTest, MapsTheWholeObjectOnce) {
  if (!GetParam().features.mapping) GTEST_SKIP();
  auto random = Random::Seeded(13);
  const std::string text = RandomText(random.get(), 70'000);
  ASSERT_TRUE(store_->Write("a", AsBytes(text)).ok());
  ASSERT_TRUE(store_->Write("empty", {}).ok());
  std::shared_ptr<arrow::Buffer> mapped;
  {
    const auto reader = *store_->OpenReader("a");
    mapped = *reader->Map();
    if (mapped == nullptr) GTEST_SKIP() << "this file system is not mapped";
    EXPECT_EQ((*reader->Map())->data(), mapped->data());
  }
  EXPECT_EQ(mapped->ToString(), text);
  EXPECT_EQ((*(*store_->OpenReader("empty"))->Map())->size(), 0);
  for (const int64_t wrong : {69'999, 70'001}) {
    const auto reader = *store_->OpenReader("a", wrong);
    EXPECT_EQ(KindOfResult(reader->Map().status()), ErrorKind::kCorruption);
  }
}

TEST_P(ChunkManagerConformanceTest, PutIfAbsentTakesAFreeNameOnly) {
  EXPECT_TRUE(*store_->PutIfAbsent("v/1", AsBytes("first")));
  EXPECT_FALSE(*store_->PutIfAbsent("v/1", AsBytes("second")));
  EXPECT_FALSE(*store_->PutIfAbsent("v/1", AsBytes("first")));
  EXPECT_EQ(ReadAll(store_.get(), "v/1"), "first");
  EXPECT_TRUE(*store_->PutIfAbsent("v/2", {}));
  EXPECT_FALSE(*store_->PutIfAbsent("v/2", AsBytes("x")));
  EXPECT_EQ(*store_->Size("v/2"), 0);
  ASSERT_TRUE(store_->Remove("v/1").ok());
  EXPECT_TRUE(*store_->PutIfAbsent("v/1", AsBytes("third")));
  EXPECT_EQ(ReadAll(store_.get(), "v/1"), "third");
}

TEST_P(ChunkManagerConformanceTest, AWriterPublishesOnClose) {
  auto random = Random::Seeded(14);
  std::string expected;
  auto writer = *store_->OpenWriter("data/a");
  EXPECT_EQ(writer->path(), "data/a");
  for (int i = 0; i < 200; ++i) {
    // Mostly small pieces, now and then one larger than any buffer.
    const std::string piece =
        RandomText(random.get(), i % 50 == 49 ? 700'000 : random->Uniform(5000));
    ASSERT_TRUE(writer->Write(AsBytes(piece)).ok());
    expected += piece;
  }
  const std::string parts[3] = {RandomText(random.get(), 64), RandomText(random.get(), 400'000),
                                ""};
  const std::vector<std::span<const uint8_t>> pieces = {AsBytes(parts[0]), AsBytes(parts[1]),
                                                        AsBytes(parts[2])};
  ASSERT_TRUE(writer->WriteAll(pieces).ok());
  expected += parts[0] + parts[1];
  EXPECT_EQ(writer->bytes_written(), static_cast<int64_t>(expected.size()));
  EXPECT_FALSE(*store_->Exist("data/a"));
  EXPECT_THAT(ListPaths(store_.get(), ""), IsEmpty());
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_TRUE(ReadAll(store_.get(), "data/a") == expected);
  EXPECT_FALSE(writer->Close().ok());
  EXPECT_FALSE(writer->Write(AsBytes("x")).ok());
  EXPECT_TRUE(writer->Abort().ok());
  EXPECT_TRUE(*store_->Exist("data/a"));
}

TEST_P(ChunkManagerConformanceTest, AnUnclosedWriterLeavesNothing) {
  auto writer = *store_->OpenWriter("data/a");
  ASSERT_TRUE(writer->Write(AsBytes(std::string(1'000'000, 'x'))).ok());
  writer.reset();
  auto aborted = *store_->OpenWriter("data/a", {.size_hint = 3});
  ASSERT_TRUE(aborted->Write(AsBytes("xyz")).ok());
  ASSERT_TRUE(aborted->Abort().ok());
  EXPECT_TRUE(aborted->Abort().ok());
  EXPECT_FALSE(aborted->Close().ok());
  EXPECT_THAT(ListPaths(store_.get(), ""), IsEmpty());
  auto empty = *store_->OpenWriter("data/empty");
  ASSERT_TRUE(empty->Close().ok());
  EXPECT_EQ(*store_->Size("data/empty"), 0);
}

TEST_P(ChunkManagerConformanceTest, AWriterOverwritesNothing) {
  auto late = *store_->OpenWriter("a");
  ASSERT_TRUE(late->Write(AsBytes("late")).ok());
  ASSERT_TRUE(store_->Write("a", AsBytes("early")).ok());
  EXPECT_EQ(KindOfResult(late->Close()), ErrorKind::kAlreadyExists);
  EXPECT_EQ(ReadAll(store_.get(), "a"), "early");
}

TEST_P(ChunkManagerConformanceTest, AWriterThatReplacesDoesSoWhenItCloses) {
  auto random = Random::Seeded(16);
  ASSERT_TRUE(store_->Write("a", AsBytes("before")).ok());
  for (const uint64_t bytes : {uint64_t{3}, uint64_t{2'000'000}}) {
    const std::string text = RandomText(random.get(), bytes);
    const std::string before = ReadAll(store_.get(), "a");
    auto given_up = *store_->OpenWriter("a", {.replace = true});
    ASSERT_TRUE(given_up->Write(AsBytes(text)).ok());
    ASSERT_TRUE(given_up->Abort().ok());
    EXPECT_TRUE(ReadAll(store_.get(), "a") == before);
    auto writer = *store_->OpenWriter("a", {.replace = true});
    ASSERT_TRUE(writer->Write(AsBytes(text)).ok());
    EXPECT_TRUE(ReadAll(store_.get(), "a") == before);
    ASSERT_TRUE(writer->Close().ok());
    EXPECT_TRUE(ReadAll(store_.get(), "a") == text);
  }
  EXPECT_THAT(ListPaths(store_.get(), ""), ElementsAre("a"));
}

TEST_P(ChunkManagerConformanceTest, WritersOutliveTheStoreObject) {
  ASSERT_TRUE(store_->Write("a", AsBytes("kept")).ok());
  const auto reader = *store_->OpenReader("a");
  auto writer = *store_->OpenWriter("b");
  store_.reset();
  ASSERT_TRUE(writer->Write(AsBytes("x")).ok());
  EXPECT_TRUE(writer->Close().ok());
  EXPECT_EQ((*reader->Read(0, 4))->ToString(), "kept");
}

TEST_P(ChunkManagerConformanceTest, WriteAtChangesAndExtends) {
  if (!GetParam().features.write_at) {
    EXPECT_EQ(KindOfResult(store_->WriteAt("a", 0, {})), ErrorKind::kUnsupported);
    return;
  }
  ASSERT_TRUE(store_->Write("a", AsBytes("0123456789")).ok());
  ASSERT_TRUE(store_->WriteAt("a", 3, AsBytes("xyz")).ok());
  EXPECT_EQ(ReadAll(store_.get(), "a"), "012xyz6789");
  ASSERT_TRUE(store_->WriteAt("a", 12, AsBytes("end")).ok());
  EXPECT_EQ(ReadAll(store_.get(), "a"), std::string("012xyz6789\0\0end", 15));
  EXPECT_EQ(KindOfResult(store_->WriteAt("b", 0, AsBytes("x"))), ErrorKind::kNotFound);
  EXPECT_EQ(KindOfResult(store_->WriteAt("a", -1, AsBytes("x"))), ErrorKind::kInvalid);
  EXPECT_FALSE(*store_->Exist("b"));
}

TEST_P(ChunkManagerConformanceTest, ListsInByteOrderOfWholePaths) {
  // Neighbours of '/' (0x2f) in the byte order, and names that are prefixes of each other.
  const std::vector<std::string> paths = {"a!b", "a-", "a.b/x",   "a/b", "a/b!",     "a/b0",
                                          "a0",  "ab", "a/c/d/e", "b",   "\xc3\xa9", "Z"};
  for (const std::string& path : paths) {
    // A store of files cannot hold both "a/b" and "a/b/…"; the names above do not ask for that.
    ASSERT_TRUE(store_->Write(path, AsBytes(path)).ok()) << path;
  }
  std::vector<std::string> sorted = paths;
  std::ranges::sort(sorted);
  EXPECT_EQ(ListPaths(store_.get(), ""), sorted);
  for (const std::string prefix : {"a", "a/", "a/b", "a/c", "a/c/", "a/c/d/", "x", "Z", "a/x/"}) {
    std::vector<std::string> expected;
    for (const std::string& path : sorted) {
      if (path.starts_with(prefix)) expected.push_back(path);
    }
    EXPECT_EQ(ListPaths(store_.get(), prefix), expected) << prefix;
  }
  for (const std::string after : {"", "a", "a/", "a/b", "a/c/d", "a/c/d/e", "a0", "zz"}) {
    for (const int64_t limit : {0, 1, 3, 100}) {
      std::vector<std::string> expected;
      for (const std::string& path : sorted) {
        if (path > after && static_cast<int64_t>(expected.size()) < limit) expected.push_back(path);
      }
      EXPECT_EQ(ListPaths(store_.get(), "", {.start_after = after, .limit = limit}), expected)
          << after << " " << limit;
    }
  }
  const auto infos = *store_->List("a/c");
  ASSERT_EQ(infos.size(), 1u);
  ObjectInfo listed = infos[0];
  ObjectInfo asked = *store_->Stat("a/c/d/e");
  listed.last_modified_micros /= GetParam().time_step_micros;
  asked.last_modified_micros /= GetParam().time_step_micros;
  EXPECT_EQ(listed, asked);
  EXPECT_EQ(infos[0].size, 7);
}

TEST_P(ChunkManagerConformanceTest, RemovesOneObject) {
  ASSERT_TRUE(store_->Write("d/a", AsBytes("x")).ok());
  ASSERT_TRUE(store_->Write("d/ab", AsBytes("y")).ok());
  ASSERT_TRUE(store_->Remove("d/a").ok());
  EXPECT_THAT(ListPaths(store_.get(), ""), ElementsAre("d/ab"));
  EXPECT_TRUE(store_->Remove("d/a").ok());
  EXPECT_TRUE(store_->Remove("d").ok());
  EXPECT_EQ(ReadAll(store_.get(), "d/ab"), "y");
}

TEST_P(ChunkManagerConformanceTest, CopiesAndReplaces) {
  auto random = Random::Seeded(15);
  const std::string text = RandomText(random.get(), 3'000'000);
  ASSERT_TRUE(store_->Write("a", AsBytes(text)).ok());
  ASSERT_TRUE(store_->Copy("a", "copies/b").ok());
  EXPECT_TRUE(ReadAll(store_.get(), "copies/b") == text);
  ASSERT_TRUE(store_->Write("a", AsBytes("short")).ok());
  ASSERT_TRUE(store_->Copy("a", "copies/b").ok());
  EXPECT_EQ(ReadAll(store_.get(), "copies/b"), "short");
  EXPECT_EQ(ReadAll(store_.get(), "a"), "short");
}

TEST_P(ChunkManagerConformanceTest, StampsObjectsWithItsOwnClock) {
  const int64_t before = *store_->StoreTime();
  ASSERT_TRUE(store_->Write("a", AsBytes("x")).ok());
  const int64_t stamp = store_->Stat("a")->last_modified_micros;
  EXPECT_GE(stamp, before);
  EXPECT_LT(stamp - before, int64_t{3600} * 1'000'000);
}

TEST_P(ChunkManagerConformanceTest, RefusesPathsThatLeaveTheRoot) {
  ASSERT_TRUE(store_->Write("a/b", AsBytes("x")).ok());
  const std::vector<std::string> paths = RefusedPaths();
  ASSERT_GE(paths.size(), 200u);
  for (const std::string& path : paths) {
    SCOPED_TRACE(testing::PrintToString(path));
    EXPECT_EQ(KindOfResult(store_->Exist(path).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Stat(path).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Size(path).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Read(path).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->OpenReader(path, 5).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Write(path, {})), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->PutIfAbsent(path, {}).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->OpenWriter(path).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Remove(path)), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Copy(path, "c")), ErrorKind::kInvalid);
    EXPECT_EQ(KindOfResult(store_->Copy("a/b", path)), ErrorKind::kInvalid);
    if (GetParam().features.write_at) {
      EXPECT_EQ(KindOfResult(store_->WriteAt(path, 0, {})), ErrorKind::kInvalid);
    }
    // "" and "a/" are prefixes.
    if (!path.empty() && path != "a/") {
      EXPECT_EQ(KindOfResult(store_->List(path).status()), ErrorKind::kInvalid);
    }
  }
  EXPECT_THAT(ListPaths(store_.get(), ""), ElementsAre("a/b"));
}

}  // namespace
}  // namespace varve::internal
