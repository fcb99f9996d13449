// SPDX-License-Identifier: Apache-2.0
#include "storage/opendal/opendal_multipart.h"

#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

vod_text TextOf(const std::string& text) { return {text.data(), text.size()}; }

std::string StringOf(const vod_text& text) {
  return text.length == 0 ? std::string() : std::string(text.data, text.length);
}

vod_multipart_action ActionOf(ObjectOperation operation) {
  switch (operation) {
    case ObjectOperation::kUploadBegin:
      return VOD_UPLOAD_BEGIN;
    case ObjectOperation::kUploadPart:
      return VOD_UPLOAD_PART;
    case ObjectOperation::kUploadComplete:
      return VOD_UPLOAD_COMPLETE;
    case ObjectOperation::kUploadAbort:
      return VOD_UPLOAD_ABORT;
    case ObjectOperation::kListParts:
      return VOD_LIST_PARTS;
    default:
      return VOD_LIST_UPLOADS;
  }
}

void Release(void* owner) { delete static_cast<std::shared_ptr<arrow::Buffer>*>(owner); }

}  // namespace

vod_call* SendMultipart(const vod_endpoint* endpoint, const ObjectRequest& request,
                        vod_on_part on_part, vod_done done, void* user) {
  std::vector<vod_part> parts;
  for (const UploadedPart& part : request.parts) {
    parts.push_back({.number = static_cast<uint32_t>(part.number), .etag = TextOf(part.etag)});
  }
  vod_multipart_request sent{.action = ActionOf(request.operation),
                             .path = TextOf(request.path),
                             .upload = TextOf(request.upload),
                             .number = static_cast<uint32_t>(request.part),
                             .known_etag = TextOf(request.known_etag),
                             .parts = parts.data(),
                             .num_parts = parts.size(),
                             .if_not_exists = request.if_absent,
                             .on_part = on_part};
  if (request.operation == ObjectOperation::kUploadPart) {
    sent.data = request.body->data();
    sent.length = static_cast<size_t>(request.body->size());
    sent.owner = new std::shared_ptr<arrow::Buffer>(request.body);
    sent.release = Release;
  }
  return vod_multipart(endpoint, &sent, static_cast<uint64_t>(request.timeout.count()), done, user);
}

void AddListed(const vod_part& part, const ObjectRequest& request, ObjectReply* reply) {
  if (request.operation == ObjectOperation::kListParts) {
    reply->parts.push_back({.number = static_cast<int>(part.number),
                            .size = static_cast<int64_t>(part.size),
                            .etag = StringOf(part.etag)});
  } else if (request.operation == ObjectOperation::kListUploads) {
    reply->uploads.push_back({.path = StringOf(part.path),
                              .id = StringOf(part.upload),
                              .begun_micros = part.begun_ms < 0 ? 0 : part.begun_ms * 1000});
  }
}

}  // namespace varve::internal
