// SPDX-License-Identifier: Apache-2.0
// The functions of a CPackedReader.
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

#include "arrow/c/bridge.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "capi/arrow_imports.h"
#include "capi/handles.h"
#include "capi/milvus/answer.h"
#include "capi/milvus/storage_settings.h"
#include "capi/option_values.h"
#include "varve/c/milvus_packed.h"
#include "varve/milvus_packed.h"

namespace varve::capi {
namespace {

struct PackedReader {
  std::mutex mutex;  // the stream has one caller at a time
  std::shared_ptr<arrow::RecordBatchReader> rows;
};

Handles<PackedReader>& Readers() {
  static auto& readers = *new Handles<PackedReader>("packed reader");
  return readers;
}

// Everything of a reader to be but its store, which `open` gives.
struct ReaderArguments {
  char** paths;
  int64_t num_paths;
  ArrowSchema* schema;
  int64_t buffer_size;
  CPackedReader* out;
};

template <typename OpenStore>
CStatus NewReader(const ReaderArguments& arguments, OpenStore&& open) {
  return AnswerCStatus([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(auto schema, ImportSchema(arguments.schema));
    ARROW_RETURN_NOT_OK(RequireOutput(arguments.out));
    ARROW_ASSIGN_OR_RAISE(auto paths, ReadPaths(arguments.paths, arguments.num_paths));
    ARROW_ASSIGN_OR_RAISE(auto store, open());
    auto made = std::make_shared<PackedReader>();
    ARROW_ASSIGN_OR_RAISE(
        made->rows, OpenMilvusPackedSets(std::move(store), {std::move(paths)}, std::move(schema),
                                         {.buffer_bytes = arguments.buffer_size}));
    *arguments.out = Readers().Add(std::move(made));
    return Status::OK();
  });
}

// Structures of C's own, which a caller frees with free().
template <typename T>
std::unique_ptr<T, decltype(&std::free)> Allocate() {
  return {static_cast<T*>(std::calloc(1, sizeof(T))), &std::free};
}

Status Export(const arrow::RecordBatch& batch, CArrowArray* out_array, CArrowSchema* out_schema) {
  auto array = Allocate<ArrowArray>();
  auto schema = Allocate<ArrowSchema>();
  if (array == nullptr || schema == nullptr) {
    return MakeError(ErrorKind::kResourceExhausted, "out of memory");
  }
  ARROW_RETURN_NOT_OK(arrow::ExportRecordBatch(batch, array.get(), schema.get()));
  *out_array = array.release();
  *out_schema = schema.release();
  return Status::OK();
}

}  // namespace
}  // namespace varve::capi

using varve::Status;
using namespace varve::capi;

CStatus NewPackedReaderWithStorageConfig(char** paths, int64_t num_paths, ArrowSchema* schema,
                                         const int64_t buffer_size, CStorageConfig storage_config,
                                         CPackedReader* c_packed_reader,
                                         CPluginContext* /*c_plugin_context*/) {
  return NewReader({paths, num_paths, schema, buffer_size, c_packed_reader},
                   [&] { return OpenStore(storage_config); });
}

CStatus NewPackedReaderWithProperties(char** paths, int64_t num_paths, ArrowSchema* schema,
                                      const int64_t buffer_size, const LoonProperties* properties,
                                      const char* filesystem_path, CPackedReader* c_packed_reader,
                                      CPluginContext* /*c_plugin_context*/) {
  return NewReader({paths, num_paths, schema, buffer_size, c_packed_reader},
                   [&] { return OpenStore(properties, filesystem_path); });
}

CStatus NewPackedReader(char** paths, int64_t num_paths, ArrowSchema* schema,
                        const int64_t buffer_size, CPackedReader* c_packed_reader,
                        CPluginContext* /*c_plugin_context*/) {
  return NewReader({paths, num_paths, schema, buffer_size, c_packed_reader},
                   [] { return ProcessStore(); });
}

CStatus ReadNext(CPackedReader c_packed_reader, CArrowArray* out_array, CArrowSchema* out_schema) {
  return AnswerCStatus([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader, Readers().Find(c_packed_reader));
    ARROW_RETURN_NOT_OK(RequireOutput(out_array));
    ARROW_RETURN_NOT_OK(RequireOutput(out_schema));
    std::lock_guard<std::mutex> lock(reader->mutex);
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->rows->ReadNext(&batch));
    return batch == nullptr ? Status::OK() : Export(*batch, out_array, out_schema);
  });
}

CStatus CloseReader(CPackedReader c_packed_reader) {
  return AnswerCStatus([&] { return Readers().Remove(c_packed_reader).status(); });
}
