// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/multipart_upload.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

constexpr int kAbortTries = 3;

// Whether a request that ended so may have been carried out all the same.
bool MayHaveHappened(const ObjectReply& reply) {
  switch (reply.outcome) {
    case ObjectOutcome::kUnavailable:
    case ObjectOutcome::kTimedOut:
    case ObjectOutcome::kBadAnswer:
    case ObjectOutcome::kCancelled:
    case ObjectOutcome::kFailed:
      return true;
    case ObjectOutcome::kExists:
      return reply.maybe_ours;
    default:
      return false;
  }
}

}  // namespace

// Steps follow one another through their callbacks; only parts run side by side.
struct MultipartUpload::State : std::enable_shared_from_this<State> {
  using Next = std::function<void(ObjectReply)>;

  ObjectRequest Request(ObjectOperation operation, const std::string& of_upload) const {
    return {.operation = operation,
            .path = path,
            .if_absent = options.if_absent,
            .upload = of_upload,
            .timeout = options.timeout};
  }

  // One that ends with the caller's patience. What tidies up does not.
  ObjectRequest StoppableRequest(ObjectOperation operation, const std::string& of_upload) const {
    ObjectRequest request = Request(operation, of_upload);
    request.stop = options.stop;
    return request;
  }

  void Begin(Next next) {
    if (options.resume) return FindUnfinished(std::move(next));
    client->Start(StoppableRequest(ObjectOperation::kUploadBegin, ""),
                  [self = shared_from_this(), next = std::move(next)](ObjectReply reply) {
                    // Of each try whose answer was lost, an upload may have come to be.
                    self->maybe_orphans = reply.requests > 1 || MayHaveHappened(reply);
                    self->upload = reply.upload;
                    next(std::move(reply));
                  });
  }

  void FindUnfinished(Next next) {
    ListOwn([self = shared_from_this(), next = std::move(next)](ObjectReply reply) {
      if (!reply.ok()) return next(std::move(reply));
      self->options.resume = false;
      self->sole_writer = true;
      self->maybe_orphans = reply.uploads.size() > 1;
      self->ChooseUnfinished(std::move(reply.uploads), next);
    });
  }

  // Looks at the last of `left`, then at the others.
  void ChooseUnfinished(std::vector<UnfinishedUpload> left, Next next) {
    if (left.empty()) return upload.empty() ? Begin(std::move(next)) : next({});
    const std::string id = left.back().id;
    left.pop_back();
    client->Start(Request(ObjectOperation::kListParts, id),
                  [self = shared_from_this(), id, left = std::move(left),
                   next = std::move(next)](ObjectReply reply) mutable {
                    const bool gone = reply.outcome == ObjectOutcome::kNotFound;
                    if (!reply.ok() && !gone) return next(std::move(reply));
                    const bool is_better =
                        self->upload.empty() || reply.parts.size() > self->known.size();
                    if (!gone && is_better) {
                      self->upload = id;
                      self->known.clear();
                      for (UploadedPart& part : reply.parts) self->known[part.number] = part;
                    }
                    self->ChooseUnfinished(std::move(left), std::move(next));
                  });
  }

  void SendPart(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) {
    ObjectRequest request = StoppableRequest(ObjectOperation::kUploadPart, upload);
    bool has_room = false;
    {
      const std::lock_guard lock(mutex);
      if (failure) {
        request.part = 0;
      } else {
        request.part = ++num_parts;
        has_room = ++in_flight < options.parallel_parts;
        if (!has_room) waiting = done;
      }
    }
    if (request.part == 0) return done(*failure);
    if (const auto held = known.find(request.part);
        held != known.end() && held->second.size == bytes->size()) {
      request.known_etag = held->second.etag;
    }
    request.body = std::move(bytes);
    const int number = request.part;
    const int64_t size = request.body->size();
    client->Start(std::move(request), [self = shared_from_this(), number, size](ObjectReply reply) {
      self->OnPart(number, size, std::move(reply));
    });
    if (has_room) done({});
  }

  void OnPart(int number, int64_t size, ObjectReply reply) {
    std::optional<ObjectReply> told;
    ObjectDone next;
    {
      const std::lock_guard lock(mutex);
      --in_flight;
      if (reply.ok()) {
        parts[number] = {.number = number, .size = size, .etag = std::move(reply.etag)};
      } else {
        maybe_late_parts = maybe_late_parts || MayHaveHappened(reply);
        if (!failure) failure = std::move(reply);
      }
      if (waiting && (!waits_for_all || in_flight == 0)) {
        next = std::exchange(waiting, nullptr);
        told = failure.value_or(ObjectReply());
      }
    }
    if (next) next(*std::move(told));
  }

  // `next` gets the first failure of a part, or OK.
  void WhenAllHaveEnded(Next next) {
    ObjectReply told;
    {
      const std::lock_guard lock(mutex);
      if (in_flight > 0) {
        waits_for_all = true;
        waiting = std::move(next);
        return;
      }
      told = failure.value_or(ObjectReply());
    }
    next(std::move(told));
  }

  void Complete(ObjectDone done) {
    ObjectRequest request = StoppableRequest(ObjectOperation::kUploadComplete, upload);
    for (const auto& [number, part] : parts) {
      request.parts.push_back(part);
      total_bytes += part.size;
    }
    client->Start(
        std::move(request), [self = shared_from_this(), done = std::move(done)](ObjectReply reply) {
          if (reply.ok()) return self->Completed(std::move(reply), done);
          // Another try of ours may have been first.
          const bool maybe_gone = reply.outcome == ObjectOutcome::kNotFound && reply.requests > 1;
          if (!maybe_gone && !MayHaveHappened(reply)) return done(std::move(reply));
          self->Settle(std::move(reply), done);
        });
  }

  // An upload that is gone was completed, and by nobody else: the object is what it has become.
  void Settle(ObjectReply lost, ObjectDone done) {
    client->Start(Request(ObjectOperation::kListParts, upload),
                  [self = shared_from_this(), lost = std::move(lost),
                   done = std::move(done)](ObjectReply reply) mutable {
                    if (reply.outcome != ObjectOutcome::kNotFound) return done(std::move(lost));
                    self->client->Start(
                        self->Request(ObjectOperation::kStat, ""),
                        [self, lost = std::move(lost), done](ObjectReply found) mutable {
                          if (!found.ok() || found.size != self->total_bytes) {
                            return done(std::move(lost));
                          }
                          self->Completed(std::move(found), done);
                        });
                  });
  }

  void Completed(ObjectReply reply, ObjectDone done) {
    upload.clear();
    if (!maybe_orphans) return done(std::move(reply));
    // The object is there; what cannot be removed now can be later.
    RemoveOrphans([reply = std::move(reply), done = std::move(done)](ObjectReply) mutable {
      done(std::move(reply));
    });
  }

  void AbortOwn(ObjectDone done) {
    const auto remove_orphans = [self = shared_from_this(), done](ObjectReply reply) {
      if (!reply.ok() || !self->maybe_orphans) return done(std::move(reply));
      self->RemoveOrphans(done);
    };
    if (upload.empty()) return remove_orphans({});
    AbortForGood(kAbortTries, remove_orphans);
  }

  // A part that was still on its way may have arrived after the abort, and be kept.
  void AbortForGood(int tries, Next next) {
    AbortOne(upload, [self = shared_from_this(), tries, next = std::move(next)](ObjectReply reply) {
      if (!reply.ok() || !self->maybe_late_parts || tries == 1) {
        if (reply.ok()) self->upload.clear();
        return next(std::move(reply));
      }
      self->client->Start(self->Request(ObjectOperation::kListParts, self->upload),
                          [self, tries, next](ObjectReply found) {
                            if (found.ok()) return self->AbortForGood(tries - 1, next);
                            self->upload.clear();
                            next({});
                          });
    });
  }

  void AbortOne(const std::string& id, Next next) {
    client->Start(Request(ObjectOperation::kUploadAbort, id),
                  [next = std::move(next)](ObjectReply reply) {
                    if (reply.outcome == ObjectOutcome::kNotFound) reply = {};
                    next(std::move(reply));
                  });
  }

  void RemoveOrphans(Next next) {
    maybe_orphans = false;
    ListOwn([self = shared_from_this(), next = std::move(next)](ObjectReply reply) {
      if (!reply.ok()) return next(std::move(reply));
      self->RemoveEach(std::move(reply.uploads), next);
    });
  }

  void RemoveEach(std::vector<UnfinishedUpload> left, Next next) {
    if (left.empty()) return next({});
    const std::string id = left.back().id;
    left.pop_back();
    const auto go_on = [self = shared_from_this(), left = std::move(left),
                        next](ObjectReply reply) {
      if (!reply.ok()) return next(std::move(reply));
      self->RemoveEach(left, next);
    };
    if (sole_writer) return AbortOne(id, go_on);
    // Somebody else's has parts before long; ours has none.
    client->Start(Request(ObjectOperation::kListParts, id),
                  [self = shared_from_this(), id, go_on](ObjectReply reply) {
                    if (!reply.ok() || !reply.parts.empty()) return go_on({});
                    self->AbortOne(id, go_on);
                  });
  }

  // Unfinished uploads of this path, other than this one.
  void ListOwn(Next next) {
    client->Start(Request(ObjectOperation::kListUploads, ""),
                  [self = shared_from_this(), next = std::move(next)](ObjectReply reply) {
                    std::erase_if(reply.uploads, [&](const UnfinishedUpload& each) {
                      return each.path != self->path || each.id == self->upload;
                    });
                    next(std::move(reply));
                  });
  }

  std::shared_ptr<ObjectClient> client;
  std::string path;
  UploadOptions options;
  std::string upload;  // empty: none that would have to be aborted
  bool is_open = false;
  bool sole_writer = false;
  bool maybe_orphans = false;
  int64_t total_bytes = 0;
  std::map<int, UploadedPart> known;  // at the service before this one began

  std::mutex mutex;  // guards what follows
  int num_parts = 0;
  int64_t in_flight = 0;
  std::map<int, UploadedPart> parts;
  std::optional<ObjectReply> failure;
  ObjectDone waiting;
  bool waits_for_all = false;
  bool maybe_late_parts = false;
};

MultipartUpload::MultipartUpload(std::shared_ptr<ObjectClient> client, std::string path,
                                 UploadOptions options)
    : state_(std::make_shared<State>()) {
  state_->client = std::move(client);
  state_->path = std::move(path);
  state_->options = options;
}

void MultipartUpload::Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) {
  if (state_->is_open) return state_->SendPart(std::move(bytes), std::move(done));
  state_->Begin(
      [state = state_, bytes = std::move(bytes), done = std::move(done)](ObjectReply reply) {
        if (!reply.ok()) return done(std::move(reply));
        state->is_open = true;
        state->SendPart(bytes, done);
      });
}

void MultipartUpload::Close(ObjectDone done) {
  state_->WhenAllHaveEnded([state = state_, done = std::move(done)](ObjectReply reply) {
    reply.ok() ? state->Complete(done) : done(std::move(reply));
  });
}

void MultipartUpload::Abort(ObjectDone done) {
  state_->WhenAllHaveEnded(
      [state = state_, done = std::move(done)](ObjectReply) { state->AbortOwn(done); });
}

}  // namespace varve::internal
