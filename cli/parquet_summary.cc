// SPDX-License-Identifier: Apache-2.0
#include "cli/parquet_summary.h"

#include <algorithm>
#include <exception>

#include "arrow/io/interfaces.h"
#include "arrow/util/compression.h"
#include "cli/chunk_file.h"
#include "parquet/arrow/reader.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/schema.h"
#include "parquet/size_statistics.h"
#include "parquet/statistics.h"

namespace varve::cli {
namespace {

// Runs `work`, which calls Parquet, and turns what it throws into a status.
template <typename Work>
Status Guarded(const std::string& path, Work work) {
  try {
    return work();
  } catch (const parquet::ParquetStatusException& error) {
    return KindOf(error.status()) == ErrorKind::kInvalid
               ? Corruption(error.what(), {.object = path})
               : error.status();
  } catch (const std::exception& error) {
    return Corruption(error.what(), {.object = path});
  }
}

std::string PhysicalType(const parquet::ColumnDescriptor& column) {
  std::string name = parquet::TypeToString(column.physical_type());
  if (column.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY) {
    name += "(" + std::to_string(column.type_length()) + ")";
  }
  return name;
}

std::string TopLevelName(const parquet::ColumnDescriptor& column) {
  return column.path()->ToDotVector().front();
}

// RLE and BIT_PACKED are how levels are stored; they say nothing of the values, unless alone.
std::vector<std::string> ValueEncodings(const parquet::ColumnChunkMetaData& chunk) {
  std::vector<std::string> names;
  for (const parquet::Encoding::type encoding : chunk.encodings()) {
    const bool levels =
        encoding == parquet::Encoding::RLE || encoding == parquet::Encoding::BIT_PACKED;
    const std::string name = parquet::EncodingToString(encoding);
    if (!levels && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  if (names.empty() && !chunk.encodings().empty()) {
    names.push_back(parquet::EncodingToString(chunk.encodings().front()));
  }
  // The dictionary's own page is PLAIN; that the values are codes is what matters.
  if (std::find(names.begin(), names.end(), "RLE_DICTIONARY") != names.end() && names.size() > 1 &&
      chunk.has_dictionary_page()) {
    std::erase(names, "PLAIN");
  }
  return names;
}

// Nulls among the values of a column inside lists: the footer's null count takes empty lists for
// nulls, the histogram of definition levels tells them apart. -1: there is none.
int64_t NullsInLists(const parquet::ColumnDescriptor& column,
                     const parquet::ColumnChunkMetaData& chunk) {
  const auto sizes = chunk.size_statistics();
  const auto levels = static_cast<size_t>(column.max_definition_level());
  // Level i: everything above is there, and the next optional or repeated node is not.
  std::vector<bool> is_null;
  for (const parquet::schema::Node* node = column.schema_node().get(); node != nullptr;
       node = node->parent()) {
    if (!node->is_required() && node->parent() != nullptr) is_null.push_back(node->is_optional());
  }
  std::reverse(is_null.begin(), is_null.end());
  if (std::find(is_null.begin(), is_null.end(), true) == is_null.end()) return 0;
  if (sizes == nullptr || is_null.size() != levels ||
      sizes->definition_level_histogram.size() != levels + 1) {
    return -1;
  }
  int64_t nulls = 0;
  for (size_t level = 0; level < levels; ++level) {
    if (is_null[level]) nulls += sizes->definition_level_histogram[level];
  }
  return nulls;
}

ColumnChunkSummary SummarizeChunk(const parquet::ColumnDescriptor& column,
                                  const parquet::ColumnChunkMetaData& chunk) {
  ColumnChunkSummary summary;
  summary.column = chunk.path_in_schema()->ToDotString();
  summary.top_level = TopLevelName(column);
  summary.physical_type = PhysicalType(column);
  summary.compression = arrow::util::Codec::GetCodecAsString(chunk.compression());
  if (summary.compression == "uncompressed") summary.compression = "none";
  summary.encodings = ValueEncodings(chunk);
  summary.offset = chunk.has_dictionary_page()
                       ? std::min(chunk.dictionary_page_offset(), chunk.data_page_offset())
                       : chunk.data_page_offset();
  summary.compressed_bytes = chunk.total_compressed_size();
  summary.uncompressed_bytes = chunk.total_uncompressed_size();
  summary.num_values = chunk.num_values();
  const auto statistics = chunk.is_stats_set() ? chunk.statistics() : nullptr;
  if (statistics != nullptr) {
    if (statistics->HasNullCount()) summary.null_count = statistics->null_count();
    const Status converted = statistics->HasMinMax() ? parquet::arrow::StatisticsAsScalars(
                                                           *statistics, &summary.min, &summary.max)
                                                     : Status::OK();
    if (!converted.ok()) summary.min = summary.max = nullptr;  // a type without bounds
  }
  if (summary.null_count < 0 && column.max_definition_level() == 0) summary.null_count = 0;
  if (column.max_repetition_level() > 0 && summary.null_count != 0) {
    summary.null_count = NullsInLists(column, chunk);
  }
  return summary;
}

}  // namespace

Result<ParquetSummary> SummarizeParquet(const std::shared_ptr<ChunkManager>& store,
                                        const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, OpenChunkFile(store, path));
  ParquetSummary summary;
  ARROW_ASSIGN_OR_RAISE(summary.file_bytes, file->GetSize());
  ARROW_RETURN_NOT_OK(Guarded(path, [&] {
    const auto reader = parquet::ParquetFileReader::Open(file);
    const auto metadata = reader->metadata();
    summary.created_by = metadata->created_by();
    summary.num_rows = metadata->num_rows();
    summary.footer_bytes = metadata->size();
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      const auto row_group = metadata->RowGroup(group);
      RowGroupSummary entry;
      entry.num_rows = row_group->num_rows();
      for (int i = 0; i < row_group->num_columns(); ++i) {
        entry.columns.push_back(
            SummarizeChunk(*metadata->schema()->Column(i), *row_group->ColumnChunk(i)));
        entry.compressed_bytes += entry.columns.back().compressed_bytes;
      }
      summary.row_groups.push_back(std::move(entry));
    }
    return Status::OK();
  }));
  return summary;
}

int64_t PlainValues::OffsetOf(int64_t row) const {
  const auto after =
      std::upper_bound(pages.begin(), pages.end(), row,
                       [](int64_t value, const Page& page) { return value < page.first_row; });
  const Page& page = *(after - 1);
  return page.offset + (row - page.first_row) * width;
}

Result<PlainValues> FindPlainValues(const std::shared_ptr<ChunkManager>& store,
                                    const std::string& path, const std::string& column) {
  const auto unsupported = [&](const char* why) {
    return MakeError(ErrorKind::kUnsupported, why, {.object = path, .field = column});
  };
  ARROW_ASSIGN_OR_RAISE(auto file, OpenChunkFile(store, path));
  ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, file->GetSize());
  PlainValues values;
  ARROW_RETURN_NOT_OK(Guarded(path, [&] {
    const auto reader = parquet::ParquetFileReader::Open(file);
    const auto metadata = reader->metadata();
    int index = -1;
    for (int i = 0; i < metadata->num_columns(); ++i) {
      if (TopLevelName(*metadata->schema()->Column(i)) == column) index = i;
    }
    if (index < 0) return MakeError(ErrorKind::kNotFound, "no such column", {.field = column});
    const auto* descriptor = metadata->schema()->Column(index);
    if (descriptor->physical_type() != parquet::Type::FIXED_LEN_BYTE_ARRAY ||
        descriptor->max_repetition_level() > 0) {
      return unsupported("not a fixed-width column");
    }
    values.width = descriptor->type_length();
    const auto pages = reader->GetPageIndexReader();
    int64_t first_row = 0;
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      const auto row_group = metadata->RowGroup(group);
      const auto summary = SummarizeChunk(*descriptor, *row_group->ColumnChunk(index));
      const bool plain = summary.encodings == std::vector<std::string>{"PLAIN"};
      if (!plain || summary.compression != "none" || summary.null_count != 0) {
        return unsupported("not stored plain, uncompressed and without nulls");
      }
      const auto group_pages = pages == nullptr ? nullptr : pages->RowGroup(group);
      const auto offsets = group_pages == nullptr ? nullptr : group_pages->GetOffsetIndex(index);
      if (offsets == nullptr) return unsupported("no offset index");
      const auto& locations = offsets->page_locations();
      for (size_t i = 0; i < locations.size(); ++i) {
        const int64_t end =
            i + 1 < locations.size() ? locations[i + 1].first_row_index : row_group->num_rows();
        const int64_t rows = end - locations[i].first_row_index;
        int64_t bytes = 0;
        if (rows < 0 || __builtin_mul_overflow(rows, values.width, &bytes) ||
            bytes > locations[i].compressed_page_size || locations[i].offset < 0 ||
            locations[i].offset > file_bytes - locations[i].compressed_page_size) {
          return Corruption("offset index leads outside its page",
                            {.object = path, .field = column, .offset = locations[i].offset});
        }
        values.pages.push_back({first_row + locations[i].first_row_index, rows,
                                locations[i].offset + locations[i].compressed_page_size - bytes});
      }
      first_row += row_group->num_rows();
    }
    return Status::OK();
  }));
  if (values.pages.empty()) return unsupported("no rows");
  return values;
}

}  // namespace varve::cli
