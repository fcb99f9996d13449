// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/testing/simulated_client.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

ObjectReply Reply(ObjectOutcome outcome, int http_status) {
  return {.outcome = outcome, .http_status = http_status, .requests = 1};
}

}  // namespace

class SimulatedClient::Upload : public ObjectUpload {
 public:
  Upload(SimulatedClient* client, std::string path, bool if_absent)
      : client_(client), path_(std::move(path)), if_absent_(if_absent) {}

  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override {
    bytes_ += bytes->ToString();
    done({});
  }
  void Close(ObjectDone done) override {
    const auto end = [this, done = std::move(done)](ObjectReply reply) {
      if (reply.ok()) {
        const std::lock_guard lock(client_->mutex_);
        --client_->num_open_uploads_;
      }
      done(std::move(reply));
    };
    client_->Put(if_absent_ ? client_->dialect_.upload : SimulatedCondition::kIgnored,
                 {path_, bytes_, end});
  }
  void Abort(ObjectDone done) override {
    {
      const std::lock_guard lock(client_->mutex_);
      --client_->num_open_uploads_;
    }
    done({});
  }

 private:
  SimulatedClient* const client_;
  const std::string path_;
  const bool if_absent_;
  std::string bytes_;
};

Result<std::unique_ptr<ObjectUpload>> SimulatedClient::OpenUpload(const std::string& path,
                                                                  const UploadOptions& options) {
  const std::lock_guard lock(mutex_);
  ++num_open_uploads_;
  return std::make_unique<Upload>(this, path, options.if_absent);
}

void SimulatedClient::Start(ObjectRequest request, ObjectDone done) {
  if (request.operation == ObjectOperation::kUploadComplete) {
    return Complete(std::move(request), std::move(done));
  }
  if (request.operation > ObjectOperation::kList) return done(AnswerUpload(request));
  if (request.operation != ObjectOperation::kWrite) return done(Answer(request));
  if (request.if_absent && dialect_.put == SimulatedCondition::kHonoured) {
    std::unique_lock lock(mutex_);
    if (num_conflicts_ < dialect_.num_conflicts) {
      ++num_conflicts_;
      lock.unlock();
      return done(Reply(ObjectOutcome::kConflict, 409));
    }
  }
  Put(request.if_absent ? dialect_.put : SimulatedCondition::kIgnored,
      {request.path, request.body->ToString(), std::move(done)});
}

ObjectReply SimulatedClient::AnswerUpload(const ObjectRequest& request) {
  const std::lock_guard lock(mutex_);
  ObjectReply reply = Reply(ObjectOutcome::kOk, 200);
  if (request.operation == ObjectOperation::kUploadBegin) {
    reply.upload = "upload-" + std::to_string(++last_upload_);
    uploads_[reply.upload].path = request.path;
    return reply;
  }
  if (request.operation == ObjectOperation::kListUploads) {
    for (const auto& [id, upload] : uploads_) {
      if (upload.path.starts_with(request.path)) {
        reply.uploads.push_back({.path = upload.path, .id = id});
      }
    }
    return reply;
  }
  const auto upload = uploads_.find(request.upload);
  if (upload == uploads_.end()) return Reply(ObjectOutcome::kNotFound, 404);
  if (request.operation == ObjectOperation::kUploadPart) {
    reply.etag = "part-" + std::to_string(request.part);
    upload->second.bytes[request.part] = request.body->ToString();
  } else if (request.operation == ObjectOperation::kListParts) {
    for (const auto& [number, bytes] : upload->second.bytes) {
      reply.parts.push_back({.number = number,
                             .size = static_cast<int64_t>(bytes.size()),
                             .etag = "part-" + std::to_string(number)});
    }
  } else {
    uploads_.erase(upload);
  }
  return reply;
}

void SimulatedClient::Complete(ObjectRequest request, ObjectDone done) {
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    const auto upload = uploads_.find(request.upload);
    if (upload != uploads_.end()) {
      for (const UploadedPart& part : request.parts) bytes += upload->second.bytes[part.number];
    }
  }
  Put(request.if_absent ? dialect_.upload : SimulatedCondition::kIgnored,
      {request.path, std::move(bytes),
       [this, id = request.upload, done = std::move(done)](ObjectReply reply) {
         if (reply.ok()) {
           const std::lock_guard lock(mutex_);
           uploads_.erase(id);
         }
         done(std::move(reply));
       }});
}

void SimulatedClient::Put(SimulatedCondition condition, Waiting write) {
  std::vector<std::pair<ObjectDone, ObjectReply>> answers;
  {
    const std::lock_guard lock(mutex_);
    const bool exists = objects_.contains(write.path);
    if (condition == SimulatedCondition::kCheckedTooEarly && !exists) {
      waiting_.push_back(std::move(write));
      if (static_cast<int>(waiting_.size()) < dialect_.together) return;
      for (Waiting& each : waiting_) {
        Store(each.path, std::move(each.bytes));
        answers.emplace_back(std::move(each.done), Reply(ObjectOutcome::kOk, 200));
      }
      waiting_.clear();
    } else {
      ObjectReply reply = Reply(ObjectOutcome::kOk, 200);
      if (condition == SimulatedCondition::kNotImplemented) {
        reply = Reply(ObjectOutcome::kUnavailable, 501);
      } else if (exists && condition != SimulatedCondition::kIgnored) {
        reply = Reply(ObjectOutcome::kExists, dialect_.exists_status);
      }
      const bool won = reply.ok();
      if (won && dialect_.loses_first_answer && !std::exchange(lost_answer_, true)) {
        reply = Reply(ObjectOutcome::kExists, dialect_.exists_status);
        reply.maybe_ours = true;
      }
      if (won || condition == SimulatedCondition::kRefusedButStored) {
        Store(write.path, std::move(write.bytes));
      }
      answers.emplace_back(std::move(write.done), std::move(reply));
    }
  }
  for (auto& [done, reply] : answers) done(std::move(reply));
}

void SimulatedClient::Store(const std::string& path, std::string bytes) {
  objects_[path] = std::move(bytes);
  written_[path] = Now();
}

ObjectReply SimulatedClient::Answer(const ObjectRequest& request) {
  const std::lock_guard lock(mutex_);
  if (request.operation == ObjectOperation::kList) return List(request);
  if (request.operation == ObjectOperation::kRemove) {
    if (dialect_.refuses_removal) return Reply(ObjectOutcome::kDenied, 403);
    objects_.erase(request.path);
    return Reply(ObjectOutcome::kOk, 204);
  }
  const auto found = objects_.find(request.path);
  ObjectReply reply = found == objects_.end() ? Reply(ObjectOutcome::kNotFound, 404)
                                              : Reply(ObjectOutcome::kOk, 200);
  if (clock_ != nullptr) reply.server_time_micros = Now();
  if (!reply.ok()) return reply;
  const std::string& bytes = found->second;
  reply.size = static_cast<int64_t>(bytes.size());
  reply.last_modified_micros = written_.at(request.path);
  if (request.operation == ObjectOperation::kReadWhole) {
    reply.data = arrow::Buffer::FromString(bytes);
  }
  if (request.operation == ObjectOperation::kRead) {
    if (request.offset + request.length > reply.size) return Reply(ObjectOutcome::kBadAnswer, 416);
    std::memcpy(request.out, bytes.data() + request.offset, static_cast<size_t>(request.length));
  }
  return reply;
}

ObjectReply SimulatedClient::List(const ObjectRequest& request) const {
  ObjectReply reply = Reply(ObjectOutcome::kOk, 200);
  if (dialect_.listing == SimulatedListing::kBehind) return reply;
  for (const auto& [path, bytes] : objects_) {
    if (!path.starts_with(request.path)) continue;
    if (dialect_.listing != SimulatedListing::kIgnoresStart && path <= request.start_after) {
      continue;
    }
    reply.objects.push_back({.path = path,
                             .size = static_cast<int64_t>(bytes.size()),
                             .last_modified_micros = written_.at(path)});
  }
  if (dialect_.listing == SimulatedListing::kUnordered) std::ranges::reverse(reply.objects);
  if (static_cast<int64_t>(reply.objects.size()) > request.limit) {
    reply.objects.resize(static_cast<size_t>(request.limit));
  }
  return reply;
}

std::map<std::string, std::string> SimulatedClient::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

int SimulatedClient::num_open_uploads() const {
  const std::lock_guard lock(mutex_);
  return num_open_uploads_ + static_cast<int>(uploads_.size());
}

}  // namespace varve::internal
