// SPDX-License-Identifier: Apache-2.0
#include "table/snapshot_impl.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "arrow/record_batch.h"
#include "base/stop.h"
#include "manifest/version_chain.h"
#include "query/predicate.h"
#include "schema/projection.h"
#include "table/fetch.h"
#include "table/scan.h"
#include "table/segment_filter.h"
#include "table/take.h"
#include "table/verify.h"

namespace varve::internal {
namespace {

// Rows evaluated between two looks at the count; bounds the memory of Count.
constexpr int64_t kCountBatchRows = 65536;
// What Count fetches at a time of files that are far away.
constexpr int64_t kCountAheadBytes = 16 << 20;
// More rows than a batch can hold; keeps sums of row numbers and batch sizes in range.
constexpr int64_t kBatchRowsMax = int64_t{1} << 40;

class SnapshotImpl : public Snapshot {
 public:
  SnapshotImpl(std::shared_ptr<const Manifest> manifest, std::shared_ptr<FilePool> files,
               std::shared_ptr<ManifestStore> versions)
      : state_(std::make_shared<SnapshotState>(std::move(manifest), std::move(files))),
        versions_(std::move(versions)) {}

  uint64_t version() const override { return manifest().version; }
  int64_t num_rows() const override { return state_->num_rows(); }
  const std::shared_ptr<const CollectionSchema>& schema() const override {
    return manifest().schema();
  }
  const std::shared_ptr<const Manifest>& shared_manifest() const { return state_->manifest; }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(
      const ScanOptions& options) const override {
    if (options.batch_size < 1) {
      return MakeError(ErrorKind::kInvalid, "batch_size must be at least 1",
                       {.found = std::to_string(options.batch_size)});
    }
    if (options.limit < 0) {
      return MakeError(ErrorKind::kInvalid, "limit must not be negative",
                       {.found = std::to_string(options.limit)});
    }
    ScanPlan plan;
    ARROW_ASSIGN_OR_RAISE(plan.projection, MakeProjection(*schema(), options.columns));
    ARROW_ASSIGN_OR_RAISE(plan.predicate, MakePredicate(options));
    plan.limit = options.limit;
    plan.batch_size = std::min(options.batch_size, kBatchRowsMax);
    plan.exact_batch_size = options.exact_batch_size;
    plan.verify = options.verify;
    plan.prefetch_bytes = options.prefetch_bytes;
    return MakeScan(state_, std::move(plan));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Take(const std::vector<int64_t>& rows,
                                                   const TakeOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(const auto projection, MakeProjection(*schema(), options.columns));
    return TakeRows(*state_, projection, rows, options.verify, ReadPattern::kPoint);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> TakeRowIds(
      const std::vector<uint64_t>& row_ids, const TakeOptions& options) const override {
    // Segments by first row id. Appends give ids in order, so this is a copy, not a sort, in the
    // common case.
    // Segments without rows have no ids, though they name a first one.
    std::vector<size_t> order;
    for (size_t i = 0; i < state_->segments.size(); ++i) {
      if (state_->segments[i].num_rows() > 0) order.push_back(i);
    }
    const auto first_id = [&](size_t i) { return state_->segments[i].entry().first_row_id; };
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return first_id(a) < first_id(b); });
    std::vector<int64_t> positions;
    positions.reserve(row_ids.size());
    for (const uint64_t id : row_ids) {
      const auto after =
          std::upper_bound(order.begin(), order.end(), id,
                           [&](uint64_t value, size_t i) { return value < first_id(i); });
      const bool before_all = after == order.begin();
      const size_t segment = before_all ? 0 : *(after - 1);
      if (before_all ||
          id - first_id(segment) >= static_cast<uint64_t>(state_->segments[segment].num_rows())) {
        return MakeError(ErrorKind::kNotFound, "no live row has row id " + std::to_string(id));
      }
      positions.push_back(state_->starts[segment] + static_cast<int64_t>(id - first_id(segment)));
    }
    return Take(positions, options);
  }

  Result<int64_t> Count(const std::string& filter) const override {
    if (filter.empty()) return num_rows();
    ARROW_ASSIGN_OR_RAISE(const auto predicate, Predicate::Parse(filter, schema()));
    return CountMatches(*predicate);
  }

  Result<int64_t> Count(const arrow::compute::Expression& filter) const override {
    ARROW_ASSIGN_OR_RAISE(const auto predicate, Predicate::FromExpression(filter, schema()));
    return CountMatches(*predicate);
  }

  std::vector<SegmentInfo> segments() const override {
    std::vector<SegmentInfo> infos;
    for (const auto& entry : manifest().segments) {
      SegmentInfo info{.segment_id = entry->segment_id,
                       .first_row_id = entry->first_row_id,
                       .num_rows = entry->num_rows,
                       .sequence = entry->sequence,
                       .files = {}};
      for (const FileEntry& file : entry->files) {
        FileInfo file_info{.path = file.path, .file_bytes = file.file_bytes, .columns = {}};
        for (const int64_t id : file.field_ids) {
          const FieldSchema* field = schema()->FindById(id);
          if (field == nullptr) field = SystemField(id);
          file_info.columns.push_back(field == nullptr ? "#" + std::to_string(id) : field->name);
        }
        info.files.push_back(std::move(file_info));
      }
      infos.push_back(std::move(info));
    }
    return infos;
  }

  Status Verify(bool deep, std::vector<std::string>* problems) const override {
    ARROW_RETURN_NOT_OK(VerifyFiles(*state_, deep, problems));
    if (!deep) return Status::OK();
    // The versions behind this one: each names bytes that a look back would read.
    ARROW_ASSIGN_OR_RAISE(const auto objects, versions_->ListVersions());
    // Versions are contiguous: one that is missing below the newest name hides every version after
    // it.
    uint64_t newest = version();
    if (!objects.empty()) newest = std::max(newest, VersionOfPath(objects.back().path).value_or(0));
    for (uint64_t older = 1; older <= newest; ++older) {
      const Status status = versions_->Load(older).status();
      ARROW_RETURN_NOT_OK(CheckStopped());
      if (!status.ok()) problems->push_back(status.message());
    }
    return Status::OK();
  }

 private:
  const Manifest& manifest() const { return *state_->manifest; }

  Result<int64_t> CountMatches(const Predicate& predicate) const {
    auto count = CountInSegments(predicate);
    if (!count.ok()) return MissingFileIsDamage(count.status());
    return count;
  }

  Result<int64_t> CountInSegments(const Predicate& predicate) const {
    int64_t count = 0;
    SegmentsAhead ahead(*state_, &predicate, FieldsOf(*schema(), predicate), {}, INT64_MAX,
                        kCountAheadBytes);
    for (size_t i = 0; i < state_->segments.size(); ++i) {
      const SegmentReader& segment = state_->segments[i];
      ARROW_RETURN_NOT_OK(CheckStopped());
      ARROW_RETURN_NOT_OK(ahead.Reach(i));
      ARROW_ASSIGN_OR_RAISE(auto rows, SegmentFilter::Make(segment, *schema(), predicate,
                                                           {.executor = state_->executor()}));
      if (rows.match() == Match::kNone) continue;
      if (rows.match() == Match::kAll) {
        count += segment.num_rows();
        continue;
      }
      for (;;) {
        ARROW_ASSIGN_OR_RAISE(const auto matches, rows.Next(kCountBatchRows));
        if (matches.empty()) break;
        count += static_cast<int64_t>(matches.size());
      }
    }
    return count;
  }

  Result<std::shared_ptr<const Predicate>> MakePredicate(const ScanOptions& options) const {
    if (options.expression != nullptr) {
      if (!options.filter.empty()) {
        return MakeError(ErrorKind::kInvalid,
                         "give a filter as text or as an expression, not both");
      }
      return Predicate::FromExpression(*options.expression, schema());
    }
    if (options.filter.empty()) return std::shared_ptr<const Predicate>();
    return Predicate::Parse(options.filter, schema());
  }

  const std::shared_ptr<const SnapshotState> state_;
  const std::shared_ptr<ManifestStore> versions_;
};

}  // namespace

std::shared_ptr<const Snapshot> MakeSnapshot(std::shared_ptr<const Manifest> manifest,
                                             std::shared_ptr<FilePool> files,
                                             std::shared_ptr<ManifestStore> versions) {
  return std::make_shared<SnapshotImpl>(std::move(manifest), std::move(files), std::move(versions));
}

const std::shared_ptr<const Manifest>& ManifestOf(const Snapshot& snapshot) {
  return static_cast<const SnapshotImpl&>(snapshot).shared_manifest();
}

}  // namespace varve::internal
