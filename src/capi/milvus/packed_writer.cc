// SPDX-License-Identifier: Apache-2.0
// The functions of a CPackedWriter.
#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "capi/arrow_imports.h"
#include "capi/handles.h"
#include "capi/milvus/answer.h"
#include "capi/milvus/column_splits.h"
#include "capi/milvus/storage_settings.h"
#include "capi/option_values.h"
#include "varve/c/milvus_packed.h"
#include "varve/milvus_packed.h"

namespace varve::capi {
namespace {

struct PackedWriter {
  std::mutex mutex;  // the writer has one caller at a time
  std::unique_ptr<MilvusPackedWriter> writer;
  std::shared_ptr<arrow::Schema> schema;
  size_t num_groups = 0;
};

Handles<PackedWriter>& Writers() {
  static auto& writers = *new Handles<PackedWriter>("packed writer");
  return writers;
}

// Everything of a writer to be but its store, which `open` gives.
struct WriterArguments {
  ArrowSchema* schema;
  int64_t buffer_size;
  char** paths;
  int64_t num_paths;
  int64_t part_upload_size;
  CColumnSplits column_splits;
  CPackedWriter* out;
  const CPluginContext* plugin_context;
};

template <typename OpenStore>
CStatus NewWriter(const WriterArguments& arguments, OpenStore&& open) {
  return AnswerCStatus([&]() -> Status {
    auto made = std::make_shared<PackedWriter>();
    ARROW_ASSIGN_OR_RAISE(made->schema, ImportSchema(arguments.schema));
    ARROW_RETURN_NOT_OK(RequireOutput(arguments.out));
    if (arguments.plugin_context != nullptr) {
      return MakeError(ErrorKind::kUnsupported, "packed files are not written encrypted");
    }
    ARROW_ASSIGN_OR_RAISE(auto groups, ReadColumnSplits(arguments.column_splits));
    made->num_groups = groups.size();
    // Before a path is touched: where the number is wrong, there may be nothing.
    if (!std::cmp_equal(arguments.num_paths, groups.size())) {
      return MakeError(ErrorKind::kInvalid, "num_paths is not the number of column groups",
                       {.expected = std::to_string(groups.size()),
                        .found = std::to_string(arguments.num_paths)});
    }
    ARROW_ASSIGN_OR_RAISE(auto paths, ReadPaths(arguments.paths, arguments.num_paths));
    MilvusPackedWriteOptions options{.buffer_bytes = std::max<int64_t>(0, arguments.buffer_size)};
    if (arguments.part_upload_size > 0) options.part_bytes = arguments.part_upload_size;
    ARROW_ASSIGN_OR_RAISE(auto store, open());
    ARROW_ASSIGN_OR_RAISE(
        made->writer, MilvusPackedWriter::Make(std::move(store), made->schema, std::move(groups),
                                               std::move(paths), options));
    *arguments.out = Writers().Add(std::move(made));
    return Status::OK();
  });
}

// Releases the columns that a call was given, whatever comes of it: as many as `schema` describes.
class ReleaseColumnsOnExit {
 public:
  // `schema` is read now, since importing it releases it; NULL, released or with children that are
  // NULL, it describes none.
  ReleaseColumnsOnExit(const ArrowSchema* schema, ArrowArray* arrays, ArrowSchema* array_schemas) {
    if (schema == nullptr || schema->release == nullptr || schema->children == nullptr) return;
    for (int64_t i = 0; i < schema->n_children; ++i) {
      if (arrays != nullptr) arrays_.emplace_back(&arrays[i]);
      if (array_schemas != nullptr) array_schemas_.emplace_back(&array_schemas[i]);
    }
  }

 private:
  std::deque<ReleaseOnExit<ArrowArray>> arrays_;  // a deque, as its elements cannot be moved
  std::deque<ReleaseOnExit<ArrowSchema>> array_schemas_;
};

// The columns as a batch.
Result<std::shared_ptr<arrow::RecordBatch>> ImportColumns(std::shared_ptr<arrow::Schema> schema,
                                                          ArrowArray* arrays,
                                                          ArrowSchema* array_schemas) {
  const auto num_columns = static_cast<size_t>(schema->num_fields());
  arrow::ArrayVector columns(num_columns);
  for (size_t i = 0; i < num_columns; ++i) {
    ARROW_ASSIGN_OR_RAISE(columns[i], ImportArray(&arrays[i], &array_schemas[i]));
    if (columns[i]->length() != columns[0]->length()) {
      return MakeError(ErrorKind::kInvalid, "columns of different lengths",
                       {.field = schema->field(static_cast<int>(i))->name(),
                        .expected = std::to_string(columns[0]->length()),
                        .found = std::to_string(columns[i]->length())});
    }
  }
  const int64_t num_rows = columns.empty() ? 0 : columns[0]->length();
  return arrow::RecordBatch::Make(std::move(schema), num_rows, std::move(columns));
}

// Sizes of the files by group; a group without columns has none, and size 0.
void AssignSizes(const std::vector<MilvusPackedFile>& files, int64_t* sizes, size_t num_groups) {
  std::fill_n(sizes, num_groups, 0);
  for (const MilvusPackedFile& file : files) {
    sizes[static_cast<size_t>(file.group_id)] = file.file_bytes;
  }
}

}  // namespace
}  // namespace varve::capi

using varve::ErrorKind;
using varve::MakeError;
using varve::Status;
using namespace varve::capi;

CStatus NewPackedWriterWithStorageConfig(ArrowSchema* schema, const int64_t buffer_size,
                                         char** paths, int64_t num_paths, int64_t part_upload_size,
                                         CColumnSplits column_splits, CStorageConfig storage_config,
                                         CPackedWriter* c_packed_writer,
                                         CPluginContext* c_plugin_context) {
  return NewWriter({schema, buffer_size, paths, num_paths, part_upload_size, column_splits,
                    c_packed_writer, c_plugin_context},
                   [&] { return OpenStore(storage_config); });
}

CStatus NewPackedWriter(ArrowSchema* schema, const int64_t buffer_size, char** paths,
                        int64_t num_paths, int64_t part_upload_size, CColumnSplits column_splits,
                        CPackedWriter* c_packed_writer, CPluginContext* c_plugin_context) {
  return NewWriter({schema, buffer_size, paths, num_paths, part_upload_size, column_splits,
                    c_packed_writer, c_plugin_context},
                   [] { return ProcessStore(); });
}

CStatus WriteRecordBatch(CPackedWriter c_packed_writer, ArrowArray* arrays,
                         ArrowSchema* array_schemas, ArrowSchema* schema) {
  return AnswerCStatus([&]() -> Status {
    const ReleaseColumnsOnExit release_columns(schema, arrays, array_schemas);
    ARROW_ASSIGN_OR_RAISE(auto columns, ImportSchema(schema));
    if (arrays == nullptr || array_schemas == nullptr) {
      return MakeError(ErrorKind::kInvalid, "the rows or their schemas are NULL");
    }
    ARROW_ASSIGN_OR_RAISE(const auto writer, Writers().Find(c_packed_writer));
    if (columns->num_fields() != writer->schema->num_fields()) {
      return MakeError(ErrorKind::kInvalid, "wrong number of columns",
                       {.expected = std::to_string(writer->schema->num_fields()),
                        .found = std::to_string(columns->num_fields())});
    }
    ARROW_ASSIGN_OR_RAISE(const auto batch,
                          ImportColumns(std::move(columns), arrays, array_schemas));
    std::lock_guard<std::mutex> lock(writer->mutex);
    return writer->writer->Write(batch);
  });
}

CStatus CloseWriter(CPackedWriter c_packed_writer) {
  return AnswerCStatus([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer, Writers().Remove(c_packed_writer));
    std::lock_guard<std::mutex> lock(writer->mutex);
    return writer->writer->Close().status();
  });
}

CStatus CloseAndTell(CPackedWriter c_packed_writer, int64_t* sizes, size_t num_groups) {
  return AnswerCStatus([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer, Writers().Find(c_packed_writer));
    if (num_groups != writer->num_groups) {
      return MakeError(
          ErrorKind::kInvalid, "wrong number of column groups",
          {.expected = std::to_string(writer->num_groups), .found = std::to_string(num_groups)});
    }
    ARROW_RETURN_NOT_OK(RequireOutput(sizes));
    ARROW_RETURN_NOT_OK(Writers().Remove(c_packed_writer).status());
    std::lock_guard<std::mutex> lock(writer->mutex);
    ARROW_ASSIGN_OR_RAISE(const auto files, writer->writer->Close());
    AssignSizes(files, sizes, num_groups);
    return Status::OK();
  });
}

CStatus varve_packed_writer_abort(CPackedWriter c_packed_writer) {
  return AnswerCStatus([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer, Writers().Remove(c_packed_writer));
    std::lock_guard<std::mutex> lock(writer->mutex);
    return writer->writer->Abort();
  });
}
