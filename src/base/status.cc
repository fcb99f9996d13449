// SPDX-License-Identifier: Apache-2.0
#include "varve/status.h"

#include <utility>

namespace varve {
namespace {

constexpr const char* kDetailTypeId = "varve::ErrorDetail";

class ErrorDetail : public arrow::StatusDetail {
 public:
  ErrorDetail(ErrorKind kind, ErrorContext context) : kind_(kind), context_(std::move(context)) {}
  const char* type_id() const override { return kDetailTypeId; }
  std::string ToString() const override { return std::string(ErrorKindName(kind_)); }

  ErrorKind kind() const { return kind_; }
  const ErrorContext& context() const { return context_; }

 private:
  ErrorKind kind_;
  ErrorContext context_;
};

const ErrorDetail* DetailOf(const Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != kDetailTypeId) return nullptr;
  return static_cast<const ErrorDetail*>(detail.get());
}

// The Arrow code that callers who know nothing of ErrorKind see.
arrow::StatusCode ArrowCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return arrow::StatusCode::Invalid;
    case ErrorKind::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kCommitConflict:
      return arrow::StatusCode::AlreadyExists;
    case ErrorKind::kUnsupported:
      return arrow::StatusCode::NotImplemented;
    case ErrorKind::kResourceExhausted:
      return arrow::StatusCode::CapacityError;
    case ErrorKind::kCancelled:
      return arrow::StatusCode::Cancelled;
    case ErrorKind::kInternal:
      return arrow::StatusCode::UnknownError;
    case ErrorKind::kCorruption:
    case ErrorKind::kCommitUnknown:
    case ErrorKind::kIo:
    case ErrorKind::kDenied:
      return arrow::StatusCode::IOError;
  }
  return arrow::StatusCode::UnknownError;
}

void AppendPart(std::string* message, bool* first, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  message->append(*first ? ": " : ", ").append(name).append(" ").append(value);
  *first = false;
}

}  // namespace

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kAlreadyExists:
      return "already_exists";
    case ErrorKind::kCorruption:
      return "corruption";
    case ErrorKind::kCommitConflict:
      return "commit_conflict";
    case ErrorKind::kCommitUnknown:
      return "commit_unknown";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kResourceExhausted:
      return "resource_exhausted";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
    case ErrorKind::kDenied:
      return "denied";
  }
  return "internal";
}

Status MakeError(ErrorKind kind, std::string_view message, ErrorContext context) {
  std::string text(message);
  bool first = true;
  if (!context.object.empty()) AppendPart(&text, &first, "object", "'" + context.object + "'");
  if (!context.field.empty()) AppendPart(&text, &first, "field", "'" + context.field + "'");
  if (context.offset >= 0) AppendPart(&text, &first, "offset", std::to_string(context.offset));
  AppendPart(&text, &first, "expected", context.expected);
  AppendPart(&text, &first, "found", context.found);
  return Status(ArrowCodeOf(kind), std::move(text),
                std::make_shared<ErrorDetail>(kind, std::move(context)));
}

Status Corruption(std::string_view message, ErrorContext context) {
  return MakeError(ErrorKind::kCorruption, message, std::move(context));
}

ErrorKind KindOf(const Status& status) {
  if (const ErrorDetail* detail = DetailOf(status)) return detail->kind();
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::IndexError:
      return ErrorKind::kInvalid;
    case arrow::StatusCode::KeyError:
      return ErrorKind::kNotFound;
    case arrow::StatusCode::AlreadyExists:
      return ErrorKind::kAlreadyExists;
    case arrow::StatusCode::NotImplemented:
      return ErrorKind::kUnsupported;
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return ErrorKind::kResourceExhausted;
    case arrow::StatusCode::IOError:
      return ErrorKind::kIo;
    case arrow::StatusCode::Cancelled:
      return ErrorKind::kCancelled;
    default:
      return ErrorKind::kInternal;
  }
}

const ErrorContext* ContextOf(const Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  return detail == nullptr ? nullptr : &detail->context();
}

}  // namespace varve
