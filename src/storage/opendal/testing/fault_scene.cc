// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/testing/fault_scene.h"

#include <functional>
#include <future>
#include <utility>

#include "arrow/buffer.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/multipart_upload.h"

namespace varve::internal::fault_matrix {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kObjectBytes = 4096;
constexpr int64_t kOffset = 100;
constexpr int64_t kLength = 1000;
constexpr int64_t kPartBytes = 5 << 20;
const std::string kKey = "bucket/folder/data/a";
const std::string kSecretKey = "CANARY-secret-key/8f1e+";
const std::string kSessionToken = "CANARY-session-token/77ab+==";

std::string Pattern(int64_t size) {
  std::string bytes;
  for (int64_t i = 0; i < size; ++i) bytes += static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return bytes;
}

// Three parts: of fewer, nothing is sent before the close.
const std::string& Parts() {
  static const std::string parts = Pattern(2 * kPartBytes + 1000);
  return parts;
}

}  // namespace

Scene::Scene(int op, const Fault& fault, Times times)
    : op_(op),
      bytes_(Pattern(kObjectBytes)),
      proxy_(std::make_unique<FaultProxy>(
          [this](const HttpRequest& request) { return s3_.Answer(request); },
          [this, fault, times](const HttpRequest& request) {
            if (S3CallOf(request) != kCalls[op_]) return Fault{};
            return times == Times::kAlways || met_++ == 0 ? fault : Fault{};
          })) {
  if (op != kWrite && op != kCreate && !IsUpload(op)) s3_.Put(kKey, bytes_);
  if (op == kListParts || op == kListUploads) upload_ = s3_.BeginUpload(kKey, {"one", "three"});
}

void Scene::Hush() {
  client_ = nullptr;
  requests_ = proxy_->num_requests();
  proxy_ = nullptr;
}

std::shared_ptr<ObjectClient> Scene::Client() {
  if (client_ == nullptr) {
    OpenDalOptions options;
    options.scheme = "s3";
    options.options = {{"bucket", "bucket"},
                       {"root", "/folder"},
                       {"endpoint", proxy_->endpoint()},
                       {"region", "us-east-1"},
                       {"access_key_id", "access-key"},
                       {"secret_access_key", kSecretKey},
                       {"session_token", kSessionToken},
                       {"disable_config_load", "true"},
                       {"disable_ec2_metadata", "true"}};
    // A request on a connection that is just closing would be lost beyond what the script says.
    options.idle_connections = 0;
    client_ = MakeOpenDalClient(options).ValueOrDie();
  }
  return client_;
}

ObjectReply Scene::RunOp(const std::shared_ptr<ObjectClient>& client, milliseconds timeout,
                         bool step_by_step) {
  if (IsUpload(op_)) {
    const UploadOptions options{.if_absent = op_ == kCloseNew,
                                .part_bytes = kPartBytes,
                                .parallel_parts = 2,
                                .timeout = timeout,
                                .multipart = step_by_step};
    if (step_by_step) {
      MultipartUpload upload(client, kPath, options);
      return RunUpload(&upload);
    }
    return RunUpload(client->OpenUpload(kPath, options).ValueOrDie().get());
  }
  ObjectRequest request{.path = kPath, .timeout = timeout};
  switch (op_) {
    case kRead:
      request.operation = ObjectOperation::kRead;
      request.offset = kOffset;
      request.length = kLength;
      read_.assign(kLength, '?');
      request.out = reinterpret_cast<uint8_t*>(read_.data());
      break;
    case kWhole:
      request.operation = ObjectOperation::kReadWhole;
      request.length = 1 << 20;
      break;
    case kWrite:
    case kCreate:
      request.operation = ObjectOperation::kWrite;
      request.body = arrow::Buffer::FromString(bytes_);
      request.if_absent = op_ == kCreate;
      break;
    case kStat:
      request.operation = ObjectOperation::kStat;
      break;
    case kRemove:
      request.operation = ObjectOperation::kRemove;
      break;
    case kListParts:
      request.operation = ObjectOperation::kListParts;
      request.upload = upload_;
      break;
    case kListUploads:
      request.operation = ObjectOperation::kListUploads;
      request.path = "data/";
      break;
    default:
      request.operation = ObjectOperation::kList;
      request.path = "data/";
  }
  return Run(client.get(), std::move(request));
}

std::string Scene::Difference(const ObjectReply& reply, FaultKind fault) const {
  std::string expected = op_ == kRead ? bytes_.substr(kOffset, kLength) : bytes_;
  if (fault == FaultKind::kFlip) expected[0] = static_cast<char>(expected[0] ^ 1);
  if (fault == FaultKind::kShorten) expected.resize(expected.size() / 2);
  if (fault == FaultKind::kPad) expected.append(16, 'x');
  if (op_ == kRead && read_ != expected) return "read other bytes";
  if (op_ == kWhole && reply.data->ToString() != expected) return "read other bytes";
  if (op_ == kStat && reply.size != kObjectBytes) return "size " + std::to_string(reply.size);
  if (op_ == kList) {
    if (reply.objects.size() != 1) return std::to_string(reply.objects.size()) + " objects";
    const ObjectInfo& found = reply.objects.front();
    if (found.path != kPath || found.size != kObjectBytes) return "listed " + found.path;
  }
  if (op_ == kListParts) {
    if (reply.parts.size() != 2) return std::to_string(reply.parts.size()) + " parts";
    const UploadedPart& found = reply.parts.back();
    if (found.number != 2 || found.size != 5) return "listed part " + std::to_string(found.number);
  }
  if (op_ == kListUploads) {
    if (reply.uploads.size() != 1) return std::to_string(reply.uploads.size()) + " uploads";
    const UnfinishedUpload& found = reply.uploads.front();
    if (found.path != kPath || found.id != upload_) return "listed upload " + found.id;
  }
  return {};
}

std::string Scene::StoreDifference(const ObjectReply& reply, bool applied) const {
  const auto stored = s3_.Get(kKey);
  bool expected = true;
  if (op_ == kWrite || op_ == kCreate || op_ == kClose || op_ == kCloseNew) expected = applied;
  if (op_ == kRemove) expected = !applied;
  // The rest of the upload went well.
  if (op_ == kOpen || op_ == kPart) expected = reply.ok();
  if (op_ == kAbort) expected = false;
  if (stored.has_value() != expected) return expected ? "nothing stored" : "stored";
  if (stored && *stored != (IsUpload(op_) ? Parts() : bytes_)) return "stored other bytes";
  return {};
}

ObjectReply Scene::RunUpload(ObjectUpload* upload) {
  const auto wait = [](const std::function<void(ObjectDone)>& start) {
    const auto promise = std::make_shared<std::promise<ObjectReply>>();
    start([promise](ObjectReply reply) { promise->set_value(std::move(reply)); });
    return promise->get_future().get();
  };
  const std::string& all = Parts();
  for (size_t begin = 0; begin < all.size(); begin += kPartBytes) {
    auto part = arrow::Buffer::FromString(all.substr(begin, kPartBytes));
    ObjectReply reply = wait([&](ObjectDone done) { upload->Write(part, std::move(done)); });
    if (!reply.ok()) {
      // Waits for the other part, too.
      wait([&](ObjectDone done) { upload->Abort(std::move(done)); });
      return reply;
    }
  }
  if (op_ == kAbort) return wait([&](ObjectDone done) { upload->Abort(std::move(done)); });
  return wait([&](ObjectDone done) { upload->Close(std::move(done)); });
}

int64_t HastyTimer::NowNanos() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1) +
         skipped_;
}

void HastyTimer::After(std::chrono::nanoseconds delay, std::function<void()> work) {
  skipped_ += delay.count();
  work();
}

milliseconds HastyTimer::skipped() const {
  return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(skipped_));
}

}  // namespace varve::internal::fault_matrix
