// SPDX-License-Identifier: Apache-2.0
#include "varve/index_file_packed.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/util/utf8.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "binlog/json_members.h"

namespace varve {

using internal::AppendFixed;
using internal::AsBytes;
using internal::AsString;
using internal::Crc32c;
using internal::Decoder;
using internal::Excerpt;
using internal::JsonMembers;
using internal::ParseJson;
using internal::ToHex;

namespace {

constexpr std::string_view kMagic = "MVSIDXV3";
constexpr int64_t kMagicBytes = kMagic.size();
constexpr std::string_view kMetaName = "__meta__";
// Members that only an encrypted file has.
constexpr const char* kKeyMember = "__edek__";

constexpr int64_t kFooterBytes = 32;
constexpr uint16_t kVersion = 3;
constexpr size_t kReservedBytes = 22;

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr size_t kChecksumDigits = 8;

std::string ToDigits(uint32_t checksum) {
  std::string digits(kChecksumDigits, '0');
  for (size_t i = 0; i < kChecksumDigits; ++i) {
    digits[kChecksumDigits - 1 - i] = kHexDigits[(checksum >> (4 * i)) & 15];
  }
  return digits;
}

std::optional<uint32_t> FromDigits(std::string_view digits) {
  if (digits.size() != kChecksumDigits) return std::nullopt;
  uint32_t checksum = 0;
  for (const char digit : digits) {
    const size_t value = kHexDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    checksum = checksum << 4 | static_cast<uint32_t>(value);
  }
  return checksum;
}

struct Footer {
  uint32_t meta_bytes = 0;
  uint32_t directory_bytes = 0;
};

Result<Footer> ReadFooter(const ChunkReader& file) {
  const int64_t at = file.size() - kFooterBytes;
  const auto wrong = [&](const char* field, int64_t offset, std::string expected,
                         std::string found) {
    return Corruption("not a packed index file", {.object = file.path(),
                                                  .field = field,
                                                  .offset = offset,
                                                  .expected = std::move(expected),
                                                  .found = std::move(found)});
  };
  if (at < kMagicBytes) {
    return wrong("length", 0, "at least " + std::to_string(kMagicBytes + kFooterBytes) + " bytes",
                 std::to_string(file.size()));
  }
  std::array<uint8_t, kMagicBytes> magic;
  ARROW_RETURN_NOT_OK(file.ReadAt(0, kMagicBytes, magic.data()));
  if (AsString(magic) != kMagic) {
    return wrong("magic", 0, ToHex(AsBytes(kMagic)), ToHex(magic));
  }
  std::array<uint8_t, kFooterBytes> bytes;
  ARROW_RETURN_NOT_OK(file.ReadAt(at, kFooterBytes, bytes.data()));
  Decoder decoder(bytes, file.path());
  ARROW_ASSIGN_OR_RAISE(const auto version, decoder.ReadFixed<uint16_t>());
  if (version != kVersion) {
    return MakeError(ErrorKind::kUnsupported, "unknown version of a packed index file",
                     {.object = file.path(),
                      .field = "version",
                      .offset = at,
                      .expected = std::to_string(kVersion),
                      .found = std::to_string(version)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto reserved, decoder.ReadBytes(kReservedBytes));
  if (std::any_of(reserved.begin(), reserved.end(), [](uint8_t byte) { return byte != 0; })) {
    return wrong("reserved", at + static_cast<int64_t>(sizeof(version)), "22 zeros",
                 ToHex(reserved));
  }
  Footer footer;
  ARROW_ASSIGN_OR_RAISE(footer.meta_bytes, decoder.ReadFixed<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(footer.directory_bytes, decoder.ReadFixed<uint32_t>());
  if (footer.directory_bytes > at - kMagicBytes) {
    return wrong("directory size", at + kFooterBytes - 4,
                 "at most " + std::to_string(at - kMagicBytes),
                 std::to_string(footer.directory_bytes));
  }
  return footer;
}

Result<PackedIndexEntry> ReadDirectoryEntry(const nlohmann::json& value, const std::string& object,
                                            int64_t data_bytes) {
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(value, object, "entries"));
  PackedIndexEntry entry;
  ARROW_ASSIGN_OR_RAISE(entry.name, members.GetText("name"));
  ARROW_ASSIGN_OR_RAISE(entry.offset, members.GetInt64("offset"));
  ARROW_ASSIGN_OR_RAISE(entry.bytes, members.GetInt64("size"));
  ARROW_ASSIGN_OR_RAISE(const std::string digits, members.GetText("crc32"));
  if (entry.offset < 0 || entry.bytes < 0 || entry.offset > data_bytes ||
      entry.bytes > data_bytes - entry.offset) {
    return members.Wrong("an entry of a packed index file lies outside its data", entry.name,
                         "within " + std::to_string(data_bytes) + " bytes",
                         std::to_string(entry.bytes) + " at " + std::to_string(entry.offset));
  }
  const auto checksum = FromDigits(digits);
  if (!checksum) {
    return members.Wrong("a checksum of a packed index file is none", entry.name,
                         "8 upper-case hexadecimal digits", "'" + digits + "'");
  }
  entry.crc32c = *checksum;
  return entry;
}

Result<std::vector<PackedIndexEntry>> ReadDirectory(const ChunkReader& file, int64_t offset,
                                                    int64_t length) {
  const std::string& object = file.path();
  ARROW_ASSIGN_OR_RAISE(const auto bytes, file.Read(offset, length));
  ARROW_ASSIGN_OR_RAISE(
      const nlohmann::json document,
      ParseJson({bytes->data(), static_cast<size_t>(bytes->size())}, object + ", directory"));
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(document, object, "directory"));
  if (members.Find(kKeyMember) != nullptr) {
    return MakeError(ErrorKind::kUnsupported, "the packed index file is encrypted",
                     {.object = object, .field = kKeyMember});
  }
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* values, members.Get("entries"));
  if (!values->is_array()) {
    return members.Wrong("wrong kind of value", "entries", "an array", Excerpt(*values));
  }
  std::vector<PackedIndexEntry> entries;
  std::set<std::string> names;
  for (const nlohmann::json& value : *values) {
    ARROW_ASSIGN_OR_RAISE(auto entry, ReadDirectoryEntry(value, object, offset - kMagicBytes));
    if (!names.insert(entry.name).second) {
      return members.Wrong("two entries of a packed index file have the same name", "entries",
                           "each name once", "'" + entry.name + "'");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

std::string PackedIndexFileName(std::string_view index_type) {
  std::string type(index_type);
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return "milvus_packed_" + type + "_index.v3";
}

Status PackedIndexWriter::Append(const std::string& name, std::span<const uint8_t> bytes) {
  if (entries_.empty()) ARROW_RETURN_NOT_OK(file_->Write(AsBytes(kMagic)));
  ARROW_RETURN_NOT_OK(file_->Write(bytes));
  const auto length = static_cast<int64_t>(bytes.size());
  entries_.push_back({name, end_, length, Crc32c(bytes)});
  end_ += length;
  return Status::OK();
}

Status PackedIndexWriter::WriteEntry(const std::string& name, std::span<const uint8_t> bytes) {
  arrow::util::InitializeUTF8();
  const bool taken = std::any_of(entries_.begin(), entries_.end(),
                                 [&](const auto& entry) { return entry.name == name; });
  if (name.empty() || name == kMetaName || taken || !arrow::util::ValidateUTF8(name)) {
    return MakeError(ErrorKind::kInvalid, "an entry of a packed index file cannot have this name",
                     {.object = file_->path(),
                      .expected = "a name in UTF-8 that no other has",
                      .found = "'" + name + "'"});
  }
  return Append(name, bytes);
}

Status PackedIndexWriter::Finish(std::string_view meta) {
  ARROW_RETURN_NOT_OK(Append(std::string(kMetaName), AsBytes(meta)));
  auto entries = nlohmann::ordered_json::array();
  for (const PackedIndexEntry& entry : entries_) {
    entries.push_back({{"name", entry.name},
                       {"offset", entry.offset},
                       {"size", entry.bytes},
                       {"crc32", ToDigits(entry.crc32c)}});
  }
  std::string end = nlohmann::ordered_json{{"entries", std::move(entries)}}.dump();
  if (meta.size() > UINT32_MAX || end.size() > UINT32_MAX) {
    return MakeError(ErrorKind::kInvalid, "too much for a packed index file's footer",
                     {.object = file_->path(), .expected = "less than 4 GiB"});
  }
  const auto directory_bytes = static_cast<uint32_t>(end.size());
  AppendFixed(&end, kVersion);
  end.append(kReservedBytes, '\0');
  AppendFixed(&end, static_cast<uint32_t>(meta.size()));
  AppendFixed(&end, directory_bytes);
  ARROW_RETURN_NOT_OK(file_->Write(AsBytes(end)));
  return file_->Close();
}

Result<std::unique_ptr<PackedIndexReader>> PackedIndexReader::Open(
    std::shared_ptr<ChunkReader> file) {
  ARROW_ASSIGN_OR_RAISE(const Footer footer, ReadFooter(*file));
  const int64_t directory = file->size() - kFooterBytes - footer.directory_bytes;
  ARROW_ASSIGN_OR_RAISE(auto entries, ReadDirectory(*file, directory, footer.directory_bytes));
  const auto meta = std::find_if(entries.begin(), entries.end(),
                                 [](const auto& entry) { return entry.name == kMetaName; });
  if (meta == entries.end() || meta->bytes != footer.meta_bytes) {
    return Corruption("the directory of a packed index file does not fit its footer",
                      {.object = file->path(),
                       .field = std::string(kMetaName),
                       .expected = std::to_string(footer.meta_bytes) + " bytes",
                       .found = meta == entries.end() ? "none" : std::to_string(meta->bytes)});
  }
  const PackedIndexEntry meta_entry = *meta;
  entries.erase(meta);
  std::unique_ptr<PackedIndexReader> reader(
      new PackedIndexReader(std::move(file), std::move(entries)));
  ARROW_ASSIGN_OR_RAISE(const auto bytes, reader->Read(meta_entry));
  reader->meta_ = bytes->ToString();
  return reader;
}

Result<std::shared_ptr<arrow::Buffer>> PackedIndexReader::Read(
    const PackedIndexEntry& entry) const {
  ARROW_ASSIGN_OR_RAISE(auto bytes, file_->Read(kMagicBytes + entry.offset, entry.bytes));
  const uint32_t found = Crc32c({bytes->data(), static_cast<size_t>(bytes->size())});
  if (found == entry.crc32c) return bytes;
  return Corruption("wrong checksum of a packed index file's entry",
                    {.object = file_->path(),
                     .field = entry.name,
                     .offset = kMagicBytes + entry.offset,
                     .expected = ToDigits(entry.crc32c),
                     .found = ToDigits(found)});
}

Result<std::shared_ptr<arrow::Buffer>> PackedIndexReader::ReadEntry(const std::string& name) const {
  for (const PackedIndexEntry& entry : entries_) {
    if (entry.name == name) return Read(entry);
  }
  return MakeError(ErrorKind::kNotFound, "the packed index file has no such entry",
                   {.object = file_->path(), .field = name});
}

}  // namespace varve
