// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/object_client.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/stop.h"

namespace varve::internal {
namespace {

// How long a caller that waits goes without asking whether to stop.
constexpr auto kBetweenQuestions = std::chrono::milliseconds(20);

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

std::vector<ObjectReply> RunAll(ObjectClient* client, std::vector<ObjectRequest> requests) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable all_ended;
    size_t ended = 0;
    std::vector<ObjectReply> replies;
    std::stop_source stop;
  };
  const size_t count = requests.size();
  const auto waiting = std::make_shared<Waiting>();
  waiting->replies.resize(count);
  for (size_t i = 0; i < count; ++i) {
    requests[i].stop = waiting->stop.get_token();
    client->Start(std::move(requests[i]), [waiting, i, count](ObjectReply reply) {
      const bool failed = !reply.ok();
      {
        std::lock_guard<std::mutex> lock(waiting->mutex);
        waiting->replies[i] = std::move(reply);
        if (++waiting->ended == count) waiting->all_ended.notify_all();
      }
      if (failed && count > 1) waiting->stop.request_stop();
    });
  }
  StopScope* const scope = CurrentScope();
  std::unique_lock<std::mutex> lock(waiting->mutex);
  while (waiting->ended != count) {
    if (scope == nullptr) {
      waiting->all_ended.wait(lock);
      continue;
    }
    waiting->all_ended.wait_for(lock, kBetweenQuestions);
    lock.unlock();
    if (scope->Ask()) waiting->stop.request_stop();
    lock.lock();
  }
  return std::move(waiting->replies);
}

ObjectReply Run(ObjectClient* client, ObjectRequest request) {
  std::vector<ObjectRequest> one;
  one.push_back(std::move(request));
  return std::move(RunAll(client, std::move(one)).front());
}

}  // namespace varve::internal
