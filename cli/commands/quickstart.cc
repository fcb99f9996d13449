// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_nested.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/command.h"
#include "cli/interruption.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/store_arguments.h"
#include "varve/table.h"

namespace varve::cli {
namespace {

constexpr int64_t kNumRows = 1000;
constexpr int32_t kDimension = 64;
constexpr std::array kTopics = {"rivers",  "glaciers", "harbours", "orchards", "volcanoes",
                                "deserts", "forests",  "lakes",    "islands",  "caves"};
constexpr std::array kForms = {"an atlas of", "notes on", "walking among", "a history of",
                               "letters about"};
constexpr int64_t kFirstSecond = 1767225600;  // 2026-01-01 00:00 UTC

// Rows of ten topics, each a cloud of vectors around a centre: the same on every machine.
Result<std::shared_ptr<arrow::RecordBatch>> GenerateRows() {
  // The engine's sequence is fixed by the standard; its distributions are not.
  std::mt19937_64 engine(7);
  const auto uniform = [&] { return static_cast<float>(engine() >> 40) / 16777216.0f * 2 - 1; };
  std::array<std::array<float, kDimension>, kTopics.size()> centres;
  for (auto& centre : centres) {
    for (float& value : centre) value = uniform();
  }
  arrow::Int64Builder ids;
  arrow::Int32Builder labels;
  arrow::StringBuilder titles;
  const auto time_type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  arrow::TimestampBuilder times(time_type, arrow::default_memory_pool());
  const auto vector_type =
      arrow::fixed_size_list(arrow::field("item", arrow::float32(), false), kDimension);
  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder embeddings(arrow::default_memory_pool(), values, vector_type);
  for (int64_t row = 0; row < kNumRows; ++row) {
    const auto label = static_cast<int32_t>(row % static_cast<int64_t>(kTopics.size()));
    ARROW_RETURN_NOT_OK(ids.Append(row));
    ARROW_RETURN_NOT_OK(labels.Append(label));
    ARROW_RETURN_NOT_OK(titles.Append(std::string(kForms[engine() % kForms.size()]) + " " +
                                      kTopics[label] + ", part " +
                                      std::to_string(row / kTopics.size() + 1)));
    ARROW_RETURN_NOT_OK(times.Append((kFirstSecond + row * 3600) * 1000000));
    ARROW_RETURN_NOT_OK(embeddings.Append());
    std::array<float, kDimension> vector;
    float sum = 0;
    for (int32_t i = 0; i < kDimension; ++i) {
      vector[i] = centres[label][i] + 0.5f * uniform();
      sum += vector[i] * vector[i];
    }
    for (float& value : vector) value /= std::sqrt(sum);
    ARROW_RETURN_NOT_OK(values->AppendValues(vector.data(), kDimension));
  }
  arrow::ArrayVector columns(5);
  ARROW_RETURN_NOT_OK(ids.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(labels.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(titles.Finish(&columns[2]));
  ARROW_RETURN_NOT_OK(times.Finish(&columns[3]));
  ARROW_RETURN_NOT_OK(embeddings.Finish(&columns[4]));
  return arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("id", arrow::int64(), false), arrow::field("label", arrow::int32(), false),
           arrow::field("title", arrow::utf8(), false), arrow::field("added", time_type, false),
           arrow::field("embedding", vector_type, false)}),
      kNumRows, std::move(columns));
}

// `word` as a shell takes it: in quotes where it needs them.
std::string ShellWord(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

class QuickstartCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", table_uri_, "Where to make it; default: ./varve-quickstart");
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;
    ARROW_RETURN_NOT_OK(store_.Locate(&table_uri_));
    ARROW_ASSIGN_OR_RAISE(const auto options, store_.ToOptions(table_uri_));
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(table_uri_, options));
    ARROW_ASSIGN_OR_RAISE(const auto batch, GenerateRows());
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatchReader::Make({batch}));
    ARROW_ASSIGN_OR_RAISE(const auto table,
                          Table::Create(store, nullptr, rows, {.primary_key = "id"}));
    if (console->json) {
      nlohmann::ordered_json document;
      document["table"] = table->uri();
      document["version"] = table->snapshot()->version();
      document["rows"] = table->snapshot()->num_rows();
      PrintJson(console, document);
      return Status::OK();
    }
    console->Say(Plural(kNumRows, "row") + " with vectors of " + std::to_string(kDimension) +
                 " dimensions: version 1 of " + table->uri());
    console->Say("\nTry next:");
    const std::string t = ShellWord(WithoutOptions(table_uri_));
    for (const std::string& line :
         {"varve head " + t + " -n 3", "varve tree " + t,
          "varve take " + t + " 5 17 5 --columns id,title",
          "varve query " + t + " --filter 'label = 7' --columns id,title -n 5",
          "varve export " + t + " embeddings.npy --columns embedding",
          "varve verify " + t + " --deep", "varve bench " + t}) {
      console->Say("  " + line);
    }
    return Status::OK();
  }

 private:
  std::string table_uri_ = "./varve-quickstart";
  StoreArguments store_;
};

}  // namespace

extern const CommandEntry kQuickstartCommand{"quickstart",
                                             "Begin",
                                             "A small table to play with, and what to try on it",
                                             "With --json: {\"table\", \"version\", \"rows\"}.",
                                             "varve quickstart\nvarve quickstart /tmp/demo",
                                             MakeCommand<QuickstartCommand>};

}  // namespace varve::cli
