// SPDX-License-Identifier: Apache-2.0
// One version of a table, in memory: which files hold which rows. Plain values; the codec is
// manifest_codec.h.
//
// Spec: docs/format/manifest.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "varve/schema.h"
#include "varve/statistics.h"

namespace varve::internal {

/// Row ids and row counts stay below this, so that sums of two fit.
inline constexpr uint64_t kRowLimit = uint64_t{1} << 62;

/// Where relative paths start: 0 is the table's own root.
struct BaseEntry {
  uint32_t id = 0;
  std::string uri;
  bool operator==(const BaseEntry&) const = default;
};

struct FileEntry {
  uint32_t base_id = 0;
  std::string path;                ///< relative to the base
  std::vector<int64_t> field_ids;  ///< top-level columns, in file order
  int64_t file_bytes = 0;
  uint32_t schema_id = 0;  ///< schema the file was written under
  std::string layout;      ///< PackedLayout::Encode; opaque here
  bool operator==(const FileEntry&) const = default;
};

/// Deleted rows of a segment. Written by nobody yet; carried along and refused on reading by the
/// feature set.
struct DeletionVectorEntry {
  uint32_t base_id = 0;
  std::string path;
  int64_t offset = 0;
  int64_t length = 0;
  int64_t cardinality = 0;
  uint32_t crc32c = 0;
  bool operator==(const DeletionVectorEntry&) const = default;
};

struct SegmentEntry {
  uint64_t segment_id = 0;    ///< never reused; given at commit
  uint64_t first_row_id = 0;  ///< given at commit
  int64_t num_rows = 0;
  uint64_t sequence = 0;  ///< version that added it; given at commit
  /// Hybrid timestamps of its rows; given at commit unless its files have a Timestamp column or
  /// max_ts is not 0.
  uint64_t min_ts = 0, max_ts = 0;
  std::vector<FileEntry> files;
  std::vector<ColumnStatistics> statistics;
  std::vector<DeletionVectorEntry> deletion_vectors;  ///< at most one
  bool operator==(const SegmentEntry&) const = default;
};

/// A file of deletes by key and sequence. Written by nobody yet.
struct DeltaEntry {
  uint32_t base_id = 0;
  std::string path;
  int64_t file_bytes = 0;
  int64_t num_rows = 0;
  uint64_t sequence = 0;
  bool operator==(const DeltaEntry&) const = default;
};

/// An index over segments. Written by nobody yet.
struct IndexEntry {
  std::string name;
  std::string kind;
  std::vector<int64_t> field_ids;
  std::vector<uint64_t> segment_ids;
  uint64_t sequence = 0;
  uint32_t base_id = 0;
  std::string path;
  bool operator==(const IndexEntry&) const = default;
};

struct TagEntry {
  std::string name;
  uint64_t version = 0;
  bool operator==(const TagEntry&) const = default;
};

enum class OperationKind : int32_t {
  kCreate = 0,
  kAppend = 1,
  kDelete = 2,
  kUpsert = 3,
  kCompact = 4,
  kSchema = 5,
  kTag = 6
};
/// "create", "append", …; "unknown" for a kind of a newer version.
std::string_view OperationKindName(OperationKind kind);
bool IsKnownOperation(OperationKind kind);

/// What a version did, so that others can tell whether their own work still applies.
struct OperationRecord {
  OperationKind kind = OperationKind::kAppend;
  uint64_t read_version = 0;
  std::vector<uint64_t> segments_read;
  std::vector<uint64_t> segments_added;
  std::vector<uint64_t> segments_removed;
  std::string touched_row_ids;  ///< portable roaring bitmap; empty: none
  std::string written_keys;     ///< filter over written keys; empty: none
  std::string predicate;        ///< filter text
  int64_t rows_added = 0;
  int64_t rows_removed = 0;
  std::string message;  ///< free text of the caller
  bool operator==(const OperationRecord&) const = default;
};

struct SchemaEntry {
  uint32_t schema_id = 0;
  std::shared_ptr<const CollectionSchema> schema;
  uint64_t version = 1;  ///< that added it; given at commit
};

/// A complete version. Immutable once published.
struct Manifest {
  Uuid table_id{};
  uint64_t version = 0;  ///< 1 is the creation
  uint64_t parent_version = 0;
  uint32_t parent_crc32c = 0;  ///< of the parent's object, 0 for version 1
  std::string parent_branch;   ///< empty: main
  Uuid commit_id{};
  int64_t commit_micros = 0;                 ///< wall clock of the writer
  std::vector<std::string> reader_features;  ///< a reader that does not know one refuses
  std::vector<std::string> writer_features;  ///< a writer that does not know one refuses
  uint64_t next_row_id = 0;
  uint64_t next_segment_id = 1;
  /// The table's clock: no row of this or an earlier version is newer, but for rows that brought
  /// times more than a day ahead of the clock of who committed them.
  uint64_t max_ts = 0;
  std::vector<SchemaEntry> schemas;  ///< the last one is current
  std::vector<BaseEntry> bases;
  std::vector<std::shared_ptr<const SegmentEntry>> segments;  ///< by segment_id
  std::vector<DeltaEntry> deltas;
  std::vector<IndexEntry> indexes;
  std::vector<TagEntry> tags;
  std::vector<std::pair<std::string, std::string>>
      properties;  ///< table options, e.g. "varve.split"
  OperationRecord operation;

  /// An object this version is built on, and what the next delta needs to know of it.
  struct Link {
    uint64_t version = 0;
    uint32_t crc32c = 0;                     ///< of the whole object
    uint64_t next_segment_id = 0;            ///< of that version
    std::vector<uint64_t> removed_segments;  ///< since the next, older link; ascending
    bool operator==(const Link&) const = default;
  };
  /// This version's object first, a full version last.
  std::vector<Link> chain;

  /// Versions in which (at the latest) these lists changed; 0: never.
  struct ChangedAt {
    uint64_t bases = 0;
    uint64_t indexes = 0;
    uint64_t tags = 0;
    uint64_t properties = 0;
    bool operator==(const ChangedAt&) const = default;
  } changed_at;

  /// Read from an object of a newer writer, with fields this version does not know: may be read,
  /// but nothing may be built on it.
  bool has_unknown_fields = false;

  const std::shared_ptr<const CollectionSchema>& schema() const { return schemas.back().schema; }
  int64_t num_rows() const;
};

/// What a commit changes. Ids, sequences and row ids are given by the commit.
struct ManifestEdit {
  std::vector<SegmentEntry> added_segments;
  std::vector<uint64_t> removed_segment_ids;
  std::shared_ptr<const CollectionSchema> new_schema;  ///< null: unchanged
  std::vector<std::pair<std::string, std::string>> set_properties;
  std::vector<TagEntry> set_tags;
  OperationRecord operation;  ///< kind, read_version, message; the rest is filled in
};

}  // namespace varve::internal
