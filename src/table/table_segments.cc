// SPDX-License-Identifier: Apache-2.0
#include "varve/table_segments.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "manifest/manifest_store.h"
#include "segment/segment_update.h"
#include "table/segment_record.h"

namespace varve {

using internal::CommitState;
using internal::Manifest;
using internal::ManifestEdit;
using internal::SegmentEntry;

namespace {

const std::string* FindProperty(const Manifest& manifest, const std::string& key) {
  for (const auto& [name, value] : manifest.properties) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<std::optional<SegmentState>> FindRecord(const Manifest& manifest, int64_t segment_id) {
  const std::string key = internal::SegmentPropertyKey(segment_id);
  const std::string* record = FindProperty(manifest, key);
  if (record == nullptr) return std::nullopt;
  return internal::DecodeSegmentRecord(key, *record);
}

Status Unsupported(const SegmentState& state, std::string_view what, std::string found) {
  return MakeError(ErrorKind::kUnsupported, what,
                   {.object = "segment " + std::to_string(state.files.segment_id),
                    .field = "adds_rows",
                    .found = std::move(found)});
}

// What a table's scan would show wrongly, or not at all.
Status CheckCanShow(const SegmentState& state) {
  if (state.files.version != StorageVersion::kV2) {
    return Unsupported(state, "rows of this storage version cannot be rows of a table",
                       "version " + std::to_string(static_cast<int64_t>(state.files.version)));
  }
  if (!state.files.deltas.empty()) {
    return Unsupported(state, "a table's rows cannot be deleted by a segment's delta logs",
                       "delta logs");
  }
  return Status::OK();
}

bool AreStoredAlike(const FieldSchema& a, const FieldSchema& b) {
  return a.data_type == b.data_type && a.element_type == b.element_type && a.dim == b.dim &&
         a.nullable == b.nullable;
}

std::string Describe(const FieldSchema& field) {
  std::string text(DataTypeName(field.data_type));
  if (field.element_type != DataType::kNone)
    text += " of " + std::string(DataTypeName(field.element_type));
  if (field.dim > 0) text += "(" + std::to_string(field.dim) + ")";
  if (field.nullable) text += ", nullable";
  return text + ", id " + std::to_string(field.field_id);
}

// A scan finds columns by the table's fields: one that the rows have in another form it would show
// as something else, one that the table lacks never, and without a required one it fails.
Status CheckSchema(const SegmentUpdate& update, const CollectionSchema& table) {
  if (update.rows_added() == 0) return Status::OK();
  const auto wrong = [&](const FieldSchema& field, std::string expected, std::string found) {
    return MakeError(ErrorKind::kInvalid, "rows whose fields are not those of the table",
                     {.object = "segment " + std::to_string(update.after.files.segment_id),
                      .field = field.name,
                      .expected = std::move(expected),
                      .found = std::move(found)});
  };
  if (update.schema == nullptr) {
    return MakeError(
        ErrorKind::kInvalid, "a step with rows needs their schema",
        {.object = "segment " + std::to_string(update.after.files.segment_id), .field = "schema"});
  }
  for (const FieldSchema& field : update.schema->fields()) {
    const FieldSchema* shown = table.FindById(field.field_id);
    if (shown == nullptr) return wrong(field, "no such field", Describe(field));
    if (!AreStoredAlike(*shown, field)) return wrong(field, Describe(*shown), Describe(field));
  }
  for (const FieldSchema& shown : table.fields()) {
    if (shown.nullable || shown.default_value != nullptr) continue;  // may have come later
    if (update.schema->FindById(shown.field_id) == nullptr) {
      return wrong(shown, Describe(shown), "none");
    }
  }
  return Status::OK();
}

// To a task, NotFound would be a segment that is somebody else's by now, and all well.
Status TableGone(Status status) {
  if (!IsNotFound(status)) return status;
  return MakeError(ErrorKind::kInvalid, "the table is gone: " + status.message());
}

std::set<std::string> PathsOf(const std::vector<FieldBinlog>& fields) {
  std::set<std::string> paths;
  for (const FieldBinlog& field : fields) {
    for (const Binlog& log : field.logs) paths.insert(log.path);
  }
  return paths;
}

// Those of the table's segments that are rows of this one.
struct ShownRows {
  std::vector<uint64_t> segment_ids;
  int64_t num_rows = 0;
};

ShownRows FindShownRows(const Manifest& base, const SegmentState& state) {
  const std::set<std::string> paths = PathsOf(state.files.inserts);
  ShownRows shown;
  for (const auto& entry : base.segments) {
    if (!entry->files.empty() && paths.contains(entry->files.front().path)) {
      shown.segment_ids.push_back(entry->segment_id);
      shown.num_rows += entry->num_rows;
    }
  }
  return shown;
}

// Writers of one table may differ in adds_rows: then a scan would show a part of the segment's rows
// as if it were all, or rows that were deleted.
Status CheckGoesOn(const SegmentUpdate& update, const ShownRows& shown, bool adds_rows) {
  const SegmentFiles& before = update.before.files;
  const bool adds_data = update.rows_added() > 0 || update.after.files.deltas != before.deltas;
  const bool fits =
      adds_rows ? shown.num_rows == before.num_rows : !adds_data || shown.segment_ids.empty();
  if (fits) return Status::OK();
  return MakeError(
      ErrorKind::kInvalid, "the segment was filled with another adds_rows",
      {.object = "segment " + std::to_string(before.segment_id),
       .field = "adds_rows",
       .expected = std::to_string(adds_rows ? before.num_rows : 0) + " rows that the table shows",
       .found = std::to_string(shown.num_rows)});
}

// The packed sets that the step adds, as segments of the table: the i-th logs of all groups.
Result<std::vector<SegmentEntry>> AddedRows(const SegmentUpdate& update, uint32_t schema_id) {
  const std::set<std::string> before = PathsOf(update.before.files.inserts);
  std::vector<SegmentEntry> sets;
  for (const FieldBinlog& group : update.after.files.inserts) {
    size_t set = 0;
    for (const Binlog& log : group.logs) {
      if (before.contains(log.path)) continue;
      if (set == sets.size()) {
        sets.emplace_back();
        sets.back().num_rows = log.num_rows;
        sets.back().min_ts = log.timestamp_from;
        sets.back().max_ts = log.timestamp_to;
      }
      SegmentEntry& entry = sets[set++];
      if (entry.num_rows != log.num_rows) {
        return MakeError(ErrorKind::kInvalid, "files of a packed set differ in rows",
                         {.object = log.path,
                          .expected = std::to_string(entry.num_rows),
                          .found = std::to_string(log.num_rows)});
      }
      // Row ids are the table's, which gives them at commit: that column stays unread.
      std::vector<int64_t> field_ids = group.child_fields;
      std::erase(field_ids, kRowIdFieldId);
      entry.files.push_back({.base_id = 0,
                             .path = log.path,
                             .field_ids = std::move(field_ids),
                             .file_bytes = log.file_bytes,
                             .schema_id = schema_id,
                             .layout = {}});
    }
  }
  return sets;
}

}  // namespace

class TableMetaWriter::Impl {
 public:
  Impl(std::shared_ptr<ChunkManager> store, TableSegmentOptions options,
       internal::ManifestStoreOptions manifest)
      : options_(options), versions_(std::move(store), manifest) {}

  Result<std::shared_ptr<const Manifest>> Newest() {
    std::shared_ptr<const Manifest> known;
    {
      const std::lock_guard lock(mutex_);
      known = newest_;
    }
    ARROW_ASSIGN_OR_RAISE(auto newest, versions_.LoadLatest(known.get()));
    Remember(newest);
    return newest;
  }

  Status CheckPlan(const SegmentUpdate& planned) {
    if (planned.after.lifecycle == SegmentLifecycle::kDropped) return Status::OK();
    std::shared_ptr<const Manifest> known;
    {
      const std::lock_guard lock(mutex_);
      known = newest_;
    }
    if (options_.adds_rows) {
      ARROW_RETURN_NOT_OK(CheckCanShow(planned.after));
      ARROW_RETURN_NOT_OK(CheckSchema(planned, *known->schema()));
    }
    ARROW_ASSIGN_OR_RAISE(const auto stored, FindRecord(*known, planned.before.files.segment_id));
    // Of a version that is older than `before` nothing is to be concluded.
    if (!stored.has_value() || stored->files != planned.before.files) return Status::OK();
    return CheckGoesOn(planned, FindShownRows(*known, planned.before), options_.adds_rows);
  }

  Result<SegmentState> Commit(const SegmentUpdate& update) {
    const int64_t id = update.after.files.segment_id;
    // A lost race with another writer of the same segment is judged by what it has left: that ends
    // the loop, as does any error.
    for (;;) {
      const auto found = Newest();
      ARROW_RETURN_NOT_OK(TableGone(found.status()));
      const std::shared_ptr<const Manifest>& base = *found;
      ARROW_ASSIGN_OR_RAISE(const auto stored, FindRecord(*base, id));
      ARROW_ASSIGN_OR_RAISE(const auto verdict, internal::JudgeUpdate(stored, update));
      if (verdict == internal::UpdateVerdict::kStands) return *stored;
      ARROW_ASSIGN_OR_RAISE(const ManifestEdit edit, MakeEdit(*base, update));
      auto outcome = versions_.Commit(base, edit);
      if (outcome.state == CommitState::kCommitted) {
        Remember(std::move(outcome.manifest));
        return update.after;
      }
      if (outcome.state != CommitState::kConflict) return TableGone(outcome.error);
      const auto now = Newest();
      ARROW_RETURN_NOT_OK(TableGone(now.status()));
      ARROW_ASSIGN_OR_RAISE(const auto record, FindRecord(**now, id));
      if (record == stored) return outcome.error;
    }
  }

 private:
  void Remember(std::shared_ptr<const Manifest> manifest) {
    const std::lock_guard lock(mutex_);
    if (newest_ == nullptr || newest_->version < manifest->version) newest_ = std::move(manifest);
  }

  Result<ManifestEdit> MakeEdit(const Manifest& base, const SegmentUpdate& update) const {
    const SegmentState& after = update.after;
    ManifestEdit edit;
    edit.set_properties = {{internal::SegmentPropertyKey(after.files.segment_id),
                            internal::EncodeSegmentRecord(after)}};
    edit.operation = {.kind = internal::OperationKind::kAppend,
                      .read_version = base.version,
                      .message = "segment " + std::to_string(after.files.segment_id) + " up to " +
                                 std::to_string(after.checkpoint.timestamp)};
    ShownRows shown = FindShownRows(base, update.before);
    // Whoever added them: their files may go now.
    if (after.lifecycle == SegmentLifecycle::kDropped) {
      edit.operation.kind = internal::OperationKind::kDelete;
      edit.removed_segment_ids = std::move(shown.segment_ids);
      return edit;
    }
    ARROW_RETURN_NOT_OK(CheckGoesOn(update, shown, options_.adds_rows));
    if (!options_.adds_rows) return edit;
    ARROW_RETURN_NOT_OK(CheckCanShow(after));
    ARROW_RETURN_NOT_OK(CheckSchema(update, *base.schema()));
    ARROW_ASSIGN_OR_RAISE(edit.added_segments, AddedRows(update, base.schemas.back().schema_id));
    return edit;
  }

  const TableSegmentOptions options_;
  internal::ManifestStore versions_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Manifest> newest_;  ///< guarded by mutex_
};

TableMetaWriter::TableMetaWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableMetaWriter::~TableMetaWriter() = default;

Result<std::shared_ptr<TableMetaWriter>> TableMetaWriter::Make(std::shared_ptr<ChunkManager> store,
                                                               TableSegmentOptions options) {
  internal::ManifestStoreOptions manifest;
  manifest.deadline = options.commit_deadline;
  auto impl = std::make_unique<Impl>(std::move(store), options, manifest);
  ARROW_RETURN_NOT_OK(impl->Newest().status());
  return std::shared_ptr<TableMetaWriter>(new TableMetaWriter(std::move(impl)));
}

Status TableMetaWriter::CheckPlan(const SegmentUpdate& planned) {
  return impl_->CheckPlan(planned);
}

Result<SegmentState> TableMetaWriter::Commit(const SegmentUpdate& update) {
  return impl_->Commit(update);
}

Result<std::optional<SegmentState>> TableMetaWriter::LoadSegment(int64_t segment_id) {
  ARROW_ASSIGN_OR_RAISE(const auto newest, impl_->Newest());
  return FindRecord(*newest, segment_id);
}

Result<std::vector<SegmentState>> TableMetaWriter::LoadSegments() {
  ARROW_ASSIGN_OR_RAISE(const auto newest, impl_->Newest());
  std::vector<SegmentState> states;
  for (const auto& [key, record] : newest->properties) {
    if (!internal::SegmentOfPropertyKey(key).has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(states.emplace_back(), internal::DecodeSegmentRecord(key, record));
  }
  std::sort(states.begin(), states.end(), [](const SegmentState& a, const SegmentState& b) {
    return a.files.segment_id < b.files.segment_id;
  });
  return states;
}

}  // namespace varve
