// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/object_client.h"

#include <mutex>
#include <optional>
#include <utility>

#include "base/awaited.h"

namespace varve::internal {
namespace {

ErrorKind KindOf(ObjectOutcome outcome) {
  switch (outcome) {
    case ObjectOutcome::kNotFound:
      return ErrorKind::kNotFound;
    case ObjectOutcome::kExists:
      return ErrorKind::kAlreadyExists;
    case ObjectOutcome::kBadAnswer:
      return ErrorKind::kCorruption;
    case ObjectOutcome::kDenied:
      return ErrorKind::kDenied;
    case ObjectOutcome::kInvalid:
      return ErrorKind::kInvalid;
    case ObjectOutcome::kUnsupported:
      return ErrorKind::kUnsupported;
    case ObjectOutcome::kCancelled:
      return ErrorKind::kCancelled;
    case ObjectOutcome::kThrottled:
      return ErrorKind::kResourceExhausted;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

std::string_view NameOf(ObjectOperation operation) {
  switch (operation) {
    case ObjectOperation::kRead:
    case ObjectOperation::kReadWhole:
      return "read";
    case ObjectOperation::kWrite:
      return "write";
    case ObjectOperation::kStat:
      return "stat";
    case ObjectOperation::kRemove:
      return "remove";
    case ObjectOperation::kList:
      return "list";
    case ObjectOperation::kUploadBegin:
      return "begin an upload";
    case ObjectOperation::kUploadPart:
      return "write a part";
    case ObjectOperation::kUploadComplete:
      return "complete an upload";
    case ObjectOperation::kUploadAbort:
      return "abort an upload";
    case ObjectOperation::kListParts:
      return "list parts";
    case ObjectOperation::kListUploads:
      return "list uploads";
  }
  return "request";
}

std::string_view NameOf(ObjectOutcome outcome) {
  switch (outcome) {
    case ObjectOutcome::kOk:
      return "ok";
    case ObjectOutcome::kNotFound:
      return "no such object";
    case ObjectOutcome::kExists:
      return "the object exists already";
    case ObjectOutcome::kConflict:
      return "another request for the object is in progress";
    case ObjectOutcome::kDenied:
      return "the store denies access";
    case ObjectOutcome::kThrottled:
      return "the store asks for fewer requests";
    case ObjectOutcome::kUnavailable:
      return "the store is not to be reached";
    case ObjectOutcome::kTimedOut:
      return "the store did not answer in time";
    case ObjectOutcome::kBadAnswer:
      return "the store sent other bytes than were asked for";
    case ObjectOutcome::kUntrusted:
      return "the store's certificate is not trusted";
    case ObjectOutcome::kInvalid:
      return "the store cannot make sense of the request";
    case ObjectOutcome::kUnsupported:
      return "the store cannot do this";
    case ObjectOutcome::kCancelled:
      return "cancelled";
    case ObjectOutcome::kFailed:
      return "the store failed";
  }
  return "the store failed";
}

Status StatusOf(const ObjectReply& reply, ObjectOperation operation, const std::string& object) {
  if (reply.ok()) return Status::OK();
  std::string message(NameOf(reply.outcome));
  message += " (" + std::string(NameOf(operation));
  if (reply.http_status != 0) message += ", HTTP " + std::to_string(reply.http_status);
  if (!reply.message.empty()) message += ": " + reply.message;
  message += ")";
  return MakeError(KindOf(reply.outcome), message, {.object = object});
}

namespace {

// Requests that end together.
struct Together {
  explicit Together(size_t count) : replies(count), left(count) {}

  std::mutex mutex;
  std::vector<ObjectReply> replies;
  size_t left;
  std::stop_source stop;
  std::function<void(std::vector<ObjectReply>)> done;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

}  // namespace

void StartAll(ObjectClient* client, std::vector<ObjectRequest> requests, bool all_or_none,
              std::stop_token stop, std::function<void(std::vector<ObjectReply>)> done) {
  const size_t count = requests.size();
  if (count == 0) return done({});
  const auto together = std::make_shared<Together>(count);
  together->done = std::move(done);
  if (stop.stop_possible()) {
    const std::weak_ptr<Together> weak = together;
    together->on_stop.emplace(std::move(stop), [weak] {
      if (const auto alive = weak.lock()) alive->stop.request_stop();
    });
  }
  for (size_t i = 0; i < count; ++i) {
    requests[i].stop = together->stop.get_token();
    client->Start(std::move(requests[i]), [together, i, all_or_none](ObjectReply reply) {
      const bool failed = all_or_none && !reply.ok();
      bool last = false;
      {
        std::lock_guard<std::mutex> lock(together->mutex);
        together->replies[i] = std::move(reply);
        last = --together->left == 0;
      }
      if (last) {
        together->on_stop.reset();
        return together->done(std::move(together->replies));
      }
      if (failed) together->stop.request_stop();
    });
  }
}

Status FirstFailure(const std::vector<ObjectReply>& replies, ObjectOperation operation,
                    const std::function<std::string(size_t)>& object_of) {
  Status first;
  for (size_t i = 0; i < replies.size(); ++i) {
    const ObjectReply& reply = replies[i];
    if (reply.ok()) continue;
    const bool cancelled = reply.outcome == ObjectOutcome::kCancelled;
    if (first.ok() || !cancelled) first = StatusOf(reply, operation, object_of(i));
    if (!cancelled) break;
  }
  return first;
}

std::vector<ObjectReply> RunAll(ObjectClient* client, std::vector<ObjectRequest> requests,
                                bool all_or_none) {
  const auto waiting = std::make_shared<Awaited<std::vector<ObjectReply>>>();
  std::stop_source stop;
  StartAll(client, std::move(requests), all_or_none, stop.get_token(),
           [waiting](auto replies) { waiting->Set(std::move(replies)); });
  return waiting->Wait(stop);
}

ObjectReply Run(ObjectClient* client, ObjectRequest request) {
  std::vector<ObjectRequest> one;
  one.push_back(std::move(request));
  return std::move(RunAll(client, std::move(one)).front());
}

}  // namespace varve::internal
