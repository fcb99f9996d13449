// SPDX-License-Identifier: Apache-2.0
#include "segment/log_store.h"

#include <algorithm>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "segment/segment_chunks.h"

namespace varve::internal {
namespace {

Status UsedBefore(const std::string& path) {
  return MakeError(ErrorKind::kAlreadyExists, "the id of this log was used before",
                   {.object = path});
}

}  // namespace

LogStore::LogStore(const SyncContext& context, const SegmentFiles& segment)
    : context_(context),
      segment_{.collection = segment.collection_id,
               .partition = segment.partition_id,
               .segment = segment.segment_id} {
  for (const Binlog* log : LogsOf(segment)) last_id_ = std::max(last_id_, log->log_id);
}

Result<int64_t> LogStore::NextId() {
  ARROW_ASSIGN_OR_RAISE(const int64_t id, context_.environment.ids->Next());
  if (id > last_id_) return last_id_ = id;
  return MakeError(ErrorKind::kInvalid, "ids of a segment's logs must ascend, as their rows do",
                   {.object = "segment " + std::to_string(segment_.segment),
                    .expected = "more than " + std::to_string(last_id_),
                    .found = std::to_string(id)});
}

Result<std::string> LogStore::PathOf(const LogName& name, int64_t log_id) const {
  PathFields fields = segment_;
  fields.field = name.field;
  fields.log = log_id;
  return PrintPath(name.kind, fields, context_.environment.options.root);
}

Result<Binlog> LogStore::Put(const LogName& name, std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t id, WithRetries(context_.retry(), [&] { return NextId(); }));
  ARROW_ASSIGN_OR_RAISE(std::string path, PathOf(name, id));
  ARROW_RETURN_NOT_OK(WithRetries(context_.retry(), [&] { return PutNew(path, bytes); }));
  Binlog log;
  log.path = std::move(path);
  log.log_id = id;
  log.file_bytes = static_cast<int64_t>(bytes.size());
  return log;
}

Result<Binlog> LogStore::Replace(const LogName& name, int64_t log_id,
                                 std::span<const uint8_t> bytes) const {
  ARROW_ASSIGN_OR_RAISE(std::string path, PathOf(name, log_id));
  ARROW_RETURN_NOT_OK(WithRetries(context_.retry(),
                                  [&] { return context_.environment.store->Write(path, bytes); }));
  Binlog log;
  log.path = std::move(path);
  log.log_id = log_id;
  log.file_bytes = static_cast<int64_t>(bytes.size());
  return log;
}

Result<std::shared_ptr<arrow::Buffer>> LogStore::Read(const std::string& path) const {
  return WithRetries(context_.retry(), [&] { return context_.environment.store->Read(path); });
}

// An earlier try may have done it, although it was reported as failed: the same bytes are ours.
Status LogStore::PutNew(const std::string& path, std::span<const uint8_t> bytes) const {
  ChunkManager& store = *context_.environment.store;
  if (store.features().put_if_absent) {
    ARROW_ASSIGN_OR_RAISE(const bool is_ours, store.PutIfAbsent(path, bytes));
    if (is_ours) return Status::OK();
  } else {
    ARROW_ASSIGN_OR_RAISE(const bool is_there, store.Exist(path));
    if (!is_there) return store.Write(path, bytes);
  }
  ARROW_ASSIGN_OR_RAISE(const auto standing, store.Read(path));
  if (std::string_view(*standing) == AsString(bytes)) return Status::OK();
  return UsedBefore(path);
}

}  // namespace varve::internal
