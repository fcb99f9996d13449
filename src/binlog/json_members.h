// SPDX-License-Identifier: Apache-2.0
// JSON from outside, with errors that name the object and the member.
//
// Errors: Corruption; numbers are taken only where they are written as what they are meant to be
// Threads: everything here may be called concurrently
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>

#include "varve/status.h"

namespace varve::internal {

/// `object` names the bytes in errors, in which they begin at `offset`. The document, of at most 32
/// levels, takes a small multiple of their length.
Result<nlohmann::json> ParseJson(std::span<const uint8_t> bytes, const std::string& object,
                                 int64_t offset = 0);

/// A JSON object that is being read. A member that is null counts as absent, as it does in Go.
/// Lifetime: the document outlives it.
class JsonMembers {
 public:
  /// `what` names the value in the error if it is no object.
  static Result<JsonMembers> Of(const nlohmann::json& value, const std::string& object,
                                const std::string& what);

  /// The same where integers may stand in texts, as protobuf's own JSON has those of 64 bits.
  static Result<JsonMembers> OfProto(const nlohmann::json& value, const std::string& object,
                                     const std::string& what);

  const nlohmann::json* Find(const std::string& name) const;
  /// The member, which must be there.
  Result<const nlohmann::json*> Get(const std::string& name) const;
  Result<int64_t> GetInt64(const std::string& name) const;
  Result<std::string> GetText(const std::string& name) const;
  /// nullopt where it is absent.
  Result<std::optional<int64_t>> FindInt64(const std::string& name) const;

  Result<std::optional<uint64_t>> FindUint64(const std::string& name) const;

  /// "what is wrong", naming the object and the member.
  Status Wrong(const std::string& message, const std::string& name, const std::string& expected,
               const std::string& found) const;

 private:
  JsonMembers(const nlohmann::json& value, const std::string& object)
      : value_(&value), object_(object) {}

  const nlohmann::json* value_;
  std::string object_;
  bool numbers_may_be_texts_ = false;
};

/// nullopt for anything but an integer that fits.
std::optional<int64_t> AsInt64(const nlohmann::json& value);
/// The same, also from the text of one.
std::optional<int64_t> AsProtoInt64(const nlohmann::json& value);
/// The beginning of a value as text, for errors.
std::string Excerpt(const nlohmann::json& value);

}  // namespace varve::internal
