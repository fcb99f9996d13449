// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/csv/options.h"
#include "arrow/csv/reader.h"
#include "arrow/io/interfaces.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "cli/input/batch_source.h"
#include "cli/input/formats.h"

namespace varve::cli {
namespace {

constexpr int32_t kBlockBytes = 8 << 20;

// Arrow's messages begin "Row #3: …", which counts lines from 1 where no value has line breaks.
Status Explained(const Status& status, const std::string& path) {
  if (status.ok() || status.IsIOError() || status.IsCancelled() || status.IsOutOfMemory()) {
    return status;
  }
  return Corruption(status.message(), {.object = path});
}

}  // namespace

Status OpenCsv(std::shared_ptr<arrow::io::InputStream> stream, const InputOptions& options,
               Input* input) {
  auto read_options = arrow::csv::ReadOptions::Defaults();
  read_options.use_threads = false;  // else messages come without row numbers
  read_options.block_size = kBlockBytes;
  auto convert_options = arrow::csv::ConvertOptions::Defaults();
  if (options.target != nullptr) {
    for (const auto& field : options.target->fields()) {
      if (arrow::is_nested(field->type()->id())) continue;
      convert_options.column_types[field->name()] = field->type();
    }
  }
  const std::string path = input->path;
  auto opened =
      arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), stream, read_options,
                                        arrow::csv::ParseOptions::Defaults(), convert_options);
  ARROW_RETURN_NOT_OK(Explained(opened.status(), path));
  auto reader = *opened;
  input->reader = std::make_shared<BatchSource>(
      reader->schema(), [reader, path](std::shared_ptr<arrow::RecordBatch>* batch) {
        return Explained(reader->ReadNext(batch), path);
      });
  input->bytes_read = [reader] { return reader->bytes_read(); };
  return Status::OK();
}

}  // namespace varve::cli
