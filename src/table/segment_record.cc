// SPDX-License-Identifier: Apache-2.0
#include "table/segment_record.h"

#include <charconv>
#include <utility>
#include <vector>

#include "storage/object_path.h"
#include "table/segment_record.pb.h"

namespace varve::internal {
namespace {

constexpr std::string_view kKeyPrefix = "varve.segment.";

void Encode(const StreamPosition& from, pb::RecordedPosition* to) {
  to->set_channel(from.channel);
  to->set_message_id(from.message_id);
  to->set_timestamp(from.timestamp);
}

StreamPosition Decode(const pb::RecordedPosition& from) {
  return {
      .channel = from.channel(), .message_id = from.message_id(), .timestamp = from.timestamp()};
}

template <typename Fields>
void Encode(const std::vector<FieldBinlog>& from, Fields* to) {
  for (const FieldBinlog& field : from) {
    auto* recorded = to->Add();
    recorded->set_field_id(field.field_id);
    for (const int64_t id : field.child_fields) recorded->add_child_fields(id);
    recorded->set_format(field.format);
    for (const Binlog& log : field.logs) {
      auto* entry = recorded->add_logs();
      entry->set_path(log.path);
      entry->set_log_id(log.log_id);
      entry->set_num_rows(log.num_rows);
      entry->set_timestamp_from(log.timestamp_from);
      entry->set_timestamp_to(log.timestamp_to);
      entry->set_file_bytes(log.file_bytes);
      entry->set_memory_bytes(log.memory_bytes);
      for (const auto& [id, count] : log.null_counts) {
        auto* nulls = entry->add_null_counts();
        nulls->set_field_id(id);
        nulls->set_count(count);
      }
    }
  }
}

// Reads one record.
class Decoder {
 public:
  explicit Decoder(std::string key) : key_(std::move(key)) {}

  Status Bad(const char* member, std::string expected, std::string found) const {
    return Corruption("a segment's record does not make sense",
                      {.object = "property '" + key_ + "'",
                       .field = member,
                       .expected = std::move(expected),
                       .found = std::move(found)});
  }

  template <typename Fields>
  Status Fill(const Fields& from, std::vector<FieldBinlog>* to) const {
    for (const pb::RecordedField& recorded : from) {
      FieldBinlog field;
      field.field_id = recorded.field_id();
      field.child_fields.assign(recorded.child_fields().begin(), recorded.child_fields().end());
      field.format = recorded.format();
      for (const pb::RecordedLog& entry : recorded.logs()) {
        ARROW_ASSIGN_OR_RAISE(field.logs.emplace_back(), ToLog(entry));
      }
      to->push_back(std::move(field));
    }
    return Status::OK();
  }

 private:
  Result<Binlog> ToLog(const pb::RecordedLog& from) const {
    if (const Status path = CheckObjectPath(from.path()); !path.ok()) {
      return Bad("path", "a path inside the table", "'" + from.path() + "'");
    }
    for (const int64_t count : {from.num_rows(), from.file_bytes(), from.memory_bytes()}) {
      if (count < 0)
        return Bad("num_rows, file_bytes, memory_bytes", ">= 0", std::to_string(count));
    }
    Binlog log;
    log.path = from.path();
    log.log_id = from.log_id();
    log.num_rows = from.num_rows();
    log.timestamp_from = from.timestamp_from();
    log.timestamp_to = from.timestamp_to();
    log.file_bytes = from.file_bytes();
    log.memory_bytes = from.memory_bytes();
    for (const pb::NullCount& nulls : from.null_counts()) {
      log.null_counts[nulls.field_id()] = nulls.count();
    }
    return log;
  }

  const std::string key_;
};

}  // namespace

std::string SegmentPropertyKey(int64_t segment_id) {
  return std::string(kKeyPrefix) + std::to_string(segment_id);
}

std::optional<int64_t> SegmentOfPropertyKey(std::string_view key) {
  if (!key.starts_with(kKeyPrefix)) return std::nullopt;
  const std::string_view digits = key.substr(kKeyPrefix.size());
  int64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return id;
}

std::string EncodeSegmentRecord(const SegmentState& state) {
  pb::SegmentRecord record;
  const SegmentFiles& files = state.files;
  record.set_collection_id(files.collection_id);
  record.set_partition_id(files.partition_id);
  record.set_segment_id(files.segment_id);
  record.set_storage_version(static_cast<int64_t>(files.version));
  record.set_num_rows(files.num_rows);
  record.set_commit_timestamp(files.commit_timestamp);
  Encode(files.inserts, record.mutable_inserts());
  Encode(files.statistics, record.mutable_statistics());
  Encode(files.deltas, record.mutable_deltas());
  Encode(files.bm25, record.mutable_bm25());
  record.set_level(static_cast<int32_t>(state.level));
  record.set_lifecycle(static_cast<int32_t>(state.lifecycle));
  record.set_channel(state.channel);
  Encode(state.start_position, record.mutable_start_position());
  Encode(state.checkpoint, record.mutable_checkpoint());
  return record.SerializeAsString();
}

Result<SegmentState> DecodeSegmentRecord(const std::string& key, std::string_view bytes) {
  const Decoder decoder(key);
  pb::SegmentRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return decoder.Bad("record", "a SegmentRecord", std::to_string(bytes.size()) + " bytes");
  }
  if (SegmentOfPropertyKey(key) != record.segment_id()) {
    return decoder.Bad("segment_id", key, std::to_string(record.segment_id()));
  }
  const auto version = static_cast<StorageVersion>(record.storage_version());
  if (version != StorageVersion::kV1 && version != StorageVersion::kV2) {
    return decoder.Bad("storage_version", "0 or 2", std::to_string(record.storage_version()));
  }
  const auto within = [](int32_t value, auto least, auto most) {
    return value >= static_cast<int32_t>(least) && value <= static_cast<int32_t>(most);
  };
  if (!within(record.level(), SegmentLevel::kLegacy, SegmentLevel::kL2)) {
    return decoder.Bad("level", "0 to 3", std::to_string(record.level()));
  }
  if (!within(record.lifecycle(), SegmentLifecycle::kGrowing, SegmentLifecycle::kDropped)) {
    return decoder.Bad("lifecycle", "2 to 6", std::to_string(record.lifecycle()));
  }
  if (record.num_rows() < 0) {
    return decoder.Bad("num_rows", ">= 0", std::to_string(record.num_rows()));
  }
  SegmentState state;
  SegmentFiles& files = state.files;
  files.collection_id = record.collection_id();
  files.partition_id = record.partition_id();
  files.segment_id = record.segment_id();
  files.version = version;
  files.num_rows = record.num_rows();
  files.commit_timestamp = record.commit_timestamp();
  ARROW_RETURN_NOT_OK(decoder.Fill(record.inserts(), &files.inserts));
  ARROW_RETURN_NOT_OK(decoder.Fill(record.statistics(), &files.statistics));
  ARROW_RETURN_NOT_OK(decoder.Fill(record.deltas(), &files.deltas));
  ARROW_RETURN_NOT_OK(decoder.Fill(record.bm25(), &files.bm25));
  state.level = static_cast<SegmentLevel>(record.level());
  state.lifecycle = static_cast<SegmentLifecycle>(record.lifecycle());
  state.channel = record.channel();
  state.start_position = Decode(record.start_position());
  state.checkpoint = Decode(record.checkpoint());
  return state;
}

}  // namespace varve::internal
