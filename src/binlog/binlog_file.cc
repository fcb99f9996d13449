// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "binlog/described_field.h"
#include "packed/milvus_values.h"
#include "varve/binlog.h"
#include "varve/binlog_reader.h"
#include "varve/delta_log.h"
#include "varve/index_file.h"

namespace varve {
namespace {

// Of null vectors whose dimension is the file's word alone.
constexpr int64_t kNullBytesMax = int64_t{1} << 30;

}  // namespace

class BinlogFile::Impl {
 public:
  Impl(std::shared_ptr<arrow::Buffer> bytes, BinlogReader reader)
      : bytes_(std::move(bytes)), reader_(std::move(reader)) {}

  Status Describe() {
    const BinlogDescriptor& descriptor = reader_.descriptor();
    info_.file_bytes = bytes_->size();
    info_.collection_id = descriptor.collection_id;
    info_.partition_id = descriptor.partition_id;
    info_.segment_id = descriptor.segment_id;
    info_.field_id = descriptor.field_id;
    info_.start_timestamp = descriptor.start_timestamp;
    info_.end_timestamp = descriptor.end_timestamp;
    info_.written_timestamp = descriptor.timestamp;
    info_.data_type = descriptor.payload_type;
    info_.nullable = descriptor.nullable;
    info_.original_bytes = descriptor.original_size;
    info_.extras = descriptor.extras;
    for (const Event& event : reader_.events()) {
      BinlogEventInfo found{.type = std::string(EventTypeName(event.header.type)),
                            .offset = event.offset,
                            .event_bytes = event.header.event_length,
                            .payload_bytes = event.payload->size(),
                            .start_timestamp = event.start_timestamp,
                            .end_timestamp = event.end_timestamp};
      if (event.header.type != EventType::kIndexFile) {
        ARROW_ASSIGN_OR_RAISE(const auto payload, reader_.OpenPayload(event));
        found.num_rows = payload->num_rows();
      }
      info_.events.push_back(std::move(found));
    }
    return Status::OK();
  }

  const BinlogInfo& info() const { return info_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Read() const {
    if (Has(EventType::kIndexFile)) {
      return MakeError(ErrorKind::kUnsupported, "an index file has no rows",
                       {.object = reader_.object()});
    }
    return Has(EventType::kDelete) ? ReadDeletes() : ReadValues();
  }

  Result<std::shared_ptr<arrow::Buffer>> ReadIndex() const {
    if (!Has(EventType::kIndexFile)) {
      return MakeError(ErrorKind::kUnsupported, "not an index file", {.object = reader_.object()});
    }
    ARROW_ASSIGN_OR_RAISE(IndexFile file, EventIndexFileCodec()->Decode(bytes_, reader_.object()));
    return std::move(file.blob);
  }

  Status Verify() const {
    return Has(EventType::kIndexFile) ? ReadIndex().status() : Read().status();
  }

 private:
  bool Has(EventType type) const {
    return std::ranges::any_of(reader_.events(),
                               [=](const Event& event) { return event.header.type == type; });
  }

  Result<std::shared_ptr<arrow::RecordBatch>> ReadDeletes() const {
    ARROW_ASSIGN_OR_RAISE(const auto deletes, ReadDeltaLog(bytes_, reader_.object()));
    const auto schema =
        arrow::schema({arrow::field("pk", deletes.primary_keys->type(), /*nullable=*/false),
                       arrow::field("ts", arrow::uint64(), /*nullable=*/false)});
    return arrow::RecordBatch::Make(schema, deletes.num_rows(),
                                    {deletes.primary_keys, deletes.timestamps});
  }

  Result<std::shared_ptr<arrow::RecordBatch>> ReadValues() const {
    ARROW_ASSIGN_OR_RAISE(auto column, reader_.ReadColumn());
    const bool has_requests = column.values->type_id() == arrow::Type::BINARY &&
                              IsDefinitionEvent(reader_.events().front().header.type);
    const FieldSchema field = internal::DescribedField(reader_.descriptor(), column);
    // What only the schema tells stays as it is stored.
    const bool has_vectors =
        IsDenseVector(field.data_type) || field.data_type == DataType::kArrayOfVector;
    const bool is_told =
        has_vectors ? field.dim > 0 : field.data_type != DataType::kArray && !has_requests;
    std::shared_ptr<arrow::Array> values = column.values;
    if (is_told) {
      ARROW_RETURN_NOT_OK(internal::CheckNullBytes(field, *column.values, kNullBytesMax));
      auto decoded = internal::DecodeValues(field, column, reader_.object());
      // What the field is, the file says.
      if (KindOf(decoded.status()) == ErrorKind::kInvalid) {
        return Corruption(decoded.status().message(), {.object = reader_.object()});
      }
      ARROW_ASSIGN_OR_RAISE(values, std::move(decoded));
    }
    const auto schema = arrow::schema({arrow::field("value", values->type(), field.nullable)});
    return arrow::RecordBatch::Make(schema, values->length(), {values});
  }

  const std::shared_ptr<arrow::Buffer> bytes_;
  const BinlogReader reader_;
  BinlogInfo info_;
};

BinlogFile::BinlogFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BinlogFile::~BinlogFile() = default;

Result<std::unique_ptr<BinlogFile>> BinlogFile::Open(const std::shared_ptr<ChunkManager>& store,
                                                     const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, store->Read(path));
  ARROW_ASSIGN_OR_RAISE(auto reader, BinlogReader::Open(bytes, path));
  auto impl = std::make_unique<Impl>(std::move(bytes), std::move(reader));
  ARROW_RETURN_NOT_OK(impl->Describe());
  return std::unique_ptr<BinlogFile>(new BinlogFile(std::move(impl)));
}

const BinlogInfo& BinlogFile::info() const { return impl_->info(); }

Result<std::shared_ptr<arrow::RecordBatch>> BinlogFile::Read() const { return impl_->Read(); }

Result<std::shared_ptr<arrow::Buffer>> BinlogFile::ReadIndex() const { return impl_->ReadIndex(); }

Status BinlogFile::Verify() const { return impl_->Verify(); }

}  // namespace varve
