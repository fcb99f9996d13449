// SPDX-License-Identifier: Apache-2.0
#include "segment/sync_task.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "segment/bulk_pack_writer.h"
#include "segment/bulk_pack_writer_v2.h"
#include "segment/segment_update.h"

namespace varve::internal {
namespace {

std::string NameOf(const SegmentState& state) {
  return "segment " + std::to_string(state.files.segment_id);
}

LogRows DeletesOf(const SyncPack& pack) {
  LogRows deletes;
  for (const DeleteData& batch : pack.deletes) {
    for (int64_t i = 0; i < batch.timestamps->length(); ++i) {
      const uint64_t time = batch.timestamps->Value(i);
      deletes.timestamp_from =
          deletes.num_rows == 0 ? time : std::min(deletes.timestamp_from, time);
      deletes.timestamp_to = std::max(deletes.timestamp_to, time);
      ++deletes.num_rows;
    }
  }
  return deletes;
}

Status CheckPack(const SyncPack& pack, const InsertRows& rows, const SegmentState& state) {
  if (pack.checkpoint.timestamp == 0) {
    return MakeError(ErrorKind::kInvalid, "a pack needs a checkpoint", {.object = NameOf(state)});
  }
  for (const DeleteData& batch : pack.deletes) ARROW_RETURN_NOT_OK(batch.Validate());
  if (rows.num_rows() == 0) return Status::OK();
  if (state.level == SegmentLevel::kL0) {
    return MakeError(ErrorKind::kInvalid, "an L0 segment holds deletes alone",
                     {.object = NameOf(state)});
  }
  return Status::OK();
}

// Whether the segment holds the rows and deletes of the pack. One that has none is never too late:
// to flush or drop a segment twice is to do it once.
Result<bool> IsDone(const SyncPack& pack, const InsertRows& rows, const SegmentState& state) {
  const LogRows inserts{rows.num_rows(), rows.timestamp_from(), rows.timestamp_to()};
  const LogRows deletes = DeletesOf(pack);
  if (inserts.num_rows == 0 && deletes.num_rows == 0) return false;
  if (pack.checkpoint.timestamp > state.checkpoint.timestamp) return false;
  if (pack.checkpoint.timestamp < state.checkpoint.timestamp) return true;
  if ((inserts.num_rows == 0 || RowsOfLastLog(state.files.inserts) == inserts) &&
      (deletes.num_rows == 0 || RowsOfLastLog(state.files.deltas) == deletes)) {
    return true;
  }
  return MakeError(ErrorKind::kInvalid, "another pack of the same checkpoint is in the segment",
                   {.object = NameOf(state), .found = std::to_string(pack.checkpoint.timestamp)});
}

void Append(std::vector<FieldBinlog> added, std::vector<FieldBinlog>* fields) {
  for (FieldBinlog& from : added) {
    const auto at = std::find_if(fields->begin(), fields->end(), [&](const FieldBinlog& field) {
      return field.field_id == from.field_id;
    });
    if (at == fields->end()) {
      fields->push_back(std::move(from));
      continue;
    }
    for (Binlog& log : from.logs) {
      // Only the log that stands for all comes again.
      std::erase_if(at->logs, [&](const Binlog& old) { return old.path == log.path; });
      at->logs.push_back(std::move(log));
    }
  }
  for (FieldBinlog& field : *fields) {
    std::sort(field.logs.begin(), field.logs.end(),
              [](const Binlog& a, const Binlog& b) { return a.log_id < b.log_id; });
  }
}

void ClearData(SyncPack* pack) {
  pack->inserts.clear();
  pack->deletes.clear();
  pack->timestamp_from = pack->timestamp_to = 0;
}

SegmentState Advance(SegmentState state, const SyncPack& pack, PackLogs logs) {
  state.files.num_rows += logs.num_rows;
  Append(std::move(logs.inserts), &state.files.inserts);
  Append(std::move(logs.statistics), &state.files.statistics);
  Append(std::move(logs.deltas), &state.files.deltas);
  Append(std::move(logs.bm25), &state.files.bm25);
  if (state.start_position.timestamp == 0) state.start_position = pack.start_position;
  if (pack.checkpoint.timestamp > state.checkpoint.timestamp) state.checkpoint = pack.checkpoint;
  if (pack.is_drop) {
    state.lifecycle = SegmentLifecycle::kDropped;
  } else if (pack.is_flush && state.lifecycle != SegmentLifecycle::kDropped) {
    state.lifecycle = SegmentLifecycle::kFlushed;
  }
  return state;
}

SegmentUpdate MakeUpdate(const SegmentState& before, const SyncPack& pack, PackLogs logs,
                         std::shared_ptr<const CollectionSchema> schema) {
  return {.before = before,
          .after = Advance(before, pack, std::move(logs)),
          .is_flush = pack.is_flush,
          .is_drop = pack.is_drop,
          .schema = std::move(schema)};
}

// The step as far as it is known before anything is written.
SegmentUpdate Plan(const SegmentState& before, const SyncPack& pack, int64_t num_rows,
                   std::shared_ptr<const CollectionSchema> schema) {
  PackLogs logs;
  logs.num_rows = num_rows;
  if (DeletesOf(pack).num_rows > 0) logs.deltas.emplace_back().logs.emplace_back();
  return MakeUpdate(before, pack, std::move(logs), std::move(schema));
}

Result<std::unique_ptr<BulkPackWriter>> MakeWriter(const SyncContext& context,
                                                   std::shared_ptr<const CollectionSchema> schema,
                                                   const SegmentState& state) {
  switch (state.files.version) {
    case StorageVersion::kV1:
      return std::make_unique<BulkPackWriter>(context, std::move(schema), state);
    case StorageVersion::kV2:
      return std::make_unique<BulkPackWriterV2>(context, std::move(schema), state);
    case StorageVersion::kV3:
      break;
  }
  return MakeError(ErrorKind::kUnsupported, "a storage version that is not written",
                   {.object = NameOf(state),
                    .found = std::to_string(static_cast<int64_t>(state.files.version))});
}

}  // namespace

SyncTask::SyncTask(const SyncContext& context, SyncPack pack)
    : context_(context), pack_(std::move(pack)) {}

Result<SyncOutcome> SyncTask::Run() {
  auto outcome = Attempt(pack_);
  if (!IsCommitConflict(outcome.status())) return outcome;
  ARROW_ASSIGN_OR_RAISE(const bool goes_on, CatchUp());
  return goes_on ? Attempt(pack_) : outcome;
}

Result<SyncOutcome> SyncTask::Attempt(SyncPack pack) {
  const SyncEnvironment& environment = context_.environment;
  const auto before = environment.cache->Find(pack.segment_id);
  if (!before.has_value()) return SyncOutcome{.result = SyncResult::kNoSegment, .state = {}};
  if (before->lifecycle == SegmentLifecycle::kDropped && !pack.is_drop) {
    return SyncOutcome{.result = SyncResult::kNoSegment, .state = {}};
  }
  // Nobody needs the rows of a segment that is dropped, and nothing about them may keep it alive.
  if (pack.is_drop) ClearData(&pack);
  // Nothing more ever comes to a segment of deletes.
  if (before->level == SegmentLevel::kL0) pack.is_flush = true;
  const auto schema = environment.cache->schema();
  ARROW_ASSIGN_OR_RAISE(InsertRows rows, InsertRows::Make(*schema, pack));
  ARROW_RETURN_NOT_OK(CheckPack(pack, rows, *before));
  ARROW_ASSIGN_OR_RAISE(const bool is_done, IsDone(pack, rows, *before));
  if (is_done) {
    if (!pack.is_flush || IsFinal(before->lifecycle)) {
      return SyncOutcome{.result = SyncResult::kAlreadyDone, .state = *before};
    }
    // The segment was sealed after its rows came: what is left to do is to end it.
    ClearData(&pack);
    ARROW_ASSIGN_OR_RAISE(rows, InsertRows::Make(*schema, pack));
  }
  if (rows.num_rows() > 0 && IsFinal(before->lifecycle)) {
    return MakeError(ErrorKind::kInvalid, "rows for a segment that has all its rows",
                     {.object = NameOf(*before)});
  }

  ARROW_RETURN_NOT_OK(environment.writer->CheckPlan(Plan(*before, pack, rows.num_rows(), schema)));
  PackLogs logs;
  if (!pack.is_drop) {
    ARROW_ASSIGN_OR_RAISE(const auto writer, MakeWriter(context_, schema, *before));
    ARROW_ASSIGN_OR_RAISE(logs, writer->Write(pack, rows));
  }
  const SegmentUpdate update = MakeUpdate(*before, pack, std::move(logs), schema);
  auto committed =
      WithRetries(context_.retry(), [&] { return environment.writer->Commit(update); });
  if (IsNotFound(committed.status())) {
    // In the cache it would be flushed for ever, and a later pack would go past the rows of this
    // one.
    environment.cache->Remove(pack.segment_id);
    return SyncOutcome{.result = SyncResult::kMovedAway, .state = {}};
  }
  ARROW_ASSIGN_OR_RAISE(SegmentState state, std::move(committed));
  if (state.lifecycle == SegmentLifecycle::kDropped) {
    environment.cache->Remove(pack.segment_id);
  } else {
    Remember(state);
  }
  const bool is_ours = state == update.after;
  return SyncOutcome{.result = is_ours ? SyncResult::kCommitted : SyncResult::kAlreadyDone,
                     .state = std::move(state)};
}

Result<bool> SyncTask::CatchUp() {
  const SyncEnvironment& environment = context_.environment;
  const auto cached = environment.cache->Find(pack_.segment_id);
  ARROW_ASSIGN_OR_RAISE(const auto stored, WithRetries(context_.retry(), [&] {
                          return environment.writer->LoadSegment(pack_.segment_id);
                        }));
  if (!cached.has_value() || !stored.has_value() || stored->channel != cached->channel) {
    return false;
  }
  if (!pack_.is_drop) {
    ARROW_ASSIGN_OR_RAISE(const InsertRows rows,
                          InsertRows::Make(*environment.cache->schema(), pack_));
    const auto is_done = IsDone(pack_, rows, *stored);
    if (!is_done.ok() || !*is_done) return false;
  }
  Remember(*stored);
  return true;
}

void SyncTask::Remember(const SegmentState& state) {
  context_.environment.cache->Update(pack_.segment_id, [&](SegmentState* cached) {
    // Sealed or dropped, while this step was made.
    const SegmentLifecycle meanwhile = cached->lifecycle;
    *cached = state;
    if (!IsFinal(state.lifecycle) || meanwhile == SegmentLifecycle::kDropped) {
      cached->lifecycle = meanwhile;
    }
  });
}

}  // namespace varve::internal
