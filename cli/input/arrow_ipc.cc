// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <string_view>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/ipc/reader.h"
#include "arrow/record_batch.h"
#include "cli/input/batch_source.h"
#include "cli/input/formats.h"

namespace varve::cli {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";

// Whatever Arrow calls it, an IPC file that does not parse is damaged.
Status Named(const Status& status, const std::string& path, const std::string& where) {
  if (status.ok()) return status;
  return Corruption("not a valid Arrow file (" + status.message() + ")",
                    {.object = path, .field = where});
}

template <typename NextBatch>
std::shared_ptr<arrow::RecordBatchReader> Validated(std::shared_ptr<arrow::Schema> schema,
                                                    std::string path, NextBatch next) {
  return std::make_shared<BatchSource>(
      std::move(schema), [next = std::move(next), path = std::move(path),
                          number = 0](std::shared_ptr<arrow::RecordBatch>* batch) mutable {
        const std::string where = "record batch " + std::to_string(number++);
        ARROW_RETURN_NOT_OK(Named(next(batch), path, where));
        return *batch == nullptr ? Status::OK() : Named((*batch)->ValidateFull(), path, where);
      });
}

}  // namespace

Status OpenArrow(std::shared_ptr<arrow::io::InputStream> stream, Input* input) {
  auto file = std::dynamic_pointer_cast<arrow::io::RandomAccessFile>(stream);
  bool is_file = false;
  if (file != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto start, file->ReadAt(0, kFileMagic.size()));
    is_file = std::string_view(*start) == kFileMagic;
    ARROW_RETURN_NOT_OK(file->Seek(0));  // Arrow's files want it before they are read in sequence
  }
  if (is_file) {
    auto opened = arrow::ipc::RecordBatchFileReader::Open(file);
    ARROW_RETURN_NOT_OK(Named(opened.status(), input->path, "footer"));
    auto reader = *opened;
    const auto rows = reader->CountRows();
    ARROW_RETURN_NOT_OK(Named(rows.status(), input->path, "footer"));
    input->num_rows = *rows;
    input->reader = Validated(
        reader->schema(), input->path,
        [reader, file, i = 0](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
          if (i == reader->num_record_batches()) return Status::OK();
          return reader->ReadRecordBatch(i++).Value(batch);
        });
    return Status::OK();
  }
  auto opened = arrow::ipc::RecordBatchStreamReader::Open(stream);
  ARROW_RETURN_NOT_OK(Named(opened.status(), input->path, "schema"));
  auto reader = *opened;
  input->reader = Validated(reader->schema(), input->path,
                            [reader, stream](std::shared_ptr<arrow::RecordBatch>* batch) {
                              return reader->ReadNext(batch);
                            });
  input->bytes_read = [stream] { return stream->Tell().ValueOr(0); };
  return Status::OK();
}

}  // namespace varve::cli
