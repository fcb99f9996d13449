// SPDX-License-Identifier: Apache-2.0
// Finding the newest version, and noticing that one is missing. Spec: docs/format/commit.md
#include <algorithm>
#include <charconv>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "manifest/manifest_store.h"
#include "manifest/version_chain.h"

namespace varve::internal {
namespace {

constexpr int64_t kMaxHintBytes = 20;
constexpr uint64_t kVersionsPerHint = 64;
// Beyond what seems to be the end, versions are looked for at this distance, half of it, and so on.
// A name that is absent is the dearest to ask a disk for.
constexpr uint64_t kFarthestProbe = 8;
// Opening a table of up to so many versions looks at the names of all. It costs some 20 us for this
// many, and would be most of an opening for a thousand.
constexpr uint64_t kCheckedNamesMax = 64;

Status MissingVersion(uint64_t version) {
  return Corruption("a version is missing", {.object = VersionPath(version),
                                             .field = "version",
                                             .expected = "version " + std::to_string(version),
                                             .found = "no such object"});
}

}  // namespace

bool ManifestStore::ProbesAreCheap() const { return store_->features().mapping; }

Result<bool> ManifestStore::Exists(uint64_t version) { return store_->Exist(VersionPath(version)); }

// 0: nothing that looks like a version.
Result<uint64_t> ManifestStore::FindByListing() {
  ARROW_ASSIGN_OR_RAISE(const auto objects, store_->List(kVersionsFolder, {.limit = 1}));
  if (objects.empty()) return 0;
  return VersionOfPath(objects.front().path).value_or(0);
}

// 0: no hint, or none that makes sense.
Result<uint64_t> ManifestStore::ReadHint() {
  auto read = store_->Read(kHintPath);
  if (!read.ok()) {
    if (IsNotFound(read.status())) return 0;
    return read.status();
  }
  if ((*read)->size() > kMaxHintBytes) return 0;
  const auto* begin = reinterpret_cast<const char*>((*read)->data());
  const char* end = begin + (*read)->size();
  uint64_t version = 0;
  const auto [stop, error] = std::from_chars(begin, end, version);
  if (error != std::errc() || stop != end || version >= kVersionLimit) return 0;
  return version;
}

// Best effort: a hint that is missing or old costs its readers a few probes.
void ManifestStore::WriteHint(uint64_t version) {
  if (ProbesAreCheap() || store_->features().ordered_listing) return;
  if (version % kVersionsPerHint != 0) return;
  const std::string text = std::to_string(version);
  const Status ignored = store_->Write(kHintPath, AsBytes(text));
  static_cast<void>(ignored);
}

// The last of the versions from `low`, which exists, up to one that does not: gallop, then halve.
Result<uint64_t> ManifestStore::FindEnd(uint64_t low) {
  uint64_t high = 0;
  for (uint64_t step = 1; high == 0; step *= 2) {
    const uint64_t probe = std::min(low + step, kVersionLimit);
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(probe));
    if (!there || probe == kVersionLimit) {
      high = probe;
    } else {
      low = probe;
    }
  }
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(middle));
    (there ? low : high) = middle;
  }
  return low;
}

// Some version above `end` + 1, which is absent; 0: none was found.
Result<uint64_t> ManifestStore::FindBeyond(uint64_t end) {
  for (uint64_t distance = 1; distance <= kFarthestProbe; distance *= 2) {
    const uint64_t probe = end + 1 + distance;
    if (probe >= kVersionLimit) break;
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(probe));
    if (there) return probe;
  }
  return 0;
}

// No version between the oldest and the newest is missing.
Status ManifestStore::CheckNames() {
  ARROW_ASSIGN_OR_RAISE(const auto objects, store_->List(kVersionsFolder, {.names_only = true}));
  uint64_t newer = 0;
  for (const ObjectInfo& object : objects) {
    const auto version = VersionOfPath(object.path);
    if (!version) continue;
    // A listing may miss what is created while it is made, but by now that is there.
    for (uint64_t missing = newer - 1; newer != 0 && missing > *version; --missing) {
      ARROW_ASSIGN_OR_RAISE(const bool there, Exists(missing));
      if (!there) return MissingVersion(missing);
    }
    newer = *version;
  }
  return Status::OK();
}

Result<uint64_t> ManifestStore::FindLatest(uint64_t at_least) {
  const bool list_first = store_->features().ordered_listing && !ProbesAreCheap();
  if (list_first) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t listed, FindByListing());
    if (listed != 0 && listed >= at_least) return listed;
  }
  uint64_t low = at_least;
  uint64_t hint = 0;
  if (low == 0 && !ProbesAreCheap() && !list_first) {
    ARROW_ASSIGN_OR_RAISE(hint, ReadHint());
    if (hint != 0) {
      ARROW_ASSIGN_OR_RAISE(const bool there, Exists(hint));
      if (there) low = hint;
    }
  }
  if (low == 0) {
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(1));
    if (there) low = 1;
  }
  // The first versions may have been collected.
  if (low == 0) {
    ARROW_ASSIGN_OR_RAISE(low, FindByListing());
  }
  if (low == 0) {
    return MakeError(ErrorKind::kNotFound, "there is no table here", {.object = store_->uri()});
  }
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(low, FindEnd(low));
    uint64_t newer = 0;
    if (ProbesAreCheap()) {
      ARROW_ASSIGN_OR_RAISE(newer, FindBeyond(low));
    } else if (hint > low) {
      ARROW_ASSIGN_OR_RAISE(newer, FindBeyond(hint - 1));
    }
    if (newer == 0) break;
    // Others may have committed since; then it is no longer absent.
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(low + 1));
    if (!there) return MissingVersion(low + 1);
    low = newer;
  }
  if (at_least == 0 && ProbesAreCheap() && low <= kCheckedNamesMax) {
    ARROW_RETURN_NOT_OK(CheckNames());
  }
  return low;
}

Status ManifestStore::CheckPlace(uint64_t version) {
  if (!ProbesAreCheap() || version <= 1) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const bool newer, Exists(version + 1));
  if (newer) {
    // Taken, and more: the put will say so.
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(version));
    return there ? Status::OK() : MissingVersion(version);
  }
  auto needed = VersionChainOf(version);
  needed.front() = version - 1;
  for (const uint64_t older : needed) {
    ARROW_ASSIGN_OR_RAISE(const bool there, Exists(older));
    if (!there) return MissingVersion(older);
  }
  return Status::OK();
}

Status ManifestStore::NoSuchVersion(uint64_t version) const {
  return MakeError(ErrorKind::kNotFound, "no such version",
                   {.object = store_->uri(), .field = "version", .found = std::to_string(version)});
}

Status ManifestStore::Absent(uint64_t version) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t newest, FindByListing());
  if (newest <= version) return NoSuchVersion(version);
  ARROW_ASSIGN_OR_RAISE(
      const auto older,
      store_->List(kVersionsFolder, {.start_after = VersionPath(version), .limit = 1}));
  if (older.empty() || !VersionOfPath(older.front().path)) return NoSuchVersion(version);
  return MissingVersion(version);
}

}  // namespace varve::internal
