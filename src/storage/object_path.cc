// SPDX-License-Identifier: Apache-2.0
#include "storage/object_path.h"

#include <algorithm>
#include <array>

#include "arrow/util/utf8.h"

namespace varve::internal {
namespace {

// Escapes of NUL, '%', '.', '/', '\' and of the bytes that begin an overlong encoding of them.
constexpr std::array<std::string_view, 7> kRefusedEscapes = {"00", "25", "2e", "2f",
                                                             "5c", "c0", "c1"};

bool IsUtf8(std::string_view text) {
  [[maybe_unused]] static const bool is_ready = [] {
    arrow::util::InitializeUTF8();
    return true;
  }();
  return arrow::util::ValidateUTF8(text);
}

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool HasRefusedEscape(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size()) return false;
    const char digits[2] = {ToLower(text[at + 1]), ToLower(text[at + 2])};
    if (std::ranges::find(kRefusedEscapes, std::string_view(digits, 2)) != kRefusedEscapes.end()) {
      return true;
    }
  }
  return false;
}

// What is wrong with one part, or nullptr.
const char* ProblemOfPart(std::string_view part) {
  if (part.empty()) return "has an empty part";
  if (part.size() > kObjectPathPartBytesMax) return "has a part of more than 255 bytes";
  if (part.find_first_not_of(". ") == part.npos) return "has a part of dots or blanks only";
  if (part.starts_with(kReservedPrefix)) return "has a part that is reserved for the store";
  return nullptr;
}

const char* ProblemOfText(std::string_view text) {
  if (text.size() > kObjectPathBytesMax) return "has more than 1024 bytes";
  const bool has_control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (has_control) return "has a control character";
  if (text.find('\\') != text.npos) return "has a backslash";
  if (HasRefusedEscape(text)) return "has a percent escape of a dot, a separator or a NUL";
  if (!IsUtf8(text)) return "is not UTF-8";
  return nullptr;
}

Status Refuse(std::string_view path, const char* problem) {
  // The whole of an overlong path would not help anybody.
  return MakeError(ErrorKind::kInvalid, std::string("the object path ") + problem,
                   {.object = std::string(path.substr(0, 200))});
}

}  // namespace

Status CheckObjectPath(std::string_view path) {
  if (path.empty()) return Refuse(path, "is empty");
  if (const char* problem = ProblemOfText(path)) return Refuse(path, problem);
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (const char* problem = ProblemOfPart(path.substr(begin, end - begin))) {
      return Refuse(path, problem);
    }
    begin = end + 1;
  }
  return Status::OK();
}

Status CheckObjectPrefix(std::string_view prefix) {
  if (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  else if (prefix.empty())
    return Status::OK();
  return CheckObjectPath(prefix);
}

SplitObjectPath SplitPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return {.directory = {}, .name = path};
  return {.directory = path.substr(0, slash), .name = path.substr(slash + 1)};
}

}  // namespace varve::internal
