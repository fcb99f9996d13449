// SPDX-License-Identifier: Apache-2.0
#include "packed/decoded_column.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/chunked_array.h"
#include "arrow/compute/api_vector.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "packed/array_conversion.h"
#include "packed/bounded_pool.h"
#include "packed/fixed_width.h"
#include "packed/flat_read.h"
#include "packed/flat_take.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/reader.h"
#include "parquet/arrow/schema.h"
#include "parquet/file_reader.h"

namespace varve::internal {
namespace {

// What a scan decodes in one go, in stored bytes: enough to spread the fixed cost of a decode thin.
constexpr int64_t kWindowBytes = 1 << 20;
constexpr int64_t kWindowRowsMax = 1 << 16;
constexpr int64_t kDecodeBytesBase = 128 << 20;
constexpr int64_t kDecodeBytesFactor = 64;
// parquet-cpp takes a dictionary page at offset 0 for none at all: files start with these bytes.
constexpr char kLead[] = {'P', 'A', 'R', '1'};

// parquet-cpp links nodes to the group they are put into, so a node of the file's schema cannot be
// put into another group.
parquet::schema::NodePtr CloneNode(const parquet::schema::Node& node) {
  using parquet::schema::GroupNode;
  using parquet::schema::PrimitiveNode;
  const auto& logical = node.logical_type();
  const bool has_logical = logical != nullptr && logical->is_valid() && !logical->is_none();
  if (node.is_group()) {
    const auto& group = static_cast<const GroupNode&>(node);
    parquet::schema::NodeVector fields;
    for (int i = 0; i < group.field_count(); ++i) fields.push_back(CloneNode(*group.field(i)));
    return has_logical
               ? GroupNode::Make(node.name(), node.repetition(), fields, logical, node.field_id())
               : GroupNode::Make(node.name(), node.repetition(), fields, node.converted_type(),
                                 node.field_id());
  }
  const auto& leaf = static_cast<const PrimitiveNode&>(node);
  if (has_logical) {
    return PrimitiveNode::Make(node.name(), node.repetition(), logical, leaf.physical_type(),
                               leaf.type_length(), node.field_id());
  }
  return PrimitiveNode::Make(node.name(), node.repetition(), leaf.physical_type(),
                             node.converted_type(), leaf.type_length(),
                             leaf.decimal_metadata().precision, leaf.decimal_metadata().scale,
                             node.field_id());
}

Result<std::shared_ptr<arrow::Array>> Combined(const arrow::ChunkedArray& chunks) {
  if (chunks.num_chunks() == 1) return chunks.chunk(0);
  if (chunks.num_chunks() == 0) return arrow::MakeEmptyArray(chunks.type());
  return arrow::Concatenate(chunks.chunks());
}

}  // namespace

DecodedColumn::DecodedColumn(std::shared_ptr<const ParquetMetadata> metadata, int column,
                             std::shared_ptr<arrow::DataType> type,
                             std::atomic<int64_t>* pages_decoded)
    : metadata_(std::move(metadata)),
      column_(metadata_->columns()[static_cast<size_t>(column)]),
      type_(std::move(type)),
      pages_decoded_(pages_decoded),
      schema_(std::make_unique<parquet::SchemaDescriptor>()) {}

Result<std::shared_ptr<const DecodedColumn>> DecodedColumn::Make(
    std::shared_ptr<const ParquetMetadata> metadata, int column,
    std::shared_ptr<arrow::DataType> type, std::atomic<int64_t>* pages_decoded) {
  std::shared_ptr<DecodedColumn> decoded(
      new DecodedColumn(std::move(metadata), column, std::move(type), pages_decoded));
  const std::string& path = decoded->metadata_->source().path();
  const std::string& name = decoded->column_.name;
  ARROW_RETURN_NOT_OK(CatchParquet(path, name, [&]() -> Status {
    const auto& root = *decoded->metadata_->footer()->schema()->group_node();
    if (decoded->column_.leaf_begin == decoded->column_.leaf_end) {
      return Status::NotImplemented("a group without columns");
    }
    decoded->schema_->Init(parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED,
                                                            {CloneNode(*root.field(column))}));
    std::shared_ptr<arrow::Schema> file_schema;
    ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(decoded->schema_.get(), &file_schema));
    const auto& file_type = file_schema->field(0)->type();
    if (decoded->type_ == nullptr) decoded->type_ = file_type;
    decoded->is_flat_ = decoded->column_.leaf_end - decoded->column_.leaf_begin == 1 &&
                        IsFlat(*decoded->schema_->Column(0), *file_type, *decoded->type_);
    // Found out on no rows at all, so that a column that cannot be read is refused when it is asked
    // for.
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(file_type));
    auto converted = ConvertArray(empty, decoded->type_);
    if (!converted.ok()) {
      return MakeError(ErrorKind::kUnsupported, "the column cannot be read as the field's type",
                       {.object = path,
                        .field = name,
                        .expected = decoded->type_->ToString(),
                        .found = file_type->ToString()});
    }
    return Status::OK();
  }));
  return decoded;
}

FlatColumn DecodedColumn::Flat() const {
  return {.metadata = metadata_.get(),
          .descriptor = schema_->Column(0),
          .name = &column_.name,
          .type = type_,
          .pages_decoded = pages_decoded_};
}

int64_t DecodedColumn::RowsOf(int row_group) const {
  const auto& starts = metadata_->row_group_starts();
  const auto at = static_cast<size_t>(row_group);
  return starts[at + 1] - starts[at];
}

int64_t DecodedColumn::MostBytes(int64_t stored) const {
  return metadata_->vouched_for() ? INT64_MAX : kDecodeBytesBase + kDecodeBytesFactor * stored;
}

Result<DecodedColumn::Extents> DecodedColumn::LoadExtents(int row_group) const {
  Extents extents;
  for (int leaf = column_.leaf_begin; leaf < column_.leaf_end; ++leaf) {
    ARROW_ASSIGN_OR_RAISE(auto extent, metadata_->Chunk(row_group, leaf));
    extents.push_back(std::move(extent));
  }
  return extents;
}

Result<DecodedColumn::Window> DecodedColumn::WindowOf(const Extents& extents, int64_t num_rows,
                                                      int64_t begin, int64_t end) const {
  Window window{begin, end, std::vector<std::pair<size_t, size_t>>(extents.size())};
  // Leaves may be cut at different rows: widen until every leaf starts and ends at a page of its
  // own.
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < extents.size(); ++i) {
      const auto& pages = extents[i]->pages;
      const auto first =
          std::upper_bound(pages.begin(), pages.end(), window.begin,
                           [](int64_t row, const PageExtent& p) { return row < p.begin_row; }) -
          1;
      const auto last =
          std::lower_bound(pages.begin(), pages.end(), window.end,
                           [](const PageExtent& p, int64_t row) { return p.begin_row < row; });
      const int64_t last_row = last == pages.end() ? num_rows : last->begin_row;
      moved = moved || first->begin_row < window.begin || last_row > window.end;
      window.begin = std::min(window.begin, first->begin_row);
      window.end = std::max(window.end, last_row);
      window.pages[i] = {static_cast<size_t>(first - pages.begin()),
                         static_cast<size_t>(last - pages.begin())};
    }
  }
  return window;
}

Result<int64_t> DecodedColumn::CheckHeaders(const Piece& piece, int64_t file_offset,
                                            int64_t values_max) const {
  const FileSource& source = metadata_->source();
  std::span<const uint8_t> rest(piece.bytes->data(), static_cast<size_t>(piece.bytes->size()));
  int64_t num_values = 0;
  int64_t pages = 0;
  // A chunk read whole may be followed by bytes that belong to nobody.
  while (!rest.empty() && num_values < values_max) {
    const int64_t at = static_cast<int64_t>(rest.data() - piece.bytes->data());
    ARROW_ASSIGN_OR_RAISE(const auto header,
                          ParsePageHeader(rest, file_offset + at, source.path()));
    ARROW_RETURN_NOT_OK(CheckPageSizes(
        header, static_cast<int64_t>(rest.size()) - header.header_bytes, metadata_->vouched_for(),
        {.object = source.path(), .field = column_.name, .offset = file_offset + at}));
    if (header.is_data()) num_values += header.num_values;
    rest = rest.subspan(static_cast<size_t>(header.header_bytes) +
                        static_cast<size_t>(header.compressed_bytes));
    ++pages;
  }
  pages_decoded_->fetch_add(pages, std::memory_order_relaxed);
  return num_values;
}

Result<DecodedColumn::Piece> DecodedColumn::MakePiece(const ChunkExtent& extent,
                                                      int64_t num_bytes) {
  Piece piece;
  piece.codec = extent.codec;
  ARROW_ASSIGN_OR_RAISE(piece.storage,
                        arrow::AllocateBuffer(static_cast<int64_t>(sizeof(kLead)) + num_bytes));
  std::memcpy(piece.storage->mutable_data(), kLead, sizeof(kLead));
  piece.bytes = arrow::SliceMutableBuffer(piece.storage, sizeof(kLead), num_bytes);
  return piece;
}

Result<DecodedColumn::Piece> DecodedColumn::LoadPages(const ChunkExtent& extent,
                                                      std::span<const Window> windows,
                                                      size_t which) const {
  const FileSource& source = metadata_->source();
  std::vector<ReadRange> ranges;
  int64_t total = 0;
  const auto add = [&](int64_t offset, int64_t length) {
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == offset) {
      ranges.back().length += length;
    } else {
      ranges.push_back({offset, length, nullptr});
    }
    total += length;
  };
  // What stands before the first data page is the dictionary page.
  const int64_t dictionary_bytes = extent.pages.front().offset - extent.begin;
  if (dictionary_bytes > 0) add(extent.begin, dictionary_bytes);
  for (const Window& window : windows) {
    for (size_t i = window.pages[which].first; i < window.pages[which].second; ++i) {
      add(extent.pages[i].offset, extent.pages[i].bytes);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto piece, MakePiece(extent, total));
  piece.has_dictionary = dictionary_bytes > 0;
  piece.data_offset = dictionary_bytes;
  uint8_t* next = piece.bytes->mutable_data();
  for (ReadRange& range : ranges) {
    range.out = next;
    next += range.length;
  }
  ARROW_RETURN_NOT_OK(source.ReadRanges(ranges));
  ARROW_ASSIGN_OR_RAISE(piece.num_values, CheckHeaders(piece, ranges.front().offset, INT64_MAX));
  return piece;
}

Result<DecodedColumn::Piece> DecodedColumn::LoadChunk(const ChunkExtent& extent) const {
  const FileSource& source = metadata_->source();
  ARROW_ASSIGN_OR_RAISE(auto piece, MakePiece(extent, extent.end - extent.begin));
  ARROW_RETURN_NOT_OK(
      source.ReadAt(extent.begin, piece.bytes->size(), piece.bytes->mutable_data()));
  piece.num_values = extent.num_values;
  if (piece.bytes->size() > 0) {
    ARROW_ASSIGN_OR_RAISE(
        const auto header,
        ParsePageHeader({piece.bytes->data(), static_cast<size_t>(piece.bytes->size())},
                        extent.begin, metadata_->source().path()));
    if (header.type == ParsedPageHeader::Type::kDictionary) {
      piece.has_dictionary = true;
      piece.data_offset = std::min<int64_t>(header.header_bytes + int64_t{header.compressed_bytes},
                                            piece.bytes->size());
    }
  }
  ARROW_RETURN_NOT_OK(CheckHeaders(piece, extent.begin, extent.num_values).status());
  return piece;
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::Assemble(const std::vector<Piece>& pieces,
                                                              int64_t num_rows, bool verify) const {
  const std::string& path = metadata_->source().path();
  return CatchParquet(path, column_.name, [&]() -> Result<std::shared_ptr<arrow::Array>> {
    parquet::WriterProperties::Builder writer;
    writer.created_by(metadata_->footer()->created_by());
    int64_t total = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      writer.compression(schema_->Column(static_cast<int>(i))->path(), pieces[i].codec);
      total += pieces[i].bytes->size();
    }
    // Nulls are stored in next to nothing, and take the width of the type they are converted to.
    const int64_t most_bytes = std::max(MostBytes(total), kSparseBytesMax);
    if (const int64_t width = PlainWidth(*type_); width > 0 && num_rows > most_bytes / width) {
      return MakeError(ErrorKind::kResourceExhausted, "the rows are wider than is believed",
                       {.object = path,
                        .field = column_.name,
                        .expected = "at most " + std::to_string(most_bytes / width) + " rows of " +
                                    std::to_string(width) + " bytes",
                        .found = std::to_string(num_rows)});
    }
    std::shared_ptr<arrow::Buffer> bytes;
    if (pieces.size() == 1) {
      bytes = pieces.front().storage;
    } else {
      arrow::BufferVector parts{pieces.front().storage};
      for (size_t i = 1; i < pieces.size(); ++i) parts.push_back(pieces[i].bytes);
      ARROW_ASSIGN_OR_RAISE(bytes, arrow::ConcatenateBuffers(parts));
    }
    const auto builder = parquet::FileMetaDataBuilder::Make(schema_.get(), writer.build());
    auto* group = builder->AppendRowGroup();
    group->set_num_rows(num_rows);
    int64_t offset = sizeof(kLead);
    for (const Piece& piece : pieces) {
      const int64_t length = piece.bytes->size();
      group->NextColumnChunk()->Finish(piece.num_values, piece.has_dictionary ? offset : -1, -1,
                                       offset + piece.data_offset, length, length,
                                       piece.has_dictionary, false, {}, {});
      offset += length;
    }
    group->Finish(total);

    const auto pool = std::make_shared<BoundedPool>(MostBytes(total));
    auto properties = ParquetMetadata::BoundedProperties(total);
    properties.set_memory_pool(pool.get());
    properties.set_page_checksum_verification(verify);
    auto file = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes),
                                                 properties, builder->Finish());
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_pre_buffer(false);
    ARROW_ASSIGN_OR_RAISE(auto reader, parquet::arrow::FileReader::Make(pool.get(), std::move(file),
                                                                        arrow_properties));
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
    ARROW_ASSIGN_OR_RAISE(auto array, Combined(*table->column(0)));
    if (array->length() != num_rows) {
      return Corruption("the pages hold another number of rows",
                        {.object = path,
                         .field = column_.name,
                         .expected = std::to_string(num_rows),
                         .found = std::to_string(array->length())});
    }
    ARROW_RETURN_NOT_OK(array->Validate());
    // Whatever the conversion shares with `array` came from the pool.
    array = KeepPool(*array, pool);
    return ConvertArray(array, type_);
  });
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::DecodePages(const Extents& extents,
                                                                 std::span<const Window> windows,
                                                                 bool verify) const {
  int64_t num_rows = 0;
  for (const Window& window : windows) num_rows += window.end - window.begin;
  std::vector<Piece> pieces;
  for (size_t i = 0; i < extents.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto piece, LoadPages(*extents[i], windows, i));
    pieces.push_back(std::move(piece));
  }
  return Assemble(pieces, num_rows, verify);
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::DecodeChunk(int row_group,
                                                                 const Extents& extents,
                                                                 bool verify) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (kept_row_group_ == row_group && (kept_verified_ || !verify)) return kept_;
  kept_ = nullptr;
  kept_row_group_ = -1;
  if (is_flat_) {
    ARROW_ASSIGN_OR_RAISE(kept_,
                          ReadFlatChunk(row_group, *extents.front(), Executor::Inline(), verify));
  }
  if (kept_ == nullptr) {
    std::vector<Piece> pieces;
    for (const auto& extent : extents) {
      ARROW_ASSIGN_OR_RAISE(auto piece, LoadChunk(*extent));
      pieces.push_back(std::move(piece));
    }
    ARROW_ASSIGN_OR_RAISE(kept_, Assemble(pieces, RowsOf(row_group), verify));
  }
  kept_row_group_ = row_group;
  kept_verified_ = verify;
  return kept_;
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::Read(int row_group, int64_t begin, int64_t end,
                                                          bool verify) const {
  if (begin == end) return arrow::MakeEmptyArray(type_);
  ARROW_ASSIGN_OR_RAISE(const auto extents, LoadExtents(row_group));
  const bool indexed =
      std::all_of(extents.begin(), extents.end(), [](const auto& e) { return !e->pages.empty(); });
  if (!indexed) {
    ARROW_ASSIGN_OR_RAISE(auto chunk, DecodeChunk(row_group, extents, verify));
    return chunk->Slice(begin, end - begin);
  }
  arrow::ArrayVector parts;
  while (begin < end) {
    const int64_t part_end = std::min(end, NaturalEnd(row_group, begin));
    ARROW_ASSIGN_OR_RAISE(const auto window, WindowOf(extents, RowsOf(row_group), begin, part_end));
    ARROW_ASSIGN_OR_RAISE(auto rows, DecodePages(extents, {&window, 1}, verify));
    parts.push_back(rows->Slice(begin - window.begin, part_end - begin));
    begin = part_end;
  }
  if (parts.size() == 1) return parts.front();
  return arrow::Concatenate(parts);
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::ReadFlatChunk(int row_group,
                                                                   const ChunkExtent& extent,
                                                                   Executor* executor,
                                                                   bool verify) const {
  return ReadFlat(Flat(), extent, RowsOf(row_group), MostBytes(extent.end - extent.begin), executor,
                  verify);
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::ReadAll(int row_group, Executor* executor,
                                                             bool verify) const {
  if (is_flat_) {
    ARROW_ASSIGN_OR_RAISE(const auto extent, metadata_->Chunk(row_group, column_.leaf_begin));
    ARROW_ASSIGN_OR_RAISE(auto values, ReadFlatChunk(row_group, *extent, executor, verify));
    if (values != nullptr) return values;
  }
  return Read(row_group, 0, RowsOf(row_group), verify);
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::TakeValues(int row_group,
                                                                std::span<const int64_t> rows,
                                                                Executor* executor,
                                                                bool verify) const {
  if (!is_flat_) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto extent, metadata_->Chunk(row_group, column_.leaf_begin));
  if (extent->pages.empty()) return nullptr;
  return TakeFlat(Flat(), *extent, RowsOf(row_group), rows, MostBytes(extent->end - extent->begin),
                  executor, verify);
}

Result<std::shared_ptr<arrow::Array>> DecodedColumn::Take(int row_group,
                                                          std::span<const int64_t> rows,
                                                          bool verify) const {
  if (rows.empty()) return arrow::MakeEmptyArray(type_);
  ARROW_ASSIGN_OR_RAISE(const auto extents, LoadExtents(row_group));
  const bool indexed =
      std::all_of(extents.begin(), extents.end(), [](const auto& e) { return !e->pages.empty(); });
  std::shared_ptr<arrow::Array> pool;
  std::vector<Window> windows;
  if (indexed) {
    std::vector<int64_t> sorted(rows.begin(), rows.end());
    std::sort(sorted.begin(), sorted.end());
    for (const int64_t row : sorted) {
      if (!windows.empty() && row < windows.back().end) continue;
      ARROW_ASSIGN_OR_RAISE(auto window, WindowOf(extents, RowsOf(row_group), row, row + 1));
      windows.push_back(std::move(window));
    }
    ARROW_ASSIGN_OR_RAISE(pool, DecodePages(extents, windows, verify));
  } else {
    windows.push_back({0, RowsOf(row_group), {}});
    ARROW_ASSIGN_OR_RAISE(pool, DecodeChunk(row_group, extents, verify));
  }
  // Where each window starts in `pool`.
  std::vector<int64_t> starts(windows.size());
  for (size_t i = 1; i < windows.size(); ++i) {
    starts[i] = starts[i - 1] + windows[i - 1].end - windows[i - 1].begin;
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(rows.size_bytes())));
  auto* indices = reinterpret_cast<int64_t*>(buffer->mutable_data());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto window =
        std::upper_bound(windows.begin(), windows.end(), rows[i],
                         [](int64_t row, const Window& w) { return row < w.begin; }) -
        1;
    indices[i] = starts[static_cast<size_t>(window - windows.begin())] + rows[i] - window->begin;
  }
  const arrow::Int64Array selection(static_cast<int64_t>(rows.size()),
                                    std::shared_ptr<arrow::Buffer>(std::move(buffer)));
  return arrow::compute::Take(*pool, selection, arrow::compute::TakeOptions::NoBoundsCheck());
}

Status DecodedColumn::PlanRows(int row_group, int64_t begin, int64_t end, ReadWave* wave) const {
  if (begin == end) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto extents, LoadExtents(row_group));
  const bool indexed =
      std::all_of(extents.begin(), extents.end(), [](const auto& e) { return !e->pages.empty(); });
  const FileSource& source = metadata_->source();
  if (!indexed) {
    for (const auto& extent : extents)
      wave->Add(source, extent->begin, extent->end - extent->begin);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto window, WindowOf(extents, RowsOf(row_group), begin, end));
  for (size_t i = 0; i < extents.size(); ++i) {
    const auto& pages = extents[i]->pages;
    wave->Add(source, extents[i]->begin, pages.front().offset - extents[i]->begin);
    const auto [first, last] = window.pages[i];
    if (first == last) continue;
    wave->Add(source, pages[first].offset,
              pages[last - 1].offset + pages[last - 1].bytes - pages[first].offset);
  }
  return Status::OK();
}

double DecodedColumn::StoredBytes(int row_group) const {
  const auto extents = LoadExtents(row_group);
  if (!extents.ok()) return 0;
  double bytes = 0;
  for (const auto& extent : *extents) bytes += static_cast<double>(extent->end - extent->begin);
  return bytes;
}

int64_t DecodedColumn::NaturalEnd(int row_group, int64_t begin) const {
  const int64_t num_rows = RowsOf(row_group);
  int64_t end = num_rows;
  for (int leaf = column_.leaf_begin; leaf < column_.leaf_end; ++leaf) {
    // An index that cannot be read is reported by the read that follows.
    const auto extent = metadata_->Chunk(row_group, leaf);
    if (!extent.ok() || (*extent)->pages.empty()) continue;
    const auto& pages = (*extent)->pages;
    auto page =
        std::upper_bound(pages.begin(), pages.end(), begin,
                         [](int64_t row, const PageExtent& p) { return row < p.begin_row; });
    int64_t bytes = std::prev(page)->bytes;
    const int64_t first_row = std::prev(page)->begin_row;
    while (page != pages.end() && bytes + page->bytes <= kWindowBytes &&
           page->begin_row - first_row < kWindowRowsMax) {
      bytes += page->bytes;
      ++page;
    }
    end = std::min(end, page == pages.end() ? num_rows : page->begin_row);
  }
  return end;
}

}  // namespace varve::internal
