// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/opendal_client.h"

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "arrow/buffer.h"
#include "storage/opendal/message_mask.h"
#include "storage/opendal/opendal_ffi.h"
#include "storage/opendal/opendal_multipart.h"
#include "storage/opendal/opendal_reply.h"

namespace varve::internal {
namespace {

constexpr size_t kRuntimeThreads = 2;
// What a service gives in one answer, and what is asked for where a few objects are enough.
constexpr int64_t kListPage = 1000;

vod_text TextOf(const std::string& text) { return {text.data(), text.size()}; }

// Threads that a write to a closed connection does not kill the process in: they take over what
// their creator blocks, and only Rust's own programs ignore the signal.
vod_runtime* NewRuntime() {
  sigset_t pipe;
  sigset_t before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  vod_runtime* runtime = vod_runtime_new(kRuntimeThreads);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return runtime;
}

// The threads of this process. Never freed: requests may outlive everything else.
Result<vod_runtime*> Runtime() {
  static std::mutex mutex;
  static pid_t process = 0;
  static vod_runtime* runtime = nullptr;
  const std::lock_guard lock(mutex);
  if (process != getpid()) {
    // Threads do not survive a fork; what belonged to them is the parent's.
    runtime = NewRuntime();
    process = getpid();
  }
  if (runtime == nullptr) {
    return MakeError(ErrorKind::kResourceExhausted, "no threads for requests to object stores");
  }
  return runtime;
}

class Endpoint {
 public:
  static Result<std::shared_ptr<const Endpoint>> Open(const OpenDalOptions& options) {
    ARROW_ASSIGN_OR_RAISE(vod_runtime * runtime, Runtime());
    std::vector<vod_text> words;
    for (const auto& [key, value] : options.options) {
      words.push_back(TextOf(key));
      words.push_back(TextOf(value));
    }
    std::vector<vod_text> hosts;
    for (const std::string& host : options.hosts) hosts.push_back(TextOf(host));
    const vod_open_options open{
        .scheme = TextOf(options.scheme),
        .options = words.data(),
        .num_options = words.size() / 2,
        .hosts = hosts.data(),
        .num_hosts = hosts.size(),
        .certificates = TextOf(options.certificates),
        .connect_timeout_ms = static_cast<uint64_t>(options.connect_timeout.count()),
        .idle_timeout_ms = static_cast<uint64_t>(options.idle_timeout.count()),
        .idle_connections = static_cast<size_t>(options.idle_connections)};
    MessageMask mask(options.options);
    std::string problem;
    vod_endpoint* opened = vod_open(
        runtime, &open,
        [](void* user, const vod_result* result) {
          static_cast<std::string*>(user)->assign(result->message.data, result->message.length);
        },
        &problem);
    if (opened == nullptr) {
      return MakeError(ErrorKind::kInvalid, "cannot set up the store: " + mask.Apply(problem),
                       {.object = options.scheme});
    }
    return std::shared_ptr<const Endpoint>(new Endpoint(opened, getpid(), std::move(mask)));
  }

  ~Endpoint() {
    // Of a parent's endpoint, a child has only the memory.
    if (process_ == getpid()) vod_close(endpoint_);
  }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const vod_endpoint* get() const { return endpoint_; }
  pid_t process() const { return process_; }
  ObjectReply ReplyTo(const ObjectRequest& request, const vod_result& result) const {
    ObjectReply reply = ReplyOf(result, request);
    reply.message = mask_.Apply(std::move(reply.message));
    return reply;
  }

 private:
  Endpoint(vod_endpoint* endpoint, pid_t process, MessageMask mask)
      : endpoint_(endpoint), process_(process), mask_(std::move(mask)) {}

  vod_endpoint* const endpoint_;
  const pid_t process_;
  const MessageMask mask_;
};

// A request under way. Its callback holds one reference, Start another until it returns.
struct Running {
  ~Running() {
    // First: it may be using the call.
    on_stop.reset();
    if (call != nullptr) vod_call_free(call);
  }

  struct Cancel {
    vod_call* call;
    void operator()() const { vod_call_cancel(call); }
  };

  std::shared_ptr<const Endpoint> endpoint;
  ObjectRequest request;
  ObjectDone done;
  ObjectReply listed;
  vod_call* call = nullptr;
  std::optional<std::stop_callback<Cancel>> on_stop;
};

using RunningPtr = std::shared_ptr<Running>;

void OnDone(void* user, const vod_result* result) {
  const std::unique_ptr<RunningPtr> owner(static_cast<RunningPtr*>(user));
  Running& running = **owner;
  ObjectReply reply = running.endpoint->ReplyTo(running.request, *result);
  reply.objects = std::move(running.listed.objects);
  reply.parts = std::move(running.listed.parts);
  reply.uploads = std::move(running.listed.uploads);
  const ObjectDone done = std::move(running.done);
  done(std::move(reply));
}

bool OnEntry(void* user, const vod_entry* entry) {
  Running& running = **static_cast<RunningPtr*>(user);
  const ObjectRequest& request = running.request;
  std::string path(entry->path.data, entry->path.length);
  // Some services start elsewhere than asked, and folders are no objects.
  const bool wanted = !entry->is_directory && path.starts_with(request.path) &&
                      (request.start_after.empty() || path > request.start_after);
  if (wanted) {
    running.listed.objects.push_back(
        {.path = std::move(path),
         .size = static_cast<int64_t>(entry->size),
         .last_modified_micros = entry->last_modified_ms < 0 ? 0 : entry->last_modified_ms * 1000});
  }
  return static_cast<int64_t>(running.listed.objects.size()) < request.limit;
}

void OnPart(void* user, const vod_part* part) {
  Running& running = **static_cast<RunningPtr*>(user);
  AddListed(*part, running.request, &running.listed);
}

void Release(void* owner) { delete static_cast<std::shared_ptr<arrow::Buffer>*>(owner); }

vod_call* SendRequest(const vod_endpoint* endpoint, const ObjectRequest& request,
                      RunningPtr* user) {
  const vod_text path = TextOf(request.path);
  const auto timeout = static_cast<uint64_t>(request.timeout.count());
  switch (request.operation) {
    case ObjectOperation::kRead:
      return vod_read(endpoint, path, static_cast<uint64_t>(request.offset),
                      static_cast<uint64_t>(request.length), request.out, timeout, OnDone, user);
    case ObjectOperation::kReadWhole:
      return vod_read_whole(endpoint, path, static_cast<uint64_t>(request.length), timeout, OnDone,
                            user);
    case ObjectOperation::kWrite:
      return vod_write(endpoint, path, request.body->data(),
                       static_cast<size_t>(request.body->size()),
                       new std::shared_ptr<arrow::Buffer>(request.body), Release, request.if_absent,
                       timeout, OnDone, user);
    case ObjectOperation::kStat:
      return vod_stat(endpoint, path, timeout, OnDone, user);
    case ObjectOperation::kRemove:
      return vod_delete(endpoint, path, timeout, OnDone, user);
    case ObjectOperation::kList:
      break;
    default:
      return SendMultipart(endpoint, request, OnPart, OnDone, user);
  }
  const int64_t page = std::min(request.limit, kListPage);
  return vod_list(endpoint, path, TextOf(request.start_after), /*recursive=*/true,
                  static_cast<size_t>(page), OnEntry, timeout, OnDone, user);
}

// Begins what `send(user)` sends; from there on its callback owns `user`.
template <typename Send>
void Begin(const std::shared_ptr<const Endpoint>& endpoint, ObjectRequest request, ObjectDone done,
           const Send& send) {
  const auto running = std::make_shared<Running>();
  running->endpoint = endpoint;
  running->request = std::move(request);
  running->done = std::move(done);
  auto user = std::make_unique<RunningPtr>(running);
  running->call = send(running->request, user.release());
  running->on_stop.emplace(running->request.stop, Running::Cancel{running->call});
}

class OpenDalUpload : public ObjectUpload {
 public:
  OpenDalUpload(std::shared_ptr<const Endpoint> endpoint, std::string path, UploadOptions options)
      : endpoint_(std::move(endpoint)), path_(std::move(path)), options_(std::move(options)) {}
  ~OpenDalUpload() override {
    if (writer_ != nullptr) vod_writer_free(writer_);
  }

  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override {
    if (writer_ != nullptr) return Send(std::move(bytes), std::move(done));
    // Opened with the first bytes; what follows comes from the runtime's thread.
    Open([this, bytes = std::move(bytes), done = std::move(done)](ObjectReply reply) {
      reply.ok() ? Send(bytes, done) : done(std::move(reply));
    });
  }

  void Close(ObjectDone done) override {
    Begin(endpoint_, {.operation = ObjectOperation::kWrite, .stop = options_.stop}, std::move(done),
          [this](const ObjectRequest&, RunningPtr* user) {
            return vod_writer_close(writer_, Timeout(), OnDone, user);
          });
  }

  void Abort(ObjectDone done) override {
    if (writer_ == nullptr) return done({});
    Begin(endpoint_, {}, std::move(done), [this](const ObjectRequest&, RunningPtr* user) {
      return vod_writer_abort(writer_, Timeout(), OnDone, user);
    });
  }

 private:
  using MayRetry = std::function<bool()>;

  void Open(ObjectDone done) {
    Begin(endpoint_, {.stop = options_.stop}, std::move(done),
          [this](const ObjectRequest&, RunningPtr* user) {
            const vod_writer_options options{
                .path = TextOf(path_),
                .if_not_exists = options_.if_absent,
                .concurrency = static_cast<size_t>(options_.parallel_parts),
                .retries = static_cast<uint32_t>(options_.retries),
                .may_retry =
                    [](void* owner) {
                      const auto& may_retry = *static_cast<MayRetry*>(owner);
                      return !may_retry || may_retry();
                    },
                .owner = new MayRetry(options_.may_retry),
                .release = [](void* owner) { delete static_cast<MayRetry*>(owner); }};
            return vod_writer_open(endpoint_->get(), &options, &writer_, Timeout(), OnDone, user);
          });
  }

  void Send(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) {
    Begin(endpoint_, {.body = std::move(bytes), .stop = options_.stop}, std::move(done),
          [this](const ObjectRequest& request, RunningPtr* user) {
            return vod_writer_write(
                writer_, request.body->data(), static_cast<size_t>(request.body->size()),
                new std::shared_ptr<arrow::Buffer>(request.body), Release, Timeout(), OnDone, user);
          });
  }
  uint64_t Timeout() const { return static_cast<uint64_t>(options_.timeout.count()); }

  const std::shared_ptr<const Endpoint> endpoint_;
  const std::string path_;
  const UploadOptions options_;
  vod_writer* writer_ = nullptr;
};

class OpenDalClient : public ObjectClient {
 public:
  OpenDalClient(OpenDalOptions options, std::shared_ptr<const Endpoint> endpoint)
      : options_(std::move(options)), endpoint_(std::move(endpoint)) {}

  void Start(ObjectRequest request, ObjectDone done) override {
    auto endpoint = CurrentEndpoint();
    if (!endpoint.ok()) {
      done({.outcome = ObjectOutcome::kFailed, .message = endpoint.status().message()});
      return;
    }
    Begin(*endpoint, std::move(request), std::move(done),
          [&](const ObjectRequest& sent, RunningPtr* user) {
            return SendRequest((*endpoint)->get(), sent, user);
          });
  }

  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto endpoint, CurrentEndpoint());
    return std::make_unique<OpenDalUpload>(std::move(endpoint), path, options);
  }

 private:
  Result<std::shared_ptr<const Endpoint>> CurrentEndpoint() {
    const std::lock_guard lock(mutex_);
    if (endpoint_->process() != getpid()) {
      ARROW_ASSIGN_OR_RAISE(endpoint_, Endpoint::Open(options_));
    }
    return endpoint_;
  }

  const OpenDalOptions options_;
  std::mutex mutex_;  // guards endpoint_
  std::shared_ptr<const Endpoint> endpoint_;
};

}  // namespace

Result<std::shared_ptr<ObjectClient>> MakeOpenDalClient(const OpenDalOptions& options) {
  const auto region = options.options.find("region");
  if (options.scheme == "s3" && (region == options.options.end() || region->second.empty())) {
    return MakeError(ErrorKind::kInvalid,
                     "the store's region is not known: set region (AWS_REGION, or region in "
                     "~/.aws/config); for servers that have none, any word such as us-east-1",
                     {.object = options.scheme, .field = "region"});
  }
  ARROW_ASSIGN_OR_RAISE(auto endpoint, Endpoint::Open(options));
  return std::make_shared<OpenDalClient>(options, std::move(endpoint));
}

}  // namespace varve::internal
