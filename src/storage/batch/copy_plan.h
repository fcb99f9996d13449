// SPDX-License-Identifier: Apache-2.0
// What a copy of a whole store has to do, and in which order.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "varve/chunk_manager.h"

namespace varve::internal {

struct PlannedCopy {
  ObjectInfo object;                    ///< of the source
  std::optional<ObjectInfo> in_target;  ///< what stands there under the same path
  bool is_hint = false;                 ///< beside versions: old ones do no harm
};

struct CopyPlan {
  /// Each stage is to be done before the next begins. The last ones are the versions of tables:
  /// their order keeps a half-done copy from being an older table.
  std::vector<std::vector<PlannedCopy>> stages;
  /// Versions of tables in both stores, which must be the same.
  std::vector<PlannedCopy> common_versions;
  /// Versions of tables that only the target has.
  std::vector<ObjectInfo> foreign_versions;
};

/// Whether the object is a version of a table: a number in a folder "_versions".
bool IsVersion(std::string_view path);

/// Both lists in byte order of their paths.
CopyPlan PlanCopy(const std::vector<ObjectInfo>& source, const std::vector<ObjectInfo>& target);

}  // namespace varve::internal
