// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "base/coding.h"
#include "binlog/stored_insert_log.h"
#include "packed/join_arrays.h"
#include "varve/delta_log.h"
#include "varve/hybrid_timestamp.h"

namespace varve::internal {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

uint64_t HybridNow(Clock* clock) { return HybridFromMillis(clock->NowMicros() / kMicrosPerMilli); }

BinlogDescriptor DescriptorOf(const SegmentFiles& segment, Clock* clock) {
  BinlogDescriptor descriptor;
  descriptor.timestamp = HybridNow(clock);
  descriptor.collection_id = segment.collection_id;
  descriptor.partition_id = segment.partition_id;
  descriptor.segment_id = segment.segment_id;
  return descriptor;
}

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

FieldBinlog OneLog(int64_t field_id, Binlog log) {
  FieldBinlog field;
  field.field_id = field_id;
  field.logs.push_back(std::move(log));
  return field;
}

Binlog ExtentOf(const InsertRows& rows) {
  Binlog extent;
  extent.num_rows = rows.num_rows();
  extent.timestamp_from = rows.timestamp_from();
  extent.timestamp_to = rows.timestamp_to();
  return extent;
}

bool StandsForAll(const Binlog& log) { return log.log_id == kCompoundLogId; }

// Those logs of one field that tell of each row once: without the one that stands for all, or that
// one alone, if compaction has left no other.
std::vector<Binlog> PartsOf(const std::vector<FieldBinlog>& fields, int64_t field_id) {
  std::vector<Binlog> logs;
  for (const FieldBinlog& field : fields) {
    if (field.field_id == field_id) logs = field.logs;
  }
  if (!std::all_of(logs.begin(), logs.end(), StandsForAll)) std::erase_if(logs, StandsForAll);
  return logs;
}

// Nothing to sum up beyond what stands, unless there are new ones.
bool IsSummedUp(const std::vector<Binlog>& parts) {
  return std::all_of(parts.begin(), parts.end(), StandsForAll);
}

Result<DeleteData> JoinDeletes(const std::vector<DeleteData>& batches) {
  arrow::ArrayVector keys;
  arrow::ArrayVector timestamps;
  for (const DeleteData& batch : batches) {
    if (!keys.empty() && !keys.front()->type()->Equals(*batch.primary_keys->type())) {
      return MakeError(ErrorKind::kInvalid, "deletes with keys of two types",
                       {.expected = keys.front()->type()->ToString(),
                        .found = batch.primary_keys->type()->ToString()});
    }
    keys.push_back(batch.primary_keys);
    timestamps.push_back(batch.timestamps);
  }
  if (batches.size() == 1) return batches.front();
  ARROW_ASSIGN_OR_RAISE(auto joined_keys, JoinArrays(keys));
  ARROW_ASSIGN_OR_RAISE(const auto joined_timestamps, JoinArrays(timestamps));
  return DeleteData{std::move(joined_keys),
                    std::static_pointer_cast<arrow::UInt64Array>(joined_timestamps)};
}

// By Milvus' own accounting (section 2.5).
int64_t MemoryOf(const DeleteData& deletes) {
  constexpr int64_t kIntegerKeyBytes = 16;
  constexpr int64_t kTextKeyFrontBytes = 8;
  constexpr int64_t kTimestampBytes = 8;
  const int64_t rows = deletes.num_rows();
  if (deletes.primary_keys->type_id() != arrow::Type::STRING) {
    return rows * (kIntegerKeyBytes + kTimestampBytes);
  }
  const auto& keys = static_cast<const arrow::StringArray&>(*deletes.primary_keys);
  return keys.total_values_length() + rows * (kTextKeyFrontBytes + kTimestampBytes);
}

Status CheckHasRowsOf(const Bm25Statistics& statistics, int64_t num_rows, const std::string& path) {
  if (statistics.num_rows == num_rows) return Status::OK();
  return Corruption("BM25 statistics of rows that the segment does not have",
                    {.object = path,
                     .expected = std::to_string(num_rows) + " rows",
                     .found = std::to_string(statistics.num_rows)});
}

// Ids of the fields that the segment has; none where its metadata do not name those of all groups.
std::set<int64_t> LoggedFields(const SegmentFiles& segment) {
  std::set<int64_t> ids;
  for (const FieldBinlog& list : segment.inserts) {
    if (segment.version == StorageVersion::kV1) {
      ids.insert(list.field_id);
    } else if (list.child_fields.empty()) {
      return {};
    } else {
      ids.insert(list.child_fields.begin(), list.child_fields.end());
    }
  }
  return ids;
}

// By then all rows have the fields of the newest chunk: older chunks may lack some, never newer
// ones.
Status CheckGoesOn(const SegmentFiles& segment, const std::vector<FieldSchema>& fields) {
  std::set<int64_t> logged = LoggedFields(segment);
  if (logged.empty()) return Status::OK();
  const auto wrong = [&](std::string_view message, const FieldSchema* field, int64_t field_id) {
    return MakeError(ErrorKind::kInvalid, message,
                     {.object = "segment " + std::to_string(segment.segment_id),
                      .field = field == nullptr ? "" : field->name,
                      .found = "id " + std::to_string(field_id)});
  };
  for (const FieldSchema& field : fields) {
    if (logged.erase(field.field_id) > 0 || field.nullable || field.default_value != nullptr) {
      continue;
    }
    return wrong("a field that no log of the segment has must be nullable or have a default",
                 &field, field.field_id);
  }
  if (logged.empty()) return Status::OK();
  return wrong("the rows lack a field that the segment has logs of", nullptr, *logged.begin());
}

Status AddTexts(const arrow::Array& column, Bm25Statistics* statistics) {
  const auto& texts = static_cast<const arrow::BinaryArray&>(column);
  for (int64_t row = 0; row < texts.length(); ++row) {
    if (texts.IsValid(row)) ARROW_RETURN_NOT_OK(statistics->AddRow(AsBytes(texts.GetView(row))));
  }
  return Status::OK();
}

Result<size_t> IndexOfSparseField(const InsertRows& rows, int64_t field_id) {
  const auto& fields = rows.fields();
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const FieldSchema& field) {
    return field.field_id == field_id && field.data_type == DataType::kSparseFloatVector;
  });
  if (at != fields.end()) return static_cast<size_t>(at - fields.begin());
  return MakeError(ErrorKind::kInvalid, "BM25 statistics are of sparse vector fields",
                   {.field = "bm25_fields", .found = std::to_string(field_id)});
}

}  // namespace

BulkPackWriter::BulkPackWriter(const SyncContext& context,
                               std::shared_ptr<const CollectionSchema> schema,
                               const SegmentState& segment)
    : context_(context),
      schema_(std::move(schema)),
      segment_(segment),
      earlier_(context, schema_, segment.files),
      logs_(context, segment.files) {}

Result<PackLogs> BulkPackWriter::Write(const SyncPack& pack, const InsertRows& rows) {
  // An L0 segment has deletes alone.
  const bool completes = pack.is_flush && segment_.level != SegmentLevel::kL0;
  PackLogs logs;
  logs.num_rows = rows.num_rows();
  if (rows.num_rows() > 0) {
    ARROW_RETURN_NOT_OK(CheckGoesOn(segment_.files, rows.fields()));
    ARROW_ASSIGN_OR_RAISE(logs.inserts, WriteInserts(rows));
  }
  ARROW_ASSIGN_OR_RAISE(logs.statistics, WriteStatistics(rows, completes));
  ARROW_ASSIGN_OR_RAISE(logs.deltas, WriteDeletes(pack.deletes));
  for (const int64_t field_id : Bm25Fields(pack, rows)) {
    ARROW_ASSIGN_OR_RAISE(FieldBinlog field, WriteBm25(field_id, rows, completes));
    if (!field.logs.empty()) logs.bm25.push_back(std::move(field));
  }
  return logs;
}

std::set<int64_t> BulkPackWriter::Bm25Fields(const SyncPack& pack, const InsertRows& rows) const {
  std::set<int64_t> ids(pack.bm25_fields.begin(), pack.bm25_fields.end());
  for (const FieldBinlog& known : segment_.files.bm25) {
    // One that the schema has no more keeps the statistics that it has.
    if (IndexOfSparseField(rows, known.field_id).ok()) ids.insert(known.field_id);
  }
  return ids;
}

Result<std::vector<FieldBinlog>> BulkPackWriter::WriteInserts(const InsertRows& rows) {
  std::vector<FieldBinlog> logs;
  for (size_t i = 0; i < rows.fields().size(); ++i) {
    const FieldSchema& field = rows.fields()[i];
    ARROW_ASSIGN_OR_RAISE(const StoredColumn column, rows.EncodeColumn(i));
    BinlogDescriptor descriptor = DescriptorOf(segment_.files, context_.clock);
    descriptor.start_timestamp = rows.timestamp_from();
    descriptor.end_timestamp = rows.timestamp_to();
    ARROW_ASSIGN_OR_RAISE(const auto bytes,
                          WriteStoredInsertLog(field, column.values, std::move(descriptor)));
    ARROW_ASSIGN_OR_RAISE(
        Binlog log,
        logs_.Put({.kind = PathKind::kInsertLog, .field = field.field_id}, BytesOf(*bytes)));
    log.num_rows = rows.num_rows();
    log.timestamp_from = rows.timestamp_from();
    log.timestamp_to = rows.timestamp_to();
    log.memory_bytes = column.memory_bytes;
    logs.push_back(OneLog(field.field_id, std::move(log)));
  }
  return logs;
}

Result<PrimaryKeyStatisticsBuilder> BulkPackWriter::BuildStatistics(const FieldSchema& key,
                                                                    int64_t num_rows) const {
  const SyncOptions& options = context_.environment.options;
  return PrimaryKeyStatisticsBuilder::Make(key.field_id, key.data_type, num_rows,
                                           options.bloom_filter_type, options.false_positive_rate);
}

Result<PrimaryKeyStatistics> BulkPackWriter::StatisticsOfEarlierRows(const FieldSchema& key) const {
  // Metadata need not tell how many there are, which the filter has to know.
  ARROW_ASSIGN_OR_RAISE(const auto stream, earlier_.Read(key.name));
  ARROW_ASSIGN_OR_RAISE(const auto batches, stream->ToRecordBatches());
  int64_t num_rows = 0;
  for (const auto& batch : batches) num_rows += batch->num_rows();
  ARROW_ASSIGN_OR_RAISE(auto builder, BuildStatistics(key, num_rows));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(builder.AddKeys(*batch->column(0)));
  return std::move(builder).Finish();
}

Result<Bm25Statistics> BulkPackWriter::Bm25OfEarlierRows(const FieldSchema& field) const {
  Bm25Statistics statistics;
  ARROW_ASSIGN_OR_RAISE(const auto stream, earlier_.Read(field.name));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) return statistics;
    ARROW_RETURN_NOT_OK(AddTexts(*batch->column(0), &statistics));
  }
}

Result<Binlog> BulkPackWriter::PutStatistics(const LogName& name, std::string_view bytes,
                                             const Binlog& extent) {
  ARROW_ASSIGN_OR_RAISE(Binlog log, logs_.Put(name, AsBytes(bytes)));
  log.num_rows = extent.num_rows;
  log.timestamp_from = extent.timestamp_from;
  log.timestamp_to = extent.timestamp_to;
  log.memory_bytes = log.file_bytes;
  return log;
}

Result<std::vector<FieldBinlog>> BulkPackWriter::WriteStatistics(const InsertRows& rows,
                                                                 bool with_compound) {
  const FieldSchema* key = schema_->primary_key();
  if (key == nullptr) return std::vector<FieldBinlog>{};
  FieldBinlog field;
  field.field_id = key->field_id;
  std::vector<PrimaryKeyStatistics> all;
  const LogName name{.kind = PathKind::kPrimaryKeyStatistics, .field = key->field_id};
  std::vector<Binlog> parts = PartsOf(segment_.files.statistics, key->field_id);
  if ((rows.num_rows() > 0 || with_compound) && !earlier_.AreAllIn(parts)) {
    parts.clear();  // the new one tells of their rows too
    ARROW_ASSIGN_OR_RAISE(all.emplace_back(), StatisticsOfEarlierRows(*key));
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, EncodePrimaryKeyStatistics(all.back()));
    ARROW_ASSIGN_OR_RAISE(field.logs.emplace_back(), PutStatistics(name, bytes, earlier_.Extent()));
  }
  if (rows.num_rows() > 0) {
    ARROW_ASSIGN_OR_RAISE(auto builder, BuildStatistics(*key, rows.num_rows()));
    for (const auto& batch : rows.batches()) {
      ARROW_RETURN_NOT_OK(builder.AddKeys(*batch->GetColumnByName(key->name)));
    }
    ARROW_ASSIGN_OR_RAISE(all.emplace_back(), std::move(builder).Finish());
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, EncodePrimaryKeyStatistics(all.back()));
    ARROW_ASSIGN_OR_RAISE(field.logs.emplace_back(), PutStatistics(name, bytes, ExtentOf(rows)));
  }
  if (with_compound && !(field.logs.empty() && IsSummedUp(parts))) {
    std::vector<PrimaryKeyStatistics> earlier;
    for (const Binlog& part : parts) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, logs_.Read(part.path));
      if (!StandsForAll(part)) {
        ARROW_ASSIGN_OR_RAISE(earlier.emplace_back(),
                              DecodePrimaryKeyStatistics(BytesOf(*bytes), part.path));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto several,
                            DecodeCompoundPrimaryKeyStatistics(BytesOf(*bytes), part.path));
      std::move(several.begin(), several.end(), std::back_inserter(earlier));
    }
    all.insert(all.begin(), earlier.begin(), earlier.end());
    parts.insert(parts.end(), field.logs.begin(), field.logs.end());
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, EncodeCompoundPrimaryKeyStatistics(all));
    ARROW_ASSIGN_OR_RAISE(Binlog log, logs_.Replace(name, kCompoundLogId, AsBytes(bytes)));
    AddRowsOf(parts, &log);
    log.memory_bytes = log.file_bytes;
    field.logs.push_back(std::move(log));
  }
  if (field.logs.empty()) return std::vector<FieldBinlog>{};
  return std::vector<FieldBinlog>{std::move(field)};
}

Result<std::vector<FieldBinlog>> BulkPackWriter::WriteDeletes(
    const std::vector<DeleteData>& batches) {
  if (batches.empty()) return std::vector<FieldBinlog>{};
  const FieldSchema* key = schema_->primary_key();
  if (key == nullptr) {
    return MakeError(ErrorKind::kInvalid, "deletes are by primary key, and the schema has none");
  }
  ARROW_ASSIGN_OR_RAISE(const DeleteData deletes, JoinDeletes(batches));
  if (!deletes.primary_keys->type()->Equals(*key->arrow_type)) {
    return MakeError(ErrorKind::kInvalid, "deletes with keys of another type",
                     {.field = key->name,
                      .expected = key->arrow_type->ToString(),
                      .found = deletes.primary_keys->type()->ToString()});
  }
  if (deletes.num_rows() == 0) return std::vector<FieldBinlog>{};
  const bool is_json = context_.environment.options.delete_format == DeleteLogFormat::kJson;
  ARROW_ASSIGN_OR_RAISE(
      const auto bytes,
      WriteDeltaLog(deletes, DescriptorOf(segment_.files, context_.clock),
                    is_json ? DeltaLogForm::kJsonRows : DeltaLogForm::kMultiField));
  ARROW_ASSIGN_OR_RAISE(Binlog log, logs_.Put({.kind = PathKind::kDeltaLog}, BytesOf(*bytes)));
  const uint64_t* times = deletes.timestamps->raw_values();
  const auto [least, most] = std::minmax_element(times, times + deletes.num_rows());
  log.num_rows = deletes.num_rows();
  log.timestamp_from = *least;
  log.timestamp_to = *most;
  log.memory_bytes = MemoryOf(deletes);
  log.file_bytes = log.memory_bytes / 4;  // Milvus' estimate; readers of metadata count on it
  return std::vector<FieldBinlog>{OneLog(key->field_id, std::move(log))};
}

Status BulkPackWriter::MergeParts(const std::vector<Binlog>& parts,
                                  Bm25Statistics* statistics) const {
  for (const Binlog& part : parts) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, logs_.Read(part.path));
    ARROW_ASSIGN_OR_RAISE(auto earlier, Bm25Statistics::Decode(BytesOf(*bytes), part.path));
    if (StandsForAll(part) && earlier.num_rows > part.num_rows) {
      // A flush that was never committed has put its sums there; those of ours are the same.
      ARROW_RETURN_NOT_OK(CheckHasRowsOf(earlier, part.num_rows + statistics->num_rows, part.path));
      *statistics = std::move(earlier);
    } else {
      ARROW_RETURN_NOT_OK(statistics->Merge(earlier));
    }
  }
  return Status::OK();
}

Result<FieldBinlog> BulkPackWriter::WriteBm25(int64_t field_id, const InsertRows& rows,
                                              bool with_merged) {
  ARROW_ASSIGN_OR_RAISE(const size_t column, IndexOfSparseField(rows, field_id));
  FieldBinlog field;
  field.field_id = field_id;
  const LogName name{.kind = PathKind::kBm25Statistics, .field = field_id};
  std::vector<Binlog> parts = PartsOf(segment_.files.bm25, field_id);
  const bool has_all = earlier_.AreAllIn(parts);
  Bm25Statistics statistics;
  if ((rows.num_rows() > 0 || with_merged) && !has_all && parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(statistics, Bm25OfEarlierRows(rows.fields()[column]));
    ARROW_ASSIGN_OR_RAISE(field.logs.emplace_back(),
                          PutStatistics(name, statistics.Encode(), earlier_.Extent()));
  }
  if (rows.num_rows() > 0) {
    Bm25Statistics added;
    for (const auto& batch : rows.batches()) {
      ARROW_RETURN_NOT_OK(AddTexts(*batch->column(static_cast<int>(column)), &added));
    }
    ARROW_ASSIGN_OR_RAISE(field.logs.emplace_back(),
                          PutStatistics(name, added.Encode(), ExtentOf(rows)));
    ARROW_RETURN_NOT_OK(statistics.Merge(added));
  }
  const bool lacks_some = !has_all && !parts.empty();
  if (!with_merged || (field.logs.empty() && IsSummedUp(parts) && !lacks_some)) return field;
  if (lacks_some) {
    // Of sums nobody knows which rows are missing: all are counted anew.
    ARROW_ASSIGN_OR_RAISE(const auto earlier, Bm25OfEarlierRows(rows.fields()[column]));
    ARROW_RETURN_NOT_OK(statistics.Merge(earlier));
    parts = {earlier_.Extent()};
  } else {
    ARROW_RETURN_NOT_OK(MergeParts(parts, &statistics));
  }
  parts.insert(parts.end(), field.logs.begin(), field.logs.end());
  ARROW_ASSIGN_OR_RAISE(Binlog log,
                        logs_.Replace(name, kCompoundLogId, AsBytes(statistics.Encode())));
  AddRowsOf(parts, &log);
  log.memory_bytes = log.file_bytes;
  field.logs.push_back(std::move(log));
  return field;
}

}  // namespace varve::internal
