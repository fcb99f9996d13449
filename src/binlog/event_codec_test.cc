// SPDX-License-Identifier: Apache-2.0
// The descriptor byte by byte, and what is said of bytes that are none.
#include "binlog/event_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kObject[] = "insert_log/7";

// An insert log's descriptor, written out by hand.
std::string Descriptor(const std::string& extras) {
  std::string bytes("\xbc\xfa\xff\x00", 4);
  AppendFixed<uint64_t>(&bytes, 442959097974751232);
  bytes.push_back(0);
  AppendFixed<int32_t>(&bytes, static_cast<int32_t>(81 + extras.size()));
  AppendFixed<int32_t>(&bytes, static_cast<int32_t>(85 + extras.size()));
  for (const int64_t id : {11, 12, 13, 100}) AppendFixed<int64_t>(&bytes, id);
  AppendFixed<uint64_t>(&bytes, 442959097209290755);
  AppendFixed<uint64_t>(&bytes, UINT64_MAX);
  AppendFixed<int32_t>(&bytes, 5);
  bytes += "\x34\x10\x10\x10\x10\x10\x10\x10";
  AppendFixed<int32_t>(&bytes, static_cast<int32_t>(extras.size()));
  return bytes + extras;
}

Result<BinlogDescriptor> Decode(const std::string& bytes) {
  const std::string object = kObject;
  Decoder decoder(AsBytes(bytes), object);
  return DecodeDescriptor(&decoder, object);
}

BinlogDescriptor Expected() {
  BinlogDescriptor descriptor;
  descriptor.timestamp = 442959097974751232;
  descriptor.collection_id = 11;
  descriptor.partition_id = 12;
  descriptor.segment_id = 13;
  descriptor.field_id = 100;
  descriptor.start_timestamp = 442959097209290755;
  descriptor.end_timestamp = UINT64_MAX;
  descriptor.payload_type = DataType::kInt64;
  descriptor.original_size = 24000;
  return descriptor;
}

TEST(BinlogDescriptorTest, IsTheBytesThatMilvusWrites) {
  BinlogDescriptor descriptor = Expected();
  std::string bytes;
  VARVE_ASSERT_OK(EncodeDescriptor(descriptor, &bytes));
  EXPECT_EQ(ToHex(AsBytes(bytes)), ToHex(AsBytes(Descriptor(R"({"original_size":"24000"})"))));

  bytes.clear();
  descriptor.nullable = true;
  descriptor.extras["version"] = "MULTI_FIELD";
  VARVE_ASSERT_OK(EncodeDescriptor(descriptor, &bytes));
  EXPECT_EQ(bytes,
            Descriptor(R"({"nullable":true,"original_size":"24000","version":"MULTI_FIELD"})"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto again, Decode(bytes));
  EXPECT_EQ(again, descriptor);
}

TEST(BinlogDescriptorTest, ReadsExtrasInAnyOrderAndSkipsWhatItDoesNotKnow) {
  BinlogDescriptor expected = Expected();
  expected.nullable = false;
  expected.encrypted_key = "a key";
  expected.encryption_zone = 7;
  expected.extras = {{"indexBuildID", "42"}};
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto read,
      Decode(Descriptor(R"({"unknown": [1, {"a": null}], "original_size": "24000", )"
                        R"("encryption_zone": 7, "edek": "a key", "nullable": false, )"
                        R"("indexBuildID": "42"})")));
  EXPECT_EQ(read, expected);
  std::string bytes;
  VARVE_ASSERT_OK(EncodeDescriptor(read, &bytes));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto again, Decode(bytes));
  EXPECT_EQ(again, expected);
}

TEST(BinlogDescriptorTest, EveryTruncationIsCorruption) {
  const std::string bytes = Descriptor(R"({"original_size":"24000","nullable":true})");
  VARVE_ASSERT_OK(Decode(bytes).status());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const Status status = Decode(bytes.substr(0, length)).status();
    EXPECT_TRUE(IsCorruption(status)) << length << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(kObject));
  }
}

struct Mistake {
  size_t offset;
  std::string bytes;
  std::string message;
};

TEST(BinlogDescriptorTest, NamesOffsetExpectedAndFound) {
  const std::string good = Descriptor(R"({"original_size":"24000"})");
  const std::vector<Mistake> mistakes = {
      {0, "P",
       "not a binlog: object 'insert_log/7', field 'magic', offset 0, expected bcfaff00, "
       "found 50faff00"},
      {12, "\x01", "expected DescriptorEvent, found InsertEvent"},
      {12, "\x08",
       "unknown event type: object 'insert_log/7', field 'type_code', offset 12, "
       "expected 0 to 7, found 8"},
      {12, "\xff", "expected 0 to 7, found -1"},
      {13, std::string("\x50\0\0\0", 4), "offset 13, expected at least 81, found 80"},
      {13, "\xff\xff\xff\xff", "offset 13, expected at least 81, found -1"},
      {73, "\x35", "offset 73, expected 3410101010101010, found 3510101010101010"},
      {81, "\xff\xff\xff\xff", "offset 81, expected 25 by event_length, found -1"},
      {81, "\x1a", "offset 81, expected 25 by event_length, found 26"},
      {85, "[", "not a JSON document: object 'insert_log/7', offset 101"},
      {87, "x", "lacks an extra: object 'insert_log/7', field 'original_size', offset 85"},
      {103, "-", "expected a string with a decimal integer of 0 or more, found \"-4000\""},
      {107, "x", "expected a string with a decimal integer of 0 or more, found \"2400x\""},
  };
  for (const Mistake& mistake : mistakes) {
    std::string bytes = good;
    bytes.replace(mistake.offset, mistake.bytes.size(), mistake.bytes);
    const Status status = Decode(bytes).status();
    EXPECT_TRUE(IsCorruption(status)) << mistake.message;
    EXPECT_THAT(status.message(), HasSubstr(mistake.message));
  }
}

TEST(BinlogDescriptorTest, ExtrasOfAnotherTypeAreCorruption) {
  for (const char* extras :
       {R"({"original_size":24000})", R"({"original_size":"24000","nullable":"true"})",
        R"({"original_size":"24000","edek":1})",
        R"({"original_size":"24000","encryption_zone":1.5})",
        R"({"original_size":"24000","encryption_zone":9223372036854775808})",
        R"({"original_size":"99999999999999999999"})", R"({"original_size":""})", R"("text")", "",
        "{", "\xff"}) {
    EXPECT_TRUE(IsCorruption(Decode(Descriptor(extras)).status())) << extras;
  }
}

TEST(BinlogDescriptorTest, ExtrasThatAreNoObjectOrNestTooDeeplyAreCorruption) {
  EXPECT_THAT(Decode(Descriptor("[1, 2]")).status().message(),
              HasSubstr("extras are not a JSON object: object 'insert_log/7', field 'extras', "
                        "offset 85, expected {…}, found an array of 2"));
  const std::string deep =
      R"({"original_size":"1","nullable":)" + std::string(500'000, '[') + std::string(500'000, ']');
  const Status status = Decode(Descriptor(deep + "}")).status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(), HasSubstr("nests too deeply: object 'insert_log/7', offset 148"));
}

TEST(BinlogDescriptorTest, DoesNotReadExtrasThatAreTooLong) {
  const std::string text(kExtrasBytesMax, 'x');
  const Status read = Decode(Descriptor(R"({"original_size":"1","a":")" + text + "\"}")).status();
  EXPECT_TRUE(IsCorruption(read));
  EXPECT_THAT(read.message(), HasSubstr("expected at most 1048576"));
  BinlogDescriptor descriptor;
  descriptor.extras["a"] = text;
  std::string bytes;
  EXPECT_EQ(KindOf(EncodeDescriptor(descriptor, &bytes)), ErrorKind::kInvalid);
  descriptor.extras["a"] = "\xff";
  EXPECT_EQ(KindOf(EncodeDescriptor(descriptor, &bytes)), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace varve::internal
