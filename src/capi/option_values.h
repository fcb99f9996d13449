// SPDX-License-Identifier: Apache-2.0
// Options and texts as C gives them.
//
// Errors: Invalid naming what is wrong
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "varve/c/varve.h"
#include "varve/status.h"

namespace varve::capi {

// `text`, which must be there and be UTF-8.
Result<std::string> RequiredText(const char* text, const char* name);
// `text`; empty for NULL.
Result<std::string> OptionalText(const char* text, const char* name);
Result<std::vector<std::string>> Texts(const char* const* texts, size_t num_texts,
                                       const char* name);
Result<std::map<std::string, std::string>> StorageOptions(const varve_option* options,
                                                          size_t num_options);

// Errors: Invalid for NULL where there are items, and for a number that no memory holds
template <typename T>
Status RequireItems(const T* items, size_t num_items, const std::string& name) {
  if (num_items > PTRDIFF_MAX / sizeof(T)) {
    return MakeError(ErrorKind::kInvalid, "more " + name + " than memory holds",
                     {.found = std::to_string(num_items)});
  }
  if (items == nullptr && num_items > 0) {
    return MakeError(ErrorKind::kInvalid, name + " is NULL",
                     {.expected = std::to_string(num_items) + " of them"});
  }
  return Status::OK();
}

// Errors: Invalid for NULL
Status RequireOutput(const void* out);

// No structure of options is or will be larger: what a caller who forgot struct_size left there is
// told from a size.
inline constexpr size_t kMaxOptionsBytes = 1024;

// `given` as this library knows the structure: members that the caller does not have are zero;
// those that this library does not have must be zero. No structure ends within a member, since the
// size of one is a multiple of its alignment, and no member is larger than that.
template <typename Options>
Result<Options> ReadOptions(const Options* given) {
  Options options{};
  if (given == nullptr) return options;
  const size_t bytes = given->struct_size;
  static_assert(alignof(Options) == sizeof(void*));
  if (bytes < sizeof(bytes) || bytes > kMaxOptionsBytes || bytes % alignof(Options) != 0) {
    return MakeError(ErrorKind::kInvalid, "struct_size is not the size of a structure of options",
                     {.expected = std::to_string(sizeof(Options)), .found = std::to_string(bytes)});
  }
  const char* const end = reinterpret_cast<const char*>(given) + bytes;
  for (const char* at = reinterpret_cast<const char*>(given) + sizeof(Options); at < end; ++at) {
    if (*at != 0) {
      return MakeError(ErrorKind::kUnsupported, "an option that this version does not have",
                       {.offset = at - reinterpret_cast<const char*>(given)});
    }
  }
  std::memcpy(&options, given, bytes < sizeof(Options) ? bytes : sizeof(Options));
  return options;
}

}  // namespace varve::capi
