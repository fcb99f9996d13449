// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/ranged_reads.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "storage/object_path.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

// The requests of a call, and what is to be done with what they bring.
struct Plan {
  std::vector<ObjectRequest> requests;
  std::vector<CoalescedRead> reads;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;  // null where the bytes go to the range
  std::vector<std::string> paths;

  Status Deliver(const std::vector<ObjectReply>& replies) const {
    ARROW_RETURN_NOT_OK(
        FirstFailure(replies, ObjectOperation::kRead, [this](size_t i) { return paths[i]; }));
    for (size_t i = 0; i < reads.size(); ++i) {
      if (buffers[i] == nullptr) continue;
      for (const auto& part : reads[i].parts) {
        std::memcpy(part.out, buffers[i]->data() + (part.offset - reads[i].offset),
                    static_cast<size_t>(part.length));
      }
    }
    return Status::OK();
  }
};

Result<std::shared_ptr<Plan>> MakePlan(std::span<const ObjectRanges> objects, ReadPattern pattern,
                                       const CoalescingPolicy& policy,
                                       std::chrono::milliseconds timeout) {
  auto plan = std::make_shared<Plan>();
  for (const ObjectRanges& object : objects) {
    ARROW_RETURN_NOT_OK(CheckObjectPath(object.path));
    for (const ReadRange& range : object.ranges) {
      ARROW_RETURN_NOT_OK(CheckReadBounds(object.path, object.size, range.offset, range.length));
    }
    for (CoalescedRead& read : Coalesce(object.ranges, pattern, policy)) {
      std::shared_ptr<arrow::Buffer> buffer;
      uint8_t* out = read.parts.front().out;
      if (!read.is_direct()) {
        ARROW_ASSIGN_OR_RAISE(buffer, arrow::AllocateBuffer(read.length));
        out = buffer->mutable_data();
      }
      plan->requests.push_back({.operation = ObjectOperation::kRead,
                                .path = object.path,
                                .offset = read.offset,
                                .length = read.length,
                                .out = out,
                                .timeout = timeout});
      plan->paths.push_back(object.path);
      plan->buffers.push_back(std::move(buffer));
      plan->reads.push_back(std::move(read));
    }
  }
  return plan;
}

}  // namespace

void RangedReads::Start(std::span<const ObjectRanges> objects, ReadPattern pattern,
                        std::stop_token stop, std::function<void(Status)> done) const {
  auto made = MakePlan(objects, pattern, policy_, timeout_);
  if (!made.ok()) return done(made.status());
  const std::shared_ptr<Plan> plan = std::move(made).ValueUnsafe();
  auto requests = std::move(plan->requests);
  StartAll(client_.get(), std::move(requests), /*all_or_none=*/true, std::move(stop),
           [client = client_, plan, done = std::move(done)](const auto& replies) {
             done(plan->Deliver(replies));
           });
}

Status RangedReads::Run(std::span<const ObjectRanges> objects, ReadPattern pattern) const {
  ARROW_ASSIGN_OR_RAISE(const auto plan, MakePlan(objects, pattern, policy_, timeout_));
  return plan->Deliver(RunAll(client_.get(), std::move(plan->requests)));
}

}  // namespace varve::internal
