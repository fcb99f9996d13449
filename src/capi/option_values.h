// SPDX-License-Identifier: Apache-2.0
// Options and texts as C gives them.
//
// Errors: Invalid naming what is wrong
#pragma once

#include <cstddef>
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

// Errors: Invalid for NULL
Status RequireOutput(const void* out);

// No structure of options is or will be larger: what a caller who forgot struct_size left there is
// told from a size.
inline constexpr size_t kMaxOptionsBytes = 1024;

// `given` as this library knows the structure: members that the caller does not have are zero;
// those that this library does not have must be zero.
template <typename Options>
Result<Options> ReadOptions(const Options* given) {
  Options options{};
  if (given == nullptr) return options;
  const size_t bytes = given->struct_size;
  if (bytes < sizeof(bytes) || bytes > kMaxOptionsBytes) {
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
