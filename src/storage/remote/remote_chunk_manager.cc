// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/remote_chunk_manager.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "arrow/buffer.h"
#include "storage/object_path.h"
#include "storage/remote/remote_chunk_reader.h"
#include "storage/remote/remote_chunk_writer.h"

namespace varve::internal {
namespace {

std::shared_ptr<arrow::Buffer> CopyOf(std::span<const uint8_t> bytes) {
  return arrow::Buffer::FromString(
      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Status NoCommits(const RemoteOptions& options) {
  return MakeError(ErrorKind::kUnsupported,
                   "this store cannot hold a table that is written to: it cannot create an object "
                   "only where there is none, which commits depend on (" +
                       options.why_no_commits + ")",
                   {.object = options.uri});
}

}  // namespace

RemoteChunkManager::RemoteChunkManager(std::shared_ptr<ObjectClient> client, RemoteOptions options,
                                       RemoteServices services)
    : client_(std::move(client)),
      options_(std::move(options)),
      services_(std::move(services)),
      reads_(client_, options_.coalescing, options_.timeout) {}

Result<ObjectInfo> RemoteChunkManager::Stat(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const ObjectReply reply =
      Run(client_.get(),
          {.operation = ObjectOperation::kStat, .path = path, .timeout = options_.timeout});
  ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kStat, path));
  return ObjectInfo{
      .path = path, .size = reply.size, .last_modified_micros = reply.last_modified_micros};
}

Result<bool> RemoteChunkManager::Exist(const std::string& path) {
  const auto found = Stat(path);
  if (found.ok()) return true;
  if (IsNotFound(found.status())) return false;
  return found.status();
}

Result<int64_t> RemoteChunkManager::Size(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const ObjectInfo info, Stat(path));
  return info.size;
}

ObjectRequest RemoteChunkManager::WholeRead(const std::string& path) const {
  return {.operation = ObjectOperation::kReadWhole,
          .path = path,
          .length = options_.whole_read_bytes_max,
          .timeout = options_.timeout};
}

Result<std::shared_ptr<arrow::Buffer>> RemoteChunkManager::Read(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  ObjectReply reply = Run(client_.get(), WholeRead(path));
  ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kReadWhole, path));
  return std::move(reply.data);
}

std::vector<Result<std::shared_ptr<arrow::Buffer>>> RemoteChunkManager::ReadMany(
    std::span<const std::string> paths) {
  using Read = Result<std::shared_ptr<arrow::Buffer>>;
  std::vector<ObjectRequest> requests;
  for (const std::string& path : paths) {
    const Status valid = CheckObjectPath(path);
    if (!valid.ok()) return std::vector<Read>(paths.size(), Read(valid));
    requests.push_back(WholeRead(path));
  }
  auto replies = RunAll(client_.get(), std::move(requests), /*all_or_none=*/false);
  std::vector<Read> objects;
  for (size_t i = 0; i < replies.size(); ++i) {
    const Status status = StatusOf(replies[i], ObjectOperation::kReadWhole, paths[i]);
    objects.push_back(status.ok() ? Read(std::move(replies[i].data)) : Read(status));
  }
  return objects;
}

Result<std::shared_ptr<ChunkReader>> RemoteChunkManager::OpenReader(const std::string& path,
                                                                    int64_t known_size) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  if (known_size < 0) {
    ARROW_ASSIGN_OR_RAISE(known_size, Size(path));
  }
  return std::make_shared<RemoteChunkReader>(reads_, path, known_size);
}

Status RemoteChunkManager::ReadRangesOf(std::span<const ObjectRanges> objects,
                                        ReadPattern pattern) {
  return reads_.Run(objects, pattern);
}

void RemoteChunkManager::StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern,
                                       std::stop_token stop, std::function<void(Status)> done) {
  reads_.Start(objects, pattern, std::move(stop), std::move(done));
}

ObjectReply RemoteChunkManager::Put(const std::string& path, std::span<const uint8_t> bytes,
                                    bool if_absent) {
  return Run(client_.get(), {.operation = ObjectOperation::kWrite,
                             .path = path,
                             .body = CopyOf(bytes),
                             .if_absent = if_absent,
                             .timeout = options_.upload_timeout});
}

Status RemoteChunkManager::Write(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return StatusOf(Put(path, bytes, /*if_absent=*/false), ObjectOperation::kWrite, path);
}

Result<bool> RemoteChunkManager::PutIfAbsent(const std::string& path,
                                             std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  if (!options_.features.put_if_absent) return NoCommits(options_);
  const ObjectReply reply = Put(path, bytes, /*if_absent=*/true);
  if (reply.outcome == ObjectOutcome::kExists) return false;
  ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kWrite, path));
  return true;
}

Result<std::unique_ptr<ChunkWriter>> RemoteChunkManager::OpenWriter(const std::string& path,
                                                                    MakeWriterOptions writer) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return MakeWriter(path, /*resume=*/false, writer);
}

std::unique_ptr<RemoteChunkWriter> RemoteChunkManager::MakeWriter(
    const std::string& path, bool resume, const MakeWriterOptions& writer) const {
  const bool if_absent = options_.features.put_if_absent && !writer.replace;
  const bool costs_more = writer.name_is_fresh && options_.conditions_cost_a_request;
  const UploadOptions uploads{
      .if_absent = if_absent,
      .one_part_if_absent = if_absent && !costs_more,
      .part_bytes = writer.part_bytes > 0 ? writer.part_bytes : options_.part_bytes,
      .parallel_parts = options_.parallel_parts,
      .timeout = options_.upload_timeout,
      .retries = options_.upload_retries,
      .multipart = options_.multipart,
      .resume = resume};
  std::function<Status()> before_parts;
  if (if_absent && !writer.name_is_fresh && services_.conditional_writes != nullptr) {
    before_parts = [check = services_.conditional_writes] { return check->CheckUploads(); };
  }
  return std::make_unique<RemoteChunkWriter>(client_, path, uploads, std::move(before_parts));
}

Status RemoteChunkManager::CheckMultipart() const {
  if (options_.multipart) return Status::OK();
  return MakeError(ErrorKind::kUnsupported, "the store does not tell its unfinished uploads",
                   {.object = options_.uri});
}

Result<std::vector<UnfinishedUpload>> RemoteChunkManager::ListUnfinishedUploads(
    const std::string& prefix) {
  ARROW_RETURN_NOT_OK(CheckMultipart());
  ARROW_RETURN_NOT_OK(CheckObjectPrefix(prefix));
  ObjectReply reply = Run(
      client_.get(),
      {.operation = ObjectOperation::kListUploads, .path = prefix, .timeout = options_.timeout});
  ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kListUploads, prefix));
  std::ranges::sort(reply.uploads, {},
                    [](const auto& each) { return std::tie(each.path, each.id); });
  return std::move(reply.uploads);
}

Status RemoteChunkManager::AbortUnfinishedUpload(const UnfinishedUpload& upload) {
  ARROW_RETURN_NOT_OK(CheckMultipart());
  ARROW_RETURN_NOT_OK(CheckObjectPath(upload.path));
  const ObjectReply reply = Run(client_.get(), {.operation = ObjectOperation::kUploadAbort,
                                                .path = upload.path,
                                                .upload = upload.id,
                                                .timeout = options_.timeout});
  if (reply.outcome == ObjectOutcome::kNotFound) return Status::OK();
  return StatusOf(reply, ObjectOperation::kUploadAbort, upload.path);
}

Result<std::unique_ptr<ChunkWriter>> RemoteChunkManager::ResumeWriter(const std::string& path,
                                                                      MakeWriterOptions options) {
  ARROW_RETURN_NOT_OK(CheckMultipart());
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return MakeWriter(path, /*resume=*/true, options);
}

Result<std::vector<ObjectInfo>> RemoteChunkManager::List(const std::string& prefix,
                                                         ListOptions options) {
  ARROW_RETURN_NOT_OK(CheckObjectPrefix(prefix));
  if (options.limit <= 0) return std::vector<ObjectInfo>();
  // Where keys come in no order, the first of them are known only when all are.
  const bool ordered =
      options_.features.ordered_listing && !(services_.conditional_writes != nullptr &&
                                             services_.conditional_writes->listing_is_unordered());
  const int64_t limit = ordered ? options.limit : INT64_MAX;
  ObjectReply reply = Run(client_.get(), {.operation = ObjectOperation::kList,
                                          .path = prefix,
                                          .start_after = options.start_after,
                                          .limit = limit,
                                          .timeout = options_.timeout});
  ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kList, prefix));
  std::vector<ObjectInfo> objects = std::move(reply.objects);
  // Some services begin elsewhere.
  std::erase_if(objects, [&](const ObjectInfo& each) {
    return !options.start_after.empty() && each.path <= options.start_after;
  });
  std::ranges::sort(objects, {}, &ObjectInfo::path);
  if (static_cast<int64_t>(objects.size()) > options.limit) {
    objects.resize(static_cast<size_t>(options.limit));
  }
  return objects;
}

Status RemoteChunkManager::Remove(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const ObjectReply reply =
      Run(client_.get(),
          {.operation = ObjectOperation::kRemove, .path = path, .timeout = options_.timeout});
  if (reply.outcome == ObjectOutcome::kNotFound) return Status::OK();
  return StatusOf(reply, ObjectOperation::kRemove, path);
}

Status RemoteChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(to));
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenReader(from, -1));
  const auto writer = MakeWriter(to, /*resume=*/false, {.replace = true});
  for (int64_t at = 0; at < source->size(); at += options_.part_bytes) {
    const int64_t length = std::min(options_.part_bytes, source->size() - at);
    ARROW_ASSIGN_OR_RAISE(const auto part, source->Read(at, length));
    ARROW_RETURN_NOT_OK(writer->Write({part->data(), static_cast<size_t>(length)}));
  }
  return writer->Close();
}

Result<int64_t> RemoteChunkManager::StoreTime() {
  // Every answer bears the time; an object that is not there is the cheapest to ask for.
  const ObjectReply reply = Run(client_.get(), {.operation = ObjectOperation::kStat,
                                                .path = "_what_time_is_it",
                                                .timeout = options_.timeout});
  if (reply.server_time_micros >= 0) return reply.server_time_micros;
  if (reply.outcome != ObjectOutcome::kNotFound) {
    ARROW_RETURN_NOT_OK(StatusOf(reply, ObjectOperation::kStat, options_.uri));
  }
  return MakeError(ErrorKind::kIo, "the store does not tell its time", {.object = options_.uri});
}

Status RemoteChunkManager::CheckConditionalWrites() {
  if (!options_.features.put_if_absent) return NoCommits(options_);
  if (services_.conditional_writes == nullptr) return Status::OK();
  return services_.conditional_writes->Check();
}

std::optional<StorageMetrics> RemoteChunkManager::Metrics() const {
  if (services_.meter == nullptr) return std::nullopt;
  StorageMetrics metrics = services_.meter->Snapshot();
  metrics.endpoint_is_avoided = IsAvoided();
  return metrics;
}

bool RemoteChunkManager::IsAvoided() const {
  return services_.health != nullptr && services_.health->IsAvoided();
}

}  // namespace varve::internal
