// SPDX-License-Identifier: Apache-2.0
// Reads a packed set of Milvus by the C++ interface, as go/cmd/packed_read does from Go;
// packed_go.py runs both.
//
//   native_packed_read write FOLDER ROWS     makes the set: "id" and "emb", 128 floats
//   native_packed_read read FOLDER REPETITIONS
//
// Prints a line a repetition: nanoseconds, and what was read: the XOR of the first 8 bytes of every
// row's vector, plus its id.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "varve/chunk_manager.h"
#include "varve/milvus_packed.h"

namespace {

constexpr int kVectorBytes = 128 * sizeof(float);
constexpr int64_t kRowsPerBatch = 10'000;

std::shared_ptr<arrow::Schema> Schema() {
  const auto field = [](const char* name, const char* id, std::shared_ptr<arrow::DataType> type) {
    return arrow::field(name, std::move(type), false,
                        arrow::key_value_metadata({"PARQUET:field_id"}, {id}));
  };
  return arrow::schema({field("id", "100", arrow::int64()),
                        field("emb", "101", arrow::fixed_size_binary(kVectorBytes))});
}

varve::Status Write(const std::string& folder, int64_t num_rows) {
  ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager(folder));
  ARROW_ASSIGN_OR_RAISE(
      auto writer,
      varve::MilvusPackedWriter::Make(store, Schema(), {{0, {0}}, {101, {1}}}, {"0/1", "101/2"}));
  std::mt19937_64 random(7);
  for (int64_t first = 0; first < num_rows; first += kRowsPerBatch) {
    const int64_t count = std::min(kRowsPerBatch, num_rows - first);
    arrow::Int64Builder ids;
    arrow::FixedSizeBinaryBuilder vectors(arrow::fixed_size_binary(kVectorBytes));
    float vector[kVectorBytes / sizeof(float)];
    for (int64_t id = first; id < first + count; ++id) {
      ARROW_RETURN_NOT_OK(ids.Append(id));
      for (float& element : vector) element = static_cast<float>(random() >> 40);
      ARROW_RETURN_NOT_OK(vectors.Append(reinterpret_cast<const uint8_t*>(vector)));
    }
    arrow::ArrayVector columns(2);
    ARROW_RETURN_NOT_OK(ids.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(vectors.Finish(&columns[1]));
    ARROW_RETURN_NOT_OK(writer->Write(arrow::RecordBatch::Make(Schema(), count, columns)));
  }
  return writer->Close().status();
}

varve::Result<uint64_t> Read(const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager(folder));
  ARROW_ASSIGN_OR_RAISE(auto rows, varve::OpenMilvusPackedSets(store, {{"0/1", "101/2"}}, Schema(),
                                                               {.buffer_bytes = 32 << 20}));
  uint64_t sum = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) return sum;
    const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& vectors = static_cast<const arrow::FixedSizeBinaryArray&>(*batch->column(1));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      uint64_t word = 0;
      std::memcpy(&word, vectors.GetValue(i), sizeof(word));
      sum ^= word + static_cast<uint64_t>(ids.Value(i));
    }
  }
}

varve::Status Run(const std::string& what, const std::string& folder, int64_t number) {
  if (what == "write") return Write(folder, number);
  for (int64_t i = 0; i < number; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ARROW_ASSIGN_OR_RAISE(const uint64_t sum, Read(folder));
    const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - start;
    std::printf("%lld %016llx\n", static_cast<long long>(time.count()),
                static_cast<unsigned long long>(sum));
  }
  return varve::Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: native_packed_read write|read FOLDER ROWS|REPETITIONS\n");
    return 2;
  }
  const varve::Status status = Run(argv[1], argv[2], std::atoll(argv[3]));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
