// SPDX-License-Identifier: Apache-2.0
#include "varve/file_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/testing/status_assertions.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/counting_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/intercepting_chunk_manager.h"
#include "storage/testing/scratch_directory.h"
#include "varve/insert_log.h"
#include "varve/stop.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr IndexFileIds kIds{
    .collection = 11, .partition = 22, .segment = 33, .field = 101, .build = 44};
constexpr std::string_view kMark = "wrapped:";

// Stands for the event file: a mark, the build id, the blob.
class MarkingCodec : public IndexFileCodec {
 public:
  Result<std::shared_ptr<arrow::Buffer>> Encode(const IndexFile& file) const override {
    EXPECT_EQ(file.ids, kIds);
    EXPECT_EQ(file.payload_type, DataType::kInt8);
    std::string bytes(kMark);
    AppendFixed(&bytes, file.ids.build);
    return arrow::Buffer::FromString(bytes + file.blob->ToString());
  }
  Result<IndexFile> Decode(std::shared_ptr<arrow::Buffer> bytes,
                           const std::string& object) const override {
    const std::string text = bytes->ToString();
    if (!text.starts_with(kMark)) return Corruption("no mark", {.object = object});
    constexpr int64_t kFront = kMark.size() + sizeof(int64_t);
    return IndexFile{kIds, DataType::kInt8, arrow::SliceBuffer(bytes, kFront)};
  }
};

std::shared_ptr<arrow::Buffer> Blob(std::string bytes) {
  return arrow::Buffer::FromString(std::move(bytes));
}

std::string RandomBytes(Random* random, size_t length) {
  std::string bytes(length, '\0');
  for (char& c : bytes) c = static_cast<char>(random->Next());
  return bytes;
}

std::map<std::string, std::string> Texts(const BinarySet& set) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, blob] : set) texts[name] = blob->ToString();
  return texts;
}

std::vector<std::string> PathsOf(const std::vector<StoredIndexFile>& files) {
  std::vector<std::string> paths;
  for (const StoredIndexFile& file : files) paths.push_back(file.path);
  return paths;
}

std::string Contents(ChunkManager* store, const std::string& path) {
  const auto bytes = store->Read(path);
  return bytes.ok() ? (*bytes)->ToString() : bytes.status().ToString();
}

// Every test in one thread and in several.
class FileManagerTest : public ::testing::TestWithParam<int> {
 protected:
  FileManagerTest() : disk_(*OpenChunkManager(directory_.path(), {.sync = false})) {}

  FileManagerOptions Options(std::shared_ptr<ChunkManager> store) {
    FileManagerOptions options;
    options.store = std::move(store);
    options.codec = std::make_shared<MarkingCodec>();
    options.objects_in_flight = GetParam();
    options.ids = kIds;
    options.index_version = 2;
    options.payload_type = DataType::kInt8;
    options.slice_bytes = 4;
    return options;
  }
  FileManager Make(FileManagerOptions options) {
    auto manager = FileManager::Make(std::move(options));
    EXPECT_TRUE(manager.ok()) << manager.status();
    return std::move(manager).ValueOrDie();
  }
  FileManager Make() { return Make(Options(store_)); }

  ScratchDirectory directory_;
  std::shared_ptr<ChunkManager> store_ = MemoryChunkManager::Make();
  std::shared_ptr<ChunkManager> disk_;
};

INSTANTIATE_TEST_SUITE_P(Threads, FileManagerTest, ::testing::Values(1, 8));

TEST_P(FileManagerTest, BlobsBecomeObjectsAndComeBack) {
  const BinarySet set = {{"IVF", Blob("0123456789")}, {"small", Blob("abcd")}, {"none", Blob("")}};
  FileManager files = Make();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile(set));
  const std::string folder = "files/index_files/44/2/22/33/";
  EXPECT_THAT(PathsOf(stored),
              ElementsAre(folder + "IVF_0", folder + "IVF_1", folder + "IVF_2",
                          folder + "SLICE_META", folder + "none", folder + "small"));
  std::string front(kMark);
  AppendFixed(&front, kIds.build);
  EXPECT_EQ(Contents(store_.get(), folder + "IVF_2"), front + "89");
  for (const StoredIndexFile& file : stored) {
    EXPECT_EQ(file.bytes, store_->Size(file.path).ValueOrDie()) << file.path;
  }
  auto paths = PathsOf(stored);
  std::reverse(paths.begin(), paths.end());
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet loaded, files.LoadIndexToMemory(paths));
  EXPECT_EQ(Texts(loaded), Texts(set));
}

TEST_P(FileManagerTest, ObjectsOfACollectionHaveItsPath) {
  auto options = Options(store_);
  options.layout = PathKind::kIndexOfCollection;
  options.root = "backup";
  FileManager files = Make(options);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile({{"a", Blob("1")}}));
  EXPECT_THAT(PathsOf(stored), ElementsAre("backup/index_v1/11/22/33/44/2/a"));
}

TEST_P(FileManagerTest, RandomIndexesComeBack) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    auto options = Options(store_);
    options.slice_bytes = static_cast<int64_t>(1 + random->Uniform(300));
    options.bytes_in_flight = static_cast<int64_t>(1 + random->Uniform(2000));
    FileManager files = Make(options);
    BinarySet set;
    std::map<std::string, std::string> on_disk;
    for (uint64_t i = 0; i < 5; ++i) {
      const std::string name = "part_" + std::to_string(i);
      const std::string bytes = RandomBytes(random.get(), random->Uniform(4000));
      set[name] = Blob(bytes);
      on_disk["index/" + name] = bytes;
      VARVE_ASSERT_OK(disk_->Write("made/" + name, AsBytes(bytes)));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile(set));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto loaded, files.LoadIndexToMemory(PathsOf(stored)));
    ASSERT_EQ(Texts(loaded), Texts(set));

    std::vector<std::string> paths;
    for (const auto& [name, blob] : set) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto slices, files.AddFile(disk_.get(), "made/" + name));
      for (const StoredIndexFile& slice : slices) paths.push_back(slice.path);
    }
    std::reverse(paths.begin(), paths.end());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto local,
                               files.LoadIndexToDisk(paths, disk_.get(), "index"));
    ASSERT_EQ(local.size(), on_disk.size());
    for (const std::string& path : local) ASSERT_EQ(Contents(disk_.get(), path), on_disk[path]);
  }
}

TEST_P(FileManagerTest, FilesOfADiskAreAlwaysSliced) {
  for (const auto& [name, bytes] : std::map<std::string, std::string>{
           {"empty", ""}, {"one", "abcd"}, {"eleven", std::string(44, 'x') + "yz"}}) {
    VARVE_ASSERT_OK(disk_->Write(name, AsBytes(bytes)));
  }
  FileManager files = Make();
  std::vector<std::string> paths;
  const std::string folder = "files/index_files/44/2/22/33/";
  const std::map<std::string, size_t> slices_of = {{"empty", 1}, {"one", 1}, {"eleven", 12}};
  for (const auto& [name, num_slices] : slices_of) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile(disk_.get(), name));
    ASSERT_EQ(stored.size(), num_slices) << name;
    for (size_t i = 0; i < num_slices; ++i) {
      EXPECT_EQ(stored[i].path, folder + name + "_" + std::to_string(i));
      paths.push_back(stored[i].path);
    }
  }
  // By number, not by name: _10 and _11 come after _9. An older file is replaced.
  std::sort(paths.begin(), paths.end());
  VARVE_ASSERT_OK(disk_->Write("index/eleven", AsBytes("old")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto local, files.LoadIndexToDisk(paths, disk_.get(), "index"));
  EXPECT_THAT(local, ElementsAre("index/eleven", "index/empty", "index/one"));
  EXPECT_EQ(Contents(disk_.get(), "index/eleven"), std::string(44, 'x') + "yz");
  EXPECT_EQ(Contents(disk_.get(), "index/empty"), "");
  EXPECT_EQ(Contents(disk_.get(), "index/one"), "abcd");
}

TEST_P(FileManagerTest, NamesThatNoSliceHasAreRefused) {
  FileManager files = Make();
  const auto load = [&](const std::vector<std::string>& paths) {
    return files.LoadIndexToDisk(paths, disk_.get(), "").status();
  };
  for (const std::string path : {"a/b", "a/b_", "a/b_x", "a/_1", "a/b_01", "a/b_-1"}) {
    EXPECT_EQ(KindOf(load({path})), ErrorKind::kInvalid) << path;
  }
  EXPECT_THAT(load({"a/b_0", "c/b_0"}).message(), HasSubstr("the same name: object 'c/b_0'"));
  EXPECT_TRUE(IsCorruption(load({"a/b_0", "a/b_2"})));
  EXPECT_THAT(load({"a/b_0", "a/b_2"}).message(), HasSubstr("expected 'b_1', found 'b_2'"));
  EXPECT_THAT(files.LoadIndexToMemory({"a/b", "c/b"}).status().message(),
              HasSubstr("the same name: object 'c/b'"));
}

// Vectors of two elements, the first of which is the row's number.
std::shared_ptr<arrow::Array> FloatVectors(int32_t first, int32_t count) {
  auto elements = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(), elements, 2);
  for (int32_t row = first; row < first + count; ++row) {
    EXPECT_TRUE(vectors.Append().ok());
    EXPECT_TRUE(elements->AppendValues({static_cast<float>(row), 0.5F}).ok());
  }
  return vectors.Finish().ValueOrDie();
}

// An insert log is text here: the number of its first row and how many it has.
Result<std::shared_ptr<arrow::Array>> DecodeRows(std::shared_ptr<arrow::Buffer> bytes,
                                                 const std::string& object) {
  const std::string text = bytes->ToString();
  int first = 0, count = 0;
  if (std::sscanf(text.c_str(), "%d %d", &first, &count) != 2) {
    return Corruption("no rows", {.object = object});
  }
  // A slice, as decoders that cut give it.
  return FloatVectors(first - 1, count + 2)->Slice(1, count);
}

class RawDataTest : public FileManagerTest {
 protected:
  RawDataTest() {
    options_ = Options(store_);
    options_.decode_insert_log = DecodeRows;
    // Row 0 is in log 9, whose path sorts after that of log 10.
    EXPECT_TRUE(store_->Write("log/10", AsBytes("3 4")).ok());
    EXPECT_TRUE(store_->Write("log/9", AsBytes("0 3")).ok());
    EXPECT_TRUE(store_->Write("log/11", AsBytes("7 0")).ok());
    EXPECT_TRUE(store_->Write("log/12", AsBytes("7 1")).ok());
  }

  const std::vector<std::string> paths_ = {"log/10", "log/11", "log/12", "log/9"};
  FileManagerOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Threads, RawDataTest, ::testing::Values(1, 8));

TEST_P(RawDataTest, RowsComeInTheOrderOfTheLogs) {
  FileManager files = Make(options_);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto arrays, files.CacheRawDataToMemory(paths_));
  ASSERT_EQ(arrays.size(), 4u);
  EXPECT_TRUE(arrays[0]->Equals(FloatVectors(0, 3)));
  EXPECT_TRUE(arrays[1]->Equals(FloatVectors(3, 4)));
  EXPECT_TRUE(arrays[2]->Equals(FloatVectors(7, 0)));
  EXPECT_TRUE(arrays[3]->Equals(FloatVectors(7, 1)));
}

TEST_P(RawDataTest, RowsOnADiskStandBehindTheirShape) {
  std::string expected;
  AppendFixed<uint32_t>(&expected, 8);
  AppendFixed<uint32_t>(&expected, 2);
  for (int row = 0; row < 8; ++row) {
    for (const float element : {static_cast<float>(row), 0.5F}) {
      uint32_t bits;
      std::memcpy(&bits, &element, sizeof(bits));
      AppendFixed(&expected, bits);
    }
  }
  for (const int64_t bytes_in_flight : {1, 5, 1000}) {
    options_.bytes_in_flight = bytes_in_flight;
    FileManager files = Make(options_);
    VARVE_ASSERT_OK(files.CacheRawDataToDisk(paths_, {8, 2}, disk_.get(), "raw/vectors"));
    EXPECT_EQ(ToHex(AsBytes(Contents(disk_.get(), "raw/vectors"))), ToHex(AsBytes(expected)));
  }
}

// However small the logs are as they are stored.
TEST_P(RawDataTest, NoMoreLogsAreDecodedThanMayBeUnderWay) {
  std::vector<std::string> paths;
  for (int row = 0; row < 40; ++row) {
    paths.push_back("many/" + std::to_string(row));
    VARVE_ASSERT_OK(store_->Write(paths.back(), AsBytes(std::to_string(row) + " 1")));
  }
  std::mutex mutex;
  std::vector<std::weak_ptr<arrow::Array>> decoded;
  std::ptrdiff_t most = 0;
  options_.decode_insert_log =
      [&](std::shared_ptr<arrow::Buffer> bytes,
          const std::string& object) -> Result<std::shared_ptr<arrow::Array>> {
    ARROW_ASSIGN_OR_RAISE(auto array, DecodeRows(std::move(bytes), object));
    const std::lock_guard<std::mutex> lock(mutex);
    decoded.push_back(array);
    most = std::max(most,
                    std::ranges::count_if(decoded, [](const auto& one) { return !one.expired(); }));
    return array;
  };
  FileManager files = Make(options_);
  VARVE_ASSERT_OK(files.CacheRawDataToDisk(paths, {40, 2}, disk_.get(), "raw"));
  EXPECT_EQ(decoded.size(), 40u);
  EXPECT_EQ(most, GetParam());
  EXPECT_EQ(disk_->Size("raw").ValueOrDie(), 8 + 40 * 8);
}

TEST_P(RawDataTest, BinaryVectorsAreTakenAsTheyAre) {
  options_.decode_insert_log = [](std::shared_ptr<arrow::Buffer> bytes,
                                  const std::string&) -> Result<std::shared_ptr<arrow::Array>> {
    arrow::FixedSizeBinaryBuilder rows(arrow::fixed_size_binary(3));
    ARROW_RETURN_NOT_OK(rows.Append("abc"));
    ARROW_RETURN_NOT_OK(rows.Append(bytes->ToString()));
    ARROW_ASSIGN_OR_RAISE(auto array, rows.Finish());
    return array->Slice(1);
  };
  FileManager files = Make(options_);
  VARVE_ASSERT_OK(files.CacheRawDataToDisk(paths_, {4, 24}, disk_.get(), "raw"));
  EXPECT_EQ(Contents(disk_.get(), "raw").substr(8), "0 33 47 07 1");
}

TEST_P(RawDataTest, WhatIsNoDenseVectorLeavesNoFile) {
  FileManager files = Make(options_);
  const auto cache = [&](const RawVectorShape& shape) {
    const Status status = files.CacheRawDataToDisk(paths_, shape, disk_.get(), "raw");
    EXPECT_FALSE(disk_->Exist("raw").ValueOrDie()) << status;
    return status.message();
  };
  EXPECT_THAT(cache({7, 2}), HasSubstr("expected 7, found 8"));
  EXPECT_THAT(cache({int64_t{1} << 32, 2}), HasSubstr("cannot have this shape"));
  EXPECT_THAT(cache({8, 0}), HasSubstr("cannot have this shape"));
  EXPECT_THAT(files.CacheRawDataToMemory({"log/x"}).status().message(),
              HasSubstr("expected a log id at its end, found 'x'"));

  options_.decode_insert_log = [](std::shared_ptr<arrow::Buffer>,
                                  const std::string&) -> Result<std::shared_ptr<arrow::Array>> {
    arrow::StringBuilder texts;
    ARROW_RETURN_NOT_OK(texts.Append("text"));
    return texts.Finish();
  };
  files = Make(options_);
  EXPECT_THAT(cache({4, 2}), HasSubstr("found string"));

  options_.decode_insert_log = [](std::shared_ptr<arrow::Buffer>,
                                  const std::string&) -> Result<std::shared_ptr<arrow::Array>> {
    arrow::FixedSizeBinaryBuilder rows(arrow::fixed_size_binary(3));
    ARROW_RETURN_NOT_OK(rows.AppendNull());
    return rows.Finish();
  };
  files = Make(options_);
  EXPECT_THAT(cache({4, 2}), HasSubstr("with nulls"));

  options_.decode_insert_log = [](std::shared_ptr<arrow::Buffer> bytes,
                                  const std::string&) -> Result<std::shared_ptr<arrow::Array>> {
    arrow::FixedSizeBinaryBuilder rows(
        arrow::fixed_size_binary(bytes->ToString() == "7 1" ? 4 : 3));
    return rows.Finish();
  };
  files = Make(options_);
  EXPECT_THAT(cache({0, 24}), HasSubstr("object 'log/12', expected 3 bytes, found 4"));
}

// What a disk index reads behind the head depends on it.
TEST_P(RawDataTest, TheDimensionIsThatOfTheRows) {
  int32_t row_bytes = 0;
  options_.decode_insert_log = [&](std::shared_ptr<arrow::Buffer>,
                                   const std::string&) -> Result<std::shared_ptr<arrow::Array>> {
    arrow::FixedSizeBinaryBuilder rows(arrow::fixed_size_binary(row_bytes));
    ARROW_RETURN_NOT_OK(rows.Append(std::string(static_cast<size_t>(row_bytes), 'x')));
    return rows.Finish();
  };
  FileManager files = Make(options_);
  const auto cache = [&](int32_t bytes, int64_t dim) {
    row_bytes = bytes;
    return files.CacheRawDataToDisk(paths_, {4, dim}, disk_.get(), "raw");
  };
  // Of bits, of int8, of 16 bits, of float.
  for (const int64_t dim : {3072 * 8, 3072, 3072 / 2, 3072 / 4}) {
    SCOPED_TRACE(dim);
    VARVE_ASSERT_OK(cache(3072, dim));
  }
  VARVE_ASSERT_OK(disk_->Remove("raw"));
  for (const int64_t dim : {5, 1, 384, 767, 3072 * 8 + 1, 3072 * 16}) {
    const Status status = cache(3072, dim);
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << dim;
    EXPECT_THAT(status.message(), HasSubstr("object 'log/9', expected " + std::to_string(dim) +
                                            " elements of 1, 8, 16 or 32 bits, found 3072 bytes"))
        << dim;
    EXPECT_FALSE(disk_->Exist("raw").ValueOrDie()) << dim;
  }
  options_.decode_insert_log = DecodeRows;
  files = Make(options_);
  EXPECT_THAT(files.CacheRawDataToDisk(paths_, {8, 3}, disk_.get(), "raw").message(),
              HasSubstr("object 'log/9', expected 3 elements"));
}

TEST_P(RawDataTest, WithoutADecoderTheValuesAreThoseThatAreStored) {
  const FieldSchema field{
      .field_id = 101, .name = "vector", .data_type = DataType::kFloatVector, .dim = 2};
  for (const auto& [path, begin] : {std::pair{"log/10", 3}, {"log/9", 0}}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, FloatVectors(begin, 3), {}));
    VARVE_ASSERT_OK(store_->Write(path, {bytes->data(), static_cast<size_t>(bytes->size())}));
  }
  options_.decode_insert_log = nullptr;
  FileManager files = Make(options_);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto arrays, files.CacheRawDataToMemory({"log/10", "log/9"}));
  ASSERT_EQ(arrays.size(), 2u);
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto vectors = FloatVectors(static_cast<int>(i) * 3, 3);
    const auto& expected = static_cast<const arrow::FixedSizeListArray&>(*vectors);
    const auto& floats = static_cast<const arrow::FloatArray&>(*expected.values());
    ASSERT_EQ(arrays[i]->type_id(), arrow::Type::FIXED_SIZE_BINARY);
    const auto& stored = static_cast<const arrow::FixedSizeBinaryArray&>(*arrays[i]);
    ASSERT_EQ(stored.length(), 3);
    for (int64_t row = 0; row < 3; ++row) {
      EXPECT_EQ(std::memcmp(stored.GetValue(row), floats.raw_values() + 2 * row, 8), 0) << row;
    }
  }
  EXPECT_TRUE(IsCorruption(files.CacheRawDataToMemory(paths_).status()));
}

// Lets no call of `operation` return before the work that it belongs to was told to stop.
class UntilStopped : public StorageInterceptor {
 public:
  explicit UntilStopped(StorageOperation operation) : operation_(operation) {}
  Status After(StorageOperation operation, const std::string&, int64_t, int64_t) override {
    while (operation == operation_ && CheckStopped().ok()) {
      if (std::chrono::steady_clock::now() > gives_up_) {
        ADD_FAILURE() << "not told to stop";
        break;
      }
      std::this_thread::yield();
    }
    return Status::OK();
  }

 private:
  const StorageOperation operation_;
  const std::chrono::steady_clock::time_point gives_up_ =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
};

// The first failure keeps the rest from being asked for.
TEST_P(FileManagerTest, AFailureStopsTheOthers) {
  BinarySet set;
  for (int i = 0; i < 100; ++i) set["blob-" + std::to_string(i)] = Blob("x");
  FileManager plain = Make();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, plain.AddFile(set));

  const auto counting = CountingChunkManager::Make(store_);
  const auto faulty = FaultyChunkManager::Make(counting);
  // With several threads, those that are under way wait for the failure. They are as many as there
  // are threads, one of which fails: so no other object may be begun.
  const auto files_of = [&](StorageOperation operation) {
    if (GetParam() == 1) return Make(Options(faulty));
    return Make(Options(std::make_shared<InterceptingChunkManager>(
        faulty, std::make_shared<UntilStopped>(operation))));
  };
  const int64_t others = GetParam() == 1 ? 4 : GetParam() - 1;
  faulty->FailCall(StorageOperation::kOpenReader, 5, Status::IOError("reset"));
  EXPECT_THAT(
      files_of(StorageOperation::kOpenReader).LoadIndexToMemory(PathsOf(stored)).status().message(),
      HasSubstr("reset"));
  EXPECT_LE(counting->count(StorageOperation::kOpenReader).calls, others);
  EXPECT_GE(counting->count(StorageOperation::kOpenReader).calls, 4);

  faulty->Heal();
  counting->Reset();
  faulty->FailCall(StorageOperation::kWrite, 5, Status::IOError("reset"));
  EXPECT_THAT(files_of(StorageOperation::kWrite).AddFile(set).status().message(),
              HasSubstr("reset"));
  EXPECT_LE(counting->count(StorageOperation::kWrite).calls, others);
  EXPECT_GE(counting->count(StorageOperation::kWrite).calls, 4);

  // Again, and all is well.
  faulty->Heal();
  FileManager files = Make(Options(faulty));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto again, files.AddFile(set));
  EXPECT_EQ(again, stored);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto loaded, files.LoadIndexToMemory(PathsOf(again)));
  EXPECT_EQ(Texts(loaded), Texts(set));
}

TEST_P(FileManagerTest, AFailureLeavesNoHalfOfAFile) {
  const std::string bytes(40, 'x');
  VARVE_ASSERT_OK(disk_->Write("made", AsBytes(bytes)));
  FileManager plain = Make();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, plain.AddFile(disk_.get(), "made"));
  const auto faulty = FaultyChunkManager::Make(store_);
  for (const int64_t bytes_in_flight : {int64_t{1}, int64_t{1000}}) {
    auto options = Options(faulty);
    options.bytes_in_flight = bytes_in_flight;
    FileManager files = Make(options);
    faulty->FailCall(StorageOperation::kOpenReader, 7, Status::IOError("reset"));
    EXPECT_THAT(files.LoadIndexToDisk(PathsOf(stored), disk_.get(), "index").status().message(),
                HasSubstr("reset"));
    EXPECT_FALSE(disk_->Exist("index/made").ValueOrDie());
    faulty->Heal();
    VARVE_ASSERT_OK(files.LoadIndexToDisk(PathsOf(stored), disk_.get(), "index").status());
    EXPECT_EQ(Contents(disk_.get(), "index/made"), bytes);
    VARVE_ASSERT_OK(disk_->Remove("index/made"));
  }
}

TEST_P(FileManagerTest, DamageNamesTheObject) {
  FileManager files = Make();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile({{"IVF", Blob("0123456789")}}));
  const auto paths = PathsOf(stored);
  auto some = paths;
  some.erase(some.begin() + 1);
  EXPECT_THAT(files.LoadIndexToMemory(some).status().message(),
              HasSubstr("object 'index 44', field 'IVF', expected 3 slices, found no 'IVF_1'"));
  VARVE_ASSERT_OK(store_->Write(paths[1], AsBytes("else")));
  EXPECT_THAT(files.LoadIndexToMemory(paths).status().message(),
              HasSubstr("no mark: object '" + paths[1] + "'"));
  VARVE_ASSERT_OK(store_->Remove(paths[1]));
  EXPECT_TRUE(IsNotFound(files.LoadIndexToMemory(paths).status()));
  EXPECT_TRUE(IsNotFound(files.AddFile(disk_.get(), "nothing").status()));
}

TEST_P(FileManagerTest, TheCallerMayStopIt) {
  FileManager files = Make();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile({{"IVF", Blob("0123456789")}}));
  StopScope scope([] { return true; });
  while (!scope.Ask()) std::this_thread::yield();  // it asks every 20 ms
  EXPECT_EQ(KindOf(files.LoadIndexToMemory(PathsOf(stored)).status()), ErrorKind::kCancelled);
  EXPECT_EQ(KindOf(files.AddFile({{"IVF", Blob("0123456789")}}).status()), ErrorKind::kCancelled);
}

// Two objects fit into the budget. Each waits while it is decoded until there is another beside it,
// so they do run in parallel; there are never three.
TEST(FileManagerBudgetTest, AsManyBytesAsAllowedAreUnderWay) {
  class MeetingCodec : public MarkingCodec {
   public:
    Result<IndexFile> Decode(std::shared_ptr<arrow::Buffer> bytes,
                             const std::string& object) const override {
      std::unique_lock<std::mutex> lock(mutex_);
      ++inside_;
      most_ = std::max(most_, inside_);
      const int64_t pair = arrived_++ / 2;
      changed_.notify_all();
      met_ = changed_.wait_for(lock, std::chrono::minutes(1), [&] {
        return arrived_ >= 2 * (pair + 1);
      }) && met_;
      --inside_;
      lock.unlock();
      return MarkingCodec::Decode(std::move(bytes), object);
    }
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable int64_t inside_ = 0, most_ = 0, arrived_ = 0;
    mutable bool met_ = true;
  };
  const auto codec = std::make_shared<MeetingCodec>();
  FileManagerOptions options;
  options.store = MemoryChunkManager::Make();
  options.codec = codec;
  options.objects_in_flight = 8;
  options.ids = kIds;
  options.payload_type = DataType::kInt8;
  constexpr int64_t kBlobBytes = 100;
  options.bytes_in_flight = 2 * (kBlobBytes + static_cast<int64_t>(kMark.size()) + 8);
  FileManager files = FileManager::Make(options).ValueOrDie();
  BinarySet set;
  for (int i = 0; i < 40; ++i)
    set["blob-" + std::to_string(i)] = Blob(std::string(kBlobBytes, 'x'));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, files.AddFile(set));
  VARVE_ASSERT_OK(files.LoadIndexToMemory(PathsOf(stored)).status());
  EXPECT_TRUE(codec->met_);
  EXPECT_EQ(codec->most_, 2);
}

TEST(FileManagerOptionsTest, WhatMakesNoSenseIsRefused) {
  FileManagerOptions good;
  good.store = MemoryChunkManager::Make();
  good.codec = std::make_shared<MarkingCodec>();
  VARVE_ASSERT_OK(FileManager::Make(good).status());
  const auto refused = [&](auto change) {
    FileManagerOptions options = good;
    change(&options);
    const Status status = FileManager::Make(options).status();
    EXPECT_FALSE(status.ok());
    return status.message();
  };
  EXPECT_THAT(refused([](auto* o) { o->store = nullptr; }), HasSubstr("field 'store'"));
  EXPECT_THAT(refused([](auto* o) { o->objects_in_flight = 0; }),
              HasSubstr("field 'objects_in_flight'"));
  EXPECT_THAT(refused([](auto* o) { o->slice_bytes = 0; }), HasSubstr("field 'slice_bytes'"));
  EXPECT_THAT(refused([](auto* o) { o->slice_bytes = (1 << 30) + 1; }), HasSubstr("1073741824"));
  EXPECT_THAT(refused([](auto* o) { o->bytes_in_flight = 0; }), HasSubstr("bytes_in_flight"));
  EXPECT_THAT(refused([](auto* o) { o->layout = PathKind::kInsertLog; }),
              HasSubstr("found insert log"));
}

}  // namespace
}  // namespace varve::internal
