// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_codec.h"

#include <functional>
#include <set>

#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest.pb.h"
#include "manifest/manifest_edit.h"
#include "manifest/manifest_envelope.h"
#include "manifest/testing/manifest_samples.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kName[] = "_versions/x";

Result<Manifest> ReadFull(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(auto object, DecodeManifestObject(AsBytes(bytes), kName));
  Manifest state;
  ARROW_RETURN_NOT_OK(ApplyManifestObject(std::move(object), kName, &state));
  return state;
}

// The payload of a small valid version, for tests that break it.
manifest::v1::Manifest ParsePayload(const std::string& bytes) {
  auto envelope = OpenManifestEnvelope(AsBytes(bytes), kName);
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  manifest::v1::Manifest message;
  EXPECT_TRUE(message.ParseFromString(envelope->payload));
  return message;
}

std::string Seal(const std::string& payload) {
  auto sealed = SealManifest({.payload = payload});
  EXPECT_TRUE(sealed.ok()) << sealed.status();
  return sealed->bytes;
}

std::string SmallVersion() {
  const auto random = Random::Seeded(1);
  auto manifest = ApplyEdit(EmptyTable(random->NextUuid(), SampleSchema()),
                            AppendOf(SampleSegment(random.get())),
                            {.commit_id = random->NextUuid(), .now_micros = 1'700'000'000'000'000});
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  auto bytes = EncodeManifest(&*manifest);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return *bytes;
}

TEST(ManifestCodecTest, RandomVersionsComeBack) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Manifest manifest = RandomManifest(seed);
    VARVE_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeManifest(&manifest));
    auto again = ReadFull(bytes);
    // Only sums over all segments may make a random version impossible.
    uint64_t rows = 0;
    for (const auto& segment : manifest.segments) rows += static_cast<uint64_t>(segment->num_rows);
    ASSERT_LT(rows, uint64_t{1} << 62);
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(DumpManifest(*again), DumpManifest(manifest));
  }
}

TEST(ManifestCodecTest, EqualVersionsGiveEqualBytes) {
  Manifest one = RandomManifest(7);
  Manifest two = RandomManifest(7);
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string first, EncodeManifest(&one));
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string second, EncodeManifest(&two));
  EXPECT_EQ(ToHex(AsBytes(first)), ToHex(AsBytes(second)));
}

TEST(ManifestCodecTest, EveryTruncationIsCorruption) {
  const std::string bytes = SmallVersion();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto read = ReadFull(std::string_view(bytes).substr(0, length));
    ASSERT_TRUE(IsCorruption(read.status())) << length << ": " << read.status();
    ASSERT_EQ(ContextOf(read.status())->object, kName);
  }
  EXPECT_TRUE(IsCorruption(ReadFull(bytes + '\0').status()));
}

TEST(ManifestCodecTest, EveryFlippedBitIsFound) {
  std::string bytes = SmallVersion();
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    const auto read = ReadFull(bytes);
    ASSERT_FALSE(read.ok()) << "bit " << bit;
    const ErrorKind kind = KindOf(read.status());
    // The byte that says which format this is; all others are under the checksum.
    const ErrorKind expected = bit / 8 == 4 ? ErrorKind::kUnsupported : ErrorKind::kCorruption;
    ASSERT_EQ(kind, expected) << "bit " << bit << ": " << read.status();
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
  EXPECT_TRUE(ReadFull(bytes).ok());
}

TEST(ManifestCodecTest, ErrorsNameOffsetExpectedAndFound) {
  std::string bytes = SmallVersion();
  bytes[8] = static_cast<char>(bytes[8] + 1);
  const Status status = ReadFull(bytes).status();
  const ErrorContext* context = ContextOf(status);
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(context->object, kName);
  EXPECT_EQ(context->field, "crc32c");
  EXPECT_EQ(context->offset, 8);
  EXPECT_NE(context->expected, context->found);
}

TEST(ManifestCodecTest, UnknownReaderFeaturesAreNamed) {
  Manifest manifest = RandomManifest(3);
  manifest.reader_features = {"deletes", "time-travel"};
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeManifest(&manifest));
  const Status status = ReadFull(bytes).status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported);
  EXPECT_THAT(status.ToString(), HasSubstr("'deletes', 'time-travel'"));
}

TEST(ManifestCodecTest, UnknownWriterFeaturesAreReadAndKept) {
  Manifest manifest = RandomManifest(3);
  manifest.writer_features = {"sorted-segments"};
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeManifest(&manifest));
  VARVE_ASSERT_OK_AND_ASSIGN(const Manifest again, ReadFull(bytes));
  EXPECT_THAT(again.writer_features, ::testing::ElementsAre("sorted-segments"));
}

TEST(ManifestCodecTest, FieldsOfANewerWriterAreNoticedAtAnyDepth) {
  const std::string bytes = SmallVersion();
  VARVE_ASSERT_OK_AND_ASSIGN(const Manifest plain, ReadFull(bytes));
  EXPECT_FALSE(plain.has_unknown_fields);

  auto message = ParsePayload(bytes);
  std::string with_field_26 = message.SerializeAsString();
  AppendVarint(&with_field_26, 26 << 3);  // a varint field
  AppendVarint(&with_field_26, 5);
  VARVE_ASSERT_OK_AND_ASSIGN(const Manifest newer, ReadFull(Seal(with_field_26)));
  EXPECT_TRUE(newer.has_unknown_fields);
  EXPECT_EQ(newer.num_rows(), plain.num_rows());

  // The same in a file of the segment: its message is parsed from bytes with one more field.
  manifest::v1::File* file = message.mutable_segments(0)->mutable_files(0);
  std::string file_bytes = file->SerializeAsString();
  AppendVarint(&file_bytes, 10 << 3);
  AppendVarint(&file_bytes, 1);
  ASSERT_TRUE(file->ParseFromString(file_bytes));
  VARVE_ASSERT_OK_AND_ASSIGN(const Manifest deeper, ReadFull(Seal(message.SerializeAsString())));
  EXPECT_TRUE(deeper.has_unknown_fields);
  EXPECT_EQ(DumpSegments(deeper), DumpSegments(plain));
}

TEST(ManifestCodecTest, KindsOfANewerWriterAreReadButNotBuiltUpon) {
  auto message = ParsePayload(SmallVersion());
  message.mutable_operation()->set_kind(99);
  VARVE_ASSERT_OK_AND_ASSIGN(const Manifest manifest, ReadFull(Seal(message.SerializeAsString())));
  EXPECT_EQ(OperationKindName(manifest.operation.kind), "unknown");
  EXPECT_TRUE(manifest.has_unknown_fields);
}

// Bytes with a right checksum that no Varve wrote.
TEST(ManifestCodecTest, ImpossibleValuesAreCorruption) {
  const std::string bytes = SmallVersion();
  using Message = manifest::v1::Manifest;
  const std::vector<std::pair<const char*, std::function<void(Message*)>>> cases = {
      {"table_id", [](Message* m) { m->set_table_id("short"); }},
      {"commit_id", [](Message* m) { m->clear_commit_id(); }},
      {"version", [](Message* m) { m->set_version(0); }},
      {"version", [](Message* m) { m->set_version(UINT64_MAX); }},
      {"base_version", [](Message* m) { m->set_base_version(7); }},
      {"next_row_id", [](Message* m) { m->set_next_row_id((uint64_t{1} << 62) + 1); }},
      {"next_segment_id", [](Message* m) { m->set_next_segment_id(0); }},
      {"segment_id", [](Message* m) { m->set_next_segment_id(1); }},
      {"segment_id", [](Message* m) { m->mutable_segments(0)->set_segment_id(0); }},
      {"segment_id", [](Message* m) { *m->add_segments() = m->segments(0); }},
      {"num_rows", [](Message* m) { m->mutable_segments(0)->set_num_rows(UINT64_MAX); }},
      {"num_rows", [](Message* m) { m->set_num_rows(11); }},
      {"num_segments", [](Message* m) { m->set_num_segments(2); }},
      {"first_row_id + num_rows", [](Message* m) { m->set_next_row_id(9); }},
      {"first_row_id + num_rows",
       [](Message* m) { m->mutable_segments(0)->set_first_row_id(UINT64_MAX); }},
      {"sequence", [](Message* m) { m->mutable_segments(0)->set_sequence(2); }},
      {"max_ts", [](Message* m) { m->set_max_ts(0); }},
      {"ts_span", [](Message* m) { m->mutable_segments(0)->set_ts_span(UINT64_MAX); }},
      {"file_bytes",
       [](Message* m) { m->mutable_segments(0)->mutable_files(0)->set_file_bytes(UINT64_MAX); }},
      {"field_list",
       [](Message* m) { m->mutable_segments(0)->mutable_files(0)->set_field_list(1); }},
      {"path", [](Message* m) { m->mutable_segments(0)->mutable_files(0)->set_path("../x"); }},
      {"path", [](Message* m) { m->mutable_segments(0)->mutable_files(0)->set_path("/etc/x"); }},
      {"path", [](Message* m) { m->mutable_segments(0)->mutable_files(0)->set_path("a//b"); }},
      {"statistics",
       [](Message* m) { m->mutable_segments(0)->mutable_statistics(0)->set_uint_min(1); }},
      {"statistics",
       [](Message* m) { m->mutable_segments(0)->mutable_statistics(0)->clear_int_min(); }},
      {"statistics",
       [](Message* m) {
         m->mutable_segments(0)->mutable_statistics(2)->set_double_max(0.0 / 0.0);
       }},
      {"null count",
       [](Message* m) {
         m->mutable_segments(0)->mutable_statistics(0)->set_null_count_plus_one(UINT64_MAX);
       }},
      {"deletion_vectors",
       [](Message* m) {
         auto* vector = m->mutable_segments(0)->add_deletion_vectors();
         vector->set_path("deletes/1");
         vector->set_cardinality(11);
       }},
      {"removed_segments", [](Message* m) { m->add_removed_segments(1); }},
      {"removed_segments",
       [](Message* m) {
         m->add_removed_segments(2);
         m->add_removed_segments(2);
       }},
      {"removed_delta_files", [](Message* m) { m->add_removed_delta_files("delta/1"); }},
      {"delta_files", [](Message* m) { m->add_delta_files()->set_path("."); }},
      {"schemas", [](Message* m) { m->clear_schemas(); }},
      {"schema_id", [](Message* m) { *m->add_schemas() = m->schemas(0); }},
      {"schema version", [](Message* m) { m->mutable_schemas(0)->set_version(2); }},
      {"rows_added", [](Message* m) { m->mutable_operation()->set_rows_added(UINT64_MAX); }},
      {"indexes", [](Message* m) { m->mutable_indexes()->add_entries()->set_path("a/../b"); }},
  };
  for (const auto& [field, damage] : cases) {
    SCOPED_TRACE(field);
    auto message = ParsePayload(bytes);
    damage(&message);
    const Status status = ReadFull(Seal(message.SerializeAsString())).status();
    ASSERT_TRUE(IsCorruption(status)) << status;
    EXPECT_EQ(ContextOf(status)->field, field) << status;
    EXPECT_EQ(ContextOf(status)->object, kName) << status;
  }
}

TEST(ManifestCodecTest, PayloadsThatAreNotProtobufAreCorruption) {
  EXPECT_TRUE(IsCorruption(ReadFull(Seal("not protobuf at all")).status()));
  EXPECT_TRUE(IsCorruption(ReadFull(Seal("")).status()));
}

// A frame as an attacker would write it, the checksum right.
std::string Frame(uint8_t flags, uint32_t payload_bytes, const std::string& features,
                  const std::string& stored) {
  std::string bytes = "VRVM";
  AppendFixed<uint8_t>(&bytes, 1);
  AppendFixed<uint8_t>(&bytes, flags);
  AppendFixed<uint16_t>(&bytes, static_cast<uint16_t>(20 + features.size()));
  AppendFixed<uint32_t>(&bytes, 0);
  AppendFixed<uint32_t>(&bytes, static_cast<uint32_t>(stored.size()));
  AppendFixed<uint32_t>(&bytes, payload_bytes);
  bytes += features + stored;
  // The checksum is that of an object whose other bytes are these: try the one that is asked for.
  const Status status = OpenManifestEnvelope(AsBytes(bytes), kName).status();
  const auto found = static_cast<uint32_t>(std::stoul(ContextOf(status)->found));
  std::memcpy(bytes.data() + 8, &found, 4);
  return bytes;
}

TEST(ManifestEnvelopeTest, SizesAreBoundedBeforeAnythingIsAllocated) {
  const std::string none("\0\0", 2);
  const auto field_of = [](const std::string& bytes) {
    const Status status = OpenManifestEnvelope(AsBytes(bytes), kName).status();
    EXPECT_TRUE(IsCorruption(status)) << status;
    return ContextOf(status)->field;
  };
  EXPECT_EQ(field_of(Frame(1, UINT32_MAX, none, std::string(100, 'x'))), "payload length");
  EXPECT_EQ(field_of(Frame(1, 6401, none, std::string(100, 'x'))), "payload length");
  EXPECT_EQ(field_of(Frame(1, 6400, none, std::string(100, 'x'))), "payload");
  EXPECT_EQ(field_of(Frame(0, 101, none, std::string(100, 'x'))), "payload length");
  EXPECT_EQ(field_of(Frame(0, 99, none, std::string(100, 'x'))), "payload length");
  EXPECT_EQ(field_of(Frame(0, 100, std::string("\0\0\0", 3), std::string(100, 'x'))),
            "header length");
  EXPECT_EQ(field_of(Frame(0, 100, std::string("\xff\x7f\0", 3), std::string(100, 'x'))),
            "number of features");
}

TEST(ManifestEnvelopeTest, UnknownFlagsAreUnsupported) {
  const Status status =
      OpenManifestEnvelope(AsBytes(Frame(2, 1, std::string("\0\0", 2), "x")), kName).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported) << status;
}

TEST(ManifestEnvelopeTest, PayloadsThatShrinkTooWellAreStoredAsTheyAre) {
  const std::string zeros(1 << 20, '\0');
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sealed, SealManifest({.payload = zeros}));
  EXPECT_GT(sealed.bytes.size(), zeros.size());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto envelope,
                             OpenManifestEnvelope(AsBytes(sealed.bytes), kName));
  EXPECT_EQ(envelope.payload, zeros);
  EXPECT_EQ(envelope.crc32c, sealed.crc32c);
}

}  // namespace
}  // namespace varve::internal
