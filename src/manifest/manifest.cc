// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest.h"

namespace varve::internal {

std::string_view OperationKindName(OperationKind kind) {
  switch (kind) {
    case OperationKind::kCreate:
      return "create";
    case OperationKind::kAppend:
      return "append";
    case OperationKind::kDelete:
      return "delete";
    case OperationKind::kUpsert:
      return "upsert";
    case OperationKind::kCompact:
      return "compact";
    case OperationKind::kSchema:
      return "schema";
    case OperationKind::kTag:
      return "tag";
  }
  return "unknown";
}

bool IsKnownOperation(OperationKind kind) {
  return kind >= OperationKind::kCreate && kind <= OperationKind::kTag;
}

int64_t Manifest::num_rows() const {
  int64_t total = 0;
  for (const auto& segment : segments) total += segment->num_rows;
  return total;
}

}  // namespace varve::internal
