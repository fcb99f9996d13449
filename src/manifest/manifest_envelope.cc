// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest_envelope.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "arrow/util/compression.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace varve::internal {
namespace {

constexpr std::string_view kMagic = "VRVM";
constexpr uint8_t kFormatVersion = 1;
constexpr uint8_t kFlagZstd = 1;
constexpr uint64_t kFixedBytes = 20;
constexpr uint64_t kChecksumOffset = 8;
constexpr uint64_t kMaxFeatures = 64;
constexpr uint64_t kMaxFeatureBytes = 64;
constexpr int kZstdLevel = 3;

constexpr std::array kKnownReaderFeatures{kFutureTimestamps};
// None has been needed yet; "deletes" and its kin will be the first.
constexpr std::array<std::string_view, 0> kKnownWriterFeatures{};

Status CheckFeatures(const std::vector<std::string>& required,
                     std::span<const std::string_view> known, const std::string& verb,
                     const std::string& object) {
  std::string unknown;
  for (const std::string& feature : required) {
    if (std::find(known.begin(), known.end(), feature) != known.end()) continue;
    unknown += (unknown.empty() ? "'" : ", '") + feature + "'";
  }
  if (unknown.empty()) return Status::OK();
  return MakeError(ErrorKind::kUnsupported,
                   "this version of Varve is too old to " + verb + " the table",
                   {.object = object, .field = "features needed to " + verb, .found = unknown});
}

Result<std::unique_ptr<arrow::util::Codec>> MakeZstd() {
  return arrow::util::Codec::Create(arrow::Compression::ZSTD, kZstdLevel);
}

// Everything but the checksum itself.
uint32_t ChecksumOf(std::span<const uint8_t> bytes) {
  return Crc32c(bytes.subspan(kChecksumOffset + 4), Crc32c(bytes.first(kChecksumOffset)));
}

Status AppendFeatures(const std::vector<std::string>& features, std::string* out) {
  if (features.size() > kMaxFeatures) {
    return MakeError(ErrorKind::kInvalid, "too many features",
                     {.expected = "at most " + std::to_string(kMaxFeatures),
                      .found = std::to_string(features.size())});
  }
  AppendVarint(out, features.size());
  for (const std::string& feature : features) {
    if (feature.empty() || feature.size() > kMaxFeatureBytes) {
      return MakeError(ErrorKind::kInvalid, "length of a feature's name out of range",
                       {.expected = "1 to " + std::to_string(kMaxFeatureBytes) + " bytes",
                        .found = std::to_string(feature.size())});
    }
    AppendVarint(out, feature.size());
    out->append(feature);
  }
  return Status::OK();
}

Result<std::vector<std::string>> ReadFeatures(Decoder* decoder) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t count,
                        decoder->ReadVarintUpTo(kMaxFeatures, "number of features"));
  std::vector<std::string> features;
  for (uint64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t length,
                          decoder->ReadVarintUpTo(kMaxFeatureBytes, "length of a feature"));
    ARROW_ASSIGN_OR_RAISE(const auto name, decoder->ReadBytes(length));
    features.emplace_back(AsString(name));
  }
  return features;
}

template <typename T>
Status Mismatch(std::string_view message, const std::string& object, const char* field,
                int64_t offset, T expected, T found) {
  return Corruption(message, {.object = object,
                              .field = field,
                              .offset = offset,
                              .expected = std::to_string(expected),
                              .found = std::to_string(found)});
}

}  // namespace

Status CheckReaderFeatures(const std::vector<std::string>& required, const std::string& object) {
  return CheckFeatures(required, kKnownReaderFeatures, "read", object);
}

Status CheckWriterFeatures(const std::vector<std::string>& required, const std::string& object) {
  return CheckFeatures(required, kKnownWriterFeatures, "write", object);
}

Result<SealedManifest> SealManifest(const ManifestEnvelope& envelope) {
  const std::string& payload = envelope.payload;
  if (payload.size() > kMaxPayloadBytes) {
    return MakeError(ErrorKind::kResourceExhausted, "the manifest is too large",
                     {.expected = "at most " + std::to_string(kMaxPayloadBytes) + " bytes",
                      .found = std::to_string(payload.size())});
  }
  std::string features;
  ARROW_RETURN_NOT_OK(AppendFeatures(envelope.reader_features, &features));
  ARROW_RETURN_NOT_OK(AppendFeatures(envelope.writer_features, &features));

  ARROW_ASSIGN_OR_RAISE(auto codec, MakeZstd());
  const auto raw = AsBytes(payload);
  std::string packed;
  packed.resize(codec->MaxCompressedLen(static_cast<int64_t>(raw.size()), raw.data()));
  ARROW_ASSIGN_OR_RAISE(const int64_t packed_bytes,
                        codec->Compress(static_cast<int64_t>(raw.size()), raw.data(),
                                        static_cast<int64_t>(packed.size()),
                                        reinterpret_cast<uint8_t*>(packed.data())));
  packed.resize(packed_bytes);
  const bool compressed =
      packed.size() < payload.size() && payload.size() <= packed.size() * kMaxCompressionRatio;
  const std::string& stored = compressed ? packed : payload;

  SealedManifest sealed;
  std::string& out = sealed.bytes;
  out.reserve(kFixedBytes + features.size() + stored.size());
  out.append(kMagic);
  AppendFixed<uint8_t>(&out, kFormatVersion);
  AppendFixed<uint8_t>(&out, compressed ? kFlagZstd : 0);
  AppendFixed<uint16_t>(&out, static_cast<uint16_t>(kFixedBytes + features.size()));
  AppendFixed<uint32_t>(&out, 0);  // the checksum, below
  AppendFixed<uint32_t>(&out, static_cast<uint32_t>(stored.size()));
  AppendFixed<uint32_t>(&out, static_cast<uint32_t>(payload.size()));
  out.append(features);
  out.append(stored);
  const uint32_t checksum = ChecksumOf(AsBytes(out));
  std::memcpy(out.data() + kChecksumOffset, &checksum, sizeof(checksum));
  sealed.crc32c = Crc32c(AsBytes(out));
  return sealed;
}

Result<ManifestEnvelope> OpenManifestEnvelope(std::span<const uint8_t> bytes,
                                              const std::string& object) {
  if (bytes.empty()) {
    return Corruption("the manifest is empty",
                      {.object = object, .expected = "at least 20 bytes", .found = "0 bytes"});
  }
  Decoder decoder(bytes, object);
  ARROW_ASSIGN_OR_RAISE(const auto magic, decoder.ReadBytes(kMagic.size()));
  if (AsString(magic) != kMagic) {
    return Corruption("not a manifest", {.object = object,
                                         .field = "magic",
                                         .offset = 0,
                                         .expected = ToHex(AsBytes(kMagic)),
                                         .found = ToHex(magic)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto format, decoder.ReadFixed<uint8_t>());
  if (format != kFormatVersion) {
    return MakeError(ErrorKind::kUnsupported, "unknown manifest format",
                     {.object = object,
                      .field = "format version",
                      .offset = 4,
                      .expected = std::to_string(kFormatVersion),
                      .found = std::to_string(format)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto flags, decoder.ReadFixed<uint8_t>());
  ARROW_ASSIGN_OR_RAISE(const auto header_bytes, decoder.ReadFixed<uint16_t>());
  ARROW_ASSIGN_OR_RAISE(const auto checksum, decoder.ReadFixed<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(const auto stored_bytes, decoder.ReadFixed<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(const auto payload_bytes, decoder.ReadFixed<uint32_t>());
  if (bytes.size() != uint64_t{header_bytes} + stored_bytes) {
    return Mismatch<uint64_t>("wrong length of a manifest", object, "length", 12,
                              uint64_t{header_bytes} + stored_bytes, bytes.size());
  }
  if (const uint32_t found = ChecksumOf(bytes); found != checksum) {
    return Mismatch("wrong checksum of a manifest", object, "crc32c", kChecksumOffset, checksum,
                    found);
  }

  // From here on the bytes are those somebody wrote, though not necessarily Varve.
  ManifestEnvelope envelope;
  ARROW_ASSIGN_OR_RAISE(envelope.reader_features, ReadFeatures(&decoder));
  ARROW_ASSIGN_OR_RAISE(envelope.writer_features, ReadFeatures(&decoder));
  ARROW_RETURN_NOT_OK(CheckReaderFeatures(envelope.reader_features, object));
  if ((flags & ~kFlagZstd) != 0) {
    return MakeError(
        ErrorKind::kUnsupported, "unknown manifest flags",
        {.object = object, .field = "flags", .offset = 5, .found = std::to_string(flags)});
  }
  if (decoder.position() != header_bytes) {
    return Mismatch<uint64_t>("wrong length of a manifest's header", object, "header length", 6,
                              decoder.position(), header_bytes);
  }
  const auto stored = bytes.subspan(header_bytes);
  const bool compressed = (flags & kFlagZstd) != 0;
  const uint64_t bound =
      compressed ? std::min(kMaxPayloadBytes, stored.size() * kMaxCompressionRatio) : stored.size();
  if (payload_bytes > bound) {
    return Corruption("length of a manifest's payload out of range",
                      {.object = object,
                       .field = "payload length",
                       .offset = 16,
                       .expected = "at most " + std::to_string(bound),
                       .found = std::to_string(payload_bytes)});
  }
  if (compressed) {
    ARROW_ASSIGN_OR_RAISE(auto codec, MakeZstd());
    envelope.payload.resize(payload_bytes);
    const auto got =
        codec->Decompress(static_cast<int64_t>(stored.size()), stored.data(), payload_bytes,
                          reinterpret_cast<uint8_t*>(envelope.payload.data()));
    if (!got.ok() || *got != payload_bytes) {
      return Corruption("a manifest does not decompress",
                        {.object = object,
                         .field = "payload",
                         .offset = header_bytes,
                         .expected = std::to_string(payload_bytes) + " bytes",
                         .found = got.ok() ? std::to_string(*got) : got.status().message()});
    }
  } else {
    if (payload_bytes != stored.size()) {
      return Mismatch<uint64_t>("wrong length of a manifest's payload", object, "payload length",
                                16, stored.size(), payload_bytes);
    }
    envelope.payload = AsString(stored);
  }
  envelope.crc32c = Crc32c(bytes);
  return envelope;
}

}  // namespace varve::internal
