// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/opendal_reply.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "arrow/buffer.h"
#include "base/clock.h"

namespace varve::internal {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

std::string StringOf(const vod_text& text) {
  return text.length == 0 ? std::string() : std::string(text.data, text.length);
}

// The words of S3 and its lookalikes, of OSS and of COS; also under status 400.
bool HasExpired(const vod_result& result) {
  if (result.http_status < 400 || result.http_status > 403) return false;
  const std::string_view message(result.message.data, result.message.length);
  constexpr std::string_view kWords[] = {"ExpiredToken", "TokenRefreshRequired",
                                         "SecurityTokenExpired", "InvalidSecurityToken.Expired"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return message.find(word) != message.npos; });
}

// What a refusal for the hour means; clocks apart by more than a quarter of an hour are refused.
std::string SkewIn(const vod_result& result) {
  const std::string_view message(result.message.data, result.message.length);
  if (message.find("RequestTimeTooSkewed") == message.npos || result.server_date_ms < 0) return {};
  const int64_t behind =
      (result.server_date_ms * 1000 - Clock::System()->NowMicros()) / kMicrosPerSecond;
  return "; this machine's clock is " + std::to_string(std::abs(behind)) + " s " +
         (behind < 0 ? "ahead of" : "behind") + " the store's: set it";
}

ObjectOutcome OutcomeOf(const vod_result& result, const ObjectRequest& request) {
  const int status = result.http_status;
  switch (result.kind) {
    case VOD_OK:
      // A put whose answer names no entity may be an error in the clothes of a success.
      if ((request.operation == ObjectOperation::kWrite ||
           request.operation == ObjectOperation::kUploadPart ||
           request.operation == ObjectOperation::kUploadComplete) &&
          result.etag.length == 0) {
        return ObjectOutcome::kUnavailable;
      }
      // Every service names the entity; what does not is somebody else's answer.
      if (request.operation == ObjectOperation::kStat && result.etag.length == 0) {
        return ObjectOutcome::kBadAnswer;
      }
      return ObjectOutcome::kOk;
    case VOD_TIMED_OUT:
      return ObjectOutcome::kTimedOut;
    case VOD_CANCELLED:
      return ObjectOutcome::kCancelled;
    case VOD_BAD_ARGUMENT:
    case VOD_TOO_LONG:
    case VOD_CONFIG_INVALID:
      return ObjectOutcome::kInvalid;
    case VOD_PANICKED:
      return ObjectOutcome::kFailed;
    case VOD_UNSUPPORTED:
      return ObjectOutcome::kUnsupported;
    default:
      break;
  }
  if (result.certificate_refused) return ObjectOutcome::kUntrusted;
  if (status == 412) return ObjectOutcome::kExists;
  if (status == 409) {
    return result.kind == VOD_CONDITION_NOT_MATCH || result.kind == VOD_ALREADY_EXISTS
               ? ObjectOutcome::kExists
               : ObjectOutcome::kConflict;
  }
  if (status == 401 || status == 403 || HasExpired(result)) return ObjectOutcome::kDenied;
  if (status == 404) return ObjectOutcome::kNotFound;
  if (status == 416) return ObjectOutcome::kBadAnswer;
  if (status == 429 || result.kind == VOD_RATE_LIMITED) return ObjectOutcome::kThrottled;
  if (status == 501) return ObjectOutcome::kUnsupported;
  if (status == 408 || status >= 500) return ObjectOutcome::kUnavailable;
  switch (result.kind) {
    case VOD_NOT_FOUND:
      return ObjectOutcome::kNotFound;
    case VOD_PERMISSION_DENIED:
      return ObjectOutcome::kDenied;
    case VOD_CONDITION_NOT_MATCH:
    case VOD_ALREADY_EXISTS:
      return ObjectOutcome::kExists;
    case VOD_RANGE_NOT_SATISFIED:
      return ObjectOutcome::kBadAnswer;
    default:
      break;
  }
  // No answer, or one that broke off; the status is that of an earlier one then.
  if (status == 0 || result.temporary) return ObjectOutcome::kUnavailable;
  // A success that was not one: too few bytes, too many, or others.
  if (status >= 200 && status < 300) return ObjectOutcome::kBadAnswer;
  return ObjectOutcome::kFailed;
}

}  // namespace

ObjectReply ReplyOf(const vod_result& result, const ObjectRequest& request) {
  ObjectReply reply;
  reply.outcome = OutcomeOf(result, request);
  reply.message = StringOf(result.message) + SkewIn(result);
  reply.credentials_expired = HasExpired(result);
  reply.http_status = result.http_status;
  reply.requests = result.requests;
  reply.bytes = static_cast<int64_t>(result.bytes);
  reply.size = static_cast<int64_t>(result.size);
  reply.last_modified_micros = result.last_modified_ms < 0 ? 0 : result.last_modified_ms * 1000;
  reply.retry_after = std::chrono::milliseconds(result.retry_after_ms);
  reply.server_time_micros = result.server_date_ms < 0 ? -1 : result.server_date_ms * 1000;
  reply.bucket_region = StringOf(result.bucket_region);
  reply.etag = StringOf(result.etag);
  if (request.operation == ObjectOperation::kReadWhole && reply.ok()) {
    reply.data = arrow::Buffer::FromString(StringOf(result.data));
  }
  if (request.operation == ObjectOperation::kUploadBegin) {
    reply.upload = StringOf(result.data);
    if (reply.ok() && reply.upload.empty()) reply.outcome = ObjectOutcome::kUnavailable;
  }
  return reply;
}

}  // namespace varve::internal
