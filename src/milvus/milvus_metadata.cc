// SPDX-License-Identifier: Apache-2.0
#include "varve/milvus_metadata.h"

#include <mutex>
#include <set>
#include <utility>

#include "milvus/save_binlog_paths.pb.h"

namespace varve {
namespace {

void Encode(const StreamPosition& from, milvus::MsgPosition* to) {
  to->set_channel_name(from.channel);
  to->set_msgid(from.message_id);
  to->set_timestamp(from.timestamp);
}

template <typename Fields>
void Encode(const std::vector<FieldBinlog>& from, Fields* to) {
  for (const FieldBinlog& field : from) {
    milvus::FieldBinlog* message = to->Add();
    message->set_fieldid(field.field_id);
    for (const int64_t id : field.child_fields) message->add_child_fields(id);
    message->set_format(field.format);
    for (const Binlog& log : field.logs) {
      milvus::Binlog* entry = message->add_binlogs();
      entry->set_entries_num(log.num_rows);
      entry->set_timestamp_from(log.timestamp_from);
      entry->set_timestamp_to(log.timestamp_to);
      entry->set_log_path(log.path);
      entry->set_log_size(log.file_bytes);
      entry->set_logid(log.log_id);
      entry->set_memory_size(log.memory_bytes);
      for (const auto& [id, count] : log.null_counts) {
        (*entry->mutable_field_null_counts())[id] = count;
      }
    }
  }
}

// Segments that may begin to tell where they start.
bool IsStarting(const SegmentState& state) {
  return state.level == SegmentLevel::kL1 && state.start_position.timestamp != 0 &&
         (state.lifecycle == SegmentLifecycle::kGrowing ||
          state.lifecycle == SegmentLifecycle::kSealed ||
          state.lifecycle == SegmentLifecycle::kFlushing);
}

class MilvusMetaWriter : public MetaWriter {
 public:
  MilvusMetaWriter(std::shared_ptr<MetaCache> cache, SendRequest send)
      : cache_(std::move(cache)), send_(std::move(send)) {}

  Result<SegmentState> Commit(const SegmentUpdate& update) override {
    const std::vector<SegmentState> starting = NotReported(update.after);
    ARROW_RETURN_NOT_OK(send_(EncodeSaveBinlogPaths(update, starting)));
    const std::lock_guard lock(mutex_);
    for (const SegmentState& state : starting) reported_.insert(state.files.segment_id);
    return update.after;
  }

 private:
  std::vector<SegmentState> NotReported(const SegmentState& own) {
    std::vector<SegmentState> starting;
    if (own.start_position.timestamp != 0) starting.push_back(own);
    for (SegmentState& state : cache_->List()) {
      const bool is_own = state.files.segment_id == own.files.segment_id;
      if (!is_own && IsStarting(state)) starting.push_back(std::move(state));
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(starting, [&](const SegmentState& state) {
      return reported_.contains(state.files.segment_id);
    });
    return starting;
  }

  const std::shared_ptr<MetaCache> cache_;
  const SendRequest send_;
  std::mutex mutex_;
  std::set<int64_t> reported_;  ///< segments; guarded by mutex_
};

}  // namespace

std::string EncodeSaveBinlogPaths(const SegmentUpdate& update,
                                  const std::vector<SegmentState>& starting) {
  const SegmentState& state = update.after;
  const SegmentFiles& files = state.files;
  milvus::SaveBinlogPathsRequest request;
  request.set_segmentid(files.segment_id);
  request.set_collectionid(files.collection_id);
  request.set_partitionid(files.partition_id);
  request.set_storageversion(static_cast<int64_t>(files.version));
  request.set_channel(state.channel);
  request.set_seg_level(static_cast<int32_t>(state.level));
  request.set_flushed(update.is_flush);
  request.set_dropped(update.is_drop);
  request.set_with_full_binlogs(true);
  Encode(files.inserts, request.mutable_field2binlogpaths());
  Encode(files.statistics, request.mutable_field2statslogpaths());
  Encode(files.deltas, request.mutable_deltalogs());
  Encode(files.bm25, request.mutable_field2bm25logpaths());
  milvus::CheckPoint* checkpoint = request.add_checkpoints();
  checkpoint->set_segmentid(files.segment_id);
  checkpoint->set_num_of_rows(files.num_rows);
  Encode(state.checkpoint, checkpoint->mutable_position());
  for (const SegmentState& segment : starting) {
    milvus::SegmentStartPosition* start = request.add_start_positions();
    start->set_segmentid(segment.files.segment_id);
    Encode(segment.start_position, start->mutable_start_position());
  }
  return request.SerializeAsString();
}

std::shared_ptr<MetaWriter> MakeMilvusMetaWriter(std::shared_ptr<MetaCache> cache,
                                                 SendRequest send) {
  return std::make_shared<MilvusMetaWriter>(std::move(cache), std::move(send));
}

}  // namespace varve
