// SPDX-License-Identifier: Apache-2.0
// Writes the rows of an Arrow IPC file, whose fields carry their ids, as a packed set of Milvus:
//
//   varve_write_milvus_set <rows.arrow> <folder> <row_group_bytes> <group>...
//
// A group names its columns, separated by commas; it becomes file "<folder>/<number>.parquet".
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "varve/milvus_packed.h"

namespace {

using varve::Status;

std::vector<int> ColumnsOf(const std::string& names, const arrow::Schema& schema) {
  std::vector<int> columns;
  std::istringstream stream(names);
  for (std::string name; std::getline(stream, name, ',');) {
    columns.push_back(schema.GetFieldIndex(name));
  }
  return columns;
}

Status Run(const std::vector<std::string>& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::ReadableFile::Open(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(const auto rows, arrow::ipc::RecordBatchFileReader::Open(file));
  ARROW_ASSIGN_OR_RAISE(const auto store, varve::OpenChunkManager("file://" + arguments[1]));
  std::vector<varve::ColumnGroup> groups;
  std::vector<std::string> paths;
  for (size_t i = 3; i < arguments.size(); ++i) {
    groups.push_back({.group_id = static_cast<int64_t>(i - 3),
                      .columns = ColumnsOf(arguments[i], *rows->schema())});
    paths.push_back(std::to_string(i - 3) + ".parquet");
  }
  ARROW_ASSIGN_OR_RAISE(const auto writer, varve::MilvusPackedWriter::Make(
                                               store, rows->schema(), groups, paths,
                                               {.row_group_bytes = std::stoll(arguments[2])}));
  for (int i = 0; i < rows->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, rows->ReadRecordBatch(i));
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  return writer->Close().status();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return EXIT_FAILURE;
  const Status status = Run({argv + 1, argv + argc});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
