// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/command.h"
#include "cli/location.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/output/table_printer.h"
#include "cli/parquet_summary.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;

constexpr uint64_t kSeed = 42;
constexpr int64_t kReadBytes = 1 << 20;

// XOR of all words: order does not matter, every byte does.
uint64_t Fold(const uint8_t* bytes, int64_t size) {
  uint64_t sums[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 32 <= size; i += 32) {
    for (int lane = 0; lane < 4; ++lane) {
      uint64_t word;
      std::memcpy(&word, bytes + i + lane * 8, 8);
      sums[lane] ^= word;
    }
  }
  uint64_t sum = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  for (; i < size; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + i, std::min<int64_t>(8, size - i));
    sum ^= word;
  }
  return sum;
}

// The bytes of a column of vectors, whichever way it came: rows of `width` bytes side by side.
struct VectorBytes {
  const uint8_t* data = nullptr;
  int64_t size = 0;
};

VectorBytes BytesOf(const arrow::Array& array) {
  if (array.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    const auto& binary = checked_cast<const arrow::FixedSizeBinaryArray&>(array);
    return {binary.raw_values(), binary.length() * binary.byte_width()};
  }
  const auto& list = checked_cast<const arrow::FixedSizeListArray&>(array);
  const auto& values = *list.values();
  const int64_t width = values.type()->byte_width();
  const int64_t begin = values.offset() + list.value_offset(0);
  return {values.data()->buffers[1]->data() + begin * width,
          list.length() * list.value_length() * width};
}

// Bytes of one vector, 0 for a column that is none.
int64_t VectorWidth(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    return checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width();
  }
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return 0;
  const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
  const auto& value = *list.value_type();
  const bool fixed = value.id() == arrow::Type::FLOAT || value.id() == arrow::Type::HALF_FLOAT ||
                     value.id() == arrow::Type::DOUBLE || arrow::is_integer(value.id());
  return fixed ? int64_t{list.list_size()} * value.byte_width() : 0;
}

// The files of the column as plain system calls see them: the floor no reader gets below.
class Floor {
 public:
  ~Floor() {
    for (const Part& part : parts_) close(part.file);
  }

  static Result<std::unique_ptr<Floor>> Open(const Source& source, const std::string& column) {
    const auto root = LocalPath(source.location());
    if (!root.has_value()) {
      return MakeError(ErrorKind::kUnsupported, "not on local disk", {.object = source.location()});
    }
    const std::string folder =
        source.is_table() ? *root : SplitFileLocation(source.location()).folder;
    auto floor = std::make_unique<Floor>();
    int64_t first_row = 0;
    for (const SegmentInfo& segment : source.segments()) {
      bool found = false;
      for (const FileInfo& file : segment.files) {
        const auto& names = file.columns;
        if (std::find(names.begin(), names.end(), column) == names.end()) continue;
        ARROW_ASSIGN_OR_RAISE(auto values, FindPlainValues(source.store(), file.path, column));
        const std::string path = folder + "/" + file.path;
        const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) {
          return MakeError(ErrorKind::kIo, std::strerror(errno), {.object = path});
        }
        floor->parts_.push_back({first_row, descriptor, std::move(values)});
        found = true;
      }
      if (!found) return MakeError(ErrorKind::kUnsupported, "not in every segment");
      first_row += segment.num_rows;
    }
    if (first_row != source.num_rows()) {
      return MakeError(ErrorKind::kUnsupported, "rows were deleted");
    }
    return floor;
  }

  Result<uint64_t> Take(const std::vector<int64_t>& rows) const {
    uint64_t sum = 0;
    std::vector<uint8_t> buffer(parts_.front().values.width);
    for (const int64_t row : rows) {
      const auto after =
          std::upper_bound(parts_.begin(), parts_.end(), row,
                           [](int64_t value, const Part& part) { return value < part.first_row; });
      const Part& part = *(after - 1);
      ARROW_RETURN_NOT_OK(Read(part, part.values.OffsetOf(row - part.first_row), &buffer));
      sum ^= Fold(buffer.data(), static_cast<int64_t>(buffer.size()));
    }
    return sum;
  }

  Result<uint64_t> Scan() const {
    uint64_t sum = 0;
    std::vector<uint8_t> buffer;
    for (const Part& part : parts_) {
      for (const PlainValues::Page& page : part.values.pages) {
        const int64_t bytes = page.num_rows * part.values.width;
        // Whole vectors at a time, so that words fold as they do row by row.
        const int64_t step =
            std::max<int64_t>(1, kReadBytes / part.values.width) * part.values.width;
        for (int64_t at = 0; at < bytes; at += step) {
          buffer.resize(std::min(step, bytes - at));
          ARROW_RETURN_NOT_OK(Read(part, page.offset + at, &buffer));
          sum ^= Fold(buffer.data(), static_cast<int64_t>(buffer.size()));
        }
      }
    }
    return sum;
  }

 private:
  struct Part {
    int64_t first_row;
    int file;
    PlainValues values;
  };

  static Status Read(const Part& part, int64_t offset, std::vector<uint8_t>* buffer) {
    size_t done = 0;
    while (done < buffer->size()) {
      const ssize_t count = pread(part.file, buffer->data() + done, buffer->size() - done,
                                  offset + static_cast<int64_t>(done));
      if (count <= 0) return MakeError(ErrorKind::kIo, "pread came short", {.offset = offset});
      done += count;
    }
    return Status::OK();
  }

  std::vector<Part> parts_;
};

struct Measurement {
  std::string name;
  double seconds = 0;        // median
  double floor_seconds = 0;  // 0: none
  int64_t rows = 0;
  int64_t bytes = 0;
};

using Work = std::function<Result<uint64_t>(int repetition)>;

class BenchCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_option("--column", column_, "The vectors; default: the first column of vectors");
    app->add_option("--repeat", repeat_, "How often each is measured; default: 7")
        ->check(CLI::Range(1, 1000));
    app->add_flag("--no-verify", no_verify_, "Without comparing checksums while reading");
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    if (source->num_rows() == 0) {
      return MakeError(ErrorKind::kInvalid, "there are no rows to measure",
                       {.object = source->location()});
    }
    ARROW_RETURN_NOT_OK(ChooseColumn(*source));
    std::unique_ptr<Floor> floor;
    if (!column_.empty()) {
      auto opened = Floor::Open(*source, column_);
      if (opened.ok()) {
        floor = std::move(*opened);
      } else {
        console->Say("no floor to compare with: " + opened.status().message());
      }
      for (const int64_t rows : {100, 1000}) {
        ARROW_RETURN_NOT_OK(MeasureTake(*source, floor.get(), rows));
      }
      ARROW_RETURN_NOT_OK(MeasureVectorScan(*source, floor.get()));
    }
    ARROW_RETURN_NOT_OK(MeasureScalarScan(*source));
    Print(console, *source);
    return Status::OK();
  }

 private:
  Status ChooseColumn(const Source& source) {
    if (!column_.empty()) {
      ARROW_RETURN_NOT_OK(source.CheckColumns({column_}));
      const auto field = source.schema()->GetFieldByName(column_);
      if (field != nullptr && VectorWidth(*field->type()) > 0) return Status::OK();
      return MakeError(ErrorKind::kInvalid, "not a column of vectors", {.field = column_});
    }
    for (const auto& field : source.schema()->fields()) {
      if (field->type()->id() == arrow::Type::FIXED_SIZE_LIST && VectorWidth(*field->type()) > 0) {
        column_ = field->name();
        return Status::OK();
      }
    }
    for (const auto& field : source.schema()->fields()) {
      if (VectorWidth(*field->type()) > 0) {
        column_ = field->name();
        return Status::OK();
      }
    }
    return Status::OK();
  }

  // Median of the repetitions, after one that warms caches and whose answer counts.
  Result<double> Time(const Work& work, std::vector<uint64_t>* answers) const {
    std::vector<double> seconds;
    for (int i = -1; i < repeat_; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      ARROW_ASSIGN_OR_RAISE(const uint64_t answer, work(std::max(i, 0)));
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
      if (i < 0) continue;
      seconds.push_back(taken.count());
      answers->push_back(answer);
    }
    std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
    return seconds[seconds.size() / 2];
  }

  Status Compare(const Work& varve, const Work& floor, Measurement measurement) {
    std::vector<uint64_t> answers, floor_answers;
    if (floor != nullptr) {
      // Answers first: a fast wrong reader is not measured.
      ARROW_ASSIGN_OR_RAISE(const uint64_t expected, floor(0));
      ARROW_ASSIGN_OR_RAISE(const uint64_t found, varve(0));
      if (expected != found) return Disagree(measurement.name);
      ARROW_ASSIGN_OR_RAISE(measurement.floor_seconds, Time(floor, &floor_answers));
    }
    ARROW_ASSIGN_OR_RAISE(measurement.seconds, Time(varve, &answers));
    if (floor != nullptr && answers != floor_answers) return Disagree(measurement.name);
    measurements_.push_back(std::move(measurement));
    return Status::OK();
  }

  Status Disagree(const std::string& what) const {
    return Corruption("the reader and plain pread disagree on the bytes of " + what,
                      {.object = source_.location, .field = column_});
  }

  Status MeasureTake(const Source& source, const Floor* floor, int64_t num_rows) {
    std::mt19937_64 random(kSeed);
    std::vector<std::vector<int64_t>> rows(repeat_);
    for (auto& list : rows) {
      for (int64_t i = 0; i < num_rows; ++i) {
        list.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(source.num_rows())));
      }
    }
    const Work varve = [&](int i) -> Result<uint64_t> {
      ARROW_ASSIGN_OR_RAISE(const auto batch, source.Take(rows[i], {column_}, !no_verify_));
      const VectorBytes bytes = BytesOf(*batch->column(0));
      return Fold(bytes.data, bytes.size);
    };
    const Work plain = [&](int i) { return floor->Take(rows[i]); };
    const int64_t width = VectorWidth(*source.schema()->GetFieldByName(column_)->type());
    return Compare(varve, floor == nullptr ? Work() : plain,
                   {.name = "take " + FormatCount(num_rows) + " random rows of " + column_,
                    .rows = num_rows,
                    .bytes = num_rows * width});
  }

  Status MeasureVectorScan(const Source& source, const Floor* floor) {
    const Work varve = [&](int) -> Result<uint64_t> {
      ARROW_ASSIGN_OR_RAISE(const auto reader,
                            source.Scan({.columns = {column_}, .verify = !no_verify_}));
      uint64_t sum = 0;
      while (true) {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
        if (batch == nullptr) return sum;
        if (batch->num_rows() == 0) continue;
        const VectorBytes bytes = BytesOf(*batch->column(0));
        sum ^= Fold(bytes.data, bytes.size);
      }
    };
    const Work plain = [&](int) { return floor->Scan(); };
    const int64_t width = VectorWidth(*source.schema()->GetFieldByName(column_)->type());
    return Compare(
        varve, floor == nullptr ? Work() : plain,
        {.name = "scan " + column_, .rows = source.num_rows(), .bytes = source.num_rows() * width});
  }

  Status MeasureScalarScan(const Source& source) {
    std::vector<std::string> scalars;
    for (const auto& field : source.schema()->fields()) {
      if (arrow::is_primitive(field->type()->id())) scalars.push_back(field->name());
    }
    if (scalars.empty()) return Status::OK();
    int64_t bytes = 0;
    const Work varve = [&](int) -> Result<uint64_t> {
      ARROW_ASSIGN_OR_RAISE(const auto reader,
                            source.Scan({.columns = scalars, .verify = !no_verify_}));
      uint64_t rows = 0;
      bytes = 0;
      while (true) {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
        if (batch == nullptr) break;
        rows += batch->num_rows();
        for (const auto& column : batch->columns()) {
          bytes += column->length() *
                   checked_cast<const arrow::FixedWidthType&>(*column->type()).bit_width() / 8;
        }
      }
      if (rows == static_cast<uint64_t>(source.num_rows())) return rows;
      return Corruption(
          "the scan gave another number of rows",
          {.expected = std::to_string(source.num_rows()), .found = std::to_string(rows)});
    };
    ARROW_RETURN_NOT_OK(
        Compare(varve, Work(),
                {.name = "scan " + Plural(static_cast<int64_t>(scalars.size()), "scalar column"),
                 .rows = source.num_rows()}));
    measurements_.back().bytes = bytes;
    return Status::OK();
  }

  void Print(Console* console, const Source& source) const {
    if (console->json) {
      nlohmann::ordered_json document;
      document["location"] = source.location();
      document["rows"] = source.num_rows();
      document["verify"] = !no_verify_;
      document["repeat"] = repeat_;
      document["measurements"] = nlohmann::ordered_json::array();
      for (const Measurement& m : measurements_) {
        nlohmann::ordered_json entry;
        entry["name"] = m.name;
        entry["rows"] = m.rows;
        entry["bytes"] = m.bytes;
        entry["seconds"] = m.seconds;
        if (m.floor_seconds > 0) {
          entry["pread_seconds"] = m.floor_seconds;
          entry["ratio"] = m.seconds / m.floor_seconds;
        }
        document["measurements"].push_back(std::move(entry));
      }
      PrintJson(console, document);
      return;
    }
    TablePrinter table(console);
    table.AddColumn("what");
    table.AddColumn("time", true);
    table.AddColumn("a row", true);
    table.AddColumn("rate", true);
    table.AddColumn("pread", true);
    table.AddColumn("ratio", true);
    for (const Measurement& m : measurements_) {
      std::array<char, 32> ratio = {};
      if (m.floor_seconds > 0) {
        std::snprintf(ratio.data(), ratio.size(), "%.2f", m.seconds / m.floor_seconds);
      }
      table.AddRow({m.name, FormatSeconds(m.seconds),
                    FormatSeconds(m.seconds / static_cast<double>(m.rows)),
                    FormatRate(m.bytes, m.seconds),
                    m.floor_seconds > 0 ? FormatSeconds(m.floor_seconds) : "", ratio.data()});
    }
    table.Finish();
    console->Say("medians of " + std::to_string(repeat_) + " runs, page cache warm, " +
                 (no_verify_ ? "nothing verified" : "checksums verified") +
                 "; pread: the same bytes by plain system calls, same answers");
  }

  SourceArguments source_;
  std::string column_;
  int repeat_ = 7;
  bool no_verify_ = false;
  std::vector<Measurement> measurements_;
};

}  // namespace

extern const CommandEntry kBenchCommand{
    "bench",
    "Care",
    "How fast rows come, beside plain pread of the same bytes",
    "Answers are compared before anything is timed. With --json: one document; \"ratio\" is time "
    "over\n"
    "that of pread.",
    "varve bench books\nvarve bench books --column embedding --repeat 21 --json\n"
    "varve bench some.parquet --no-verify",
    MakeCommand<BenchCommand>};

}  // namespace varve::cli
