// SPDX-License-Identifier: Apache-2.0
// Reads Parquet files of any writer, for a test to compare with what other engines say:
//
//   varve_read_parquet_files < requests
//
// A request is one line, "<file> TAB <output> TAB <row>,<row>,… TAB <column>,<column>,…". The
// answer is one line, "ok" or the error, and with "ok" these Arrow IPC streams: <output>.scan (all
// columns in small batches), <output>.range (the columns asked for, the middle half of the rows)
// and <output>.take (the rows asked for, all columns).
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/io/file.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "varve/packed.h"

namespace {

using varve::Status;

constexpr int64_t kBatchRows = 700;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

Status Save(const std::string& path, const std::shared_ptr<arrow::Schema>& schema,
            const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::FileOutputStream::Open(path));
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeStreamWriter(file, schema));
  for (const auto& batch : batches) {
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  return file->Close();
}

Status SaveScan(const varve::PackedReader& reader, const varve::PackedReadOptions& options,
                const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto scan, reader.Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto batches, scan->ToRecordBatches());
  return Save(path, scan->schema(), batches);
}

Status Answer(const std::vector<std::string>& request) {
  const std::filesystem::path file = request.at(0);
  const std::string& output = request.at(1);
  ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager(file.parent_path().string()));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        varve::PackedReader::Open(store, {file.filename().string()}));
  ARROW_RETURN_NOT_OK(SaveScan(*reader, {.batch_size = kBatchRows}, output + ".scan"));
  varve::PackedReadOptions middle;
  middle.begin_row = reader->num_rows() / 4;
  middle.end_row = middle.begin_row + reader->num_rows() / 2;
  middle.exact_batch_size = true;
  if (request.size() > 3) middle.columns = Split(request[3], ',');
  ARROW_RETURN_NOT_OK(SaveScan(*reader, middle, output + ".range"));
  std::vector<int64_t> rows;
  if (request.size() > 2) {
    for (const std::string& row : Split(request[2], ',')) rows.push_back(std::stoll(row));
  }
  ARROW_ASSIGN_OR_RAISE(const auto taken, reader->Take(rows));
  ARROW_RETURN_NOT_OK(Save(output + ".take", taken->schema(), {taken}));
  std::vector<std::string> problems;
  ARROW_RETURN_NOT_OK(reader->Verify(&problems));
  if (problems.empty()) return Status::OK();
  return varve::Corruption(problems.front());
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Status status = Answer(Split(line, '\t'));
    std::string text = status.ok() ? "ok" : status.ToString();
    for (char& character : text) {
      if (character == '\n') character = ' ';
    }
    std::cout << text << std::endl;
  }
  return 0;
}
