// SPDX-License-Identifier: Apache-2.0
// The next version out of one version and an edit; and whether an edit still holds on a version it
// was not made for.
//
// Spec:   docs/format/commit.md, "Rebasing"
// Errors: Invalid for an edit that could never be applied; CommitConflict
#pragma once

#include <cstdint>
#include <memory>

#include "manifest/manifest.h"

namespace varve::internal {

/// Whether `edit` makes sense on `base`, the version it was made for.
Status ValidateEdit(const Manifest& base, const ManifestEdit& edit);

/// OK if `edit`, made for `base`, means the same on `latest`, else CommitConflict naming what both
/// changed. Appends always do.
Status CheckRebase(const Manifest& base, const Manifest& latest, const ManifestEdit& edit);

/// Who commits, and when.
struct CommitStamp {
  Uuid commit_id{};
  int64_t now_micros = 0;
  uint64_t read_version = 0;
};

/// The version after `current`: ids, sequences, row ids and times given, its chain filled in but
/// for its own checksum. `edit` was validated, and rebased if it was made for an earlier version.
/// Errors: ResourceExhausted when ids, rows or versions run out
Result<Manifest> ApplyEdit(const Manifest& current, const ManifestEdit& edit,
                           const CommitStamp& stamp);

/// What a new table starts from: version 0, which is never written.
Manifest EmptyTable(const Uuid& table_id, std::shared_ptr<const CollectionSchema> schema);

}  // namespace varve::internal
