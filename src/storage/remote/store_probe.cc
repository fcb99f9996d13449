// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/store_probe.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>

#include "arrow/buffer.h"
#include "storage/remote/multipart_upload.h"

namespace varve::internal {
namespace {

// "Another request is in progress" says nothing of who wins; asked so often.
constexpr int kTriesAfterConflict = 5;
// Of parts, where the service sends them again by itself.
constexpr int kTriesAfterFailure = 9;
constexpr int64_t kSmallObjectBytes = 1024;

// Not RunAll: there, a request that fails cancels the others, and here most of them must.
std::vector<ObjectReply> RunRace(int count, const std::function<void(int, ObjectDone)>& start) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable all_ended;
    int left = 0;
    std::vector<ObjectReply> replies;
  };
  const auto waiting = std::make_shared<Waiting>();
  waiting->left = count;
  waiting->replies.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    start(i, [waiting, i](ObjectReply reply) {
      const std::lock_guard lock(waiting->mutex);
      waiting->replies[static_cast<size_t>(i)] = std::move(reply);
      if (--waiting->left == 0) waiting->all_ended.notify_all();
    });
  }
  std::unique_lock lock(waiting->mutex);
  waiting->all_ended.wait(lock, [&] { return waiting->left == 0; });
  return std::move(waiting->replies);
}

bool IsRefusalOfConditions(const ObjectReply& reply) {
  return reply.outcome == ObjectOutcome::kUnsupported || reply.http_status == 501;
}

bool IsGone(const ObjectReply& reply) {
  return reply.ok() || reply.outcome == ObjectOutcome::kNotFound;
}

class Probe {
 public:
  Probe(ObjectClient* client, const ProbeOptions& options, Random* random)
      : client_(client), options_(options), tag_(std::to_string(random->Next())) {
    // The store's own names: no object of a user is ever called so.
    root_ = ".varve-probe-" + tag_ + "/";
  }

  Result<StoreProbe> Run() {
    const Status status = RunAllParts();
    CleanUp();
    ARROW_RETURN_NOT_OK(status);
    return std::move(result_);
  }

 private:
  Status RunAllParts() {
    if (options_.writes) {
      ARROW_ASSIGN_OR_RAISE(result_.put_problem, RacePuts());
      result_.put_if_absent = result_.put_problem.empty();
    }
    if (options_.uploads) {
      ARROW_ASSIGN_OR_RAISE(result_.upload_problem, RaceUploads());
      result_.upload_if_absent = result_.upload_problem.empty();
    }
    if (options_.writes) {
      ARROW_ASSIGN_OR_RAISE(result_.listing_problem, LookAtListing());
      result_.ordered_listing = result_.listing_problem.empty();
    }
    return Status::OK();
  }

  std::string TextOf(int racer) const { return tag_ + " racer " + std::to_string(racer); }

  ObjectRequest Request(ObjectOperation operation, const std::string& path) const {
    return {.operation = operation, .path = path, .timeout = options_.timeout};
  }

  Result<std::string> RacePuts() {
    const std::string path = Name("put");
    const auto put = [&](int racer, ObjectDone done) {
      ObjectRequest request = Request(ObjectOperation::kWrite, path);
      request.body = arrow::Buffer::FromString(TextOf(racer));
      request.if_absent = true;
      client_->Start(std::move(request), std::move(done));
    };
    std::vector<ObjectReply> replies = RunRace(options_.num_racers, put);
    for (int racer = 0; racer < options_.num_racers; ++racer) {
      ObjectReply& reply = replies[static_cast<size_t>(racer)];
      for (int i = 0; i < kTriesAfterConflict && reply.outcome == ObjectOutcome::kConflict; ++i) {
        reply = RunRace(1, [&](int, ObjectDone done) { put(racer, std::move(done)); })[0];
      }
    }
    return Judge(path, replies, /*tail_offset=*/0, "conditional puts of one new object");
  }

  Result<std::string> RaceUploads() {
    const std::string path = Name("upload");
    std::vector<std::unique_ptr<ObjectUpload>> uploads;
    const Status status = SendParts(path, &uploads);
    std::vector<ObjectReply> replies;
    if (status.ok()) {
      replies = RunRace(options_.num_racers, [&](int racer, ObjectDone done) {
        uploads[static_cast<size_t>(racer)]->Close(std::move(done));
      });
    }
    // One by one: what was completed is left alone, and the parts of the others go.
    for (size_t i = 0; i < uploads.size(); ++i) {
      if (!replies.empty() && replies[i].ok()) continue;
      RunRace(1, [&](int, ObjectDone done) { uploads[i]->Abort(std::move(done)); });
    }
    ARROW_RETURN_NOT_OK(status);
    return Judge(path, replies, options_.multipart ? 0 : options_.part_bytes,
                 "conditional completions of multipart uploads of one new object");
  }

  Status SendParts(const std::string& path, std::vector<std::unique_ptr<ObjectUpload>>* uploads) {
    for (int racer = 0; racer < options_.num_racers; ++racer) {
      ARROW_ASSIGN_OR_RAISE(auto upload, OpenUpload(path));
      uploads->push_back(std::move(upload));
    }
    if (!options_.multipart) {
      // Of a single part, a service's writer makes no upload. It is one buffer for all.
      const std::shared_ptr<arrow::Buffer> part =
          arrow::Buffer::FromString(std::string(static_cast<size_t>(options_.part_bytes), 'v'));
      ARROW_RETURN_NOT_OK(SendPart(path, *uploads, [&](int) { return part; }));
    }
    return SendPart(path, *uploads,
                    [&](int racer) { return arrow::Buffer::FromString(TextOf(racer)); });
  }

  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path) {
    const UploadOptions options{.if_absent = true,
                                .part_bytes = options_.part_bytes,
                                .parallel_parts = options_.multipart ? 2 : 1,
                                .timeout = options_.timeout,
                                .retries = kTriesAfterFailure};
    if (!options_.multipart) return client_->OpenUpload(path, options);
    // Not ours to keep alive: it outlives the probe.
    const std::shared_ptr<ObjectClient> client(std::shared_ptr<ObjectClient>(), client_);
    return std::make_unique<MultipartUpload>(client, path, options);
  }

  using PartOf = std::function<std::shared_ptr<arrow::Buffer>(int racer)>;

  Status SendPart(const std::string& path,
                  const std::vector<std::unique_ptr<ObjectUpload>>& uploads, const PartOf& part) {
    const auto replies = RunRace(options_.num_racers, [&](int racer, ObjectDone done) {
      uploads[static_cast<size_t>(racer)]->Write(part(racer), std::move(done));
    });
    for (const ObjectReply& reply : replies) {
      ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kWrite, path));
    }
    return Status::OK();
  }

  // What is wrong with the outcome of a race, if anything.
  Result<std::string> Judge(const std::string& path, const std::vector<ObjectReply>& replies,
                            int64_t tail_offset, const std::string& what) {
    int num_winners = 0;
    for (const ObjectReply& reply : replies) {
      if (IsRefusalOfConditions(reply)) return "the store knows no " + what;
      if (reply.outcome == ObjectOutcome::kExists) continue;
      ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kWrite, path));
      ++num_winners;
    }
    const std::string race = "of " + std::to_string(replies.size()) + " simultaneous " + what;
    if (num_winners > 1) {
      return race + ", " + std::to_string(num_winners) + " succeeded: the condition is ignored";
    }
    ARROW_ASSIGN_OR_RAISE(const std::string found, Tail(path, tail_offset));
    for (int racer = 0; racer < options_.num_racers; ++racer) {
      if (found != TextOf(racer)) continue;
      const ObjectReply& reply = replies[static_cast<size_t>(racer)];
      // An answer that was lost on the way, and the request sent again: the winner need not know.
      if (reply.ok() || (num_winners == 0 && reply.maybe_ours)) return "";
      return race + ", one was refused and its bytes were stored";
    }
    return race + ", none can have left what is read back";
  }

  Result<std::string> Tail(const std::string& path, int64_t offset) {
    const ObjectReply stat = One(Request(ObjectOperation::kStat, path));
    ARROW_RETURN_NOT_OK(StatusOf(stat, ObjectOperation::kStat, path));
    const int64_t length = stat.size - offset;
    if (length <= 0 || length > kSmallObjectBytes) return "";
    std::string text(static_cast<size_t>(length), '\0');
    ObjectRequest request = Request(ObjectOperation::kRead, path);
    request.offset = offset;
    request.length = length;
    request.out = reinterpret_cast<uint8_t*>(text.data());
    const ObjectReply reply = One(std::move(request));
    ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kRead, path));
    return text;
  }

  // In byte order, also where that differs from the order of folders, and from any start.
  Result<std::string> LookAtListing() {
    std::vector<std::string> paths;
    for (const char* name : {"b", "a/x", "a!", "a0", "B"}) {
      paths.push_back(Name(std::string("list/") + name));
    }
    const auto replies = RunRace(static_cast<int>(paths.size()), [&](int i, ObjectDone done) {
      ObjectRequest request = Request(ObjectOperation::kWrite, paths[static_cast<size_t>(i)]);
      request.body = arrow::Buffer::FromString("x");
      client_->Start(std::move(request), std::move(done));
    });
    for (size_t i = 0; i < replies.size(); ++i) {
      ARROW_RETURN_NOT_OK(StatusOf(replies[i], ObjectOperation::kWrite, paths[i]));
    }
    std::ranges::sort(paths);
    ARROW_ASSIGN_OR_RAISE(const auto all, List("", INT64_MAX));
    if (all != paths) {
      return std::is_permutation(all.begin(), all.end(), paths.begin(), paths.end())
                 ? "objects are not listed in byte order"
                 : "a listing does not show the objects that were written before it";
    }
    for (size_t i = 0; i + 1 < paths.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const auto next, List(paths[i], 1));
      if (next != std::vector{paths[i + 1]}) {
        return "a listing that starts after an object does not begin with the next one";
      }
    }
    return "";
  }

  Result<std::vector<std::string>> List(const std::string& start_after, int64_t limit) {
    ObjectRequest request = Request(ObjectOperation::kList, root_ + "list/");
    request.start_after = start_after;
    request.limit = limit;
    const ObjectReply reply = One(std::move(request));
    ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kList, root_));
    std::vector<std::string> paths;
    std::ranges::transform(reply.objects, std::back_inserter(paths), &ObjectInfo::path);
    return paths;
  }

  ObjectReply One(ObjectRequest request) { return internal::Run(client_, std::move(request)); }

  std::string Name(const std::string& name) {
    names_.push_back(root_ + name);
    return names_.back();
  }

  // After a race that went wrong, too; an error here must not hide the finding.
  void CleanUp() {
    const auto replies = RunRace(static_cast<int>(names_.size()), [&](int i, ObjectDone done) {
      client_->Start(Request(ObjectOperation::kRemove, names_[static_cast<size_t>(i)]),
                     std::move(done));
    });
    // Once more, alone: servers over files trip over folders that vanish meanwhile.
    for (size_t i = 0; i < replies.size(); ++i) {
      if (IsGone(replies[i]) || IsGone(One(Request(ObjectOperation::kRemove, names_[i])))) continue;
      result_.left_behind.push_back(names_[i]);
    }
  }

  ObjectClient* const client_;
  const ProbeOptions options_;
  const std::string tag_;
  std::string root_;
  std::vector<std::string> names_;  // that may exist
  StoreProbe result_;
};

}  // namespace

Result<StoreProbe> ProbeConditionalWrites(ObjectClient* client, const ProbeOptions& options,
                                          Random* random) {
  return Probe(client, options, random).Run();
}

Status RefuseUnlessSafe(const StoreProbe& probe, const std::string& uri) {
  if (!probe.put_problem.empty()) {
    return MakeError(ErrorKind::kUnsupported,
                     "this store cannot hold a table that is written to: commits of several "
                     "writers would overwrite each other (" +
                         probe.put_problem + ")",
                     {.object = uri});
  }
  if (!probe.upload_problem.empty()) {
    return MakeError(ErrorKind::kUnsupported,
                     "this store cannot keep large objects apart: one that several write at a time "
                     "would be overwritten (" +
                         probe.upload_problem + "). Sole writers may say skip_probe=true",
                     {.object = uri});
  }
  return Status::OK();
}

}  // namespace varve::internal
