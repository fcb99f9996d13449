// SPDX-License-Identifier: Apache-2.0
#include "capi/option_values.h"

#include "arrow/util/utf8.h"

namespace varve::capi {

Result<std::string> RequiredText(const char* text, const char* name) {
  if (text == nullptr) return MakeError(ErrorKind::kInvalid, std::string(name) + " is NULL");
  if (!arrow::util::ValidateUTF8(text)) {
    return MakeError(ErrorKind::kInvalid, std::string(name) + " is not UTF-8");
  }
  return text;
}

Result<std::string> OptionalText(const char* text, const char* name) {
  if (text == nullptr) return std::string();
  return RequiredText(text, name);
}

Result<std::vector<std::string>> Texts(const char* const* texts, size_t num_texts,
                                       const char* name) {
  ARROW_RETURN_NOT_OK(RequireItems(texts, num_texts, name));
  std::vector<std::string> all;
  for (size_t i = 0; i < num_texts; ++i) {
    ARROW_ASSIGN_OR_RAISE(all.emplace_back(),
                          RequiredText(texts[i], (name + ("[" + std::to_string(i) + "]")).c_str()));
  }
  return all;
}

Result<std::map<std::string, std::string>> StorageOptions(const varve_option* options,
                                                          size_t num_options) {
  ARROW_RETURN_NOT_OK(RequireItems(options, num_options, "storage"));
  std::map<std::string, std::string> all;
  for (size_t i = 0; i < num_options; ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto key, RequiredText(options[i].key, "the key of an option"));
    ARROW_ASSIGN_OR_RAISE(all[key], RequiredText(options[i].value, ("option " + key).c_str()));
  }
  return all;
}

Status RequireOutput(const void* out) {
  if (out == nullptr) return MakeError(ErrorKind::kInvalid, "the output is NULL");
  return Status::OK();
}

}  // namespace varve::capi
