// SPDX-License-Identifier: Apache-2.0
#include "binlog/json_members.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace varve::internal {
namespace {

constexpr size_t kExcerptBytes = 40;
// None of our documents is deeper than eight. Deeper ones would take fifty bytes for each of
// theirs.
constexpr int kDepthMax = 32;

Status CheckDepth(std::span<const uint8_t> bytes, const std::string& object, int64_t offset) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t byte = bytes[i];
    if (in_text) {
      if (byte == '\\') ++i;
      if (byte == '"') in_text = false;
    } else if (byte == '"') {
      in_text = true;
    } else if (byte == ']' || byte == '}') {
      --depth;
    } else if ((byte == '[' || byte == '{') && ++depth > kDepthMax) {
      return Corruption("a JSON document nests too deeply",
                        {.object = object,
                         .offset = offset + static_cast<int64_t>(i),
                         .expected = "at most " + std::to_string(kDepthMax) + " levels"});
    }
  }
  return Status::OK();
}

// Without the text that was being read, which may be long and is not always UTF-8.
std::string Reason(const nlohmann::json::parse_error& error) {
  const std::string text = error.what();
  return text.substr(0, text.find("; last read"));
}

// All of `text`, in decimal.
template <typename Integer>
std::optional<Integer> ParseInteger(const std::string& text) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<nlohmann::json> ParseJson(std::span<const uint8_t> bytes, const std::string& object,
                                 int64_t offset) {
  ARROW_RETURN_NOT_OK(CheckDepth(bytes, object, offset));
  try {
    return nlohmann::json::parse(bytes.begin(), bytes.end());
  } catch (const nlohmann::json::parse_error& error) {
    return Corruption(
        "not a JSON document",
        {.object = object,
         // Theirs counts from 1, with 0 for no byte.
         .offset = offset + static_cast<int64_t>(error.byte - (error.byte > 0 ? 1 : 0)),
         .expected = "JSON",
         .found = Reason(error)});
  } catch (const nlohmann::json::exception&) {  // whose text has all digits
    return Corruption(
        "not a JSON document",
        {.object = object, .expected = "numbers that a double holds", .found = "a larger one"});
  }
}

std::optional<int64_t> AsInt64(const nlohmann::json& value) {
  if (const auto* number = value.get_ptr<const nlohmann::json::number_unsigned_t*>()) {
    if (*number > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<int64_t>(*number);
  }
  if (const auto* number = value.get_ptr<const nlohmann::json::number_integer_t*>()) return *number;
  return std::nullopt;
}

std::optional<int64_t> AsProtoInt64(const nlohmann::json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text == nullptr ? AsInt64(value) : ParseInteger<int64_t>(*text);
}

std::string Excerpt(const nlohmann::json& value) {
  if (value.is_array()) return "an array of " + std::to_string(value.size());
  if (value.is_object()) return "an object of " + std::to_string(value.size()) + " members";
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  return text.size() <= kExcerptBytes ? text : text.substr(0, kExcerptBytes) + "...";
}

Result<JsonMembers> JsonMembers::Of(const nlohmann::json& value, const std::string& object,
                                    const std::string& what) {
  if (value.is_object()) return JsonMembers(value, object);
  return Corruption(
      "not a JSON object",
      {.object = object, .field = what, .expected = "an object", .found = Excerpt(value)});
}

Result<JsonMembers> JsonMembers::OfProto(const nlohmann::json& value, const std::string& object,
                                         const std::string& what) {
  ARROW_ASSIGN_OR_RAISE(JsonMembers members, Of(value, object, what));
  members.numbers_may_be_texts_ = true;
  return members;
}

const nlohmann::json* JsonMembers::Find(const std::string& name) const {
  const auto found = value_->find(name);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

Result<const nlohmann::json*> JsonMembers::Get(const std::string& name) const {
  if (const nlohmann::json* value = Find(name)) return value;
  return Wrong("a member is missing", name, "a value", "none");
}

Result<int64_t> JsonMembers::GetInt64(const std::string& name) const {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* value, Get(name));
  const auto number = numbers_may_be_texts_ ? AsProtoInt64(*value) : AsInt64(*value);
  if (number) return *number;
  return Wrong("wrong kind of value", name, "a 64-bit integer", Excerpt(*value));
}

Result<std::optional<uint64_t>> JsonMembers::FindUint64(const std::string& name) const {
  const nlohmann::json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->get_ptr<const nlohmann::json::number_unsigned_t*>()) {
    return *number;
  }
  const auto* text = value->get_ptr<const std::string*>();
  if (text != nullptr && numbers_may_be_texts_) {
    if (const auto number = ParseInteger<uint64_t>(*text)) return *number;
  }
  return Wrong("wrong kind of value", name, "an unsigned 64-bit integer", Excerpt(*value));
}

Result<std::string> JsonMembers::GetText(const std::string& name) const {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json* value, Get(name));
  if (const auto* text = value->get_ptr<const std::string*>()) return *text;
  return Wrong("wrong kind of value", name, "a text", Excerpt(*value));
}

Result<std::optional<int64_t>> JsonMembers::FindInt64(const std::string& name) const {
  if (Find(name) == nullptr) return std::nullopt;
  return GetInt64(name);
}

Status JsonMembers::Wrong(const std::string& message, const std::string& name,
                          const std::string& expected, const std::string& found) const {
  return Corruption(message,
                    {.object = object_, .field = name, .expected = expected, .found = found});
}

}  // namespace varve::internal
