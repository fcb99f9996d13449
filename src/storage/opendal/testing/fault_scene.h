// SPDX-License-Identifier: Apache-2.0
// A store behind a proxy with faults, and one operation on it through the real client.
//
// Threads: for one thread
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/timer.h"
#include "storage/opendal/testing/fault_matrix.h"
#include "storage/remote/object_client.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/fault_proxy.h"

namespace varve::internal::fault_matrix {

inline const std::string kPath = "data/a";
/// Part of all that must not be told.
inline constexpr const char* kCanary = "CANARY";

/// Which requests of the kind in question meet the fault.
enum class Times { kOnce, kAlways };

class Scene {
 public:
  Scene(int op, const Fault& fault, Times times);

  void Listen() { proxy_->Listen(); }
  /// Ends everything under way.
  void Hush();
  std::shared_ptr<ObjectClient> Client();
  /// The reply; of an upload the first that is not a success, or the last one. Uploads go through
  /// the service's own writer, as on services that do not let them be told apart, or step by step.
  ObjectReply RunOp(const std::shared_ptr<ObjectClient>& client, std::chrono::milliseconds timeout,
                    bool step_by_step = false);

  /// What is wrong with a success; empty if nothing is.
  std::string Difference(const ObjectReply& reply, FaultKind fault) const;
  /// What is wrong with the store where what was asked for is `applied` or not.
  std::string StoreDifference(const ObjectReply& reply, bool applied) const;
  int64_t num_uploads() const { return s3_.num_uploads(); }
  int64_t num_requests() const { return proxy_ == nullptr ? requests_ : proxy_->num_requests(); }

 private:
  ObjectReply RunUpload(ObjectUpload* upload);

  const int op_;
  const std::string bytes_;
  ScriptedHttpS3 s3_;
  std::string upload_;  // with two parts, where there is one
  std::atomic<int> met_ = 0;
  int64_t requests_ = 0;
  std::unique_ptr<FaultProxy> proxy_;
  std::shared_ptr<ObjectClient> client_;
  std::string read_;
};

/// Pauses pass at once; its clock counts them.
class HastyTimer : public Timer {
 public:
  int64_t NowNanos() override;
  void After(std::chrono::nanoseconds delay, std::function<void()> work) override;
  std::chrono::milliseconds skipped() const;

 private:
  std::atomic<int64_t> skipped_ = 0;
};

}  // namespace varve::internal::fault_matrix
