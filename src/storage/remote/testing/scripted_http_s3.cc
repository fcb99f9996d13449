// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/testing/scripted_http_s3.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace varve::internal {
namespace {

constexpr const char* kModified = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kModifiedInList = "1994-11-06T08:49:37.000Z";
constexpr int64_t kKeysPerPage = 1000;

HttpResponse Xml(const std::string& root, const std::string& content) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/xml"}},
          .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><" + root + ">" + content + "</" +
                  root + ">",
          .length_told = {}};
}

HttpResponse Empty(int status, HttpHeaders headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = {}, .length_told = {}};
}

std::string Element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + text + "</" + name + ">";
}

std::string EtagOf(const std::string& bytes) {
  return "\"" + std::to_string(std::hash<std::string>{}(bytes)) + "\"";
}

int64_t NumberIn(const std::optional<std::string>& text, int64_t otherwise) {
  int64_t number = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

S3Call S3CallOf(const HttpRequest& request) {
  const bool in_upload = request.Query("uploadId").has_value();
  if (request.method == "HEAD") return S3Call::kHead;
  if (request.method == "GET") {
    if (in_upload) return S3Call::kListParts;
    if (request.Query("uploads")) return S3Call::kListUploads;
    // With "prefix" alone, as in the first version of S3 and in Tencent's COS.
    return request.Query("list-type") || request.Query("prefix") ? S3Call::kList : S3Call::kGet;
  }
  if (request.method == "PUT") return in_upload ? S3Call::kSendPart : S3Call::kPut;
  if (request.method == "DELETE") return in_upload ? S3Call::kAbortUpload : S3Call::kDelete;
  if (request.method == "POST" && in_upload) return S3Call::kCompleteUpload;
  if (request.method == "POST" && request.Query("uploads")) return S3Call::kCreateUpload;
  return S3Call::kOther;
}

HttpResponse S3Error(int status, const std::string& code, HttpHeaders headers) {
  HttpResponse response = Xml("Error", Element("Code", code) + Element("Message", "as scripted") +
                                           Element("RequestId", "4711"));
  response.status = status;
  std::ranges::move(headers, std::back_inserter(response.headers));
  return response;
}

HttpResponse ScriptedHttpS3::Answer(const HttpRequest& request) {
  const std::string key = request.Path().substr(1);  // with the bucket
  const S3Call call = S3CallOf(request);
  const std::lock_guard lock(mutex_);
  switch (call) {
    case S3Call::kGet:
    case S3Call::kHead:
      return AnswerGet(request, key);
    case S3Call::kPut:
      return AnswerPut(request, key, request.body);
    case S3Call::kDelete:
      objects_.erase(key);
      return Empty(204);
    case S3Call::kList:
      return AnswerList(request, key);
    case S3Call::kListUploads:
      return ListUploads(request, key);
    case S3Call::kOther:
      return S3Error(501, "NotImplemented");
    default:
      return AnswerUpload(call, request, key);
  }
}

HttpResponse ScriptedHttpS3::AnswerGet(const HttpRequest& request, const std::string& key) const {
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return request.method == "HEAD" ? Empty(404) : S3Error(404, "NoSuchKey");
  }
  const std::string& bytes = found->second;
  const auto size = static_cast<int64_t>(bytes.size());
  HttpResponse response = Empty(
      200, {{"ETag", EtagOf(bytes)}, {"Last-Modified", kModified}, {"Accept-Ranges", "bytes"}});
  if (request.method == "HEAD") {
    response.length_told = size;
    return response;
  }
  std::string_view range = FindHeader(request.headers, "range");
  if (!range.starts_with("bytes=")) {
    response.body = bytes;
    return response;
  }
  range.remove_prefix(6);
  const size_t dash = std::min(range.find('-'), range.size());
  const int64_t first = NumberIn(std::string(range.substr(0, dash)), size);
  const int64_t last = std::min(
      size - 1, NumberIn(std::string(range.substr(std::min(dash + 1, range.size()))), size));
  if (first > last) return S3Error(416, "InvalidRange");
  response.status = 206;
  response.headers.emplace_back(
      "Content-Range",
      "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(size));
  response.body = bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
  return response;
}

HttpResponse ScriptedHttpS3::AnswerPut(const HttpRequest& request, const std::string& key,
                                       std::string bytes) {
  if (FindHeader(request.headers, "if-none-match") == "*" && objects_.contains(key)) {
    return S3Error(412, "PreconditionFailed");
  }
  const std::string etag = EtagOf(bytes);
  objects_[key] = std::move(bytes);
  return Empty(200, {{"ETag", etag}});
}

HttpResponse ScriptedHttpS3::AnswerList(const HttpRequest& request,
                                        const std::string& bucket) const {
  // A bucket that is named by the host has no part in the path.
  const bool is_named = !bucket.empty() && !bucket.ends_with('/');
  const std::string in_bucket = is_named ? bucket + "/" : bucket;
  const std::string prefix = in_bucket + request.Query("prefix").value_or("");
  const std::string start =
      request.Query("start-after").value_or(request.Query("marker").value_or(""));
  const std::string after = in_bucket + request.Query("continuation-token").value_or(start);
  const int64_t limit = NumberIn(request.Query("max-keys"), kKeysPerPage);
  std::string content;
  std::string last;
  int64_t count = 0;
  bool more = false;
  for (auto each = objects_.upper_bound(after); each != objects_.end(); ++each) {
    const auto& [key, bytes] = *each;
    if (!key.starts_with(prefix)) continue;
    more = count == limit;
    if (more) break;
    ++count;
    last = key.substr(in_bucket.size());
    content += Element(
        "Contents", Element("Key", last) + Element("Size", std::to_string(bytes.size())) +
                        Element("ETag", EtagOf(bytes)) + Element("LastModified", kModifiedInList));
  }
  content += Element("KeyCount", std::to_string(count));
  content += Element("IsTruncated", more ? "true" : "false");
  if (more) {
    const bool is_second = request.Query("list-type").has_value();
    content += Element(is_second ? "NextContinuationToken" : "NextMarker", last);
  }
  return Xml("ListBucketResult", content);
}

HttpResponse ScriptedHttpS3::ListUploads(const HttpRequest& request,
                                         const std::string& bucket) const {
  const std::string in_bucket = bucket.ends_with('/') ? bucket : bucket + "/";
  const std::string prefix = in_bucket + request.Query("prefix").value_or("");
  std::string content;
  for (const auto& [id, upload] : uploads_) {
    if (!upload.key.starts_with(prefix)) continue;
    content +=
        Element("Upload", Element("Key", upload.key.substr(in_bucket.size())) +
                              Element("UploadId", id) + Element("Initiated", kModifiedInList));
  }
  return Xml("ListMultipartUploadsResult", content + Element("IsTruncated", "false"));
}

HttpResponse ScriptedHttpS3::AnswerUpload(S3Call call, const HttpRequest& request,
                                          const std::string& key) {
  if (call == S3Call::kCreateUpload) {
    const std::string id = std::to_string(++last_upload_);
    uploads_[id].key = key;
    return Xml("InitiateMultipartUploadResult", Element("UploadId", id));
  }
  const auto found = uploads_.find(*request.Query("uploadId"));
  if (found == uploads_.end()) return S3Error(404, "NoSuchUpload");
  Upload& upload = found->second;
  if (call == S3Call::kAbortUpload) {
    uploads_.erase(found);
    return Empty(204);
  }
  if (call == S3Call::kSendPart) {
    upload.parts[static_cast<int>(NumberIn(request.Query("partNumber"), 0))] = request.body;
    return Empty(200, {{"ETag", EtagOf(request.body)}});
  }
  if (call == S3Call::kListParts) {
    std::string content;
    for (const auto& [number, part] : upload.parts) {
      content += Element("Part", Element("PartNumber", std::to_string(number)) +
                                     Element("ETag", EtagOf(part)) +
                                     Element("Size", std::to_string(part.size())));
    }
    return Xml("ListPartsResult", content + Element("IsTruncated", "false"));
  }
  std::string bytes;
  for (const auto& [number, part] : upload.parts) bytes += part;
  const HttpResponse put = AnswerPut(request, upload.key, std::move(bytes));
  if (put.status != 200) return put;
  uploads_.erase(found);
  return Xml("CompleteMultipartUploadResult", Element("Key", key) + Element("ETag", "whole"));
}

void ScriptedHttpS3::Put(const std::string& key, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  objects_[key] = bytes;
}

std::string ScriptedHttpS3::BeginUpload(const std::string& key,
                                        const std::vector<std::string>& parts) {
  const std::lock_guard lock(mutex_);
  const std::string id = std::to_string(++last_upload_);
  Upload& upload = uploads_[id];
  upload.key = key;
  for (const std::string& part : parts) {
    upload.parts[static_cast<int>(upload.parts.size()) + 1] = part;
  }
  return id;
}

std::optional<std::string> ScriptedHttpS3::Get(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return std::nullopt;
  return found->second;
}

int64_t ScriptedHttpS3::num_objects() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(objects_.size());
}

int64_t ScriptedHttpS3::num_uploads() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(uploads_.size());
}

}  // namespace varve::internal
