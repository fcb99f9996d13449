// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_file_writer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/ipc/writer.h"
#include "arrow/type.h"
#include "arrow/util/base64.h"
#include "arrow/util/byte_size.h"
#include "base/coding.h"
#include "packed/encoding_policy.h"
#include "packed/fixed_width.h"
#include "packed/stored_column.h"
#include "packed/value_bounds.h"
#include "parquet/arrow/schema.h"
#include "parquet/bloom_filter_writer.h"
#include "parquet/properties.h"
#include "parquet/schema.h"
#include "schema/serialize.h"

namespace varve::internal {
namespace {

constexpr int64_t kStreamedRowGroupRows = 128 << 10;
// Rows kept to choose encodings from; beyond, pages take less memory than rows.
constexpr int64_t kSampleBytes = 8 << 20;
constexpr double kBloomFalsePositives = 0.01;
constexpr char kCreatedBy[] = "varve version 0.1.0";

int64_t Bytes(const arrow::Array& array) {
  return arrow::util::ReferencedBufferSize(array).ValueOr(0);
}

// The rows of each page, or nullopt if some page would hold too many nulls.
std::optional<std::vector<arrow::ArrayVector>> CutPages(RowQueue rows,
                                                        const AddressedShape& shape) {
  if (rows.null_count() > 0 && !shape.optional) return std::nullopt;
  std::vector<arrow::ArrayVector> pages;
  while (rows.num_rows() > 0) {
    const int64_t count = rows.RowsHolding(shape.values_per_page).value_or(rows.num_rows());
    if (count > shape.max_rows_per_page()) return std::nullopt;
    pages.push_back(rows.TakeRows(count));
  }
  return pages;
}

Result<std::shared_ptr<parquet::SchemaDescriptor>> ParquetSchema(arrow::FieldVector fields) {
  std::shared_ptr<parquet::SchemaDescriptor> schema;
  RETURN_NOT_OK(parquet::arrow::ToParquetSchema(
      arrow::schema(std::move(fields)).get(),
      *parquet::WriterProperties::Builder().version(parquet::ParquetVersion::PARQUET_2_6)->build(),
      *parquet::default_arrow_writer_properties(), &schema));
  return schema;
}

}  // namespace

struct PackedFileWriter::Column {
  FieldSchema field;
  RowQueue rows;
  // Where pages are kept instead of rows.
  std::shared_ptr<parquet::SchemaDescriptor> early_schema;
  std::unique_ptr<EncodedChunkWriter> early;
  // From Prepare on, or from when pages are kept.
  std::shared_ptr<arrow::Field> stored;
  ColumnEncoding encoding;
  // From Prepare on.
  AddressedShape shape;  // width 0: never addressable
  int first_leaf = 0;
  int num_leaves = 0;
  const parquet::ColumnDescriptor* descr = nullptr;  // of the only leaf; null if nested
  parquet::BloomFilter* bloom = nullptr;
  // Of the row group being written.
  std::optional<std::vector<arrow::ArrayVector>> pages;
  std::vector<EncodedChunk> encoded;

  bool nested() const {
    return stored->type()->num_fields() > 0 || stored->type()->id() == arrow::Type::MAP;
  }
  bool single_leaf() const {
    return !nested() || (StoredAsList(field) && field.data_type == DataType::kFloatVector);
  }
};

PackedFileWriter::PackedFileWriter(std::unique_ptr<ChunkWriter> writer, PackedFileSpec spec)
    : sink_(std::move(writer)), spec_(std::move(spec)) {
  for (const FieldSchema& field : spec_.fields) {
    columns_.emplace_back();
    columns_.back().field = field;
  }
  streams_ = columns_.size() == 1 && IsDenseVector(columns_[0].field.data_type) &&
             columns_[0].field.layout != VectorLayout::kCompact &&
             PlainWidth(*columns_[0].field.arrow_type) > 0;
}

PackedFileWriter::~PackedFileWriter() = default;

Status PackedFileWriter::Start() {
  if (started_) return Status::OK();
  started_ = true;
  return sink_.Write(AsBytes("PAR1"));
}

Status PackedFileWriter::Write(const arrow::ArrayVector& columns) {
  try {
    RETURN_NOT_OK(Start());
    const int64_t rows = columns.front()->length();
    num_rows_ += rows;
    int64_t bytes = 0;
    for (const auto& column : columns) bytes += Bytes(*column);
    memory_bytes_ += bytes;
    if (streams_) {
      columns_[0].rows.Push(columns[0]);
      RETURN_NOT_OK(Prepare(/*last=*/false));
      return StreamPages(/*last=*/false);
    }
    // A batch larger than the buffer becomes several row groups.
    const double row_bytes =
        std::max(1.0, static_cast<double>(bytes) / static_cast<double>(std::max<int64_t>(1, rows)));
    for (int64_t begin = 0; begin < rows;) {
      const auto room = static_cast<double>(spec_.options.buffer_bytes - buffered_bytes_);
      const int64_t count =
          std::clamp<int64_t>(static_cast<int64_t>(room / row_bytes), 1, rows - begin);
      arrow::ArrayVector part;
      for (const auto& column : columns) part.push_back(column->Slice(begin, count));
      RETURN_NOT_OK(BufferRows(part));
      begin += count;
    }
    return Status::OK();
  } catch (const std::exception& error) {
    return MakeError(ErrorKind::kInternal, error.what(), {.object = sink_.writer()->path()});
  }
}

Status PackedFileWriter::BufferRows(const arrow::ArrayVector& columns) {
  // Later row groups are encoded as the first was.
  if (!encodes_early_ && schema_ != nullptr) RETURN_NOT_OK(StartEncoding());
  const auto count = static_cast<int64_t>(columns.size());
  RETURN_NOT_OK(spec_.executor->ParallelFor(encodes_early_ ? count : 0, [&](int64_t i) -> Status {
    Column& column = columns_[static_cast<size_t>(i)];
    if (column.early == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto rows,
                          StoredArray(column.field, columns[static_cast<size_t>(i)]));
    return column.early->Append(*rows);
  }));
  for (size_t i = 0; i < columns.size(); ++i) {
    std::shared_ptr<arrow::Array> rows = columns[i];
    buffered_bytes_ += Bytes(*rows);
    if (columns_[i].early != nullptr) continue;
    if (spec_.copy_rows) {
      ARROW_ASSIGN_OR_RAISE(rows, arrow::Concatenate({rows}));
    }
    columns_[i].rows.Push(std::move(rows));
  }
  buffered_rows_ += columns[0]->length();
  if (buffered_bytes_ >= spec_.options.buffer_bytes) return FlushRowGroup(/*last=*/false);
  return encodes_early_ || buffered_bytes_ < kSampleBytes ? Status::OK() : StartEncoding();
}

// From here on, columns keep pages instead of rows where no more needs to be known of the rows:
// whether there is a null, or how many keys a bloom filter has to hold.
Status PackedFileWriter::StartEncoding() {
  encodes_early_ = true;
  return spec_.executor->ParallelFor(
      static_cast<int64_t>(columns_.size()), [&](int64_t i) -> Status {
        Column& column = columns_[static_cast<size_t>(i)];
        if (column.field.nullable || column.field.primary_key) return Status::OK();
        if (column.stored == nullptr) {
          RETURN_NOT_OK(ChooseFor(&column));
          if (column.encoding.addressed || !column.single_leaf()) return Status::OK();
          ARROW_ASSIGN_OR_RAISE(column.early_schema, ParquetSchema({column.stored}));
        }
        if (column.early_schema == nullptr) return Status::OK();
        ARROW_ASSIGN_OR_RAISE(column.early, EncodedChunkWriter::Make(
                                                column.early_schema->Column(0), column.encoding,
                                                spec_.options.page_checksums, /*bloom=*/nullptr));
        for (const auto& array : column.rows.TakeAll()) {
          ARROW_ASSIGN_OR_RAISE(const auto rows, StoredArray(column.field, array));
          RETURN_NOT_OK(column.early->Append(*rows));
        }
        return Status::OK();
      });
}

Status PackedFileWriter::ChooseFor(Column* column) const {
  const auto& options = spec_.options;
  const auto found = options.fields.find(column->field.name);
  const bool told = found != options.fields.end();
  column->stored = StoredField(column->field);
  RowQueue copy = column->rows;
  ARROW_ASSIGN_OR_RAISE(
      column->encoding,
      ChooseEncoding(column->field, *column->stored->type(), copy.TakeAll(), spec_.row_bytes,
                     told ? found->second : options.defaults, told));
  return Status::OK();
}

Status PackedFileWriter::Prepare(bool last) {
  if (schema_ != nullptr) return Status::OK();
  arrow::FieldVector fields;
  for (Column& column : columns_) {
    if (column.stored == nullptr) RETURN_NOT_OK(ChooseFor(&column));
    // Nothing more will come: a column without a null needs no levels.
    if (last && column.rows.null_count() == 0) column.stored = column.stored->WithNullable(false);
    const bool list = StoredAsList(column.field);
    if (column.encoding.addressed) {
      column.shape = AddressedShape::Of(PlainWidth(*column.field.arrow_type));
      column.shape.optional = column.stored->nullable() && !list;
      column.shape.list_length =
          list ? static_cast<const arrow::FixedSizeListType&>(*column.field.arrow_type).list_size()
               : 0;
    }
    fields.push_back(column.stored);
  }
  ARROW_ASSIGN_OR_RAISE(schema_, ParquetSchema(std::move(fields)));

  parquet::WriterProperties::Builder builder;
  builder.version(parquet::ParquetVersion::PARQUET_2_6)->created_by(kCreatedBy);
  bool filtered = false;
  int leaf = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    column.first_leaf = leaf;
    while (leaf < schema_->num_columns() &&
           schema_->GetColumnRoot(leaf) ==
               schema_->group_node()->field(static_cast<int>(i)).get()) {
      builder.compression(schema_->Column(leaf)->path(), column.encoding.codec);
      ++leaf;
    }
    column.num_leaves = leaf - column.first_leaf;
    if (column.nested() && column.shape.list_length == 0) continue;
    column.descr = schema_->Column(column.first_leaf);
    if (column.field.primary_key && column.rows.num_rows() > 0) {
      parquet::BloomFilterOptions options;
      options.ndv = static_cast<int32_t>(std::min<int64_t>(column.rows.num_rows(), INT32_MAX));
      options.fpp = kBloomFalsePositives;
      builder.enable_bloom_filter(column.descr->path(), options);
      filtered = true;
    }
  }
  properties_ = builder.build();
  if (filtered) blooms_ = parquet::BloomFilterBuilder::Make(schema_.get(), properties_.get());
  return Status::OK();
}

AddressedChunkWriter PackedFileWriter::MakeAddressedWriter(Column* column) {
  return AddressedChunkWriter(column->shape, column->descr, &sink_, spec_.options.page_checksums,
                              column->encoding.statistics, column->bloom);
}

Result<EncodedChunk> PackedFileWriter::EncodeLeaf(Column* column,
                                                  const arrow::ArrayVector& rows) const {
  ARROW_ASSIGN_OR_RAISE(
      const auto writer,
      EncodedChunkWriter::Make(schema_->Column(column->first_leaf), column->encoding,
                               spec_.options.page_checksums, column->bloom));
  for (const auto& array : rows) {
    ARROW_ASSIGN_OR_RAISE(const auto stored, StoredArray(column->field, array));
    RETURN_NOT_OK(writer->Append(*stored));
  }
  return writer->Finish();
}

Result<std::vector<EncodedChunk>> PackedFileWriter::Encode(Column* column,
                                                           const arrow::ArrayVector& rows) const {
  std::vector<EncodedChunk> chunks;
  if (column->early != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto chunk, std::exchange(column->early, nullptr)->Finish());
    chunks.push_back(std::move(chunk));
    return chunks;
  }
  if (column->single_leaf()) {
    ARROW_ASSIGN_OR_RAISE(auto chunk, EncodeLeaf(column, rows));
    chunks.push_back(std::move(chunk));
    return chunks;
  }
  arrow::ArrayVector stored;
  for (const auto& array : rows) {
    ARROW_ASSIGN_OR_RAISE(auto converted, StoredArray(column->field, array));
    stored.push_back(std::move(converted));
  }
  return EncodeNestedChunk(stored, column->stored, column->encoding, spec_.options.page_checksums);
}

Status PackedFileWriter::AppendEncoded(std::vector<EncodedChunk> chunks, WrittenRowGroup* group) {
  AddressedChunk place;
  for (EncodedChunk& chunk : chunks) {
    RETURN_NOT_OK(sink_.Align());
    if (place.layout.stored_begin == 0) place.layout.stored_begin = sink_.position();
    chunk.leaf.MoveTo(sink_.position());
    for (const auto& bytes : chunk.bytes) {
      RETURN_NOT_OK(sink_.Write({bytes->data(), static_cast<size_t>(bytes->size())}));
    }
    group->leaves.push_back(std::move(chunk.leaf));
  }
  place.layout.stored_bytes = sink_.position() - place.layout.stored_begin;
  if (place.layout.stored_bytes == 0) place.layout.stored_begin = 0;
  group->addressed.push_back(std::move(place));
  return Status::OK();
}

Status PackedFileWriter::FlushRowGroup(bool last) {
  RETURN_NOT_OK(Prepare(last));
  WrittenRowGroup group{.num_rows = std::exchange(buffered_rows_, 0)};
  if (blooms_ != nullptr) blooms_->AppendRowGroup();
  for (Column& column : columns_) {
    if (blooms_ != nullptr && column.descr != nullptr) {
      column.bloom = blooms_->CreateBloomFilter(column.first_leaf);
    }
  }
  RETURN_NOT_OK(
      spec_.executor->ParallelFor(static_cast<int64_t>(columns_.size()), [&](int64_t i) -> Status {
        Column& column = columns_[static_cast<size_t>(i)];
        column.pages.reset();
        if (column.shape.width > 0) column.pages = CutPages(column.rows, column.shape);
        const arrow::ArrayVector rows = column.rows.TakeAll();
        if (column.pages.has_value()) return Status::OK();
        ARROW_ASSIGN_OR_RAISE(column.encoded, Encode(&column, rows));
        return Status::OK();
      }));
  for (Column& column : columns_) {
    if (!column.pages.has_value()) {
      RETURN_NOT_OK(AppendEncoded(std::exchange(column.encoded, {}), &group));
      continue;
    }
    AddressedChunkWriter writer = MakeAddressedWriter(&column);
    for (const auto& page : *column.pages) RETURN_NOT_OK(writer.WritePage(page));
    column.pages.reset();
    AddressedChunk chunk = writer.Finish();
    group.leaves.push_back(std::move(chunk.leaf));
    group.addressed.push_back(std::move(chunk));
  }
  row_groups_.push_back(std::move(group));
  buffered_bytes_ = 0;
  encodes_early_ = false;
  return Status::OK();
}

Status PackedFileWriter::StreamPages(bool last) {
  Column& column = columns_[0];
  const AddressedShape& shape = column.shape;
  if (!streamed_.has_value()) streamed_.emplace(MakeAddressedWriter(&column));
  while (column.rows.num_rows() > 0) {
    if (irregular_) {
      const bool full = column.rows.num_rows() >= kStreamedRowGroupRows ||
                        column.rows.num_rows() * shape.width >= spec_.options.buffer_bytes;
      if (!full && !last) return Status::OK();
      RETURN_NOT_OK(WriteEncodedGroup());
      continue;
    }
    const bool no_levels = !shape.optional && column.rows.null_count() > 0;
    std::optional<int64_t> count = column.rows.RowsHolding(shape.values_per_page);
    const bool crowded = count.value_or(column.rows.num_rows()) > shape.max_rows_per_page();
    if (no_levels || crowded) {
      RETURN_NOT_OK(FinishStreamedGroup());
      irregular_ = true;
      continue;
    }
    if (!count.has_value() && !last) return Status::OK();
    const int64_t rows = count.value_or(column.rows.num_rows());
    if (streamed_->num_rows() + rows > kStreamedRowGroupRows) RETURN_NOT_OK(FinishStreamedGroup());
    RETURN_NOT_OK(streamed_->WritePage(column.rows.TakeRows(rows)));
  }
  return last ? FinishStreamedGroup() : Status::OK();
}

Status PackedFileWriter::FinishStreamedGroup() {
  if (streamed_->num_rows() == 0) return Status::OK();
  AddressedChunk chunk = streamed_->Finish();
  WrittenRowGroup group{.num_rows = chunk.num_rows};
  group.leaves.push_back(std::move(chunk.leaf));
  group.addressed.push_back(std::move(chunk));
  row_groups_.push_back(std::move(group));
  return Status::OK();
}

Status PackedFileWriter::WriteEncodedGroup() {
  Column& column = columns_[0];
  const arrow::ArrayVector rows =
      column.rows.TakeRows(std::min(column.rows.num_rows(), kStreamedRowGroupRows));
  WrittenRowGroup group;
  for (const auto& array : rows) group.num_rows += array->length();
  ARROW_ASSIGN_OR_RAISE(auto chunks, Encode(&column, rows));
  RETURN_NOT_OK(AppendEncoded(std::move(chunks), &group));
  row_groups_.push_back(std::move(group));
  irregular_ = false;
  return Status::OK();
}

std::vector<ColumnStatistics> PackedFileWriter::Statistics() const {
  std::vector<ColumnStatistics> all;
  for (const Column& column : columns_) {
    if (column.descr == nullptr || IsDenseVector(column.field.data_type) ||
        column.field.data_type == DataType::kSparseFloatVector) {
      continue;
    }
    std::vector<const LeafChunk*> chunks;
    for (const auto& group : row_groups_) {
      chunks.push_back(&group.leaves[static_cast<size_t>(column.first_leaf)]);
    }
    all.push_back(FileStatistics(column.field, *column.descr, chunks));
  }
  return all;
}

Result<PackedFile> PackedFileWriter::Finish() {
  try {
    RETURN_NOT_OK(Start());
    if (streams_) {
      RETURN_NOT_OK(Prepare(/*last=*/true));
      RETURN_NOT_OK(StreamPages(/*last=*/true));
    } else if (buffered_rows_ > 0) {
      RETURN_NOT_OK(FlushRowGroup(/*last=*/true));
    } else {
      RETURN_NOT_OK(Prepare(/*last=*/true));
    }
    PackedFile file{.path = sink_.writer()->path(),
                    .field_ids = {},
                    .num_rows = num_rows_,
                    .memory_bytes = memory_bytes_,
                    .statistics = Statistics()};
    arrow::FieldVector fields;
    for (const Column& column : columns_) {
      file.field_ids.push_back(column.field.field_id);
      fields.push_back(column.stored);
    }
    ARROW_ASSIGN_OR_RAISE(const auto arrow_schema,
                          arrow::ipc::SerializeSchema(*arrow::schema(fields)));
    const CollectionSchema own(spec_.fields, 0);
    PackedLayout layout{
        .file_id = spec_.file_id, .tail_offset = sink_.position(), .data_crc32 = sink_.crc32()};
    ARROW_ASSIGN_OR_RAISE(
        PackedTail tail,
        BuildTail(std::move(layout), std::move(row_groups_), *schema_, properties_, blooms_.get(),
                  {{"ARROW:schema", arrow::util::base64_encode(arrow_schema->ToString())},
                   {kSchemaFooterKey, arrow::util::base64_encode(SerializeSchema(own))}}));
    RETURN_NOT_OK(sink_.Write(AsBytes(tail.bytes)));
    file.file_bytes = tail.layout.file_bytes;
    file.layout = tail.layout.Encode();
    return file;
  } catch (const std::exception& error) {
    return MakeError(ErrorKind::kInternal, error.what(), {.object = sink_.writer()->path()});
  }
}

Status PackedFileWriter::Publish() { return sink_.writer()->Close(); }

Status PackedFileWriter::Abort() { return sink_.writer()->Abort(); }

}  // namespace varve::internal
