// SPDX-License-Identifier: Apache-2.0
// As much of Amazon's S3 as the engine asks for, in memory: objects, conditional puts, listings and
// uploads in parts. Signatures are not looked at.
//
// Threads: safe
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/remote/testing/scripted_http.h"

namespace varve::internal {

enum class S3Call {
  kGet,
  kHead,
  kPut,
  kDelete,
  kList,
  kCreateUpload,
  kSendPart,
  kCompleteUpload,
  kAbortUpload,
  kListParts,
  kListUploads,
  kOther,
};

/// What a request asks an S3 server for.
S3Call S3CallOf(const HttpRequest& request);

/// An error as S3 puts it.
HttpResponse S3Error(int status, const std::string& code, HttpHeaders headers = {});

class ScriptedHttpS3 {
 public:
  HttpResponse Answer(const HttpRequest& request);

  void Put(const std::string& key, const std::string& bytes);
  /// An upload with parts from 1, and its id.
  std::string BeginUpload(const std::string& key, const std::vector<std::string>& parts);
  std::optional<std::string> Get(const std::string& key) const;
  int64_t num_objects() const;
  int64_t num_uploads() const;  ///< neither completed nor aborted

 private:
  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
  };

  HttpResponse AnswerGet(const HttpRequest& request, const std::string& key) const;
  HttpResponse AnswerPut(const HttpRequest& request, const std::string& key, std::string bytes);
  HttpResponse AnswerList(const HttpRequest& request, const std::string& bucket) const;
  HttpResponse ListUploads(const HttpRequest& request, const std::string& bucket) const;
  HttpResponse AnswerUpload(S3Call call, const HttpRequest& request, const std::string& key);

  mutable std::mutex mutex_;                    // guards what follows
  std::map<std::string, std::string> objects_;  // by "bucket/key"
  std::map<std::string, Upload> uploads_;       // by id
  int64_t last_upload_ = 0;
};

}  // namespace varve::internal
