// SPDX-License-Identifier: Apache-2.0
// How fast V1 binlogs become Arrow arrays (bar W7). bench/write_path/decode.py runs it beside
// pyarrow.
//
//   binlog_decode write FOLDER ROWS DIM     one insert log a field: int64, double, varchar, vector
//                                           (a tenth of the rows); the payload of each, bare,
//                                           as FIELD.parquet
//   binlog_decode read FOLDER FIELD DIM     milliseconds of reading it from memory
//   binlog_decode zstd FOLDER FIELD         milliseconds of decompressing its pages, and nothing
//   else
//
// Prints JSON; the XOR of the values' words on standard error.
#include <zstd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "../native_measure.h"
#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "packed/page_header_parser.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "varve/binlog_reader.h"
#include "varve/insert_log.h"

namespace varve::bench {
namespace {

using internal::ParsedPageHeader;

constexpr int kRepetitions = 9;
constexpr std::array kFields = {"int64", "double", "varchar", "vector"};

Result<FieldSchema> FieldNamed(const std::string& name, int32_t dim) {
  FieldSchema field;
  field.name = name;
  if (name == "int64") field.data_type = DataType::kInt64;
  if (name == "double") field.data_type = DataType::kDouble;
  if (name == "varchar") field.data_type = DataType::kVarChar;
  if (name == "vector") {
    field.data_type = DataType::kFloatVector;
    field.dim = dim;
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, CollectionSchema::Make({field}));
  return schema->fields()[0];
}

// Keys that ascend with gaps, scores, texts of some words, unit-like components.
Result<std::shared_ptr<arrow::Array>> MakeValues(const FieldSchema& field, int64_t rows) {
  std::mt19937_64 random(20261127);
  std::shared_ptr<arrow::Array> out;
  if (field.data_type == DataType::kInt64) {
    arrow::Int64Builder builder;
    int64_t key = int64_t{1} << 40;
    for (int64_t i = 0; i < rows; ++i) {
      ARROW_RETURN_NOT_OK(builder.Append(key += 1 + static_cast<int64_t>(random() % 1000)));
    }
    ARROW_RETURN_NOT_OK(builder.Finish(&out));
  } else if (field.data_type == DataType::kDouble) {
    arrow::DoubleBuilder builder;
    std::normal_distribution<double> scores;
    for (int64_t i = 0; i < rows; ++i) ARROW_RETURN_NOT_OK(builder.Append(scores(random)));
    ARROW_RETURN_NOT_OK(builder.Finish(&out));
  } else if (field.data_type == DataType::kVarChar) {
    arrow::StringBuilder builder;
    std::vector<std::string> words(4096);
    for (std::string& word : words) {
      for (uint64_t length = 3 + random() % 8; length > 0; --length) {
        word += static_cast<char>('a' + random() % 26);
      }
    }
    for (int64_t i = 0; i < rows; ++i) {
      std::string text;
      for (uint64_t count = 1 + random() % 8; count > 0; --count) {
        text += words[random() % words.size()] + " ";
      }
      ARROW_RETURN_NOT_OK(builder.Append(text));
    }
    ARROW_RETURN_NOT_OK(builder.Finish(&out));
  } else {
    auto values = std::make_shared<arrow::FloatBuilder>();
    arrow::FixedSizeListBuilder builder(arrow::default_memory_pool(), values, field.dim);
    std::normal_distribution<float> components;
    for (int64_t i = 0; i < rows; ++i) {
      ARROW_RETURN_NOT_OK(builder.Append());
      for (int32_t j = 0; j < field.dim; ++j) {
        ARROW_RETURN_NOT_OK(values->Append(components(random)));
      }
    }
    ARROW_RETURN_NOT_OK(builder.Finish(&out));
  }
  return out;
}

uint64_t XorValues(const arrow::Array& values) {
  const arrow::ArrayData* data = values.data().get();
  if (!data->child_data.empty()) data = data->child_data[0].get();
  const arrow::Buffer& bytes = *data->buffers.back();
  return XorWords(bytes.data(), bytes.size());
}

Status WriteFile(const std::string& path, const arrow::Buffer& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return file.flush() ? Status::OK() : Status::IOError("cannot write ", path);
}

Result<std::shared_ptr<arrow::Buffer>> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::IOError("cannot read ", path);
  return arrow::Buffer::FromString({std::istreambuf_iterator<char>(file), {}});
}

Status Write(const std::string& folder, int64_t rows, int32_t dim) {
  for (const std::string name : kFields) {
    ARROW_ASSIGN_OR_RAISE(const FieldSchema field, FieldNamed(name, dim));
    ARROW_ASSIGN_OR_RAISE(const auto values,
                          MakeValues(field, IsDenseVector(field.data_type) ? rows / 10 : rows));
    ARROW_ASSIGN_OR_RAISE(const auto bytes, WriteInsertLog(field, values,
                                                           {.collection_id = 1,
                                                            .partition_id = 2,
                                                            .segment_id = 3,
                                                            .start_timestamp = 1,
                                                            .end_timestamp = 1}));
    ARROW_RETURN_NOT_OK(WriteFile(folder + "/" + name, *bytes));
    ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(bytes, name));
    ARROW_RETURN_NOT_OK(WriteFile(folder + "/" + name + ".parquet", *binlog.events()[0].payload));
  }
  return Status::OK();
}

Status Read(const std::string& folder, const std::string& name, int32_t dim) {
  ARROW_ASSIGN_OR_RAISE(const FieldSchema field, FieldNamed(name, dim));
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadFile(folder + "/" + name));
  Figures figures;
  Checksum sum;
  Status failed;
  figures.Measure("read", kRepetitions, [&](uint64_t) {
    const auto values = ReadInsertLog(field, bytes, name);
    if (!values.ok()) failed = values.status();
    sum.Set(values.ok() ? XorValues(**values) : 0);
  });
  ARROW_RETURN_NOT_OK(failed);
  figures.Print();
  sum.Print(name.c_str());
  return Status::OK();
}

// Every page, one after the other, into the same memory.
Status Decompress(const std::string& folder, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadFile(folder + "/" + name));
  ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(bytes, name));
  const std::shared_ptr<arrow::Buffer> payload = binlog.events()[0].payload;
  const auto reader =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(payload));
  struct Page {
    const uint8_t* body;
    ParsedPageHeader header;
  };
  std::vector<Page> pages;
  int64_t stored = 0;
  for (int group = 0; group < reader->metadata()->num_row_groups(); ++group) {
    const auto chunk = reader->metadata()->RowGroup(group)->ColumnChunk(0);
    int64_t at =
        chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : chunk->data_page_offset();
    const int64_t end = at + chunk->total_compressed_size();
    while (at < end) {
      ARROW_ASSIGN_OR_RAISE(const auto header,
                            internal::ParsePageHeader(
                                {payload->data() + at, static_cast<size_t>(end - at)}, at, name));
      pages.push_back({payload->data() + at + header.header_bytes, header});
      stored += header.uncompressed_bytes;
      at += header.header_bytes + header.compressed_bytes;
    }
  }
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  bool failed = false;
  Figures figures;
  figures.Measure("zstd", kRepetitions, [&](uint64_t) {
    // As a reader's memory is: fresh, and not touched before.
    const auto fresh = arrow::AllocateBuffer(stored);
    failed = failed || !fresh.ok();
    if (failed) return;
    uint8_t* to = (*fresh)->mutable_data();
    for (const Page& page : pages) {
      const size_t size = static_cast<size_t>(page.header.uncompressed_bytes);
      failed =
          failed || ZSTD_decompressDCtx(context, to, size, page.body,
                                        static_cast<size_t>(page.header.compressed_bytes)) != size;
      to += size;
    }
  });
  ZSTD_freeDCtx(context);
  if (failed) return Status::Invalid("a page of ", name, " is not zstd");
  figures.Print();
  return Status::OK();
}

Status Run(const std::vector<std::string>& words) {
  const auto number = [](const std::string& text) { return std::stoll(text); };
  if (words.size() == 5 && words[1] == "write") {
    return Write(words[2], number(words[3]), static_cast<int32_t>(number(words[4])));
  }
  if (words.size() == 5 && words[1] == "read") {
    return Read(words[2], words[3], static_cast<int32_t>(number(words[4])));
  }
  if (words.size() == 4 && words[1] == "zstd") return Decompress(words[2], words[3]);
  return Status::Invalid("usage: binlog_decode write|read|zstd FOLDER ...");
}

}  // namespace
}  // namespace varve::bench

int main(int argc, char** argv) {
  const varve::Status status = varve::bench::Run({argv, argv + argc});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
