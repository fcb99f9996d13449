// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/coalesced_reads.h"

#include <algorithm>

namespace varve::internal {
namespace {

constexpr int64_t kPointWasteShare = 16;
// A few rows of a scan may cost more bytes than they have: those are soon there, too.
constexpr int64_t kScanWasteMin = 4 << 20;

int64_t EndOf(const CoalescedRead::Part& part) { return part.offset + part.length; }

// By offset, none longer than a request may be.
std::vector<CoalescedRead::Part> SortedParts(std::span<const ReadRange> ranges, int64_t most) {
  std::vector<CoalescedRead::Part> parts;
  parts.reserve(ranges.size());
  for (const ReadRange& range : ranges) {
    for (int64_t done = 0; done < range.length; done += most) {
      parts.push_back({range.offset + done, std::min(most, range.length - done),
                       static_cast<uint8_t*>(range.out) + done});
    }
  }
  const auto before = [](const auto& a, const auto& b) { return a.offset < b.offset; };
  if (!std::is_sorted(parts.begin(), parts.end(), before)) {
    std::stable_sort(parts.begin(), parts.end(), before);
  }
  return parts;
}

}  // namespace

int64_t CoalescingPolicy::GapMax() const {
  const double seconds =
      std::max(std::chrono::duration<double>(request_work).count(),
               std::chrono::duration<double>(first_byte).count() /
                   static_cast<double>(std::max<int64_t>(requests_under_way, 1)));
  return std::max(free_gap_bytes,
                  static_cast<int64_t>(seconds * static_cast<double>(bytes_per_second)));
}

std::vector<CoalescedRead> Coalesce(std::span<const ReadRange> ranges, ReadPattern pattern,
                                    const CoalescingPolicy& policy) {
  const auto parts = SortedParts(ranges, policy.request_bytes_max);
  if (parts.empty()) return {};

  // joined[i]: part i travels with those before it.
  std::vector<bool> joined(parts.size(), false);
  struct Gap {
    int64_t bytes;
    size_t part;
  };
  std::vector<Gap> gaps;
  const int64_t gap_max = policy.GapMax();
  int64_t wanted = 0;
  int64_t wasted = 0;
  int64_t end = parts.front().offset;
  for (size_t i = 0; i < parts.size(); ++i) {
    const int64_t gap = parts[i].offset - end;
    wanted += EndOf(parts[i]) - std::max(end, parts[i].offset);
    end = std::max(end, EndOf(parts[i]));
    if (i == 0) continue;
    joined[i] = gap <= policy.free_gap_bytes;
    if (joined[i]) {
      wasted += std::max<int64_t>(gap, 0);
    } else if (gap <= gap_max) {
      gaps.push_back({gap, i});
    }
  }
  // The smallest first: each spares one request.
  std::ranges::stable_sort(gaps, {}, &Gap::bytes);
  const int64_t waste_max =
      pattern == ReadPattern::kScan ? std::max(wanted, kScanWasteMin) : wanted / kPointWasteShare;
  for (const Gap& gap : gaps) {
    if (wasted + gap.bytes > waste_max) break;
    wasted += gap.bytes;
    joined[gap.part] = true;
  }

  std::vector<CoalescedRead> reads;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    if (joined[i]) {
      CoalescedRead& last = reads.back();
      const int64_t length = std::max(last.length, EndOf(part) - last.offset);
      if (length <= policy.request_bytes_max) {
        last.length = length;
        last.parts.push_back(part);
        continue;
      }
    }
    reads.push_back({part.offset, part.length, {part}});
  }
  return reads;
}

}  // namespace varve::internal
