// SPDX-License-Identifier: Apache-2.0
// One request to an object store, and what became of it. What reaches a service, and what stands
// before it (limits, retries, metering), has this one method, so that they can be put together at
// will and tested alone.
//
// Threads:  Start may be called from any thread, also from `done`
// Lifetime: a client keeps what it needs alive until the last `done` has returned
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/unfinished_uploads.h"

namespace varve::internal {

enum class ObjectOperation {
  kRead,       ///< exactly `length` bytes at `offset` to `out`
  kReadWhole,  ///< all of an object of at most `length` bytes
  kWrite,      ///< all of `body`; with `if_absent`, only where there is no such object
  kStat,
  kRemove,
  kList,  ///< objects whose path starts with `path`, in the service's order

  // Multipart uploads, where the service lets them be told apart: S3 and lookalikes.
  kUploadBegin,
  kUploadPart,      ///< `body` as number `part`; sends nothing if it is what `known_etag` names
  kUploadComplete,  ///< makes `parts` the object; with `if_absent`, only where there is none
  kUploadAbort,
  kListParts,    ///< of one upload
  kListUploads,  ///< begun, and neither completed nor aborted, of paths that start with `path`
};

/// "read", "stat", …: for messages and metrics.
std::string_view NameOf(ObjectOperation operation);

/// A part of an upload, as the service holds it.
struct UploadedPart {
  int number = 0;  ///< from 1
  int64_t size = 0;
  std::string etag;
};

struct ObjectRequest {
  ObjectOperation operation = ObjectOperation::kRead;
  std::string path;
  int64_t offset = 0;
  int64_t length = 0;
  uint8_t* out = nullptr;
  std::shared_ptr<arrow::Buffer> body;
  bool if_absent = false;
  std::string start_after;
  int64_t limit = INT64_MAX;  ///< objects listed
  std::string upload;         ///< an id that kUploadBegin gave
  int part = 0;               ///< from 1
  std::string known_etag;
  std::vector<UploadedPart> parts;  ///< in order
  /// No later than that, counted from when it is sent; 0: without limit.
  std::chrono::milliseconds timeout{0};
  std::stop_token stop;  ///< asked to stop, a request ends early with kCancelled
};

/// What happened, as far as a caller may have to act on it.
enum class ObjectOutcome {
  kOk,
  kNotFound,
  kExists,       ///< a condition was false: there is such an object
  kConflict,     ///< another request for the same object is in progress; nothing is said of either
  kDenied,       ///< credentials or rights
  kThrottled,    ///< too many requests
  kUnavailable,  ///< no answer, or one that the service could not give
  kTimedOut,
  kBadAnswer,  ///< other bytes than were asked for
  kUntrusted,  ///< the server's certificate is not to be trusted
  kInvalid,    ///< a request or configuration that makes no sense
  kUnsupported,
  kCancelled,
  kFailed,  ///< anything else
};

std::string_view NameOf(ObjectOutcome outcome);

struct ObjectReply {
  ObjectOutcome outcome = ObjectOutcome::kOk;
  std::string message;  ///< without secrets
  int http_status = 0;  ///< of the last response; 0: none came
  int64_t requests = 0;
  /// kExists, and an earlier try of the same request may have made it so.
  bool maybe_ours = false;
  /// kDenied, and fresh credentials may help.
  bool credentials_expired = false;
  /// Spent waiting for a turn before it was sent: none of the service's doing.
  std::chrono::nanoseconds queued{0};
  int64_t bytes = 0;  ///< read or written
  int64_t size = 0;
  int64_t last_modified_micros = 0;
  std::chrono::milliseconds retry_after{-1};  ///< < 0: not told
  int64_t server_time_micros = -1;            ///< < 0: not told
  std::string bucket_region;                  ///< as the service names it; empty: not told
  std::string etag;
  std::shared_ptr<arrow::Buffer> data;    ///< kReadWhole
  std::vector<ObjectInfo> objects;        ///< kList
  std::string upload;                     ///< kUploadBegin: the id
  std::vector<UploadedPart> parts;        ///< kListParts
  std::vector<UnfinishedUpload> uploads;  ///< kListUploads

  bool ok() const { return outcome == ObjectOutcome::kOk; }
};

using ObjectDone = std::function<void(ObjectReply)>;

struct UploadOptions {
  bool if_absent = false;
  bool one_part_if_absent = false;  ///< the same for what is sent with one request
  int64_t part_bytes = 8 << 20;
  int64_t parallel_parts = 4;
  std::chrono::milliseconds timeout{0};  ///< of each call
  std::stop_token stop;  ///< asked to stop, requests end early with kCancelled; not an abort's

  // Where the service sends parts again by itself: not with `multipart`.
  int retries = 0;                  ///< of requests for parts, of all together
  std::function<bool()> may_retry;  ///< asked before each of them, on any thread; empty: yes

  /// Step by step through Start (multipart_upload.h), where the service lets uploads be told apart.
  bool multipart = false;
  bool resume = false;  ///< with `multipart`: goes on with an unfinished upload of the path
};

/// An object that is sent part by part. Calls come one after another; an upload that was not closed
/// must be aborted, or what was sent stays at the service.
class ObjectUpload {
 public:
  virtual ~ObjectUpload() = default;
  /// Of any size; the parts are cut elsewhere. `done` may come before the bytes have arrived.
  virtual void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) = 0;
  /// Makes the object visible, whole.
  virtual void Close(ObjectDone done) = 0;
  virtual void Abort(ObjectDone done) = 0;
};

class ObjectClient {
 public:
  virtual ~ObjectClient() = default;

  /// Sends nothing yet.
  virtual Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                           const UploadOptions& options) = 0;

  /// `done` is called exactly once, when nothing touches `out` any more; maybe before this returns.
  /// It must not block for long.
  virtual void Start(ObjectRequest request, ObjectDone done) = 0;
};

/// The reply as an error that names the object, or OK.
Status StatusOf(const ObjectReply& reply, ObjectOperation operation, const std::string& object);

/// Starts all of `requests`; `done` gets all replies, in the order of the requests, when the last
/// has ended. `stop` cancels those under way, and so does the first failure if they are
/// `all_or_none`.
void StartAll(ObjectClient* client, std::vector<ObjectRequest> requests, bool all_or_none,
              std::stop_token stop, std::function<void(std::vector<ObjectReply>)> done);

/// The failure that made the others fail, as an error that names its request's object; or OK.
Status FirstFailure(const std::vector<ObjectReply>& replies, ObjectOperation operation,
                    const std::function<std::string(size_t)>& object_of);

/// Starts all of `requests`, and waits until all have ended. A caller that is asked to stop
/// (varve/stop.h), and the first failure if they are `all_or_none`, cancel the others.
std::vector<ObjectReply> RunAll(ObjectClient* client, std::vector<ObjectRequest> requests,
                                bool all_or_none = true);
ObjectReply Run(ObjectClient* client, ObjectRequest request);

}  // namespace varve::internal
