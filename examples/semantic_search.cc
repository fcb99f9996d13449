// SPDX-License-Identifier: Apache-2.0
// Answers questions by meaning: the packages whose embeddings are nearest to a question's, by brute
// force over a zero-copy scan, compared with answers computed beforehand in double precision.
//
//   varve import debian debian-packages.parquet --primary-key id
//   semantic_search debian examples/data/queries.parquet 7 50 55
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/record_batch.h"
#include "varve/packed.h"
#include "varve/table.h"

namespace {

using varve::Result;
using varve::Status;

constexpr int64_t kAnswers = 10;
constexpr int64_t kShown = 3;

struct Question {
  std::string text;
  std::vector<float> vector;
  std::vector<int64_t> exact_ids;  // of the nearest rows of the whole data set
};

struct Answer {
  float score;
  int64_t row;
};

template <typename Array>
const Array& Column(const arrow::RecordBatch& batch, const char* name) {
  return static_cast<const Array&>(*batch.GetColumnByName(name));
}

Result<std::vector<Question>> ReadQuestions(const std::string& path,
                                            const std::vector<int64_t>& numbers) {
  const auto file = std::filesystem::absolute(path);
  ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager(file.parent_path()));
  ARROW_ASSIGN_OR_RAISE(auto reader, varve::PackedReader::Open(store, {file.filename()}));
  ARROW_ASSIGN_OR_RAISE(auto batch, reader->Take(numbers, {"query", "embedding", "top10_ids"}));
  const auto& texts = Column<arrow::StringArray>(*batch, "query");
  const auto& vectors = Column<arrow::FixedSizeListArray>(*batch, "embedding");
  const auto& ids = Column<arrow::FixedSizeListArray>(*batch, "top10_ids");
  const auto& floats = static_cast<const arrow::FloatArray&>(*vectors.values());
  const auto& integers = static_cast<const arrow::Int64Array&>(*ids.values());
  std::vector<Question> questions;
  for (int64_t i = 0; i < batch->num_rows(); ++i) {
    const float* vector = floats.raw_values() + vectors.value_offset(i);
    const int64_t* exact = integers.raw_values() + ids.value_offset(i);
    questions.push_back({texts.GetString(i),
                         {vector, vector + vectors.value_length()},
                         {exact, exact + ids.value_length()}});
  }
  return questions;
}

// Eight sums side by side, so that the compiler may use vector instructions.
float InnerProduct(const float* a, const float* b, int32_t dimension) {
  float sums[8] = {};
  int32_t i = 0;
  for (; i + 8 <= dimension; i += 8) {
    for (int32_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float part : sums) sum += part;
  for (; i < dimension; ++i) sum += a[i] * b[i];
  return sum;
}

// The best rows for each question, from one pass over the vectors.
Result<std::vector<std::vector<Answer>>> Search(const varve::Snapshot& snapshot,
                                                const std::vector<Question>& questions) {
  const auto better = [](const Answer& a, const Answer& b) { return a.score > b.score; };
  std::vector<std::vector<Answer>> best(questions.size());
  ARROW_ASSIGN_OR_RAISE(auto scan, snapshot.Scan({.columns = {"embedding"}}));
  int64_t first_row = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(scan->ReadNext(&batch));
    if (batch == nullptr) break;
    const auto& vectors = Column<arrow::FixedSizeListArray>(*batch, "embedding");
    const auto& values = static_cast<const arrow::FloatArray&>(*vectors.values());
    for (int64_t row = 0; row < vectors.length(); ++row) {
      const float* vector = values.raw_values() + vectors.value_offset(row);
      for (size_t q = 0; q < questions.size(); ++q) {
        const float score =
            InnerProduct(vector, questions[q].vector.data(), vectors.value_length());
        auto& heap = best[q];  // the worst of the best in front
        if (static_cast<int64_t>(heap.size()) == kAnswers && score <= heap.front().score) continue;
        if (static_cast<int64_t>(heap.size()) == kAnswers) {
          std::pop_heap(heap.begin(), heap.end(), better);
          heap.pop_back();
        }
        heap.push_back({score, first_row + row});
        std::push_heap(heap.begin(), heap.end(), better);
      }
    }
    first_row += batch->num_rows();
  }
  for (auto& heap : best) std::sort_heap(heap.begin(), heap.end(), better);
  return best;
}

// False for a table that lacks rows of the whole data set.
Result<bool> HoldsAnswers(const varve::Snapshot& snapshot, const std::vector<Question>& questions) {
  std::set<int64_t> ids;
  for (const Question& question : questions) {
    ids.insert(question.exact_ids.begin(), question.exact_ids.end());
  }
  std::string filter;
  for (const int64_t id : ids) filter += (filter.empty() ? "id IN (" : ", ") + std::to_string(id);
  ARROW_ASSIGN_OR_RAISE(const int64_t found, snapshot.Count(filter + ")"));
  return found >= static_cast<int64_t>(ids.size());
}

Status Run(const std::string& table_uri, const std::string& questions_path,
           const std::vector<int64_t>& numbers) {
  ARROW_ASSIGN_OR_RAISE(const auto table, varve::Table::Open(table_uri));
  const auto snapshot = table->snapshot();
  ARROW_ASSIGN_OR_RAISE(const auto questions, ReadQuestions(questions_path, numbers));
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto answers, Search(*snapshot, questions));
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  int64_t exact = 0, compared = 0;
  for (size_t q = 0; q < questions.size(); ++q) {
    std::vector<int64_t> rows;
    for (const Answer& answer : answers[q]) rows.push_back(answer.row);
    ARROW_ASSIGN_OR_RAISE(auto batch, snapshot->Take(rows, {.columns = {"id", "name", "summary"}}));
    const auto& names = Column<arrow::StringArray>(*batch, "name");
    const auto& summaries = Column<arrow::StringArray>(*batch, "summary");
    const auto& ids = Column<arrow::Int64Array>(*batch, "id");
    std::printf("  %s?\n", questions[q].text.c_str());
    for (int64_t i = 0; i < std::min<int64_t>(kShown, batch->num_rows()); ++i) {
      std::printf("     %.3f  %-24s %s\n", answers[q][i].score, names.GetString(i).c_str(),
                  summaries.GetString(i).c_str());
    }
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto& expected = questions[q].exact_ids;
      exact += std::find(expected.begin(), expected.end(), ids.Value(i)) != expected.end();
      ++compared;
    }
  }
  std::printf("  %zu questions against %lld vectors: %.0f ms. ", questions.size(),
              static_cast<long long>(snapshot->num_rows()), taken.count());
  ARROW_ASSIGN_OR_RAISE(const bool whole, HoldsAnswers(*snapshot, questions));
  if (whole) {
    std::printf("%lld of the %lld nearest are the exact answers.\n", static_cast<long long>(exact),
                static_cast<long long>(compared));
  } else {
    std::printf("A sample: the nearest of all packages need not be in it.\n");
  }
  return Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: semantic_search TABLE QUERIES.parquet QUESTION_NUMBER...\n");
    return 2;
  }
  std::vector<int64_t> numbers;
  for (int i = 3; i < argc; ++i) numbers.push_back(std::strtoll(argv[i], nullptr, 10));
  const Status status = Run(argv[1], argv[2], numbers);
  if (status.ok()) return 0;
  std::fprintf(stderr, "semantic_search: %s\n", status.ToString().c_str());
  return 1;
}
