// SPDX-License-Identifier: Apache-2.0
#include "table/table_impl.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/stop.h"
#include "schema/system_fields.h"
#include "table/appender.h"
#include "table/file_pool.h"
#include "table/orphans.h"
#include "table/snapshot_impl.h"

namespace varve::internal {
namespace {

std::shared_ptr<FilePool> MakeFilePool(const TableEnvironment& environment) {
  const bool map = environment.options.map_files && environment.store->features().mapping;
  // Only what is mapped has anything to remember.
  if (map && environment.shares_files) {
    return FilePool::Shared(environment.store, environment.executor);
  }
  return std::make_shared<FilePool>(environment.store, environment.executor,
                                    environment.options.map_files);
}

class TableImpl : public Table {
 public:
  TableImpl(TableEnvironment environment, bool pinned)
      : environment_(std::move(environment)),
        pinned_(pinned),
        versions_(std::make_shared<ManifestStore>(environment_.store, environment_.manifest)),
        files_(MakeFilePool(environment_)) {}

  const std::shared_ptr<ManifestStore>& versions() const { return versions_; }

  const std::string& uri() const override { return environment_.store->uri(); }
  const ChunkManager& store() const override { return *environment_.store; }

  std::shared_ptr<const Snapshot> snapshot() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return snapshot_;
  }

  // Makes `manifest` current unless a newer one is already.
  void Publish(std::shared_ptr<const Manifest> manifest) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (snapshot_ != nullptr && snapshot_->version() >= manifest->version) return;
    snapshot_ = MakeSnapshot(std::move(manifest), files_, versions_);
  }

  Status Refresh() override {
    if (pinned_) return Status::OK();
    const auto current = ManifestOf(*snapshot());
    ARROW_ASSIGN_OR_RAISE(const uint64_t latest, versions_->FindLatest(current->version));
    if (latest == current->version) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto manifest, versions_->Load(latest, current.get()));
    Publish(std::move(manifest));
    return Status::OK();
  }

  Result<CommitInfo> Append(const std::shared_ptr<arrow::RecordBatchReader>& data,
                            const AppendOptions& options) override {
    const auto base = ManifestOf(*snapshot());
    if (pinned_) {
      return MakeError(ErrorKind::kInvalid,
                       "the table was opened at version " + std::to_string(base->version) +
                           " and is read-only; open it without a version to append",
                       {.object = uri()});
    }
    // Before data is sent that no commit could follow.
    ARROW_RETURN_NOT_OK(environment_.store->CheckConditionalWrites());
    PackedWriteOptions write = WriteOptions(options.keeps_timestamps);
    if (options.defaults.has_value()) write.defaults = *options.defaults;
    for (const auto& [field, codec] : options.fields) write.fields[field] = codec;
    auto schema = options.keeps_timestamps ? WithTimestamps(*base->schema()) : base->schema();
    Appender appender(environment_.store, std::move(schema), base->schemas.back().schema_id,
                      std::move(write), base->next_segment_id, environment_.manifest.random);
    ARROW_RETURN_NOT_OK(WriteAll(data.get(), nullptr, &appender));
    ManifestEdit edit;
    ARROW_ASSIGN_OR_RAISE(edit.added_segments, appender.Finish());
    if (edit.added_segments.empty()) return CommitInfo{.version = base->version, .rows_added = 0};
    edit.operation = {
        .kind = OperationKind::kAppend, .read_version = base->version, .message = options.message};
    ARROW_RETURN_NOT_OK(CheckStopped());
    const WorkingFor nobody(nullptr);  // a commit that has begun is not stopped
    return Finish(versions_->Commit(base, edit), edit, &appender);
  }

  Result<CommitInfo> Resolve(const std::string& token) override {
    ARROW_ASSIGN_OR_RAISE(const auto commit, CommitToken::Decode(token));
    CommitOutcome outcome = versions_->Resolve(commit);
    if (outcome.state != CommitState::kCommitted) return outcome.error;
    const CommitInfo info{.version = outcome.manifest->version,
                          .rows_added = outcome.manifest->operation.rows_added};
    if (!pinned_) Publish(std::move(outcome.manifest));
    return info;
  }

  // The first version, with the rows of `data` if there are any.
  Status Create(std::shared_ptr<const CollectionSchema> schema,
                const std::shared_ptr<arrow::RecordBatchReader>& data,
                const CreateOptions& options) {
    // Ask before writing: rows of a table that exists already would be written for nothing.
    const auto existing = versions_->FindLatest();
    if (existing.ok()) return AlreadyThere();
    if (!IsNotFound(existing.status())) return existing.status();
    ARROW_RETURN_NOT_OK(environment_.store->CheckConditionalWrites());

    std::shared_ptr<arrow::RecordBatch> first;
    if (schema == nullptr) {
      ARROW_ASSIGN_OR_RAISE(first, FirstRows(data.get()));
      ARROW_ASSIGN_OR_RAISE(schema, SchemaOfRows(*data->schema(), first, options));
    }
    ManifestEdit edit;
    edit.operation.kind = OperationKind::kCreate;
    edit.operation.message = options.message;
    Appender appender(environment_.store,
                      options.keeps_timestamps ? WithTimestamps(*schema) : schema,
                      /*schema_id=*/0, WriteOptions(options.keeps_timestamps),
                      /*next_segment_id=*/1, environment_.manifest.random);
    if (data != nullptr) ARROW_RETURN_NOT_OK(WriteAll(data.get(), first, &appender));
    ARROW_ASSIGN_OR_RAISE(edit.added_segments, appender.Finish());
    ARROW_RETURN_NOT_OK(CheckStopped());
    const WorkingFor nobody(nullptr);  // a commit that has begun is not stopped
    const Status status = Finish(versions_->Create(schema, edit), edit, &appender).status();
    return IsCommitConflict(status) ? AlreadyThere() : status;
  }

  Result<std::vector<VersionInfo>> History(int64_t limit) const override {
    std::vector<VersionInfo> history;
    auto manifest = ManifestOf(*snapshot());
    while (static_cast<int64_t>(history.size()) < limit) {
      history.push_back({.version = manifest->version,
                         .commit_micros = manifest->commit_micros,
                         .operation = std::string(OperationKindName(manifest->operation.kind)),
                         .rows_added = manifest->operation.rows_added,
                         .rows_removed = manifest->operation.rows_removed,
                         .num_rows = manifest->num_rows(),
                         .message = manifest->operation.message});
      if (manifest->version <= 1) break;
      auto older = versions_->Load(manifest->version - 1);
      if (!older.ok()) {
        if (IsNotFound(older.status())) break;  // collected
        return older.status();
      }
      manifest = std::move(older).ValueUnsafe();
    }
    return history;
  }

  Result<std::vector<ObjectInfo>> Orphans() const override {
    return FindOrphans(environment_.store.get(), versions_.get());
  }

 private:
  Status AlreadyThere() const {
    return MakeError(ErrorKind::kAlreadyExists, "a table exists here already", {.object = uri()});
  }

  // The first batch that has rows: what a list<float> column needs to show that its length is
  // constant. Null: no rows.
  static Result<std::shared_ptr<arrow::RecordBatch>> FirstRows(arrow::RecordBatchReader* data) {
    std::shared_ptr<arrow::RecordBatch> batch;
    do {
      ARROW_RETURN_NOT_OK(CheckStopped());
      ARROW_RETURN_NOT_OK(data->ReadNext(&batch));
    } while (batch != nullptr && batch->num_rows() == 0);
    return batch;
  }

  // Timestamp, where rows bring it, is no field of the schema.
  static Result<std::shared_ptr<const CollectionSchema>> SchemaOfRows(
      const arrow::Schema& columns, std::shared_ptr<arrow::RecordBatch> first,
      const CreateOptions& options) {
    const int timestamp = columns.GetFieldIndex(std::string(kTimestampFieldName));
    if (!options.keeps_timestamps || timestamp < 0) {
      return CollectionSchema::FromArrow(columns, first.get(), options.primary_key);
    }
    ARROW_ASSIGN_OR_RAISE(const auto others, columns.RemoveField(timestamp));
    if (first != nullptr) {
      ARROW_ASSIGN_OR_RAISE(first, first->RemoveColumn(timestamp));
    }
    return CollectionSchema::FromArrow(*others, first.get(), options.primary_key);
  }

  // In groups that are told, Timestamp stands in the first.
  PackedWriteOptions WriteOptions(bool keeps_timestamps) const {
    PackedWriteOptions write = environment_.options.write;
    if (keeps_timestamps && !write.groups.empty()) {
      write.groups.front().emplace_back(kTimestampFieldName);
    }
    return write;
  }

  static Status WriteAll(arrow::RecordBatchReader* data, std::shared_ptr<arrow::RecordBatch> first,
                         Appender* appender) {
    if (first != nullptr) ARROW_RETURN_NOT_OK(appender->Append(first));
    first = nullptr;
    for (;;) {
      ARROW_RETURN_NOT_OK(CheckStopped());
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(data->ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(appender->Append(batch));
    }
  }

  Result<CommitInfo> Finish(CommitOutcome outcome, const ManifestEdit& edit, Appender* appender) {
    switch (outcome.state) {
      case CommitState::kCommitted: {
        appender->Release();
        CommitInfo info{.version = outcome.manifest->version, .rows_added = 0};
        for (const SegmentEntry& segment : edit.added_segments) info.rows_added += segment.num_rows;
        Publish(std::move(outcome.manifest));
        return info;
      }
      case CommitState::kUnknown:
        appender->Release();  // the files may be part of the table
        return outcome.error;
      case CommitState::kConflict:
        return MakeError(ErrorKind::kCommitConflict, outcome.error.message(), {.object = uri()});
      case CommitState::kFailed:
      case CommitState::kExpired:
        appender->Release();  // the put may have been sent: nothing is deleted after that
        return outcome.error;
    }
    return MakeError(ErrorKind::kInternal, "unknown commit state");
  }

  const TableEnvironment environment_;
  const bool pinned_;
  const std::shared_ptr<ManifestStore> versions_;
  const std::shared_ptr<FilePool> files_;

  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace

Result<std::shared_ptr<Table>> CreateTable(TableEnvironment environment,
                                           std::shared_ptr<const CollectionSchema> schema,
                                           const std::shared_ptr<arrow::RecordBatchReader>& data,
                                           const CreateOptions& options) {
  auto table = std::make_shared<TableImpl>(std::move(environment), /*pinned=*/false);
  ARROW_RETURN_NOT_OK(table->Create(std::move(schema), data, options));
  return table;
}

Result<std::shared_ptr<Table>> OpenTable(TableEnvironment environment, const OpenOptions& options) {
  const bool pinned = options.version != 0 || options.as_of_micros != 0;
  auto table = std::make_shared<TableImpl>(std::move(environment), pinned);
  std::shared_ptr<const Manifest> manifest;
  if (pinned) {
    uint64_t version = options.version;
    if (version == 0) {
      ARROW_ASSIGN_OR_RAISE(version, table->versions()->FindByTime(options.as_of_micros));
    }
    ARROW_ASSIGN_OR_RAISE(manifest, table->versions()->Load(version));
  } else {
    ARROW_ASSIGN_OR_RAISE(manifest, table->versions()->LoadLatest());
  }
  table->Publish(std::move(manifest));
  return table;
}

}  // namespace varve::internal

namespace varve {
namespace {

internal::TableEnvironment EnvironmentOver(std::shared_ptr<ChunkManager> store,
                                           const TableOptions& options) {
  return {.store = std::move(store),
          .options = options,
          .manifest = {.deadline = options.commit_deadline}};
}

Result<internal::TableEnvironment> EnvironmentFor(const std::string& uri,
                                                  const TableOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto store, OpenChunkManager(uri, options.store));
  internal::TableEnvironment environment = EnvironmentOver(std::move(store), options);
  environment.shares_files = true;
  return environment;
}

Result<std::shared_ptr<Table>> CreateWith(internal::TableEnvironment environment,
                                          std::shared_ptr<const CollectionSchema> schema,
                                          const std::shared_ptr<arrow::RecordBatchReader>& data,
                                          const CreateOptions& options) {
  if (schema == nullptr && data == nullptr) {
    return MakeError(ErrorKind::kInvalid, "a new table needs a schema or rows",
                     {.object = environment.store->uri()});
  }
  return internal::CreateTable(std::move(environment), std::move(schema), data, options);
}

}  // namespace

Result<std::shared_ptr<Table>> Table::Create(const std::string& uri,
                                             std::shared_ptr<const CollectionSchema> schema,
                                             const TableOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto environment, EnvironmentFor(uri, options));
  return internal::CreateTable(std::move(environment), std::move(schema), nullptr, {});
}

Result<std::shared_ptr<Table>> Table::Create(const std::string& uri,
                                             const std::shared_ptr<arrow::RecordBatchReader>& data,
                                             const std::string& primary_key,
                                             const TableOptions& options) {
  return Create(uri, nullptr, data, {.primary_key = primary_key, .message = {}, .table = options});
}

Result<std::shared_ptr<Table>> Table::Create(const std::string& uri,
                                             std::shared_ptr<const CollectionSchema> schema,
                                             const std::shared_ptr<arrow::RecordBatchReader>& data,
                                             const CreateOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto environment, EnvironmentFor(uri, options.table));
  return CreateWith(std::move(environment), std::move(schema), data, options);
}

Result<std::shared_ptr<Table>> Table::Create(std::shared_ptr<ChunkManager> store,
                                             std::shared_ptr<const CollectionSchema> schema,
                                             const std::shared_ptr<arrow::RecordBatchReader>& data,
                                             const CreateOptions& options) {
  return CreateWith(EnvironmentOver(std::move(store), options.table), std::move(schema), data,
                    options);
}

Result<std::shared_ptr<Table>> Table::Create(std::shared_ptr<ChunkManager> store,
                                             std::shared_ptr<const CollectionSchema> schema,
                                             const TableOptions& options) {
  return internal::CreateTable(EnvironmentOver(std::move(store), options), std::move(schema),
                               nullptr, {});
}

Result<std::shared_ptr<Table>> Table::Open(const std::string& uri, const OpenOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto environment, EnvironmentFor(uri, options.table));
  return internal::OpenTable(std::move(environment), options);
}

Result<std::shared_ptr<Table>> Table::Open(std::shared_ptr<ChunkManager> store,
                                           const OpenOptions& options) {
  return internal::OpenTable(EnvironmentOver(std::move(store), options.table), options);
}

}  // namespace varve
