// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/testing/fault_matrix.h"

#include <utility>

namespace varve::internal::fault_matrix {

HttpResponse Plain(int status, HttpHeaders headers, std::string body) {
  return {
      .status = status, .headers = std::move(headers), .body = std::move(body), .length_told = {}};
}

Fault Of(FaultKind kind, int64_t at) { return {.kind = kind, .at = at, .answer = {}}; }
Fault Instead(HttpResponse answer) {
  return {.kind = FaultKind::kReplace, .at = 0, .answer = std::move(answer)};
}
Fault Under(FaultKind kind, HttpResponse answer) {
  return {.kind = kind, .at = 0, .answer = std::move(answer)};
}

std::vector<Row> Rows() {
  return {
      {"reset", Of(FaultKind::kReset), false, false, All(kDown)},
      {"cut_request", Of(FaultKind::kCutRequest, 700), false, false, All(kDown)},
      {"stall", Of(FaultKind::kStall), false, true, All(kLate)},
      {"stall_mid_answer", Of(FaultKind::kStallMidAnswer), true, true, All(kLate)},
      {"throttle", Of(FaultKind::kThrottle), true, true, All(kLate)},
      {"answer_too_late", Of(FaultKind::kAnswerTooLate), true, true, All(kLate)},
      {"forward_too_late", Of(FaultKind::kForwardTooLate), true, true, All(kLate)},
      {"drop_answer", Of(FaultKind::kDropAnswer), true, false, All(kDown)},
      {"not_http", Of(FaultKind::kNotHttp), false, false, All(kDown)},
      {"status_500", Instead(S3Error(500, "InternalError")), false, false, All(kDown)},
      {"status_500_after", Under(FaultKind::kReplaceAnswer, S3Error(500, "InternalError")), true,
       false, All(kDown)},
      {"status_504_plain", Instead(Plain(504, {}, "no answer from behind")), false, false,
       All(kDown)},
      {"status_408", Instead(Plain(408)), false, false, All(kDown)},
      {"status_503_slow_down",
       Instead(S3Error(503, "SlowDown", {{"Retry-After", "7"}})),
       false,
       false,
       // A HEAD has no body that could say so.
       {kSlow, kSlow, kSlow, kSlow, kDown, kSlow, kSlow, kSlow, kSlow, kSlow, kSlow, kSlow, kSlow,
        kSlow}},
      {"status_429", Instead(Plain(429, {{"Retry-After", "7"}})), false, false, All(kSlow)},
      {"status_403", Instead(S3Error(403, "AccessDenied")), false, false, All(kDeny)},
      {"status_403_skewed", Instead(S3Error(403, "RequestTimeTooSkewed")), false, false,
       All(kDeny)},
      {"status_401", Instead(Plain(401)), false, false, All(kDeny)},
      {"status_409_conditional", Instead(S3Error(409, "ConditionalRequestConflict")), false, false,
       All(kBusy)},
      {"status_409_plain", Instead(Plain(409)), false, false, All(kBusy)},
      {"status_412", Instead(S3Error(412, "PreconditionFailed")), false, false, All(kThere)},
      {"status_501", Instead(S3Error(501, "NotImplemented")), false, false, All(kNever)},
      {"redirect", Instead(Plain(307, {{"Location", "http://127.0.0.1:1/elsewhere"}})), false,
       false, All(kFail)},
      {"truncate", Of(FaultKind::kTruncate), true, false, All(kDown)},
      // Where the length is not known before, less and more of it are what was read.
      {"shorten",
       Of(FaultKind::kShorten),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kDown, kDown, kDown, kBad, kGood, kBad, kBad,
        kGood}},
      {"pad",
       Of(FaultKind::kPad),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood,
        kGood}},
      // A raw read is the bytes that came; checksums are looked at further up.
      {"flip",
       Of(FaultKind::kFlip),
       true,
       false,
       {kGood, kGood, kGood, kGood, kGood, kGood, kDown, kDown, kDown, kBad, kGood, kBad, kBad,
        kGood}},
      {"error_under_200",
       Instead(S3Error(200, "InternalError")),
       false,
       false,
       {kBad, kDown, kDown, kDown, kBad, kDown, kDown, kDown, kDown, kDown, kDown, kDown, kDown,
        kDown}},
      {"other_range",
       Of(FaultKind::kOtherRange),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood,
        kGood}},
      {"whole_object",
       Of(FaultKind::kWholeObject),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood,
        kGood}},
      {"forward_twice",
       Of(FaultKind::kForwardTwice),
       true,
       false,
       {kGood, kGood, kGood, kThere, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGone, kGone,
        kGone}},
      {"echo_403", Under(FaultKind::kEcho, Plain(403)), false, false, All(kDeny)},
      {"echo_500", Under(FaultKind::kEcho, Plain(500)), false, false, All(kDown)},
      {"endless_500", Under(FaultKind::kEndless, Plain(500)), false, false, All(kDown)},
      // A whole object may be long; it is too long for what was asked.
      {"endless_200",
       Under(FaultKind::kEndless, Plain(200)),
       false,
       false,
       {kBad, kWrong, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad}},
  };
}

}  // namespace varve::internal::fault_matrix
