// SPDX-License-Identifier: Apache-2.0
#include "varve/path_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kUuid[] = "0b7f7a1e-9c1d-4b0e-8f43-5a6f3f1c2d3e";

// One path of each kind, as the specification writes it, and what it means.
struct Sample {
  PathKind kind;
  std::string path;
  PathFields fields;
};

std::vector<Sample> Samples() {
  PathFields segment{.collection = 11, .partition = -1, .segment = 33};
  const auto with = [&](auto change) {
    PathFields fields = segment;
    change(&fields);
    return fields;
  };
  return {
      {PathKind::kInsertLog, "files/insert_log/11/-1/33/100/55",
       with([](auto* f) { f->field = 100, f->log = 55; })},
      {PathKind::kDeltaLog, "files/delta_log/11/-1/33/55", with([](auto* f) { f->log = 55; })},
      {PathKind::kPrimaryKeyStatistics, "files/stats_log/11/-1/33/100/1",
       with([](auto* f) { f->field = 100, f->log = kCompoundLogId; })},
      {PathKind::kBm25Statistics, "files/bm25_stats/11/-1/33/102/55",
       with([](auto* f) { f->field = 102, f->log = 55; })},
      {PathKind::kPartitionStatistics,
       "files/part_stats/11/22/by-dev-rootcoord-dml_0_11v0/7",
       {.collection = 11, .partition = 22, .version = 7, .channel = "by-dev-rootcoord-dml_0_11v0"}},
      {PathKind::kIndexOfBuild,
       "files/index_files/44/2/-1/33/IVF_FLAT_0",
       {.partition = -1, .segment = 33, .build = 44, .version = 2, .key = "IVF_FLAT_0"}},
      {PathKind::kIndexOfCollection, "files/index_v1/11/-1/33/44/2/SLICE_META",
       with([](auto* f) { f->build = 44, f->version = 2, f->key = "SLICE_META"; })},
      {PathKind::kClusteringCentroids,
       "files/analyze_stats/9/1/11/22/101/centroids",
       {.collection = 11, .partition = 22, .field = 101, .version = 1, .task = 9}},
      {PathKind::kClusteringOffsets,
       "files/analyze_stats/9/1/11/22/101/33/offset_mapping",
       {.collection = 11, .partition = 22, .segment = 33, .field = 101, .version = 1, .task = 9}},
      {PathKind::kTextIndex, "files/text_log/44/2/11/-1/33/103/meta/x.json_0", with([](auto* f) {
         f->build = 44, f->version = 2, f->field = 103, f->rest = "meta/x.json_0";
       })},
      {PathKind::kJsonStatistics, "files/json_stats/3/44/2/11/-1/33/104/shredding_data/0",
       with([](auto* f) {
         f->data_format = 3, f->build = 44, f->version = 2, f->field = 104;
         f->rest = "shredding_data/0";
       })},
      {PathKind::kJsonKeyIndex, "files/json_key_index_log/44/2/x", {.rest = "44/2/x"}},
      {PathKind::kSegmentBase, "files/insert_log/11/-1/33", segment},
      {PathKind::kManifest, "files/insert_log/11/-1/33/_metadata/manifest-12.avro",
       with([](auto* f) { f->version = 12; })},
      {PathKind::kSegmentData,
       std::string("files/insert_log/11/-1/33/_data/2_") + kUuid + ".parquet",
       with([](auto* f) { f->group_index = 2, f->uuid = kUuid, f->format = "parquet"; })},
      {PathKind::kSegmentDelta, "files/insert_log/11/-1/33/_delta/55",
       with([](auto* f) { f->log = 55; })},
      {PathKind::kSegmentBloomFilter, "files/insert_log/11/-1/33/_stats/bloom_filter.100/55",
       with([](auto* f) { f->field = 100, f->log = 55; })},
      {PathKind::kSegmentBm25, "files/insert_log/11/-1/33/_stats/bm25.102/1",
       with([](auto* f) { f->field = 102, f->log = 1; })},
      {PathKind::kSegmentTextIndex, "files/insert_log/11/-1/33/_stats/text_index.103/a/b",
       with([](auto* f) { f->field = 103, f->rest = "a/b"; })},
      {PathKind::kSegmentJsonStatistics,
       "files/insert_log/11/-1/33/_stats/json_stats.104/meta.json",
       with([](auto* f) { f->field = 104, f->rest = "meta.json"; })},
      {PathKind::kSegmentIndex, "files/insert_log/11/-1/33/_index/a/b",
       with([](auto* f) { f->rest = "a/b"; })},
      {PathKind::kLargeObject,
       std::string("files/insert_log/11/22/lobs/105/_data/") + kUuid + ".vx",
       {.collection = 11, .partition = 22, .field = 105, .uuid = kUuid}},
  };
}

TEST(PathTemplateTest, EveryKindIsPrintedAndParsed) {
  const auto samples = Samples();
  ASSERT_EQ(samples.size(), PathKinds().size());
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    SCOPED_TRACE(sample.path);
    EXPECT_EQ(sample.kind, PathKinds()[i]);
    VARVE_ASSERT_OK_AND_ASSIGN(const std::string printed, PrintPath(sample.kind, sample.fields));
    EXPECT_EQ(printed, sample.path);
    VARVE_ASSERT_OK_AND_ASSIGN(const ParsedPath parsed, ParsePath(sample.path));
    EXPECT_EQ(parsed, (ParsedPath{sample.kind, sample.fields}));
    VARVE_ASSERT_OK_AND_ASSIGN(const PathFields fields, ParsePathAs(sample.kind, sample.path));
    EXPECT_EQ(fields, sample.fields);
  }
}

TEST(PathTemplateTest, APathOfOneKindIsOfNoOther) {
  for (const Sample& sample : Samples()) {
    for (const PathKind kind : PathKinds()) {
      EXPECT_EQ(ParsePathAs(kind, sample.path).ok(), kind == sample.kind)
          << sample.path << " as " << PathKindName(kind);
    }
  }
}

TEST(PathTemplateTest, TheRootIsAnyNumberOfParts) {
  const PathFields fields{.collection = 1, .partition = 2, .segment = 3, .log = 4};
  for (const auto& [root, path] :
       std::map<std::string, std::string>{{"", "delta_log/1/2/3/4"},
                                          {"backup/binlogs", "backup/binlogs/delta_log/1/2/3/4"},
                                          {"delta_log", "delta_log/delta_log/1/2/3/4"}}) {
    EXPECT_EQ(PrintPath(PathKind::kDeltaLog, fields, root).ValueOrDie(), path);
    EXPECT_EQ(ParsePath(path, root).ValueOrDie(), (ParsedPath{PathKind::kDeltaLog, fields}));
  }
  EXPECT_THAT(ParsePath("filesx/delta_log/1/2/3/4").status().message(),
              HasSubstr("not below the root: object 'filesx/delta_log/1/2/3/4', offset 0, "
                        "expected 'files/', found 'filesx'"));
}

TEST(PathTemplateTest, ErrorsNameThePathAndWhatWasExpected) {
  const auto message = [](std::string_view path) { return ParsePath(path).status().message(); };
  EXPECT_EQ(message("files/insert_log/1/x/3/4/5"),
            "not the path of: insert log: object 'files/insert_log/1/x/3/4/5', field 'partition', "
            "offset 19, expected a decimal number, found 'x'");
  EXPECT_EQ(message("files/insert_log/1/2/3/_metadata/manifest-1.json"),
            "not the path of: manifest of a segment: object "
            "'files/insert_log/1/2/3/_metadata/manifest-1.json', offset 43, expected '.avro', "
            "found '.json'");
  EXPECT_EQ(message("files/delta_log/1/2/3/4/5"),
            "not the path of: delta log: object 'files/delta_log/1/2/3/4/5', field 'log', "
            "offset 22, expected a decimal number, found '4/5'");
  EXPECT_EQ(message("files/other/1"),
            "not the path of anything that Milvus writes: object 'files/other/1', offset 6, "
            "expected a folder such as 'insert_log', found 'other'");
  EXPECT_EQ(message("files/insert_log/1/2/3/_stats/bloom_filter.100"),
            "not the path of: primary key statistics of a segment: object "
            "'files/insert_log/1/2/3/_stats/bloom_filter.100', offset 46, expected '/', found ''");
}

TEST(PathTemplateTest, NumbersAreWrittenInOneWay) {
  for (const std::string log : {"", "+5", "05", "-0", "5 ", "0x5", "9223372036854775808",
                                "-9223372036854775809", "1e3", "١"}) {
    EXPECT_FALSE(ParsePath("files/delta_log/1/2/3/" + log).ok()) << log;
  }
  for (const int64_t log : {INT64_MIN, int64_t{0}, INT64_MAX}) {
    const std::string path = "files/delta_log/1/2/3/" + std::to_string(log);
    EXPECT_EQ(ParsePath(path).ValueOrDie().fields.log, log);
  }
}

TEST(PathTemplateTest, TextsThatWouldBecomeAnotherPathAreRefused) {
  PathFields fields{.key = "a/b"};
  EXPECT_FALSE(PrintPath(PathKind::kIndexOfBuild, fields).ok());
  fields.key = "";
  EXPECT_FALSE(PrintPath(PathKind::kIndexOfBuild, fields).ok());
  fields.key = "..";
  EXPECT_FALSE(PrintPath(PathKind::kIndexOfBuild, fields).ok());
  fields.rest = "a//b";
  EXPECT_FALSE(PrintPath(PathKind::kSegmentIndex, fields).ok());
  fields.uuid = "0B7F7A1E-9C1D-4B0E-8F43-5A6F3F1C2D3E";
  EXPECT_THAT(PrintPath(PathKind::kLargeObject, fields).status().message(),
              HasSubstr("field 'uuid', expected a UUID in lower case"));
  EXPECT_FALSE(ParsePath("files/insert_log/1/2/3/_index/../x").ok());
}

// Random paths near valid ones: refused, or printed again as they were.
TEST(PathTemplateTest, WhatIsAcceptedPrintsAsItWas) {
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    const auto random = Random::Seeded(seed);
    const auto samples = Samples();
    std::string path = samples[random->Uniform(samples.size())].path;
    for (uint64_t edits = random->Uniform(3); edits > 0; --edits) {
      const size_t at = random->Uniform(path.size());
      constexpr std::string_view kBytes = "/_.-0159az{}\\";
      const char byte = kBytes[random->Uniform(kBytes.size())];
      if (random->Uniform(2) == 0)
        path[at] = byte;
      else
        path.insert(at, 1, byte);
    }
    const auto parsed = ParsePath(path);
    if (!parsed.ok()) continue;
    ASSERT_EQ(PrintPath(parsed->kind, parsed->fields).ValueOrDie(), path) << "seed " << seed;
  }
}

}  // namespace
}  // namespace varve::internal
