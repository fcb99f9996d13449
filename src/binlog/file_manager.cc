// SPDX-License-Identifier: Apache-2.0
#include "varve/file_manager.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "base/coding.h"
#include "binlog/file_manager_names.h"
#include "binlog/file_manager_values.h"
#include "storage/batch/byte_budget.h"
#include "storage/batch/run_batch.h"

namespace varve {

using internal::ByteBudget;
using internal::ExecutorFor;
using internal::LastPart;
using internal::ReadStoredValues;
using internal::RunBatch;
using internal::SortedByLogId;

namespace {

constexpr int64_t kSliceBytesMax = 1 << 30;

Status Refuse(const char* what, std::string expected, std::string found) {
  return MakeError(ErrorKind::kInvalid, "a file manager cannot be made of these options",
                   {.field = what, .expected = std::move(expected), .found = std::move(found)});
}

}  // namespace

Result<FileManager> FileManager::Make(FileManagerOptions options) {
  if (options.store == nullptr) return Refuse("store", "a store", "none");
  if (options.slice_bytes < 1 || options.slice_bytes > kSliceBytesMax) {
    return Refuse("slice_bytes", "1 to " + std::to_string(kSliceBytesMax),
                  std::to_string(options.slice_bytes));
  }
  if (options.layout != PathKind::kIndexOfBuild && options.layout != PathKind::kIndexOfCollection) {
    return Refuse("layout", "that of index files", std::string(PathKindName(options.layout)));
  }
  ARROW_ASSIGN_OR_RAISE(auto executor, ExecutorFor({.objects_in_flight = options.objects_in_flight,
                                                    .bytes_in_flight = options.bytes_in_flight}));
  if (options.codec == nullptr) options.codec = EventIndexFileCodec();
  if (options.decode_insert_log == nullptr) options.decode_insert_log = ReadStoredValues;
  return FileManager(std::move(options), std::move(executor));
}

Result<std::vector<StoredIndexFile>> FileManager::AddFile(const BinarySet& set) {
  ARROW_ASSIGN_OR_RAISE(const BinarySet slices, SliceBinarySet(set, options_.slice_bytes));
  std::vector<PendingFile> files;
  for (const auto& [name, blob] : slices) {
    files.push_back({name, blob->size(), [blob = blob] { return blob; }});
  }
  return Store(files);
}

Result<BinarySet> FileManager::LoadIndexToMemory(const std::vector<std::string>& paths) {
  std::vector<BatchRead> reads;
  BinarySet slices;
  for (const std::string& path : paths) {
    reads.push_back({path});
    if (slices.emplace(LastPart(path), nullptr).second) continue;
    return MakeError(ErrorKind::kInvalid, "two objects of an index have the same name",
                     {.object = path});
  }
  // Every task has a place of its own.
  ARROW_RETURN_NOT_OK(
      ReadObjects(reads, [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
        ARROW_ASSIGN_OR_RAISE(auto file, options_.codec->Decode(std::move(bytes), paths[index]));
        slices.find(LastPart(paths[index]))->second = std::move(file.blob);
        return Status::OK();
      }));
  return AssembleBinarySet(std::move(slices), "index " + std::to_string(options_.ids.build));
}

Result<arrow::ArrayVector> FileManager::CacheRawDataToMemory(
    const std::vector<std::string>& paths) {
  ARROW_ASSIGN_OR_RAISE(const auto sorted, SortedByLogId(paths));
  std::vector<BatchRead> reads;
  for (const std::string& path : sorted) reads.push_back({path});
  arrow::ArrayVector arrays(sorted.size());
  ARROW_RETURN_NOT_OK(
      ReadObjects(reads, [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
        ARROW_ASSIGN_OR_RAISE(arrays[index],
                              options_.decode_insert_log(std::move(bytes), sorted[index]));
        return Status::OK();
      }));
  return arrays;
}

Result<std::vector<StoredIndexFile>> FileManager::Store(const std::vector<PendingFile>& files) {
  std::vector<StoredIndexFile> stored;
  for (const PendingFile& file : files) {
    PathFields fields;
    fields.collection = options_.ids.collection;
    fields.partition = options_.ids.partition;
    fields.segment = options_.ids.segment;
    fields.build = options_.ids.build;
    fields.version = options_.index_version;
    fields.key = file.key;
    ARROW_ASSIGN_OR_RAISE(stored.emplace_back().path,
                          PrintPath(options_.layout, fields, options_.root));
  }
  ByteBudget budget(options_.bytes_in_flight);
  const auto store_one = [&](int64_t index) -> Status {
    const PendingFile& file = files[index];
    ARROW_ASSIGN_OR_RAISE(const auto share, budget.Take(file.bytes));
    ARROW_ASSIGN_OR_RAISE(auto blob, file.read());
    ARROW_ASSIGN_OR_RAISE(
        const auto bytes,
        options_.codec->Encode({options_.ids, options_.payload_type, std::move(blob)}));
    stored[index].bytes = bytes->size();
    return options_.store->Write(stored[index].path,
                                 {bytes->data(), static_cast<size_t>(bytes->size())});
  };
  ARROW_RETURN_NOT_OK(RunBatch(executor_.get(), static_cast<int64_t>(files.size()),
                               /*stop_at_first_error=*/true, store_one)
                          .status);
  return stored;
}

Status FileManager::ReadObjects(const std::vector<BatchRead>& reads,
                                const ObjectConsumer& consume) {
  ByteBudget budget(options_.bytes_in_flight);
  const auto read_one = [&](int64_t index) -> Status {
    const BatchRead& read = reads[index];
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          options_.store->OpenReader(read.path, read.known_size));
    ARROW_ASSIGN_OR_RAISE(const auto share, budget.Take(reader->size()));
    ARROW_ASSIGN_OR_RAISE(auto bytes, reader->Read(0, reader->size()));
    return consume(index, std::move(bytes));
  };
  return RunBatch(executor_.get(), static_cast<int64_t>(reads.size()),
                  /*stop_at_first_error=*/true, read_one)
      .status;
}

Status FileManager::ReadInOrder(const std::vector<std::string>& paths, const ObjectConsumer& decode,
                                const std::function<Status(int64_t)>& take) {
  std::vector<BatchRead> reads(paths.size());
  const auto ask_size = [&](int64_t index) -> Status {
    reads[index].path = paths[index];
    ARROW_ASSIGN_OR_RAISE(reads[index].known_size, options_.store->Size(paths[index]));
    return Status::OK();
  };
  const auto count = static_cast<int64_t>(paths.size());
  ARROW_RETURN_NOT_OK(
      RunBatch(executor_.get(), count, /*stop_at_first_error=*/true, ask_size).status);
  for (int64_t begin = 0, end = 0; begin < count; begin = end) {
    std::vector<BatchRead> wave;
    // Stored bytes do not tell how many are decoded of them: so few objects are decoded at a time.
    for (int64_t bytes = 0; end < count && end - begin < options_.objects_in_flight; ++end) {
      const int64_t size = reads[end].known_size;
      if (!wave.empty() && size > options_.bytes_in_flight - bytes) break;
      bytes += size;
      wave.push_back(reads[end]);
    }
    ARROW_RETURN_NOT_OK(ReadObjects(wave, [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) {
      return decode(begin + index, std::move(bytes));
    }));
    for (int64_t index = begin; index < end; ++index) ARROW_RETURN_NOT_OK(take(index));
  }
  return Status::OK();
}

}  // namespace varve
