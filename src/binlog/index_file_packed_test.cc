// SPDX-License-Identifier: Apache-2.0
#include "varve/index_file_packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kPath[] = "index/milvus_packed_bitmap_index.v3";

class PackedIndexFileTest : public ::testing::Test {
 protected:
  PackedIndexFileTest() {
    static int stores = 0;
    store_ =
        OpenChunkManager("memory://packed-index-test-" + std::to_string(++stores)).ValueOrDie();
  }

  using Entries = std::vector<std::pair<std::string, std::string>>;

  std::string Write(const Entries& entries, const std::string& meta) {
    const Status status = [&]() -> Status {
      ARROW_RETURN_NOT_OK(store_->Remove(kPath));
      ARROW_ASSIGN_OR_RAISE(auto file, store_->OpenWriter(kPath));
      PackedIndexWriter writer(std::move(file));
      for (const auto& [name, bytes] : entries) {
        ARROW_RETURN_NOT_OK(writer.WriteEntry(name, AsBytes(bytes)));
      }
      return writer.Finish(meta);
    }();
    EXPECT_TRUE(status.ok()) << status;
    return store_->Read(kPath).ValueOrDie()->ToString();
  }

  Result<std::unique_ptr<PackedIndexReader>> Open(const std::string& bytes) {
    ARROW_RETURN_NOT_OK(store_->Write(kPath, AsBytes(bytes)));
    ARROW_ASSIGN_OR_RAISE(auto file, store_->OpenReader(kPath));
    return PackedIndexReader::Open(std::move(file));
  }

  // The file whole, or the first error.
  Result<std::pair<Entries, std::string>> ReadAll(const std::string& bytes) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, Open(bytes));
    Entries entries;
    for (const PackedIndexEntry& entry : reader->entries()) {
      ARROW_ASSIGN_OR_RAISE(const auto blob, reader->ReadEntry(entry.name));
      entries.emplace_back(entry.name, blob->ToString());
    }
    return std::pair(std::move(entries), reader->meta());
  }

  std::shared_ptr<ChunkManager> store_;
};

// Data, directory and a footer that fits them.
std::string File(const std::string& data, const std::string& directory, uint32_t meta_bytes) {
  std::string bytes = "MVSIDXV3" + data + directory;
  AppendFixed<uint16_t>(&bytes, 3);
  bytes.append(22, '\0');
  AppendFixed(&bytes, meta_bytes);
  AppendFixed(&bytes, static_cast<uint32_t>(directory.size()));
  return bytes;
}

TEST_F(PackedIndexFileTest, BytesAreThoseOfTheSpecification) {
  // "123456789" is the check value of CRC-32C, e3069283.
  const std::string written = Write({{"keys", "123456789"}, {"none", ""}}, "{}");
  EXPECT_EQ(written, File("123456789{}",
                          R"({"entries":[{"name":"keys","offset":0,"size":9,"crc32":"E3069283"},)"
                          R"({"name":"none","offset":9,"size":0,"crc32":"00000000"},)"
                          R"({"name":"__meta__","offset":9,"size":2,"crc32":"297BD0AA"}]})",
                          2));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, Open(written));
  EXPECT_EQ(reader->meta(), "{}");
  EXPECT_EQ(reader->entries(),
            (std::vector<PackedIndexEntry>{{"keys", 0, 9, 0xe3069283}, {"none", 9, 0, 0}}));
  EXPECT_EQ(reader->ReadEntry("keys").ValueOrDie()->ToString(), "123456789");
  EXPECT_EQ(reader->ReadEntry("none").ValueOrDie()->ToString(), "");
  EXPECT_TRUE(IsNotFound(reader->ReadEntry("other").status()));
  EXPECT_EQ(PackedIndexFileName("BITMAP"), "milvus_packed_bitmap_index.v3");
}

TEST_F(PackedIndexFileTest, RandomFilesComeBack) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    Entries entries;
    for (uint64_t i = random->Uniform(5); i > 0; --i) {
      std::string bytes(random->Uniform(200), '\0');
      for (char& c : bytes) c = static_cast<char>(random->Next());
      entries.emplace_back("entry \"" + std::to_string(i), std::move(bytes));
    }
    const std::string meta = R"({"rows":)" + std::to_string(seed) + "}";
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, ReadAll(Write(entries, meta)));
    EXPECT_EQ(read, std::pair(entries, meta));
  }
}

TEST_F(PackedIndexFileTest, EveryTruncationIsCorruption) {
  const std::string written = Write({{"keys", "123456789"}, {"rows", "abc"}}, "{}");
  for (size_t length = 0; length < written.size(); ++length) {
    const auto read = ReadAll(written.substr(0, length));
    ASSERT_FALSE(read.ok()) << length;
    // A footer in the wrong place may name any version.
    const ErrorKind kind = KindOf(read.status());
    EXPECT_TRUE(kind == ErrorKind::kCorruption || kind == ErrorKind::kUnsupported)
        << length << ": " << read.status();
  }
  EXPECT_FALSE(ReadAll(written + '\0').ok());
}

// Names in the directory are under no checksum; everything else is found.
TEST_F(PackedIndexFileTest, EveryFlippedBitIsFoundOrChangesANameOnly) {
  const Entries entries = {{"keys", "123456789"}, {"rows", "abc"}};
  std::string bytes = Write(entries, "{}");
  int renamed = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    const auto read = ReadAll(bytes);
    if (read.ok()) {
      ++renamed;
      EXPECT_EQ(read->second, "{}");
      ASSERT_EQ(read->first.size(), entries.size());
      for (size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(read->first[i].second, entries[i].second) << "bit " << bit;
      }
    }
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
  EXPECT_GT(renamed, 0);
  EXPECT_LE(renamed, 8 * 8) << "two names of four bytes";
}

TEST_F(PackedIndexFileTest, DamageIsNamed) {
  const auto message = [&](const std::string& bytes) {
    const Status status = Open(bytes).status();
    EXPECT_TRUE(IsCorruption(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(kPath));
    return status.message();
  };
  const auto entry = [&](const std::string& text) {
    return message(File("0123{}",
                        R"({"entries":[)" + text +
                            R"({"name":"__meta__","offset":4,"size":2,"crc32":"297BD0AA"}]})",
                        2));
  };
  EXPECT_THAT(message(""), HasSubstr("expected at least 40 bytes, found 0"));
  EXPECT_THAT(message("PAR1" + File("", "{}", 0)), HasSubstr("field 'magic'"));
  EXPECT_THAT(message(File("", "{}", 0)), HasSubstr("field 'entries'"));
  EXPECT_THAT(message(File("", "[]", 0)), HasSubstr("expected an object"));
  EXPECT_THAT(message(File("", R"({"entries":[]})", 0)), HasSubstr("field '__meta__'"));
  std::string file = File("", "", 0);
  file[file.size() - 1] = '\x7f';
  EXPECT_THAT(message(file), HasSubstr("field 'directory size', offset 36, expected at most 0"));
  file = File("", "", 0);
  file[20] = 1;
  EXPECT_THAT(message(file), HasSubstr("expected 22 zeros"));
  EXPECT_THAT(entry(R"({"name":"a","offset":5,"size":2,"crc32":"00000000"},)"),
              HasSubstr("field 'a', expected within 6 bytes, found 2 at 5"));
  EXPECT_THAT(entry(R"({"name":"a","offset":1,"size":9223372036854775807,"crc32":"00000000"},)"),
              HasSubstr("found 9223372036854775807 at 1"));
  EXPECT_THAT(entry(R"({"name":"a","offset":-1,"size":1,"crc32":"00000000"},)"),
              HasSubstr("1 at -1"));
  EXPECT_THAT(entry(R"({"name":"a","offset":0,"size":1,"crc32":"abcdef00"},)"),
              HasSubstr("8 upper-case hexadecimal digits"));
  EXPECT_THAT(entry(R"({"name":"__meta__","offset":0,"size":0,"crc32":"00000000"},)"),
              HasSubstr("each name once"));

  file = File("", "{}", 0);
  file[10] = 4;
  EXPECT_EQ(KindOf(Open(file).status()), ErrorKind::kUnsupported);
  EXPECT_THAT(
      Open(File("", R"({"__edek__":"x","__ez_id__":"1","entries":[]})", 0)).status().message(),
      HasSubstr("is encrypted"));

  // The others can still be read.
  file = Write({{"bad", "123456789"}, {"good", "abc"}}, "{}");
  file[8] ^= 1;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, Open(file));
  EXPECT_THAT(reader->ReadEntry("bad").status().message(),
              HasSubstr("field 'bad', offset 8, expected E3069283"));
  EXPECT_EQ(reader->ReadEntry("good").ValueOrDie()->ToString(), "abc");
}

TEST_F(PackedIndexFileTest, NamesThatWouldMeetAreRefused) {
  VARVE_ASSERT_OK_AND_ASSIGN(auto file, store_->OpenWriter(kPath));
  PackedIndexWriter writer(std::move(file));
  VARVE_ASSERT_OK(writer.WriteEntry("a", {}));
  for (const std::string name : {"a", "", "__meta__", "\xff"}) {
    EXPECT_EQ(KindOf(writer.WriteEntry(name, {})), ErrorKind::kInvalid) << name;
  }
  VARVE_ASSERT_OK(writer.Finish("{}"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read,
                             ReadAll(store_->Read(kPath).ValueOrDie()->ToString()));
  EXPECT_EQ(read.first, (Entries{{"a", ""}}));
}

}  // namespace
}  // namespace varve::internal
