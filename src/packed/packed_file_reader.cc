// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_file_reader.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "arrow/type.h"
#include "arrow/util/base64.h"
#include "packed/array_conversion.h"
#include "packed/file_source.h"
#include "packed/file_verification.h"
#include "packed/fixed_width.h"
#include "packed/milvus_column.h"
#include "packed/packed_column.h"
#include "packed/parquet_errors.h"
#include "packed/parquet_metadata.h"
#include "parquet/arrow/schema.h"
#include "parquet/schema.h"
#include "schema/serialize.h"

namespace varve::internal {
namespace {

// A tail beyond is read when it is needed, not ahead.
constexpr int64_t kPlannedTailBytesMax = 16 << 20;
// Of a column chunk, 8 TiB: what is remembered of each thousand is bounded by it.
constexpr int64_t kBlocksMax = int64_t{1} << 32;
// Of a column: sooner fetched whole than after another request has told which pages are wanted.
constexpr int64_t kFewBytes = 64 << 10;

// What the reader and its columns share; outlives the reader while a column is held.
class FileState : public PackedFileState {
 public:
  FileState(std::shared_ptr<ChunkManager> store, const std::string& path, PackedFileHints hints,
            Executor* executor)
      : source_(std::make_shared<FileSource>(std::move(store), path, hints.file_bytes, hints.map)),
        hints_(std::move(hints)),
        executor_(executor) {}

  // Reads the layout from the hints, or the footer.
  Status Init() {
    if (!hints_.layout.empty()) {
      ARROW_ASSIGN_OR_RAISE(layout_, PackedLayout::Decode(hints_.layout, source_->path()));
      // 0 stands in footers, which nobody gives as a hint: all addresses would be possible.
      if (layout_->file_bytes == 0 ||
          (hints_.file_bytes >= 0 && layout_->file_bytes != hints_.file_bytes)) {
        return Corruption("layout and length of the file disagree",
                          {.object = source_->path(),
                           .expected = std::to_string(layout_->file_bytes),
                           .found = std::to_string(hints_.file_bytes)});
      }
      for (const RowGroupLayout& group : layout_->row_groups) {
        starts_.push_back(starts_.back() + group.num_rows);
        if (group.columns.size() != hints_.field_ids.size()) {
          return Corruption("layout and field ids disagree",
                            {.object = source_->path(),
                             .field = "layout",
                             .expected = std::to_string(hints_.field_ids.size()) + " columns",
                             .found = std::to_string(group.columns.size())});
        }
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const auto metadata, Metadata());
    layout_ = metadata->layout();
    starts_ = metadata->row_group_starts();
    return Status::OK();
  }

  const FileSource& source() const override { return *source_; }
  Executor* executor() const override { return executor_; }
  std::atomic<int64_t>* pages_decoded() const override { return &pages_decoded_; }

  Result<std::shared_ptr<const ParquetMetadata>> Metadata() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (metadata_ != nullptr) return metadata_;
    const PackedLayout* expected = hints_.layout.empty() ? nullptr : &*layout_;
    auto read = ParquetMetadata::Read(source_, expected);
    if (IsCorruption(read.status()) && source_->is_remote()) {
      source_->DropStaged();  // it may have been damaged on its way
      read = ParquetMetadata::Read(source_, expected);
    }
    ARROW_ASSIGN_OR_RAISE(auto metadata, std::move(read));
    if (!hints_.layout.empty() && metadata->row_group_starts() != starts_) {
      return Corruption("layout and footer disagree on rows",
                        {.object = source_->path(),
                         .expected = std::to_string(starts_.back()),
                         .found = std::to_string(metadata->row_group_starts().back())});
    }
    metadata_ = std::move(metadata);
    return metadata_;
  }

  // Adds the tail, where it is known and not at hand yet; false: nothing was added.
  bool PlanMetadata(ReadWave* wave) const {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (metadata_ != nullptr) return false;
    }
    if (hints_.layout.empty() || layout_->file_bytes == 0) return false;
    const int64_t bytes = layout_->file_bytes - layout_->tail_offset;
    if (bytes > kPlannedTailBytesMax || source_->IsStaged(layout_->tail_offset, bytes)) {
      return false;
    }
    wave->Add(*source_, layout_->tail_offset, bytes);
    return true;
  }

  // Whether some values of the column are found only by way of the footer.
  Result<bool> NeedsMetadata(int column, const arrow::DataType& type) const {
    ARROW_ASSIGN_OR_RAISE(const auto chunks, DirectChunks(column, type));
    return std::any_of(chunks.begin(), chunks.end(),
                       [](const auto& chunk) { return chunk == nullptr; });
  }

  // All that is stored of the column, and its checksums, if it is at most `most` bytes.
  int64_t PlanWhole(int column, int64_t most, ReadWave* wave) const {
    int64_t bytes = 0;
    std::vector<StagedRanges::Range> ranges;
    for (const RowGroupLayout& group : layout_->row_groups) {
      const ChunkLayout& chunk = group.columns[static_cast<size_t>(column)];
      if (chunk.addressable() && chunk.num_values > 0) {
        ranges.push_back(
            {chunk.base, chunk.OffsetOf(chunk.num_values - 1) + chunk.width - chunk.base});
        ranges.push_back({chunk.checksums, 4 * chunk.num_blocks()});
      } else if (!chunk.addressable() && chunk.stored_bytes > 0) {
        ranges.push_back({chunk.stored_begin, chunk.stored_bytes});
      } else if (group.num_rows > 0 && !chunk.addressable()) {
        return -1;
      }
    }
    for (const auto& range : ranges) bytes += range.length;
    if (bytes > most) return bytes;
    for (const auto& range : ranges) wave->Add(*source_, range.offset, range.length);
    return bytes;
  }

  const std::optional<PackedLayout>& layout() const { return layout_; }
  const std::vector<int64_t>& row_group_starts() const { return starts_; }
  const PackedFileHints& hints() const { return hints_; }

  // The column of `field` in the root, or -1.
  Result<int> FindColumn(const FieldSchema& field) const {
    if (!hints_.layout.empty()) {
      const auto found =
          std::find(hints_.field_ids.begin(), hints_.field_ids.end(), field.field_id);
      return found == hints_.field_ids.end() ? -1
                                             : static_cast<int>(found - hints_.field_ids.begin());
    }
    ARROW_ASSIGN_OR_RAISE(const auto metadata, Metadata());
    const auto& columns = metadata->columns();
    const auto by_id = std::find_if(columns.begin(), columns.end(), [&](const auto& column) {
      return column.field_id >= 0 && column.field_id == field.field_id;
    });
    if (by_id != columns.end()) return static_cast<int>(by_id - columns.begin());
    const auto by_name = std::find_if(columns.begin(), columns.end(), [&](const auto& column) {
      return column.field_id < 0 && column.name == field.name;
    });
    return by_name == columns.end() ? -1 : static_cast<int>(by_name - columns.begin());
  }

  // One a row group; nullptr where values have no address or are not laid out as `type`.
  Result<std::vector<std::shared_ptr<const DirectChunk>>> DirectChunks(
      int column, const arrow::DataType& type) const {
    std::vector<std::shared_ptr<const DirectChunk>> chunks(starts_.size() - 1);
    if (!layout_ || PlainWidth(type) == 0) return chunks;
    if (hints_.layout.empty()) {
      ARROW_ASSIGN_OR_RAISE(const bool same, SameBytes(column, type));
      if (!same) return chunks;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    auto& known = chunks_[column];
    if (known.empty()) {
      for (const RowGroupLayout& group : layout_->row_groups) {
        const ChunkLayout& layout = group.columns[static_cast<size_t>(column)];
        if (layout.addressable() && layout.num_blocks() > kBlocksMax) {
          known.clear();
          return TooManyBlocks(layout);
        }
        known.push_back(layout.addressable()
                            ? std::make_shared<const DirectChunk>(source_, layout, group.num_rows)
                            : nullptr);
      }
    }
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] != nullptr && known[i]->width() == PlainWidth(type)) chunks[i] = known[i];
    }
    return chunks;
  }

 private:
  Status TooManyBlocks(const ChunkLayout& layout) const {
    return MakeError(ErrorKind::kResourceExhausted, "more blocks than a column chunk may have",
                     {.object = source_->path(),
                      .field = "layout",
                      .expected = "at most " + std::to_string(kBlocksMax),
                      .found = std::to_string(layout.num_blocks())});
  }

  // Whether the column's values, as the footer describes them, have the bytes of `type`.
  Result<bool> SameBytes(int column, const arrow::DataType& type) const {
    ARROW_ASSIGN_OR_RAISE(const auto metadata, Metadata());
    return CatchParquet(source_->path(), "schema", [&]() -> Result<bool> {
      std::shared_ptr<arrow::Schema> schema;
      ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(metadata->footer()->schema(), &schema));
      const auto& stored = *schema->field(column)->type();
      if (stored.Equals(type)) return true;
      const bool vector = type.id() == arrow::Type::FIXED_SIZE_LIST;
      if (stored.id() == arrow::Type::FIXED_SIZE_BINARY) {
        return (vector || type.id() == arrow::Type::FIXED_SIZE_BINARY) &&
               PlainWidth(stored) == PlainWidth(type);
      }
      if (stored.id() == arrow::Type::LIST && vector) {
        return stored.field(0)->type()->Equals(type.field(0)->type());
      }
      if (stored.id() == arrow::Type::INT64) return type.id() == arrow::Type::DURATION;
      // The zone is a label; the numbers are the same.
      return stored.id() == arrow::Type::TIMESTAMP && type.id() == arrow::Type::TIMESTAMP &&
             static_cast<const arrow::TimestampType&>(stored).unit() ==
                 static_cast<const arrow::TimestampType&>(type).unit();
    });
  }

  const std::shared_ptr<const FileSource> source_;
  const PackedFileHints hints_;
  Executor* const executor_;
  std::optional<PackedLayout> layout_;
  std::vector<int64_t> starts_{0};
  mutable std::atomic<int64_t> pages_decoded_{0};
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const ParquetMetadata> metadata_;
  mutable std::map<int, std::vector<std::shared_ptr<const DirectChunk>>> chunks_;
};

// The schema with the ids that the file's own columns have, so that each is found again.
Result<std::shared_ptr<const CollectionSchema>> WithFieldIds(
    Result<std::shared_ptr<const CollectionSchema>> schema,
    const std::vector<ParquetMetadata::Column>& columns) {
  ARROW_RETURN_NOT_OK(schema.status());
  std::vector<FieldSchema> fields = (*schema)->fields();
  for (size_t i = 0; i < fields.size(); ++i) fields[i].field_id = columns[i].field_id;
  return CollectionSchema::Make(std::move(fields));
}

class PackedFileReaderImpl : public PackedFileReader {
 public:
  explicit PackedFileReaderImpl(std::shared_ptr<const FileState> state)
      : state_(std::move(state)) {}

  const std::string& path() const override { return state_->source().path(); }
  int64_t num_rows() const override { return state_->row_group_starts().back(); }
  Result<std::vector<int64_t>> RowGroupStarts() const override {
    return state_->row_group_starts();
  }

  Result<std::shared_ptr<const PackedColumnReader>> Column(
      const FieldSchema& field) const override {
    ARROW_ASSIGN_OR_RAISE(const int column, state_->FindColumn(field));
    if (column < 0) return nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto known = columns_.find(column);
      if (known != columns_.end() && known->second.field == field) return known->second.reader;
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeColumn(column, field));
    ARROW_RETURN_NOT_OK(reader->Prepare());
    std::lock_guard<std::mutex> lock(mutex_);
    columns_[column] = {field, reader};
    return reader;
  }

  Result<bool> PlanColumn(const FieldSchema& field, bool bounds, ReadWave* wave) const override {
    if (!state_->source().is_remote() || state_->hints().layout.empty()) return false;
    ARROW_ASSIGN_OR_RAISE(const int column, state_->FindColumn(field));
    if (column < 0) return false;
    ARROW_ASSIGN_OR_RAISE(const auto type, TypeOf(field));
    ARROW_ASSIGN_OR_RAISE(const bool needed, state_->NeedsMetadata(column, *type));
    if (!(needed || bounds) || !state_->PlanMetadata(wave)) return false;
    if (needed) state_->PlanWhole(column, kFewBytes, wave);
    return true;
  }

  Result<int64_t> PlanWhole(const FieldSchema& field, int64_t most, ReadWave* wave) const override {
    if (!state_->source().is_remote() || state_->hints().layout.empty()) return -1;
    ARROW_ASSIGN_OR_RAISE(const int column, state_->FindColumn(field));
    return column < 0 ? -1 : state_->PlanWhole(column, most, wave);
  }

  Result<std::shared_ptr<const CollectionSchema>> Schema() const override {
    ARROW_ASSIGN_OR_RAISE(const auto metadata, state_->Metadata());
    if (const std::string* key = metadata->FindKey(kSchemaFooterKey); key != nullptr) {
      auto bytes = arrow::util::base64_decode(*key);
      if (!bytes.ok()) {
        return Corruption("footer key is not base64",
                          {.object = path(), .field = kSchemaFooterKey});
      }
      return DeserializeSchema(*bytes, path());
    }
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(CatchParquet(path(), "schema", [&] {
      return parquet::arrow::FromParquetSchema(metadata->footer()->schema(),
                                               parquet::default_arrow_reader_properties(),
                                               metadata->footer()->key_value_metadata(), &schema);
    }));
    auto derived = WithFieldIds(CollectionSchema::FromArrow(*schema), metadata->columns());
    if (derived.ok()) return derived;
    return MakeError(KindOf(derived.status()),
                     "the file's schema cannot be used: " + derived.status().message(),
                     {.object = path()});
  }

  Result<std::shared_ptr<parquet::FileMetaData>> Footer() const override {
    ARROW_ASSIGN_OR_RAISE(const auto metadata, state_->Metadata());
    return metadata->footer();
  }

  Result<PackedLayout> Layout() const override {
    if (state_->layout()) return *state_->layout();
    return MakeError(ErrorKind::kNotFound, "the file was not written by Varve", {.object = path()});
  }

  Status Verify(std::vector<std::string>* problems) const override {
    const auto metadata = state_->Metadata();
    if (!metadata.ok()) {
      if (KindOf(metadata.status()) != ErrorKind::kCorruption) return metadata.status();
      problems->push_back(metadata.status().message());
      return Status::OK();
    }
    // The manifest's copy of the geometry knows more than the footer's, unless there is none.
    const auto& layout = state_->layout();
    if (layout && (*metadata)->layout()) {
      PackedLayout stored = *(*metadata)->layout();
      if (stored.file_id != layout->file_id || stored.row_groups != layout->row_groups) {
        problems->push_back("the file is not the one that was written: object '" + path() + "'");
        return Status::OK();
      }
    }
    return VerifyFile(state_->source(), **metadata, layout ? &*layout : nullptr, problems);
  }

  ReadCounters counters() const override {
    return {.pages_decoded = state_->pages_decoded()->load(std::memory_order_relaxed),
            .ranges_read = state_->source().ranges_read(),
            .bytes_read = state_->source().bytes_read()};
  }

 private:
  static Result<std::shared_ptr<arrow::DataType>> TypeOf(const FieldSchema& field) {
    if (field.arrow_type != nullptr) return field.arrow_type;
    return DefaultArrowType(field);
  }

  Result<std::shared_ptr<const PackedColumn>> MakeColumn(int column,
                                                         const FieldSchema& field) const {
    FieldSchema complete = field;
    ARROW_ASSIGN_OR_RAISE(complete.arrow_type, TypeOf(field));
    ARROW_ASSIGN_OR_RAISE(auto chunks, state_->DirectChunks(column, *complete.arrow_type));
    const auto& starts = state_->row_group_starts();
    if (std::count(chunks.begin(), chunks.end(), nullptr) > 0) {
      ARROW_ASSIGN_OR_RAISE(const auto metadata, state_->Metadata());
      auto stored = MilvusFormOf(*metadata, column, complete);
      if (stored != nullptr) {
        return std::make_shared<MilvusColumn>(state_, column, std::move(complete),
                                              std::move(stored), starts);
      }
    }
    return std::make_shared<PackedColumn>(state_, column, field.field_id, complete.arrow_type,
                                          starts, std::move(chunks));
  }

  struct KnownColumn {
    FieldSchema field;
    std::shared_ptr<const PackedColumn> reader;
  };

  const std::shared_ptr<const FileState> state_;
  mutable std::mutex mutex_;                    // guards columns_
  mutable std::map<int, KnownColumn> columns_;  // for the field that was asked for last
};

}  // namespace

Result<std::shared_ptr<PackedFileReader>> PackedFileReader::Open(
    std::shared_ptr<ChunkManager> store, const std::string& path, PackedFileHints hints,
    Executor* executor) {
  auto state = std::make_shared<FileState>(std::move(store), path, std::move(hints), executor);
  ARROW_RETURN_NOT_OK(state->Init());
  return std::make_shared<PackedFileReaderImpl>(std::move(state));
}

}  // namespace varve::internal
