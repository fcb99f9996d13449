// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/copy_plan.h"

#include <algorithm>
#include <map>
#include <string>

namespace varve::internal {
namespace {

constexpr std::string_view kVersionsFolder = "_versions";

std::string_view FolderOf(std::string_view path) {
  const size_t end = path.rfind('/');
  return end == path.npos ? std::string_view() : path.substr(0, end);
}

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool IsInVersionsFolder(std::string_view path) { return NameOf(FolderOf(path)) == kVersionsFolder; }

}  // namespace

bool IsVersion(std::string_view path) {
  const std::string_view name = NameOf(path);
  return IsInVersionsFolder(path) && !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

CopyPlan PlanCopy(const std::vector<ObjectInfo>& source, const std::vector<ObjectInfo>& target) {
  CopyPlan plan;
  std::vector<PlannedCopy> others, hints;
  std::map<std::string, std::vector<PlannedCopy>> versions;  // by folder, newest first
  auto there = target.begin();
  const auto skip_to = [&](const std::string* path) {
    for (; there != target.end() && (path == nullptr || there->path < *path); ++there) {
      if (IsVersion(there->path)) plan.foreign_versions.push_back(*there);
    }
  };
  for (const ObjectInfo& object : source) {
    skip_to(&object.path);
    PlannedCopy copy{.object = object, .in_target = std::nullopt};
    if (there != target.end() && there->path == object.path) copy.in_target = *there++;
    if (IsVersion(object.path)) {
      if (copy.in_target) plan.common_versions.push_back(copy);
      versions[std::string(FolderOf(object.path))].push_back(std::move(copy));
    } else if (IsInVersionsFolder(object.path)) {
      copy.is_hint = true;
      hints.push_back(std::move(copy));
    } else {
      others.push_back(std::move(copy));
    }
  }
  skip_to(nullptr);
  // Who looks for the newest version lists one name, which finds it, or walks up from the first,
  // which is there when all are. docs/format/commit.md, "Finding the newest"
  std::vector<PlannedCopy> newest, between, first;
  for (auto& [folder, copies] : versions) {
    for (size_t i = 0; i < copies.size(); ++i) {
      auto& stage = i == 0 ? newest : i + 1 == copies.size() ? first : between;
      stage.push_back(std::move(copies[i]));
    }
  }
  for (auto* stage : {&others, &newest, &between, &first, &hints}) {
    plan.stages.push_back(std::move(*stage));
  }
  return plan;
}

}  // namespace varve::internal
