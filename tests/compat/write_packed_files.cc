// SPDX-License-Identifier: Apache-2.0
// Writes the rows of an Arrow IPC file as packed files, for other readers to compare:
//
//   varve_write_packed_files <rows.arrow> <folder> [key=value]...
//
// Keys: split (default, one, schema, size, or groups such as a,b;c), layout (fixed, list, compact),
// codec (zstd, lz4, snappy, gzip, none), level, small_write_bytes, buffer_bytes, page_checksums
// (0), key (name of the primary key). Prints the paths, one a line.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/record_batch.h"
#include "varve/packed.h"

namespace {

using varve::Status;

const std::map<std::string, varve::VectorLayout> kLayouts = {
    {"fixed", varve::VectorLayout::kFixedBinary},
    {"list", varve::VectorLayout::kList},
    {"compact", varve::VectorLayout::kCompact}};
const std::map<std::string, varve::Compression> kCodecs = {{"zstd", varve::Compression::kZstd},
                                                           {"lz4", varve::Compression::kLz4},
                                                           {"snappy", varve::Compression::kSnappy},
                                                           {"gzip", varve::Compression::kGzip},
                                                           {"none", varve::Compression::kNone}};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::vector<std::string> SplitAt(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

void ChooseSplit(const std::string& split, varve::PackedWriteOptions* options) {
  if (split == "default") return;
  if (split == "one") {
    options->split = varve::SplitPolicy::kOneGroup;
  } else if (split == "schema") {
    options->split = varve::SplitPolicy::kBySchema;
  } else if (split == "size") {
    options->split = varve::SplitPolicy::kByAverageSize;
    options->average_size_limit = 20;
  } else {
    options->split = varve::SplitPolicy::kExplicit;
    for (const std::string& group : SplitAt(split, ';')) {
      options->groups.push_back(SplitAt(group, ','));
    }
  }
}

Status Run(const std::string& input, const std::string& folder,
           std::map<std::string, std::string> keys) {
  ARROW_ASSIGN_OR_RAISE(const auto file,
                        arrow::io::MemoryMappedFile::Open(input, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  ARROW_ASSIGN_OR_RAISE(
      auto schema, varve::CollectionSchema::FromArrow(*reader->schema(), nullptr, keys["key"]));
  if (keys.contains("layout")) {
    auto fields = schema->fields();
    for (auto& field : fields) {
      if (varve::IsDenseVector(field.data_type)) field.layout = kLayouts.at(keys["layout"]);
    }
    ARROW_ASSIGN_OR_RAISE(schema, varve::CollectionSchema::Make(fields));
  }
  varve::PackedWriteOptions options;
  if (keys.contains("split")) ChooseSplit(keys["split"], &options);
  if (keys.contains("level")) options.defaults.level = std::stoi(keys["level"]);
  options.page_checksums = keys["page_checksums"] != "0";
  if (keys.contains("codec")) options.defaults.compression = kCodecs.at(keys["codec"]);
  if (keys.contains("small_write_bytes")) {
    options.small_write_bytes = std::stoll(keys["small_write_bytes"]);
  }
  if (keys.contains("buffer_bytes")) options.buffer_bytes = std::stoll(keys["buffer_bytes"]);
  ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager(folder, {.sync = false}));
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        varve::PackedWriter::Make(store, schema, options, [](int group) {
                          return "group-" + std::to_string(group) + ".parquet";
                        }));
  const double start = CpuSeconds();
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
    ARROW_ASSIGN_OR_RAISE(batch, varve::ConformBatch(*schema, batch));
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  ARROW_ASSIGN_OR_RAISE(const auto files, writer->Close());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  int64_t bytes = 0;
  for (const auto& written : files) {
    std::printf("%s/%s\n", folder.c_str(), written.path.c_str());
    bytes += written.file_bytes;
  }
  std::fprintf(stderr, "%lld bytes, %.3f CPU seconds, peak %ld KiB\n",
               static_cast<long long>(bytes), CpuSeconds() - start, usage.ru_maxrss);
  return Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s <rows.arrow> <folder> [key=value]...\n", argv[0]);
    return 2;
  }
  std::map<std::string, std::string> keys;
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (equals != std::string::npos) keys[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const Status status = Run(argv[1], argv[2], keys);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
