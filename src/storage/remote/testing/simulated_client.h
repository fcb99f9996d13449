// SPDX-License-Identifier: Apache-2.0
// A service in memory that keeps its promises, or breaks those that a test names.
//
// Threads: all methods may be called concurrently; answers come before Start returns, unless the
//          dialect says otherwise
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

/// What becomes of "only where there is no such object".
enum class SimulatedCondition {
  kHonoured,
  kIgnored,
  kCheckedTooEarly,   ///< all that come together are checked, then all are written
  kRefusedButStored,  ///< losers are told so, and overwrite the winner
  kNotImplemented,    ///< HTTP 501
};

enum class SimulatedListing {
  kOrdered,
  kUnordered,
  kIgnoresStart,
  kBehind,  ///< shows no object
};

struct SimulatedDialect {
  SimulatedCondition put = SimulatedCondition::kHonoured;
  SimulatedCondition upload = SimulatedCondition::kHonoured;
  SimulatedListing listing = SimulatedListing::kOrdered;
  int together = 8;         ///< kCheckedTooEarly waits for so many
  int exists_status = 412;  ///< of the answer that there is such an object
  /// So many conditional puts are answered "another request is in progress" first.
  int num_conflicts = 0;
  /// The first winner is told that there is an object, maybe its own: as after a lost answer.
  bool loses_first_answer = false;
  bool refuses_removal = false;
};

class SimulatedClient : public ObjectClient {
 public:
  /// Without a clock, the service does not tell the time.
  explicit SimulatedClient(SimulatedDialect dialect = {}, Clock* clock = nullptr)
      : dialect_(dialect), clock_(clock) {}

  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

  std::map<std::string, std::string> objects() const;
  int num_open_uploads() const;  ///< neither completed nor aborted

 private:
  class Upload;
  struct Waiting {
    std::string path;
    std::string bytes;
    ObjectDone done;
  };

  struct Parts {
    std::string path;
    std::map<int, std::string> bytes;
  };

  void Put(SimulatedCondition condition, Waiting write);
  void Store(const std::string& path, std::string bytes);  // REQUIRES: mutex_
  ObjectReply AnswerUpload(const ObjectRequest& request);
  void Complete(ObjectRequest request, ObjectDone done);
  ObjectReply Answer(const ObjectRequest& request);
  ObjectReply List(const ObjectRequest& request) const;

  int64_t Now() const { return clock_ == nullptr ? 0 : clock_->NowMicros(); }

  const SimulatedDialect dialect_;
  Clock* const clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::string> objects_;
  std::map<std::string, int64_t> written_;  // microseconds, by path
  std::vector<Waiting> waiting_;
  int num_conflicts_ = 0;
  int num_open_uploads_ = 0;  // of OpenUpload
  int last_upload_ = 0;
  std::map<std::string, Parts> uploads_;  // by id
  bool lost_answer_ = false;
};

}  // namespace varve::internal
