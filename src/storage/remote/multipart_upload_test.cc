// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/multipart_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// A service with multipart uploads, in memory. The ETag of a part is its content.
class UploadService : public ObjectClient {
 public:
  enum class Fate { kAnswered, kRefused, kAnswerLost };

  void Start(ObjectRequest request, ObjectDone done) override {
    if (holds_answers) {
      held.push_back([this, request, done] { done(Serve(request)); });
      return;
    }
    done(Serve(request));
  }
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string&,
                                                   const UploadOptions&) override {
    return Status::NotImplemented("none");
  }

  std::string Begin(const std::string& path, std::map<int, std::string> parts) {
    const std::string id = "u" + std::to_string(++num_begun);
    uploads[id] = {path, std::move(parts)};
    return id;
  }

  // What becomes of the first request of that operation, and part if it is one.
  std::map<std::pair<ObjectOperation, int>, Fate> fates;
  bool abort_works = true;  // false: what the next one removed is back, by a part that came late
  bool holds_answers = false;
  std::deque<std::function<void()>> held;
  std::map<std::string, std::pair<std::string, std::map<int, std::string>>> uploads;
  std::map<std::string, std::string> objects;
  std::vector<int> sent;  // parts
  int num_begun = 0;

 private:
  ObjectReply Serve(const ObjectRequest& request) {
    Fate fate = Fate::kAnswered;
    if (const auto found = fates.find({request.operation, request.part}); found != fates.end()) {
      fate = found->second;
      fates.erase(found);
    }
    ObjectReply reply;
    if (fate != Fate::kRefused) reply = CarryOut(request);
    if (fate != Fate::kAnswered) reply = {.outcome = ObjectOutcome::kUnavailable};
    reply.requests = 1;
    return reply;
  }

  ObjectReply CarryOut(const ObjectRequest& request) {
    ObjectReply reply;
    const auto upload = uploads.find(request.upload);
    const bool is_known = upload != uploads.end();
    switch (request.operation) {
      case ObjectOperation::kUploadBegin:
        reply.upload = Begin(request.path, {});
        return reply;
      case ObjectOperation::kListUploads:
        for (const auto& [id, each] : uploads) {
          reply.uploads.push_back({.path = each.first, .id = id});
        }
        return reply;
      case ObjectOperation::kStat:
        if (!objects.contains(request.path)) return {.outcome = ObjectOutcome::kNotFound};
        reply.size = static_cast<int64_t>(objects[request.path].size());
        return reply;
      default:
        break;
    }
    if (!is_known) return {.outcome = ObjectOutcome::kNotFound};
    auto& [path, parts] = upload->second;
    if (request.operation == ObjectOperation::kUploadPart) {
      reply.etag = request.body->ToString();
      if (request.known_etag != reply.etag) sent.push_back(request.part);
      parts[request.part] = reply.etag;
    } else if (request.operation == ObjectOperation::kListParts) {
      for (const auto& [number, text] : parts) {
        reply.parts.push_back(
            {.number = number, .size = static_cast<int64_t>(text.size()), .etag = text});
      }
    } else if (request.operation == ObjectOperation::kUploadAbort) {
      if (std::exchange(abort_works, true)) uploads.erase(upload);
    } else {
      if (request.if_absent && objects.contains(path)) return {.outcome = ObjectOutcome::kExists};
      std::string text;
      for (const UploadedPart& part : request.parts) text += parts.at(part.number);
      objects[path] = text;
      uploads.erase(upload);
    }
    return reply;
  }
};

using Fate = UploadService::Fate;

class MultipartUploadTest : public testing::Test {
 protected:
  std::unique_ptr<MultipartUpload> Open(bool resume = false) {
    return std::make_unique<MultipartUpload>(
        service_, "a",
        UploadOptions{.if_absent = true, .parallel_parts = 2, .multipart = true, .resume = resume});
  }
  // The outcomes of what has ended.
  ObjectDone Note() {
    return [this](ObjectReply reply) { ended_.push_back(reply.outcome); };
  }
  void Write(MultipartUpload* upload, const std::string& text) {
    upload->Write(arrow::Buffer::FromString(text), Note());
  }
  ObjectOutcome Finish(MultipartUpload* upload, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) Write(upload, part);
    ended_.clear();
    upload->Close(Note());
    return ended_.at(0);
  }
  ObjectOutcome Abort(MultipartUpload* upload) {
    ended_.clear();
    upload->Abort(Note());
    return ended_.at(0);
  }

  std::shared_ptr<UploadService> service_ = std::make_shared<UploadService>();
  std::vector<ObjectOutcome> ended_;
};

constexpr auto kOk = ObjectOutcome::kOk;
constexpr auto kUnavailable = ObjectOutcome::kUnavailable;

TEST_F(MultipartUploadTest, MakesTheObjectOfItsParts) {
  EXPECT_EQ(Finish(Open().get(), {"one", "two", "three"}), kOk);
  EXPECT_THAT(service_->objects, ElementsAre(Pair("a", "onetwothree")));
  EXPECT_THAT(service_->sent, ElementsAre(1, 2, 3));
  EXPECT_THAT(service_->uploads, IsEmpty());
}

TEST_F(MultipartUploadTest, HasSoManyPartsUnderWayAndNoMore) {
  const auto upload = Open();
  Write(upload.get(), "1");
  service_->holds_answers = true;
  ended_.clear();
  Write(upload.get(), "2");
  EXPECT_THAT(ended_, ElementsAre(kOk));
  Write(upload.get(), "3");
  EXPECT_THAT(ended_, ElementsAre(kOk)) << "there is no room for a fourth";
  service_->held[1]();
  EXPECT_THAT(ended_, ElementsAre(kOk, kOk));
  upload->Close(Note());
  EXPECT_THAT(ended_, ElementsAre(kOk, kOk)) << "a part is under way";
  service_->held[0]();
  service_->held[2]();
  EXPECT_THAT(ended_, ElementsAre(kOk, kOk, kOk));
  EXPECT_EQ(service_->objects["a"], "123");
  service_->held.clear();  // what it holds holds the service
}

TEST_F(MultipartUploadTest, AFailureOfAPartIsToldAndAbortLeavesNothing) {
  service_->fates[{ObjectOperation::kUploadPart, 2}] = Fate::kRefused;
  const auto upload = Open();
  EXPECT_EQ(Finish(upload.get(), {"1", "2", "3"}), kUnavailable);
  EXPECT_EQ(Abort(upload.get()), kOk);
  EXPECT_THAT(service_->uploads, IsEmpty());
  EXPECT_THAT(service_->objects, IsEmpty());
}

TEST_F(MultipartUploadTest, WhatIsLeftBehindByALatePartIsAbortedAgain) {
  service_->fates[{ObjectOperation::kUploadPart, 1}] = Fate::kAnswerLost;
  service_->abort_works = false;
  const auto upload = Open();
  Write(upload.get(), "1");
  EXPECT_EQ(Abort(upload.get()), kOk);
  EXPECT_THAT(service_->uploads, IsEmpty());
}

TEST_F(MultipartUploadTest, OfABeginningWhoseAnswerWasLostNothingStays) {
  const std::string other = service_->Begin("a", {{1, "another writer's"}});
  const std::string elsewhere = service_->Begin("ab", {});
  service_->fates[{ObjectOperation::kUploadBegin, 0}] = Fate::kAnswerLost;
  const auto upload = Open();
  Write(upload.get(), "1");
  EXPECT_THAT(ended_, ElementsAre(kUnavailable));
  EXPECT_EQ(Abort(upload.get()), kOk);
  EXPECT_THAT(service_->uploads,
              UnorderedElementsAre(Pair(other, testing::_), Pair(elsewhere, testing::_)));
}

TEST_F(MultipartUploadTest, ALostAnswerOfTheCompletionIsSettled) {
  service_->fates[{ObjectOperation::kUploadComplete, 0}] = Fate::kAnswerLost;
  EXPECT_EQ(Finish(Open().get(), {"1", "2"}), kOk);
  EXPECT_EQ(service_->objects["a"], "12");
}

TEST_F(MultipartUploadTest, ACompletionThatNeverArrivedIsAFailureWhateverLiesThere) {
  service_->objects["a"] = "34";  // as many bytes
  service_->fates[{ObjectOperation::kUploadComplete, 0}] = Fate::kRefused;
  const auto upload = Open();
  EXPECT_EQ(Finish(upload.get(), {"1", "2"}), kUnavailable);
  EXPECT_EQ(Abort(upload.get()), kOk);
  EXPECT_THAT(service_->uploads, IsEmpty());
  EXPECT_EQ(service_->objects["a"], "34");
}

TEST_F(MultipartUploadTest, OverwritesNothing) {
  service_->objects["a"] = "early";
  const auto upload = Open();
  EXPECT_EQ(Finish(upload.get(), {"1", "2"}), ObjectOutcome::kExists);
  EXPECT_EQ(Abort(upload.get()), kOk);
  EXPECT_THAT(service_->uploads, IsEmpty());
  EXPECT_EQ(service_->objects["a"], "early");
}

TEST_F(MultipartUploadTest, GoesOnWithTheOneThatHasMost) {
  service_->Begin("a", {{1, "one"}});
  service_->Begin("a", {{1, "one"}, {2, "TWO"}, {3, "three"}, {9, "more"}});
  service_->Begin("a", {});
  const std::string other = service_->Begin("b", {{1, "x"}});
  EXPECT_EQ(Finish(Open(/*resume=*/true).get(), {"one", "two", "three", "four"}), kOk);
  EXPECT_THAT(service_->sent, ElementsAre(2, 4)) << "what differs, and what is missing";
  EXPECT_EQ(service_->objects["a"], "onetwothreefour");
  EXPECT_THAT(service_->uploads, ElementsAre(Pair(other, testing::_)));
}

TEST_F(MultipartUploadTest, ResumesFromNothing) {
  EXPECT_EQ(Finish(Open(/*resume=*/true).get(), {"one", "two"}), kOk);
  EXPECT_THAT(service_->sent, ElementsAre(1, 2));
  EXPECT_EQ(service_->objects["a"], "onetwo");
}

}  // namespace
}  // namespace varve::internal
