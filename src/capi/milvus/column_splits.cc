// SPDX-License-Identifier: Apache-2.0
#include "capi/milvus/column_splits.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/exception_guard.h"
#include "capi/handles.h"

namespace varve::capi {
namespace {

// The functions that make it cannot say what is wrong: whoever uses it does.
struct ColumnSplits {
  std::mutex mutex;
  std::vector<ColumnGroup> groups;
  Status status;
};

Handles<ColumnSplits>& AllSplits() {
  static auto& splits = *new Handles<ColumnSplits>("set of column splits");
  return splits;
}

Result<ColumnGroup> ReadGroup(int64_t group_id, const int* group, int group_size) {
  if (group_size < 0 || (group == nullptr && group_size > 0)) {
    return MakeError(
        ErrorKind::kInvalid, "not a group of columns: NULL, or a size below 0",
        {.field = "group " + std::to_string(group_id), .found = std::to_string(group_size)});
  }
  ColumnGroup read{.group_id = group_id, .columns = {group, group + group_size}};
  // Within a file, columns are in the order of the schema.
  std::ranges::sort(read.columns);
  return read;
}

}  // namespace

Result<std::vector<ColumnGroup>> ReadColumnSplits(CColumnSplits splits) {
  ARROW_ASSIGN_OR_RAISE(const auto found, AllSplits().Find(splits));
  std::lock_guard<std::mutex> lock(found->mutex);
  ARROW_RETURN_NOT_OK(found->status);
  return found->groups;
}

}  // namespace varve::capi

using namespace varve::capi;

CColumnSplits NewCColumnSplits(void) {
  CColumnSplits made = nullptr;
  static_cast<void>(varve::internal::GuardExceptions([&]() -> varve::Status {
    made = AllSplits().Add(std::make_shared<ColumnSplits>());
    return varve::Status::OK();
  }));
  return made;
}

void AddCColumnSplit(CColumnSplits splits, int* group, int group_size) {
  static_cast<void>(varve::internal::GuardExceptions([&]() -> varve::Status {
    ARROW_ASSIGN_OR_RAISE(const auto found, AllSplits().Find(splits));
    std::lock_guard<std::mutex> lock(found->mutex);
    auto read = varve::internal::GuardExceptions(
        [&] { return ReadGroup(static_cast<int64_t>(found->groups.size()), group, group_size); });
    if (found->status.ok()) found->status = read.status();
    found->groups.push_back(read.ok() ? *std::move(read) : varve::ColumnGroup());
    return varve::Status::OK();
  }));
}

int CColumnSplitsSize(CColumnSplits splits) {
  int size = 0;
  static_cast<void>(varve::internal::GuardExceptions([&]() -> varve::Status {
    ARROW_ASSIGN_OR_RAISE(const auto found, AllSplits().Find(splits));
    std::lock_guard<std::mutex> lock(found->mutex);
    size = static_cast<int>(found->groups.size());
    return varve::Status::OK();
  }));
  return size;
}

void FreeCColumnSplits(CColumnSplits splits) {
  static_cast<void>(
      varve::internal::GuardExceptions([&] { return AllSplits().Remove(splits).status(); }));
}
