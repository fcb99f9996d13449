// SPDX-License-Identifier: Apache-2.0
// What every function of the C interfaces rests on; the functions themselves are tested by the
// programs in tests/capi, which see the shared libraries only.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "capi/arrow_streams.h"
#include "capi/handles.h"
#include "capi/milvus/answer.h"
#include "capi/stoppable.h"
#include "capi/varve_error.h"

namespace varve::capi {
namespace {

struct Thrown {
  const char* name;
  void (*raise)();
  varve_code code;
  const char* message;
};
const Thrown kThrown[] = {
    {"bad_alloc", [] { throw std::bad_alloc(); }, VARVE_RESOURCE_EXHAUSTED, "out of memory"},
    {"exception", [] { throw std::runtime_error("a defect"); }, VARVE_INTERNAL, "a defect"},
    {"number", [] { throw 7; }, VARVE_INTERNAL, "an exception of unknown type"},
};

TEST(AnswerTest, ExceptionsBecomeCodes) {
  for (const Thrown& thrown : kThrown) {
    SCOPED_TRACE(thrown.name);
    const auto call = [&]() -> Status {
      thrown.raise();
      return Status::OK();
    };
    varve_error* error = nullptr;
    EXPECT_EQ(Answer(&error, call), thrown.code);
    EXPECT_EQ(varve_error_code(error), thrown.code);
    EXPECT_STREQ(varve_error_message(error), thrown.message);
    varve_error_free(error);

    const CStatus status = AnswerCStatus(call);
    EXPECT_EQ(status.error_code, thrown.code);
    EXPECT_STREQ(status.error_msg, thrown.message);
    std::free(const_cast<char*>(status.error_msg));
  }
}

TEST(AnswerTest, ErrorsCarryWhatIsKnown) {
  const Status unknown = MakeError(ErrorKind::kCommitUnknown, "the store did not answer",
                                   {.object = "file:///books", .found = "the token"});
  varve_error* error = nullptr;
  EXPECT_EQ(Answer(&error, [&] { return unknown; }), VARVE_COMMIT_UNKNOWN);
  EXPECT_EQ(varve_error_message(error), unknown.message());
  EXPECT_STREQ(varve_error_object(error), "file:///books");
  EXPECT_STREQ(varve_error_commit_token(error), "the token");
  varve_error_free(error);

  // What was found is a token there only.
  EXPECT_EQ(Answer(&error, [] { return Corruption("wrong", {.found = "4"}); }), VARVE_CORRUPTION);
  EXPECT_STREQ(varve_error_commit_token(error), "");
  varve_error_free(error);
  EXPECT_EQ(Answer(nullptr, [&] { return unknown; }), VARVE_COMMIT_UNKNOWN);
}

TEST(HandlesTest, AreNeverGivenTwice) {
  Handles<int> handles("number");
  std::set<void*> given;
  for (int i = 0; i < 10'000; ++i) {
    void* const handle = handles.Add(std::make_shared<int>(i));
    EXPECT_TRUE(given.insert(handle).second);
    ASSERT_EQ(**handles.Find(handle), i);
    ASSERT_EQ(**handles.Remove(handle), i);
  }
  for (void* const handle : given) {
    EXPECT_EQ(KindOf(handles.Find(handle).status()), ErrorKind::kInvalid);
    EXPECT_EQ(KindOf(handles.Remove(handle).status()), ErrorKind::kInvalid);
  }
  Handles<int> others("other number");
  void* const other = others.Add(std::make_shared<int>(1));
  EXPECT_FALSE(handles.Find(other).ok());
}

TEST(HandlesTest, AnObjectInUseOutlivesItsHandle) {
  Handles<std::string> handles("text");
  void* const handle = handles.Add(std::make_shared<std::string>("in use"));
  const auto used = *handles.Find(handle);
  std::thread([&] { EXPECT_TRUE(handles.Remove(handle).ok()); }).join();
  EXPECT_EQ(*used, "in use");
  EXPECT_EQ(used.use_count(), 1);
}

TEST(StreamTest, WhatAReaderThrowsIsAnErrorOfTheStream) {
  class Throwing : public arrow::RecordBatchReader {
   public:
    std::shared_ptr<arrow::Schema> schema() const override {
      return arrow::schema({arrow::field("id", arrow::int64())});
    }
    Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
      throw std::runtime_error("a defect in a reader");
    }
  };
  ArrowArrayStream stream;
  ASSERT_TRUE(ExportStream(std::make_shared<Throwing>(), nullptr, &stream).ok());
  ArrowArray batch;
  EXPECT_NE(stream.get_next(&stream, &batch), 0);
  EXPECT_NE(std::string(stream.get_last_error(&stream)).find("a defect in a reader"),
            std::string::npos);
  stream.release(&stream);
}

TEST(StoppableTest, ACallIsStoppedInItsMiddle) {
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  int64_t rounds = 0;
  // Until it is stopped: a test that fails hangs, and its time limit ends it.
  const Status status = Stoppable(flag, [&]() -> Status {
    StopScope inner([] { return false; });
    while (!inner.Ask()) {
      if (++rounds == 1000) flag->store(true);
    }
    return MakeError(ErrorKind::kCancelled, "in its middle");
  });
  EXPECT_EQ(status.message(), "in its middle");
  EXPECT_GE(rounds, 1000);
}

TEST(StoppableTest, ACallThatShouldStopDoesNotBegin) {
  const auto call = []() -> Result<int> { return 7; };
  EXPECT_EQ(*Stoppable(nullptr, call), 7);
  EXPECT_EQ(*Stoppable(std::make_shared<std::atomic<bool>>(false), call), 7);
  const auto stopped = Stoppable(std::make_shared<std::atomic<bool>>(true), call);
  EXPECT_EQ(KindOf(stopped.status()), ErrorKind::kCancelled);
}

}  // namespace
}  // namespace varve::capi
