// SPDX-License-Identifier: Apache-2.0
// The rows of one segment for which a filter is true, found with as little reading as statistics
// allow: segment bounds first, then bloom filters of row groups and zones of pages, then the values
// of the filter's own columns.
//
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "packed/column_scan.h"
#include "query/predicate.h"
#include "query/row_ranges.h"
#include "table/segment_reader.h"

namespace varve::internal {

/// The fields that `predicate` looks at, in its order.
std::vector<const FieldSchema*> FieldsOf(const CollectionSchema& schema,
                                         const Predicate& predicate);

/// What the manifest's statistics say of a segment.
Match MatchOfSegment(const SegmentReader& segment, const Predicate& predicate);

class SegmentFilter {
 public:
  /// `segment` and `predicate` outlive the filter. Reads no values yet.
  static Result<SegmentFilter> Make(const SegmentReader& segment, const CollectionSchema& schema,
                                    const Predicate& predicate, const ColumnScanOptions& options);

  /// kAll and kNone need no values read.
  Match match() const { return match_; }

  /// The next matching rows, ascending, offsets in the segment: at least `want` unless the segment
  /// ends. Empty: no more. REQUIRES: match() == Match::kSome
  Result<std::vector<int64_t>> Next(int64_t want);

 private:
  SegmentFilter(const Predicate& predicate, Match match) : predicate_(&predicate), match_(match) {}

  // Rows left to look at, cut so that each piece either is known to match or has to be evaluated.
  struct Piece {
    RowRange rows;
    bool known_to_match = false;
  };

  void CutPieces(const RowRanges& may_match, const RowRanges& all_match);

  const Predicate* predicate_;
  Match match_;
  std::vector<Piece> pieces_;
  size_t piece_ = 0;      // the first one with rows left,
  int64_t next_row_ = 0;  // from this row on
  std::optional<ColumnScan> columns_;
};

}  // namespace varve::internal
