// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_column.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "packed/array_conversion.h"
#include "packed/join_arrays.h"
#include "packed/zone_maps.h"

namespace varve::internal {
namespace {

// From here on, copying from the mapping beats a system call a value: faults come in clusters.
constexpr size_t kMappedTakeRows = 256;
// A task of a parallel take: enough to pay for waking a thread.
constexpr size_t kTaskRows = 256;
constexpr int64_t kTaskBytes = 512 << 10;
// Likewise where every row may cost the decoding of a page.
constexpr size_t kDecodedTaskRows = 8;

const Status& StatusOf(const Status& status) { return status; }
template <typename Value>
const Status& StatusOf(const Result<Value>& result) {
  return result.status();
}

}  // namespace

PackedColumn::PackedColumn(std::shared_ptr<const PackedFileState> file, int column,
                           int64_t field_id, std::shared_ptr<arrow::DataType> type,
                           std::vector<int64_t> row_group_starts,
                           std::vector<std::shared_ptr<const DirectChunk>> chunks)
    : file_(std::move(file)),
      column_(column),
      field_id_(field_id),
      type_(std::move(type)),
      starts_(std::move(row_group_starts)),
      chunks_(std::move(chunks)) {
  const bool fixed =
      !chunks_.empty() && std::all_of(chunks_.begin(), chunks_.end(), [](const auto& chunk) {
        return chunk != nullptr && !chunk->has_nulls();
      });
  if (fixed) width_ = chunks_.front()->width();
}

Status PackedColumn::Prepare() const {
  const bool decodes = std::any_of(chunks_.begin(), chunks_.end(),
                                   [](const auto& chunk) { return chunk == nullptr; });
  return decodes ? Decoded().status() : Status::OK();
}

size_t PackedColumn::GroupOf(int64_t row) const {
  return static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end() - 1, row) -
                             starts_.begin() - 1);
}

Status PackedColumn::CheckRows(std::span<const int64_t> rows) const {
  const auto bad = std::find_if(rows.begin(), rows.end(),
                                [&](int64_t row) { return row < 0 || row >= starts_.back(); });
  if (bad == rows.end()) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "row out of range",
                   {.object = file_->source().path(),
                    .expected = "below " + std::to_string(starts_.back()),
                    .found = std::to_string(*bad)});
}

Result<std::shared_ptr<const DecodedColumn>> PackedColumn::Decoded() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (decoded_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto metadata, file_->Metadata());
    ARROW_ASSIGN_OR_RAISE(
        decoded_, DecodedColumn::Make(std::move(metadata), column_, type_, file_->pages_decoded()));
  }
  return decoded_;
}

template <typename Outcome>
Outcome PackedColumn::ReadFar(const std::function<Result<bool>(ReadWave*)>& plan,
                              const std::function<Outcome()>& read) const {
  const auto fetch_and_read = [&]() -> Outcome {
    ReadWave wave(ReadPattern::kPoint);
    ARROW_RETURN_NOT_OK(wave.FetchAll(plan));
    return read();
  };
  Outcome outcome = fetch_and_read();
  if (!IsCorruption(StatusOf(outcome))) return outcome;
  file_->source().DropStaged();
  for (const auto& chunk : chunks_) {
    if (chunk != nullptr) chunk->ForgetChecksums();
  }
  return fetch_and_read();
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::Read(int64_t begin, int64_t end,
                                                         bool verify) const {
  if (!file_->source().is_remote()) return ReadRows(begin, end, verify);
  return ReadFar<Result<std::shared_ptr<arrow::Array>>>(
      [&](ReadWave* wave) { return PlanRead(begin, end, verify, wave); },
      [&] { return ReadRows(begin, end, verify); });
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::Take(std::span<const int64_t> rows,
                                                         bool verify) const {
  if (!file_->source().is_remote()) return TakeRows(rows, verify);
  return ReadFar<Result<std::shared_ptr<arrow::Array>>>(
      [&](ReadWave* wave) { return PlanTake(rows, verify, wave); },
      [&] { return TakeRows(rows, verify); });
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::ReadRows(int64_t begin, int64_t end,
                                                             bool verify) const {
  if (begin < 0 || begin > end || end > starts_.back()) {
    return MakeError(ErrorKind::kInvalid, "row range outside the file",
                     {.object = file_->source().path(),
                      .expected = "within 0 to " + std::to_string(starts_.back()),
                      .found = std::to_string(begin) + " to " + std::to_string(end)});
  }
  if (begin == end) return arrow::MakeEmptyArray(type_);
  const size_t first = GroupOf(begin);
  if (end <= starts_[first + 1]) {
    return ReadInGroup(first, begin - starts_[first], end - starts_[first], verify);
  }
  if (width_ > 0) {
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer((end - begin) * width_));
    for (int64_t row = begin; row < end;) {
      const size_t group = GroupOf(row);
      const int64_t part_end = std::min(end, starts_[group + 1]);
      ARROW_RETURN_NOT_OK(chunks_[group]->Copy(row - starts_[group], part_end - starts_[group],
                                               values->mutable_data() + (row - begin) * width_,
                                               verify));
      row = part_end;
    }
    return MakeDirectArray(type_, end - begin, std::move(values));
  }
  arrow::ArrayVector parts;
  for (int64_t row = begin; row < end;) {
    const size_t group = GroupOf(row);
    const int64_t part_end = std::min(end, starts_[group + 1]);
    ARROW_ASSIGN_OR_RAISE(
        auto part, ReadInGroup(group, row - starts_[group], part_end - starts_[group], verify));
    parts.push_back(std::move(part));
    row = part_end;
  }
  return JoinArrays(parts);
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::ReadInGroup(size_t group, int64_t begin,
                                                                int64_t end, bool verify) const {
  const DirectChunk* chunk = chunks_[group].get();
  if (chunk == nullptr) {
    ARROW_ASSIGN_OR_RAISE(const auto decoded, Decoded());
    return decoded->Read(static_cast<int>(group), begin, end, verify);
  }
  if (chunk->has_nulls()) return ReadWithNulls(*chunk, begin, end, verify);
  if (end <= chunk->PageEnd(begin)) {
    ARROW_ASSIGN_OR_RAISE(auto slice, chunk->Slice(begin, end, verify));
    if (slice != nullptr) return MakeDirectArray(type_, end - begin, std::move(slice));
  }
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer((end - begin) * chunk->width()));
  ARROW_RETURN_NOT_OK(chunk->Copy(begin, end, values->mutable_data(), verify));
  return MakeDirectArray(type_, end - begin, std::move(values));
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::ReadWithNulls(const DirectChunk& chunk,
                                                                  int64_t begin, int64_t end,
                                                                  bool verify) const {
  const int64_t length = end - begin;
  const int64_t width = chunk.width();
  ARROW_ASSIGN_OR_RAISE(const auto stored, chunk.Validity());
  ARROW_ASSIGN_OR_RAISE(const int64_t first, chunk.Rank(begin));
  ARROW_ASSIGN_OR_RAISE(const int64_t last, chunk.Rank(end));
  ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(length));
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(length * width));
  uint8_t* out = values->mutable_data();
  // The values come in one piece to the end of the buffer and are spread from there: a value never
  // has to move to the right.
  uint8_t* next = out + (length - (last - first)) * width;
  ARROW_RETURN_NOT_OK(chunk.Copy(first, last, next, verify));
  for (int64_t i = 0; i < length; ++i) {
    uint8_t* place = out + i * width;
    if (arrow::bit_util::GetBit(stored->data(), begin + i)) {
      arrow::bit_util::SetBit(validity->mutable_data(), i);
      if (place != next) std::memmove(place, next, static_cast<size_t>(width));
      next += width;
    } else {
      std::memset(place, 0, static_cast<size_t>(width));
    }
  }
  return MakeDirectArray(type_, length, std::move(values), std::move(validity),
                         length - (last - first));
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::TakeRows(std::span<const int64_t> rows,
                                                             bool verify) const {
  ARROW_RETURN_NOT_OK(CheckRows(rows));
  if (rows.empty()) return arrow::MakeEmptyArray(type_);
  const auto length = static_cast<int64_t>(rows.size());
  if (width_ > 0) {
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(length * width_));
    std::vector<Wanted> wanted(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) wanted[i] = {rows[i], static_cast<int64_t>(i)};
    if (!std::is_sorted(rows.begin(), rows.end())) {
      std::sort(wanted.begin(), wanted.end(),
                [](const Wanted& a, const Wanted& b) { return a.row < b.row; });
    }
    ARROW_RETURN_NOT_OK(TakeSorted(wanted, values->mutable_data(), verify));
    return MakeDirectArray(type_, length, std::move(values));
  }
  // Row group by row group, then into the order asked for.
  std::vector<std::vector<int64_t>> local(chunks_.size());
  std::vector<std::pair<size_t, int64_t>> places(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t group = GroupOf(rows[i]);
    places[i] = {group, static_cast<int64_t>(local[group].size())};
    local[group].push_back(rows[i] - starts_[group]);
  }
  if (local[places[0].first].size() == rows.size()) {
    return TakeInGroup(places[0].first, local[places[0].first], verify);
  }
  arrow::ArrayVector parts(chunks_.size());
  ARROW_RETURN_NOT_OK(file_->executor()->ParallelFor(
      static_cast<int64_t>(chunks_.size()), [&](int64_t i) -> Status {
        const auto group = static_cast<size_t>(i);
        ARROW_ASSIGN_OR_RAISE(parts[group], TakeInGroup(group, local[group], verify));
        return Status::OK();
      }));
  std::vector<int64_t> part_starts(parts.size());
  for (size_t i = 1; i < parts.size(); ++i) {
    part_starts[i] = part_starts[i - 1] + parts[i - 1]->length();
  }
  ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(parts));
  if (std::is_sorted(rows.begin(), rows.end())) return joined;
  ARROW_ASSIGN_OR_RAISE(auto order, arrow::AllocateBuffer(static_cast<int64_t>(rows.size_bytes())));
  auto* indices = reinterpret_cast<int64_t*>(order->mutable_data());
  for (size_t i = 0; i < rows.size(); ++i) {
    indices[i] = part_starts[places[i].first] + places[i].second;
  }
  const arrow::Int64Array selection(length, std::shared_ptr<arrow::Buffer>(std::move(order)));
  return arrow::compute::Take(*joined, selection, arrow::compute::TakeOptions::NoBoundsCheck());
}

Result<std::shared_ptr<arrow::Array>> PackedColumn::TakeInGroup(size_t group,
                                                                std::span<const int64_t> rows,
                                                                bool verify) const {
  if (rows.empty()) return arrow::MakeEmptyArray(type_);
  const DirectChunk* chunk = chunks_[group].get();
  if (chunk != nullptr) return TakeWithNulls(*chunk, rows, verify);
  ARROW_ASSIGN_OR_RAISE(const auto decoded, Decoded());
  ARROW_ASSIGN_OR_RAISE(
      auto taken, decoded->TakeValues(static_cast<int>(group), rows, file_->executor(), verify));
  if (taken != nullptr) return taken;
  const auto num_tasks = std::min<int64_t>(file_->executor()->parallelism(),
                                           static_cast<int64_t>(rows.size() / kDecodedTaskRows));
  // Ascending rows: tasks share at most a page with their neighbours.
  if (num_tasks < 2 || !std::is_sorted(rows.begin(), rows.end())) {
    return decoded->Take(static_cast<int>(group), rows, verify);
  }
  arrow::ArrayVector parts(static_cast<size_t>(num_tasks));
  ARROW_RETURN_NOT_OK(file_->executor()->ParallelFor(num_tasks, [&](int64_t i) -> Status {
    const auto task = static_cast<size_t>(i);
    const size_t begin = rows.size() * task / parts.size();
    const size_t end = rows.size() * (task + 1) / parts.size();
    ARROW_ASSIGN_OR_RAISE(parts[task], decoded->Take(static_cast<int>(group),
                                                     rows.subspan(begin, end - begin), verify));
    return Status::OK();
  }));
  return arrow::Concatenate(parts);
}

// Also serves chunks without nulls in files where other chunks have some.
Result<std::shared_ptr<arrow::Array>> PackedColumn::TakeWithNulls(const DirectChunk& chunk,
                                                                  std::span<const int64_t> rows,
                                                                  bool verify) const {
  const auto length = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(length * chunk.width()));
  ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(length));
  std::shared_ptr<arrow::Buffer> stored;
  if (chunk.has_nulls()) {
    ARROW_ASSIGN_OR_RAISE(stored, chunk.Validity());
  }
  std::vector<ValueRequest> requests;
  for (size_t i = 0; i < rows.size(); ++i) {
    uint8_t* out = values->mutable_data() + static_cast<int64_t>(i) * chunk.width();
    if (stored != nullptr && !arrow::bit_util::GetBit(stored->data(), rows[i])) {
      std::memset(out, 0, static_cast<size_t>(chunk.width()));
      continue;
    }
    arrow::bit_util::SetBit(validity->mutable_data(), static_cast<int64_t>(i));
    int64_t value = rows[i];
    if (stored != nullptr) {
      ARROW_ASSIGN_OR_RAISE(value, chunk.Rank(rows[i]));
    }
    requests.push_back({value, out});
  }
  std::sort(requests.begin(), requests.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  ARROW_RETURN_NOT_OK(chunk.Take(requests, requests.size() >= kMappedTakeRows, verify));
  return MakeDirectArray(type_, length, std::move(values), std::move(validity),
                         length - static_cast<int64_t>(requests.size()));
}

Status PackedColumn::TakeInto(std::span<const int64_t> rows, std::span<const int64_t> positions,
                              uint8_t* values, bool verify) const {
  ARROW_RETURN_NOT_OK(CheckRows(rows));
  if (rows.size() != positions.size() || width_ == 0) {
    return MakeError(ErrorKind::kInvalid, "the column cannot be taken in place",
                     {.object = file_->source().path()});
  }
  std::vector<Wanted> wanted(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) wanted[i] = {rows[i], positions[i]};
  if (!std::is_sorted(rows.begin(), rows.end())) {
    std::sort(wanted.begin(), wanted.end(),
              [](const Wanted& a, const Wanted& b) { return a.row < b.row; });
  }
  if (!file_->source().is_remote()) return TakeSorted(wanted, values, verify);
  return ReadFar<Status>([&](ReadWave* wave) { return PlanTake(rows, verify, wave); },
                         [&] { return TakeSorted(wanted, values, verify); });
}

Status PackedColumn::TakeSorted(std::span<const Wanted> wanted, uint8_t* values,
                                bool verify) const {
  std::vector<ValueRequest> requests(wanted.size());
  // Tasks end at row groups and, in large takes, every so many rows.
  const bool parallel = wanted.size() >= 2 * kTaskRows ||
                        static_cast<int64_t>(wanted.size()) * width_ >= 2 * kTaskBytes;
  const size_t task_rows =
      parallel ? std::clamp<size_t>(static_cast<size_t>(kTaskBytes / width_), 32, kTaskRows)
               : wanted.size();
  struct Task {
    size_t group;
    size_t begin;
    size_t end;
  };
  std::vector<Task> tasks;
  size_t group = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int64_t row = wanted[i].row;
    if (i == 0 || row >= starts_[group + 1]) group = GroupOf(row);
    if (tasks.empty() || tasks.back().group != group || i - tasks.back().begin >= task_rows) {
      tasks.push_back({group, i, i});
    }
    tasks.back().end = i + 1;
    requests[i] = {row - starts_[group], values + wanted[i].position * width_};
  }
  const bool mapped = wanted.size() >= kMappedTakeRows;
  const auto run = [&](int64_t i) {
    const Task& task = tasks[static_cast<size_t>(i)];
    return chunks_[task.group]->Take(
        std::span<const ValueRequest>(requests).subspan(task.begin, task.end - task.begin), mapped,
        verify);
  };
  if (parallel) {
    return file_->executor()->ParallelFor(static_cast<int64_t>(tasks.size()), run);
  }
  for (size_t i = 0; i < tasks.size(); ++i) ARROW_RETURN_NOT_OK(run(static_cast<int64_t>(i)));
  return Status::OK();
}

bool PackedColumn::IsReady(int64_t begin, int64_t end) const {
  for (int64_t row = begin; row < end;) {
    const size_t group = GroupOf(row);
    const int64_t part_end = std::min(end, starts_[group + 1]);
    const DirectChunk* chunk = chunks_[group].get();
    if (chunk != nullptr && !chunk->has_nulls() &&
        !chunk->IsVerified(row - starts_[group], part_end - starts_[group])) {
      return false;
    }
    row = part_end;
  }
  return true;
}

void PackedColumn::MakeReady(int64_t begin, int64_t end) const {
  for (int64_t row = begin; row < end;) {
    const size_t group = GroupOf(row);
    const int64_t part_end = std::min(end, starts_[group + 1]);
    const DirectChunk* chunk = chunks_[group].get();
    if (chunk != nullptr && !chunk->has_nulls()) {
      chunk->VerifyAhead(row - starts_[group], part_end - starts_[group]);
    }
    row = part_end;
  }
}

int64_t PackedColumn::NaturalEnd(int64_t begin) const {
  if (begin >= starts_.back()) return starts_.back();
  const size_t group = GroupOf(begin);
  const int64_t start = starts_[group];
  if (chunks_[group] == nullptr) {
    const auto decoded = Decoded();
    if (!decoded.ok()) return starts_[group + 1];
    return start + (*decoded)->NaturalEnd(static_cast<int>(group), begin - start);
  }
  if (chunks_[group]->has_nulls()) {
    // Copied anyway: as many rows as a page has values.
    const int64_t rows = chunks_[group]->values_per_page();
    return std::min(starts_[group + 1], start + ((begin - start) / rows + 1) * rows);
  }
  return start + chunks_[group]->PageEnd(begin - start);
}

Result<std::vector<PageZone>> PackedColumn::Zones() const {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, file_->Metadata());
  return ReadZones(*metadata, column_, field_id_, type());
}

Result<std::vector<bool>> PackedColumn::MayContain(const StatisticValue& value) const {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, file_->Metadata());
  return ReadMayContain(*metadata, column_, type(), value);
}

}  // namespace varve::internal
