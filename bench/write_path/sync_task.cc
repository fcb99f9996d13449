// SPDX-License-Identifier: Apache-2.0
// What a flush costs (bar W8): SyncTask of storage V2, with statistics and deletes, into a local
// folder, before fsync. bench/write_path/sync_task.py runs it beside pyarrow.
//
//   sync_task make FILE ROWS DIM   a pack's rows as an Arrow file
//   sync_task run FILE FOLDER      one flush of them with deletes of every hundredth row
//
// Prints JSON: milliseconds of the flush, and MiB that the process had at most during it beyond
// what it had with the rows in memory.
#include <cstdio>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "../native_measure.h"
#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/io/file.h"
#include "arrow/ipc/reader.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "varve/sync.h"

namespace varve::bench {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kSegment = 7;
constexpr uint64_t kFirstTimestamp = uint64_t{1} << 60;
constexpr int64_t kBatchRows = 8192;

Result<std::shared_ptr<arrow::Array>> Counting(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(count));
  for (int64_t i = 0; i < count; ++i) builder.UnsafeAppend(first + i);
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> Vectors(int64_t rows, int32_t dim, std::mt19937_64* random) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateBuffer(rows * dim * 4));
  auto* values = reinterpret_cast<float*>(bytes->mutable_data());
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < rows * dim; ++i) values[i] = normal(*random);
  auto floats = std::make_shared<arrow::FloatArray>(rows * dim, std::move(bytes));
  return arrow::FixedSizeListArray::FromArrays(floats, dim);
}

Status Make(const std::string& path, int64_t num_rows, int32_t dim) {
  std::mt19937_64 random(20261127);
  const auto schema = arrow::schema(
      {arrow::field("pk", arrow::int64(), false), arrow::field("title", arrow::utf8(), false),
       arrow::field("emb", arrow::fixed_size_list(arrow::float32(), dim), false),
       arrow::field("RowID", arrow::int64(), false),
       arrow::field("Timestamp", arrow::int64(), false)});
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::FileOutputStream::Open(path));
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeFileWriter(sink, schema));
  for (int64_t begin = 0; begin < num_rows; begin += kBatchRows) {
    const int64_t rows = std::min(kBatchRows, num_rows - begin);
    arrow::StringBuilder titles;
    for (int64_t i = 0; i < rows; ++i) {
      ARROW_RETURN_NOT_OK(titles.Append("title " + std::to_string(random() % 1'000'000)));
    }
    ARROW_ASSIGN_OR_RAISE(auto keys, Counting(begin, rows));
    ARROW_ASSIGN_OR_RAISE(auto title, titles.Finish());
    ARROW_ASSIGN_OR_RAISE(auto vectors, Vectors(rows, dim, &random));
    ARROW_ASSIGN_OR_RAISE(auto times,
                          Counting(static_cast<int64_t>(kFirstTimestamp) + begin, rows));
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(
        *arrow::RecordBatch::Make(schema, rows, {keys, title, vectors, keys, times})));
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Close();
}

// Of this process, "VmHWM" at most and "VmRSS" now.
int64_t Resident(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kib = 0;
    if (word == what + ":" && status >> kib) return kib * 1024;
  }
  return 0;
}

Result<SyncPack> ReadPack(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  SyncPack pack;
  pack.segment_id = kSegment;
  int64_t num_rows = 0;
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(pack.inserts.emplace_back(), reader->ReadRecordBatch(i));
    num_rows += pack.inserts.back()->num_rows();
  }
  arrow::Int64Builder keys;
  arrow::UInt64Builder timestamps;
  for (int64_t row = 0; row < num_rows; row += 100) {
    ARROW_RETURN_NOT_OK(keys.Append(row));
    ARROW_RETURN_NOT_OK(timestamps.Append(kFirstTimestamp + static_cast<uint64_t>(num_rows)));
  }
  DeleteData deletes;
  ARROW_ASSIGN_OR_RAISE(deletes.primary_keys, keys.Finish());
  ARROW_RETURN_NOT_OK(timestamps.Finish(&deletes.timestamps));
  pack.deletes.push_back(std::move(deletes));
  pack.checkpoint.timestamp = kFirstTimestamp + static_cast<uint64_t>(num_rows);
  pack.is_flush = true;
  return pack;
}

Result<std::shared_ptr<const CollectionSchema>> SchemaOf(const arrow::RecordBatch& rows) {
  FieldSchema key{.field_id = 100, .name = "pk", .data_type = DataType::kInt64};
  key.primary_key = true;
  FieldSchema title{.field_id = 101, .name = "title", .data_type = DataType::kVarChar};
  title.max_length = 64;
  FieldSchema vector{.field_id = 102, .name = "emb", .data_type = DataType::kFloatVector};
  const auto& type = *rows.GetColumnByName("emb")->type();
  vector.dim = static_cast<const arrow::FixedSizeListType&>(type).list_size();
  return CollectionSchema::Make({key, title, vector});
}

Status Run(const std::string& path, const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(SyncPack pack, ReadPack(path));
  ARROW_ASSIGN_OR_RAISE(auto schema, SchemaOf(*pack.inserts.front()));
  ChunkManagerOptions without_sync;
  without_sync.sync = false;
  SyncEnvironment environment;
  ARROW_ASSIGN_OR_RAISE(environment.store, OpenChunkManager(folder, without_sync));
  environment.cache = MakeMemoryMetaCache(schema);
  SegmentState segment;
  segment.files.segment_id = kSegment;
  segment.files.version = StorageVersion::kV2;
  environment.cache->Put(segment);
  environment.writer = std::make_shared<MemoryMetaWriter>();
  environment.ids = MakeCountingIdAllocator(1000);
  ARROW_ASSIGN_OR_RAISE(const auto manager, SyncManager::Make(environment));

  std::ofstream("/proc/self/clear_refs") << "5";  // the most so far is forgotten
  const int64_t before = Resident("VmRSS");
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const SyncOutcome outcome, manager->Sync(std::move(pack)));
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  const int64_t beyond = Resident("VmHWM") - before;
  int64_t bytes = 0;
  for (const FieldBinlog& group : outcome.state.files.inserts) {
    for (const Binlog& log : group.logs) bytes += log.file_bytes;
  }
  std::printf(R"({"rows": %lld, "file_mib": %.1f, "ms": %.1f, "memory_beyond_input_mib": %.1f})"
              "\n",
              static_cast<long long>(outcome.state.files.num_rows),
              static_cast<double>(bytes) / kMiB, elapsed.count(),
              static_cast<double>(beyond) / kMiB);
  return Status::OK();
}

}  // namespace
}  // namespace varve::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  varve::Status status = varve::Status::Invalid("sync_task make FILE ROWS DIM | run FILE FOLDER");
  if (arguments.size() == 4 && arguments[0] == "make") {
    status = varve::bench::Make(arguments[1], std::stoll(arguments[2]), std::stoi(arguments[3]));
  } else if (arguments.size() == 3 && arguments[0] == "run") {
    status = varve::bench::Run(arguments[1], arguments[2]);
  }
  if (!status.ok()) std::fprintf(stderr, "sync_task: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
