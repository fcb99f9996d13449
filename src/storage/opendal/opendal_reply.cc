// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/opendal_reply.h"

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

std::string StringOf(const vod_text& text) {
  return text.length == 0 ? std::string() : std::string(text.data, text.length);
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
  if (status == 401 || status == 403) return ObjectOutcome::kDenied;
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
  reply.message = StringOf(result.message);
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
