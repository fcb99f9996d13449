// SPDX-License-Identifier: Apache-2.0
#include "capi/varve_error.h"

#include <memory>
#include <string>
#include <string_view>

struct varve_error {
  varve_code code = VARVE_OK;
  std::string message;
  std::string object;
  std::string commit_token;
};

namespace varve::capi {

// The codes of C are those of ErrorKind.
static_assert(VARVE_INVALID == static_cast<varve_code>(ErrorKind::kInvalid));
static_assert(VARVE_NOT_FOUND == static_cast<varve_code>(ErrorKind::kNotFound));
static_assert(VARVE_ALREADY_EXISTS == static_cast<varve_code>(ErrorKind::kAlreadyExists));
static_assert(VARVE_CORRUPTION == static_cast<varve_code>(ErrorKind::kCorruption));
static_assert(VARVE_COMMIT_CONFLICT == static_cast<varve_code>(ErrorKind::kCommitConflict));
static_assert(VARVE_COMMIT_UNKNOWN == static_cast<varve_code>(ErrorKind::kCommitUnknown));
static_assert(VARVE_UNSUPPORTED == static_cast<varve_code>(ErrorKind::kUnsupported));
static_assert(VARVE_RESOURCE_EXHAUSTED == static_cast<varve_code>(ErrorKind::kResourceExhausted));
static_assert(VARVE_IO == static_cast<varve_code>(ErrorKind::kIo));
static_assert(VARVE_CANCELLED == static_cast<varve_code>(ErrorKind::kCancelled));
static_assert(VARVE_INTERNAL == static_cast<varve_code>(ErrorKind::kInternal));
static_assert(VARVE_DENIED == static_cast<varve_code>(ErrorKind::kDenied));

varve_code ReportError(const Status& status, varve_error** error) {
  if (status.ok()) return VARVE_OK;
  const auto code = static_cast<varve_code>(KindOf(status));
  if (error == nullptr) return code;
  auto made = std::make_unique<varve_error>();
  made->code = code;
  made->message = status.message();
  if (const ErrorContext* context = ContextOf(status)) {
    made->object = context->object;
    if (code == VARVE_COMMIT_UNKNOWN) made->commit_token = context->found;
  }
  *error = made.release();
  return code;
}

}  // namespace varve::capi

varve_code varve_error_code(const varve_error* error) {
  return error == nullptr ? VARVE_OK : error->code;
}

const char* varve_error_message(const varve_error* error) {
  return error == nullptr ? "" : error->message.c_str();
}

const char* varve_error_object(const varve_error* error) {
  return error == nullptr ? "" : error->object.c_str();
}

const char* varve_error_commit_token(const varve_error* error) {
  return error == nullptr ? "" : error->commit_token.c_str();
}

void varve_error_free(varve_error* error) { delete error; }

const char* varve_code_name(varve_code code) {
  if (code == VARVE_OK) return "ok";
  if (code < VARVE_INVALID || code > VARVE_DENIED) return "unknown";
  return varve::ErrorKindName(static_cast<varve::ErrorKind>(code)).data();
}

const char* varve_library_version(void) { return VARVE_VERSION; }
