// SPDX-License-Identifier: Apache-2.0
// Objects of released formats read as ever; and docs/format/manifest.md shows what is written.
//
// After a deliberate change of the format, VARVE_WRITE_FIXTURES=1 writes the objects of
// tests/fixtures/ anew (a new folder for a new format version: the old ones stay).
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest_codec.h"
#include "manifest/manifest_edit.h"
#include "manifest/manifest_envelope.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/hooked_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/testing/manual_clock.h"
#include "manifest/version_chain.h"

namespace varve::internal {
namespace {

constexpr char kCompatFolder[] = "tests/fixtures/compat/v1/manifest/";
constexpr char kFuzzFolder[] = "tests/fixtures/fuzz/manifest/";
constexpr uint64_t kVersions = 6;

bool WritesFixtures() { return std::getenv("VARVE_WRITE_FIXTURES") != nullptr; }

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  ASSERT_TRUE(out.good()) << path;
}

// A small table with a bit of everything.
std::shared_ptr<HookedStore> WriteTable() {
  const auto random = Random::Seeded(1);
  ManualClock clock(1'700'000'000'000'000);
  auto store = std::make_shared<HookedStore>();
  ManifestStore versions(store, {.clock = &clock, .random = random.get()});
  auto commit = [&](CommitOutcome outcome) {
    EXPECT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    clock.Advance(std::chrono::seconds(1));
    return outcome.manifest;
  };
  auto latest = commit(versions.Create(SampleSchema(), {}));
  latest = commit(versions.Commit(latest, AppendOf(SampleSegment(random.get()), "one file")));
  ManifestEdit two = AppendOf(SampleSegment(random.get(), 1000), "a path of somebody else's");
  two.added_segments.push_back(SampleSegment(random.get(), 0));
  two.added_segments[0].files[0].path = "imported/part 7.parquet";
  latest = commit(versions.Commit(latest, two));
  ManifestEdit settings;
  settings.operation.kind = OperationKind::kTag;
  settings.set_properties = {{"varve.split", "average"}};
  settings.set_tags = {{"release", 3}};
  latest = commit(versions.Commit(latest, settings));
  ManifestEdit compaction = AppendOf(SampleSegment(random.get(), 1010), "compaction");
  compaction.operation.kind = OperationKind::kCompact;
  compaction.removed_segment_ids = {1, 2};
  compaction.added_segments[0].min_ts = latest->segments[0]->min_ts;
  compaction.added_segments[0].max_ts = latest->segments[1]->max_ts;
  latest = commit(versions.Commit(latest, compaction));
  ManifestEdit column;
  column.operation.kind = OperationKind::kSchema;
  auto fields = SampleSchema()->fields();
  fields.push_back({.name = "note", .data_type = DataType::kVarChar, .nullable = true});
  column.new_schema = *CollectionSchema::Make(fields, SampleSchema()->max_field_id());
  commit(versions.Commit(latest, column));
  return store;
}

// The first version of a table whose rows bring their times, the last of all among them.
std::string WriteFutureVersion() {
  const auto random = Random::Seeded(2);
  ManualClock clock(1'700'000'000'000'000);
  const auto store = std::make_shared<HookedStore>();
  ManifestStore versions(store, {.clock = &clock, .random = random.get()});
  ManifestEdit edit = AppendOf(SampleSegment(random.get()), "rows of the future");
  edit.added_segments[0].min_ts = 7;
  edit.added_segments[0].max_ts = UINT64_MAX;
  edit.added_segments[0].files[0].field_ids.push_back(kTimestampFieldId);
  const CommitOutcome outcome = versions.Create(SampleSchema(), edit);
  EXPECT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
  return store->Get(VersionPath(1));
}

// The version of docs/format/manifest.md.
Manifest DocumentedVersion() {
  Manifest base = EmptyTable({0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA,
                              0xAB, 0xAC, 0xAD, 0xAE, 0xAF},
                             SampleSchema());
  base.version = 1;
  base.chain = {{.version = 1, .crc32c = 0x11223344, .next_segment_id = 1}};
  ManifestEdit edit = AppendOf({.num_rows = 10}, "first rows");
  edit.added_segments[0].files.push_back({.path = "data/1-0-0123456789abcdef.parquet",
                                          .field_ids = {100, 101},
                                          .file_bytes = 5000,
                                          .layout = "layout"});
  edit.added_segments[0].statistics.push_back(
      {.field_id = 100, .null_count = 0, .min = int64_t{7}, .max = int64_t{16}});
  auto manifest = ApplyEdit(base, edit,
                            {.commit_id = {0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8,
                                           0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF},
                             .now_micros = 1'700'000'000'000'000,
                             .read_version = 1});
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  return *manifest;
}

TEST(ManifestCompatTest, ReadsWhatFormatOneWrote) {
  if (WritesFixtures()) {
    const auto store = WriteTable();
    ManifestStore versions(store);
    for (uint64_t version = 1; version <= kVersions; ++version) {
      WriteFile(kCompatFolder + VersionPath(version), store->Get(VersionPath(version)));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto manifest, versions.Load(version));
      WriteFile(kCompatFolder + std::to_string(version) + ".txt", DumpManifest(*manifest));
    }
  }
  auto store = std::make_shared<HookedStore>();
  for (uint64_t version = 1; version <= kVersions; ++version) {
    store->Set(VersionPath(version), ReadFile(kCompatFolder + VersionPath(version)));
  }
  ManifestStore versions(store);
  for (uint64_t version = 1; version <= kVersions; ++version) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto manifest, versions.Load(version));
    EXPECT_EQ(DumpManifest(*manifest), ReadFile(kCompatFolder + std::to_string(version) + ".txt"));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions.LoadLatest());
  EXPECT_EQ(latest->version, kVersions);
  EXPECT_EQ(latest->num_rows(), 1010);
  EXPECT_EQ(latest->commit_micros, 1'700'000'005'000'000);
  EXPECT_THAT(latest->properties, ::testing::ElementsAre(std::pair("varve.split", "average")));
  EXPECT_EQ(latest->schema()->fields().size(), 7u);
  ASSERT_EQ(latest->segments.size(), 2u);
  EXPECT_EQ(latest->segments[1]->sequence, 5u);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto third, versions.Load(3));
  EXPECT_EQ(third->segments[1]->files[0].path, "imported/part 7.parquet");
  EXPECT_EQ(third->segments[1]->statistics[0].field_id, 100);
}

// Same edits, same bytes: a change of what is written shows here first.
TEST(ManifestCompatTest, WritesWhatFormatOneWrote) {
  const auto store = WriteTable();
  for (uint64_t version = 1; version <= kVersions; ++version) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto written,
        OpenManifestEnvelope(AsBytes(store->Get(VersionPath(version))), "written"));
    const std::string fixture = ReadFile(kCompatFolder + VersionPath(version));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto kept, OpenManifestEnvelope(AsBytes(fixture), "kept"));
    if (version == 1) {  // later ones hold the checksum of this, which is zstd's too
      EXPECT_EQ(ToHex(AsBytes(written.payload)), ToHex(AsBytes(kept.payload)));
    }
    EXPECT_EQ(written.payload.size(), kept.payload.size());
  }
}

TEST(ManifestCompatTest, WritesSeedsForTheFuzzer) {
  const auto store = WriteTable();
  for (uint64_t version = 1; version <= kVersions; ++version) {
    const std::string bytes = store->Get(VersionPath(version));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto envelope, OpenManifestEnvelope(AsBytes(bytes), "seed"));
    if (WritesFixtures()) {
      WriteFile(kFuzzFolder + ("object-" + std::to_string(version)), std::string(1, '\0') + bytes);
      WriteFile(kFuzzFolder + ("payload-" + std::to_string(version)),
                std::string(1, '\1') + envelope.payload);
    }
    const std::string seed = ReadFile(kFuzzFolder + ("payload-" + std::to_string(version)));
    EXPECT_EQ(seed.size(), envelope.payload.size() + 1);
  }
}

// The first byte is as manifest_codec_fuzz.cc reads it: an object, a payload that needs the
// feature.
TEST(ManifestCompatTest, WritesSeedsOfTheFutureForTheFuzzer) {
  const std::string object_path = std::string(kFuzzFolder) + "object-future-timestamps";
  const std::string payload_path = std::string(kFuzzFolder) + "payload-future-timestamps";
  if (WritesFixtures()) {
    const std::string written = WriteFutureVersion();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto envelope,
                               OpenManifestEnvelope(AsBytes(written), "written"));
    WriteFile(object_path, std::string(1, '\0') + written);
    WriteFile(payload_path, std::string(1, '\3') + envelope.payload);
  }
  const std::string object = ReadFile(object_path).substr(1);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto envelope, OpenManifestEnvelope(AsBytes(object), "seed"));
  EXPECT_THAT(envelope.reader_features, ::testing::ElementsAre("future-timestamps"));
  EXPECT_EQ(ToHex(AsBytes(ReadFile(payload_path))), "03" + ToHex(AsBytes(envelope.payload)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto kept, DecodeManifestObject(AsBytes(object), "seed"));
  ASSERT_EQ(kept.values.segments.size(), 1u);
  EXPECT_EQ(kept.values.segments[0]->min_ts, 7u);
  EXPECT_EQ(kept.values.segments[0]->max_ts, UINT64_MAX);
  EXPECT_LT(kept.values.max_ts, UINT64_MAX);
  // What is written now is the same.
  const std::string written = WriteFutureVersion();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto again, DecodeManifestObject(AsBytes(written), "written"));
  EXPECT_EQ(DumpSegments(again.values), DumpSegments(kept.values));
  EXPECT_EQ(again.values.max_ts, kept.values.max_ts);
  // Without the feature these bytes are no version: its clock is behind its rows.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sealed, SealManifest({.payload = envelope.payload}));
  const Status refused = DecodeManifestObject(AsBytes(sealed.bytes), "seed").status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kCorruption) << refused;
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("max_ts"));
}

// The lines of the page's dump: "0014  9a 01 …   what it is".
std::string BytesOfDump(const std::string& page) {
  std::string bytes;
  size_t at = page.find("```hexdump\n");
  EXPECT_NE(at, std::string::npos);
  at = page.find('\n', at) + 1;
  while (page.compare(at, 3, "```") != 0) {
    const size_t end = page.find('\n', at);
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    EXPECT_EQ(std::stoul(line.substr(0, 4), nullptr, 16), bytes.size()) << line;
    for (size_t i = 6; i + 1 < line.size() && line[i] != ' '; i += 3) {
      bytes.push_back(static_cast<char>(std::stoul(line.substr(i, 2), nullptr, 16)));
    }
  }
  return bytes;
}

TEST(ManifestFormatPageTest, TheDumpIsWhatIsWritten) {
  Manifest manifest = DocumentedVersion();
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string written, EncodeManifest(&manifest));
  const std::string shown = BytesOfDump(ReadFile("docs/format/manifest.md"));
  EXPECT_EQ(ToHex(AsBytes(shown)), ToHex(AsBytes(written)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto object, DecodeManifestObject(AsBytes(shown), "the page"));
  EXPECT_EQ(DumpSegments(object.values), DumpSegments(manifest));
  EXPECT_EQ(object.base_crc32c, 0x11223344u);
}

}  // namespace
}  // namespace varve::internal
