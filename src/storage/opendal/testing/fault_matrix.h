// SPDX-License-Identifier: Apache-2.0
// The fault matrix: operations, faults, and what one try of each operation under each fault comes
// to.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "storage/remote/object_client.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/fault_proxy.h"

namespace varve::internal::fault_matrix {

// The operations; those of an upload by the request that meets the fault.
enum Op {
  kRead,
  kWhole,
  kWrite,
  kCreate,
  kStat,
  kRemove,
  kList,
  kListParts,
  kListUploads,
  kOpen,
  kPart,
  kClose,
  kCloseNew,
  kAbort,
  kNumOps
};
inline constexpr std::array<const char*, kNumOps> kOpNames = {"read",
                                                              "read whole",
                                                              "write",
                                                              "write if absent",
                                                              "stat",
                                                              "remove",
                                                              "list",
                                                              "list parts",
                                                              "list uploads",
                                                              "open upload",
                                                              "send part",
                                                              "close upload",
                                                              "close upload if absent",
                                                              "abort upload"};
inline constexpr std::array<S3Call, kNumOps> kCalls = {S3Call::kGet,
                                                       S3Call::kGet,
                                                       S3Call::kPut,
                                                       S3Call::kPut,
                                                       S3Call::kHead,
                                                       S3Call::kDelete,
                                                       S3Call::kList,
                                                       S3Call::kListParts,
                                                       S3Call::kListUploads,
                                                       S3Call::kCreateUpload,
                                                       S3Call::kSendPart,
                                                       S3Call::kCompleteUpload,
                                                       S3Call::kCompleteUpload,
                                                       S3Call::kAbortUpload};

inline bool IsUpload(int op) { return op >= kOpen; }
inline constexpr auto kGood = ObjectOutcome::kOk;
inline constexpr auto kThere = ObjectOutcome::kExists;
inline constexpr auto kGone = ObjectOutcome::kNotFound;
inline constexpr auto kBusy = ObjectOutcome::kConflict;
inline constexpr auto kDeny = ObjectOutcome::kDenied;
inline constexpr auto kSlow = ObjectOutcome::kThrottled;
inline constexpr auto kDown = ObjectOutcome::kUnavailable;
inline constexpr auto kLate = ObjectOutcome::kTimedOut;
inline constexpr auto kBad = ObjectOutcome::kBadAnswer;
inline constexpr auto kNever = ObjectOutcome::kUnsupported;
inline constexpr auto kWrong = ObjectOutcome::kInvalid;
inline constexpr auto kFail = ObjectOutcome::kFailed;

using Outcomes = std::array<ObjectOutcome, kNumOps>;

constexpr Outcomes All(ObjectOutcome outcome) {
  Outcomes outcomes{};
  outcomes.fill(outcome);
  return outcomes;
}

struct Row {
  const char* name;
  Fault fault;
  bool applied;  // what was asked for is done all the same
  bool slow;     // ends by the deadline
  Outcomes outcomes;
};

HttpResponse Plain(int status, HttpHeaders headers = {}, std::string body = {});
Fault Of(FaultKind kind, int64_t at = 0);
Fault Instead(HttpResponse answer);
Fault Under(FaultKind kind, HttpResponse answer);

std::vector<Row> Rows();

}  // namespace varve::internal::fault_matrix
