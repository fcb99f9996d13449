// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/remote_chunk_writer.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "base/awaited.h"
#include "storage/remote/multipart_upload.h"

namespace varve::internal {
namespace {

// Of 10,000 parts that begin with the least that S3 takes, 5 MiB, this makes more than its 5 TiB.
constexpr int64_t kPartsOfASize = 1000;
constexpr int64_t kDoublingsMax = 9;

UploadOptions StoppedBy(const std::stop_source& stop, UploadOptions options) {
  options.stop = stop.get_token();
  return options;
}

}  // namespace

int64_t PartBytes(int64_t part_bytes, int64_t number) {
  constexpr int64_t kServicesTake = int64_t{5} << 30;
  const int64_t doublings = std::min((number - 1) / kPartsOfASize, kDoublingsMax);
  return std::max(part_bytes, std::min(part_bytes << doublings, kServicesTake));
}

RemoteChunkWriter::RemoteChunkWriter(std::shared_ptr<ObjectClient> client, std::string path,
                                     UploadOptions options, std::function<Status()> before_parts)
    : client_(std::move(client)),
      path_(std::move(path)),
      options_(StoppedBy(stop_, std::move(options))),
      before_parts_(std::move(before_parts)) {}

ObjectReply RemoteChunkWriter::Wait(const std::function<void(ObjectDone)>& start) {
  const auto waiting = std::make_shared<Awaited<ObjectReply>>();
  start([waiting](ObjectReply reply) { waiting->Set(std::move(reply)); });
  return waiting->Wait(stop_);
}

RemoteChunkWriter::~RemoteChunkWriter() {
  // Nobody is left to tell.
  static_cast<void>(Abort());
}

Status RemoteChunkWriter::Write(std::span<const uint8_t> bytes) {
  if (!open_) {
    return MakeError(ErrorKind::kInvalid, "the writer is closed or has failed", {.object = path_});
  }
  const Status status = Append(bytes);
  if (!status.ok()) open_ = false;
  return status;
}

Status RemoteChunkWriter::Append(std::span<const uint8_t> bytes) {
  bytes_written_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    auto full = static_cast<size_t>(PartBytes(options_.part_bytes, num_parts_ + 1));
    if (part_.size() == full) {
      ARROW_RETURN_NOT_OK(SendPart());
      full = static_cast<size_t>(PartBytes(options_.part_bytes, num_parts_ + 1));
    }
    const auto step = std::min(bytes.size(), full - part_.size());
    part_.append(reinterpret_cast<const char*>(bytes.data()), step);
    bytes = bytes.subspan(step);
  }
  return Status::OK();
}

Status RemoteChunkWriter::SendPart() {
  if (upload_ == nullptr) {
    if (before_parts_) ARROW_RETURN_NOT_OK(before_parts_());
    if (options_.multipart) {
      upload_ = std::make_unique<MultipartUpload>(client_, path_, options_);
    } else {
      ARROW_ASSIGN_OR_RAISE(upload_, client_->OpenUpload(path_, options_));
    }
  }
  ++num_parts_;
  auto bytes = arrow::Buffer::FromString(std::move(part_));
  part_.clear();
  const auto reply = Wait([&](ObjectDone done) { upload_->Write(bytes, std::move(done)); });
  return StatusOf(reply, ObjectOperation::kWrite, path_);
}

// An answer may be lost, and a request arrive twice: then the object that is in the way is this
// one.
bool RemoteChunkWriter::Holds(const arrow::Buffer& bytes) {
  const ObjectReply found = Run(client_.get(), {.operation = ObjectOperation::kReadWhole,
                                                .path = path_,
                                                .length = bytes.size() + 1,
                                                .timeout = options_.timeout});
  return found.ok() && found.data->Equals(bytes);
}

// The bytes of parts are gone by then. Their number tells enough where nobody says that another
// was first.
bool RemoteChunkWriter::HoldsAllParts(ObjectOutcome closed) {
  if (options_.multipart) return false;   // settled already, by more than the size
  if (!options_.if_absent) return false;  // what is there may be what was to be replaced
  if (closed != ObjectOutcome::kUnavailable && closed != ObjectOutcome::kTimedOut &&
      closed != ObjectOutcome::kBadAnswer && closed != ObjectOutcome::kNotFound) {
    return false;
  }
  const ObjectReply found =
      Run(client_.get(),
          {.operation = ObjectOperation::kStat, .path = path_, .timeout = options_.timeout});
  return found.ok() && found.size == bytes_written_;
}

Status RemoteChunkWriter::Finish() {
  if (upload_ == nullptr) {
    const std::shared_ptr<arrow::Buffer> bytes = arrow::Buffer::FromString(std::move(part_));
    const ObjectReply reply = Run(client_.get(), {.operation = ObjectOperation::kWrite,
                                                  .path = path_,
                                                  .body = bytes,
                                                  .if_absent = options_.one_part_if_absent,
                                                  .timeout = options_.timeout});
    if (reply.outcome == ObjectOutcome::kExists && Holds(*bytes)) return Status::OK();
    return StatusOf(reply, ObjectOperation::kWrite, path_);
  }
  if (!part_.empty()) ARROW_RETURN_NOT_OK(SendPart());
  const ObjectReply reply = Wait([&](ObjectDone done) { upload_->Close(std::move(done)); });
  if (!reply.ok() && !HoldsAllParts(reply.outcome)) {
    return StatusOf(reply, ObjectOperation::kWrite, path_);
  }
  if (reply.ok()) upload_ = nullptr;
  return Status::OK();
}

Status RemoteChunkWriter::Close() {
  if (!open_) {
    return MakeError(ErrorKind::kInvalid, "the writer is closed or has failed", {.object = path_});
  }
  open_ = false;
  return Finish();
}

Status RemoteChunkWriter::Abort() {
  open_ = false;
  part_ = {};
  if (upload_ == nullptr) return Status::OK();
  const auto upload = std::move(upload_);
  const auto reply = Wait([&](ObjectDone done) { upload->Abort(std::move(done)); });
  return StatusOf(reply, ObjectOperation::kWrite, path_);
}

}  // namespace varve::internal
