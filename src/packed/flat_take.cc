// SPDX-License-Identifier: Apache-2.0
#include "packed/flat_take.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "packed/bounded_pool.h"
#include "packed/flat_column.h"
#include "packed/hybrid_reader.h"
#include "packed/parquet_errors.h"
#include "packed/taken_values.h"

namespace varve::internal {
namespace {

// A task: enough pages to pay for waking a thread.
constexpr size_t kTaskPages = 8;
// Levels and values are decoded so many at a time, on the way to those that are wanted.
constexpr size_t kStep = 256;

using parquet::Encoding;

// A row asked for, and its place in the result.
struct Wanted {
  int64_t row = 0;
  int64_t position = 0;
};

struct Selection {
  std::vector<Wanted> wanted;  // each row once, ascending
  std::vector<RepeatedValue> repeats;
};

struct PageWork {
  size_t page = 0;  // of the extent
  std::span<const Wanted> wanted;
  std::span<const uint8_t> bytes;
};

template <typename DType>
class Taker {
 public:
  using T = typename DType::c_type;

  Taker(const FlatColumn& column, const ChunkExtent& extent, int64_t most_bytes, bool verify,
        TakenValues* out)
      : column_(column),
        extent_(extent),
        verify_(verify),
        out_(out),
        pool_(most_bytes),
        dictionary_(&pool_) {}

  Status LoadDictionary(std::span<const uint8_t> bytes) {
    return dictionary_.Load(column_, extent_.codec, verify_, bytes, extent_.begin);
  }

  /// False: a page is not for this road.
  Result<bool> Take(size_t task, std::span<const PageWork> works) const {
    FlatPageOpener opener = column_.Opener(extent_.codec, verify_);
    std::unique_ptr<parquet::TypedDecoder<DType>> decoder;
    std::vector<Wanted> values;  // of a page: which of its values goes where
    for (const PageWork& work : works) {
      const PageExtent& place = extent_.pages[work.page];
      ARROW_ASSIGN_OR_RAISE(const FlatPage page, opener.Open(work.bytes, place.offset));
      column_.pages_decoded->fetch_add(1, std::memory_order_relaxed);
      if (!page.header.is_data()) return Damaged("this is no data page", place.offset);
      const bool is_v1 = page.header.type == ParsedPageHeader::Type::kData;
      if (column_.has_levels() && is_v1 && page.header.definition_encoding != Encoding::RLE)
        return false;
      ARROW_RETURN_NOT_OK(FindValues(page, place, work.wanted, &values));
      if (values.empty()) continue;
      const int32_t encoding = page.header.encoding;
      if (IsDictionaryEncoding(encoding)) {
        ARROW_RETURN_NOT_OK(PickIndexed(task, page, place.offset, values));
        continue;
      }
      if (decoder == nullptr || encoding != static_cast<int32_t>(decoder->encoding())) {
        decoder = MakeFlatDecoder<DType>(encoding, column_.descriptor, &pool_);
        if (decoder == nullptr) return false;
      }
      ARROW_RETURN_NOT_OK(Pick(task, page, place.offset, decoder.get(), values));
    }
    return true;
  }

 private:
  Status Damaged(const char* what, int64_t offset) const { return column_.Damaged(what, offset); }

  // The values behind the rows of `wanted` that are not null.
  Status FindValues(const FlatPage& page, const PageExtent& place, std::span<const Wanted> wanted,
                    std::vector<Wanted>* values) const {
    values->clear();
    if (wanted.back().row - place.begin_row >= page.header.num_values) {
      return Damaged("page holds fewer rows than the index says", place.offset);
    }
    if (!column_.has_levels()) {
      for (const Wanted& w : wanted) values->push_back({w.row - place.begin_row, w.position});
      return Status::OK();
    }
    HybridReader reader(page.levels, /*bit_width=*/1);
    uint32_t levels[kStep];
    int64_t at = 0;        // row of the page that levels[0] belongs to
    int64_t num_read = 0;  // in levels
    int64_t next = 0;      // row of the page that is counted next
    int64_t rank = 0;      // values before it
    for (const Wanted& w : wanted) {
      const int64_t row = w.row - place.begin_row;
      for (;; ++next) {
        if (next == at + num_read) {
          at = next;
          num_read = std::min<int64_t>(kStep, page.header.num_values - at);
          if (!reader.Read({levels, static_cast<size_t>(num_read)})) {
            return Damaged("definition levels end early or are no levels", place.offset);
          }
        }
        if (next == row) break;
        rank += levels[next - at];
      }
      if (levels[row - at] != 0) {
        values->push_back({rank, w.position});
      } else {
        out_->SetNull(w.position);
      }
    }
    return Status::OK();
  }

  Status PickIndexed(size_t task, const FlatPage& page, int64_t offset,
                     std::span<const Wanted> values) const {
    if (page.values.empty() || page.values[0] > 32) {
      return Damaged("impossible width of dictionary indices", offset);
    }
    HybridReader reader(page.values.subspan(1), page.values[0]);
    int64_t next = 0;
    uint32_t index = 0;
    for (const Wanted& value : values) {
      if (!reader.Skip(value.row - next) || !reader.Read({&index, 1})) {
        return Damaged("dictionary indices end early", offset);
      }
      next = value.row + 1;
      if (index >= dictionary_.values().size()) {
        return Damaged("index outside the dictionary", offset);
      }
      ARROW_RETURN_NOT_OK(out_->Set(task, value.position, dictionary_.values()[index]));
    }
    return Status::OK();
  }

  Status Pick(size_t task, const FlatPage& page, int64_t offset,
              parquet::TypedDecoder<DType>* decoder, std::span<const Wanted> values) const {
    decoder->SetData(page.header.num_values, page.values.data(),
                     static_cast<int>(page.values.size()));
    T decoded[kStep];
    int64_t begin = 0;
    int64_t end = 0;
    for (const Wanted& value : values) {
      while (value.row >= end) {
        // No further than wanted: with nulls, nobody has counted the values of the page.
        begin = end;
        const auto step = std::min<int64_t>(kStep, value.row + 1 - end);
        const int count = decoder->Decode(decoded, static_cast<int>(step));
        if (count <= 0) return Damaged("page ends before its values", offset);
        end += count;
      }
      ARROW_RETURN_NOT_OK(out_->Set(task, value.position, decoded[value.row - begin]));
    }
    return Status::OK();
  }

  const FlatColumn& column_;
  const ChunkExtent& extent_;
  const bool verify_;
  TakenValues* const out_;
  mutable BoundedPool pool_;  // of what pages say that decoders have to hold
  FlatDictionary<DType> dictionary_;
};

// The rows in ascending order, by page.
std::vector<PageWork> SplitByPage(const ChunkExtent& extent, std::span<const Wanted> wanted) {
  std::vector<PageWork> works;
  for (size_t begin = 0; begin < wanted.size();) {
    const auto next =
        std::upper_bound(extent.pages.begin(), extent.pages.end(), wanted[begin].row,
                         [](int64_t row, const PageExtent& page) { return row < page.begin_row; });
    size_t end = begin + 1;
    while (end < wanted.size() &&
           (next == extent.pages.end() || wanted[end].row < next->begin_row)) {
      ++end;
    }
    works.push_back({static_cast<size_t>(next - extent.pages.begin()) - 1,
                     wanted.subspan(begin, end - begin),
                     {}});
    begin = end;
  }
  return works;
}

// Reads values whose addresses are known straight to where they belong, and leaves the other pages
// in `works`.
Status TakeAddressed(const FlatColumn& column, const ChunkExtent& extent,
                     std::vector<PageWork>* works, TakenValues* taken) {
  std::vector<ReadRange> ranges;
  const auto is_addressed = [&](const PageWork& work) -> bool {
    const PageExtent& page = extent.pages[work.page];
    const int64_t last = work.wanted.back().row + 1 - page.begin_row;
    // A page that ends too early is left to those who say so.
    if (page.values == 0 || page.values + last * taken->width() > page.offset + page.bytes) {
      return false;
    }
    for (const Wanted& w : work.wanted) {
      ranges.push_back({page.values + (w.row - page.begin_row) * taken->width(), taken->width(),
                        taken->Place(w.position)});
    }
    return true;
  };
  works->erase(std::remove_if(works->begin(), works->end(), is_addressed), works->end());
  return ranges.empty() ? Status::OK() : column.metadata->source().ReadRanges(ranges);
}

// All pages, and the dictionary before them, in one wave.
Status ReadPages(const FlatColumn& column, const ChunkExtent& extent, std::vector<PageWork>* works,
                 std::span<const uint8_t>* dictionary, std::shared_ptr<arrow::Buffer>* storage) {
  const int64_t dictionary_bytes = extent.pages.front().offset - extent.begin;
  int64_t total = dictionary_bytes;
  for (const PageWork& work : *works) total += extent.pages[work.page].bytes;
  ARROW_ASSIGN_OR_RAISE(*storage, arrow::AllocateBuffer(total));
  std::vector<ReadRange> ranges;
  uint8_t* next = (*storage)->mutable_data();
  const auto add = [&](int64_t offset, int64_t length) -> std::span<const uint8_t> {
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == offset) {
      ranges.back().length += length;
    } else {
      ranges.push_back({offset, length, next});
    }
    next += length;
    return {next - length, static_cast<size_t>(length)};
  };
  if (dictionary_bytes > 0) *dictionary = add(extent.begin, dictionary_bytes);
  for (PageWork& work : *works) {
    work.bytes = add(extent.pages[work.page].offset, extent.pages[work.page].bytes);
  }
  return column.metadata->source().ReadRanges(ranges);
}

template <typename DType>
Result<std::shared_ptr<arrow::Array>> TakeTyped(const FlatColumn& column, const ChunkExtent& extent,
                                                const Selection& selection, int64_t most_bytes,
                                                Executor* executor, bool verify) {
  const std::string& path = column.metadata->source().path();
  auto works = SplitByPage(extent, selection.wanted);
  TakenValues taken(column, selection.wanted.size(), selection.repeats, most_bytes);
  ARROW_RETURN_NOT_OK(taken.Init(static_cast<size_t>(executor->parallelism())));
  if (taken.width() > 0 && taken.width() == StoredWidth(*column.descriptor)) {
    ARROW_RETURN_NOT_OK(TakeAddressed(column, extent, &works, &taken));
    if (works.empty()) return taken.Finish();
  }
  std::shared_ptr<arrow::Buffer> storage;
  std::span<const uint8_t> dictionary;
  ARROW_RETURN_NOT_OK(ReadPages(column, extent, &works, &dictionary, &storage));
  const auto num_tasks = std::clamp<size_t>(works.size() / kTaskPages, 1,
                                            static_cast<size_t>(executor->parallelism()));
  Taker<DType> taker(column, extent, most_bytes, verify, &taken);
  if (!dictionary.empty()) {
    ARROW_RETURN_NOT_OK(
        CatchParquet(path, *column.name, [&] { return taker.LoadDictionary(dictionary); }));
  }
  std::atomic<bool> fits{true};
  const auto run = [&](int64_t i) -> Status {
    const auto task = static_cast<size_t>(i);
    const size_t begin = works.size() * task / num_tasks;
    const size_t end = works.size() * (task + 1) / num_tasks;
    const std::span<const PageWork> part(works.data() + begin, end - begin);
    ARROW_ASSIGN_OR_RAISE(const bool fit,
                          CatchParquet(path, *column.name, [&] { return taker.Take(task, part); }));
    if (!fit) fits = false;
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(num_tasks == 1 ? run(0)
                                     : executor->ParallelFor(static_cast<int64_t>(num_tasks), run));
  if (!fits) return nullptr;
  return taken.Finish();
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> TakeFlat(const FlatColumn& column, const ChunkExtent& extent,
                                               int64_t num_rows, std::span<const int64_t> rows,
                                               int64_t most_bytes, Executor* executor,
                                               bool verify) {
  Selection selection;
  std::vector<Wanted>& wanted = selection.wanted;
  wanted.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || rows[i] >= num_rows) return Status::IndexError("row outside its row group");
    wanted[i] = {rows[i], static_cast<int64_t>(i)};
  }
  const auto by_row = [](const Wanted& a, const Wanted& b) { return a.row < b.row; };
  if (!std::is_sorted(wanted.begin(), wanted.end(), by_row)) {
    std::sort(wanted.begin(), wanted.end(), by_row);
  }
  size_t num_rows_wanted = 0;
  for (const Wanted& next : wanted) {
    if (num_rows_wanted > 0 && wanted[num_rows_wanted - 1].row == next.row) {
      selection.repeats.push_back({wanted[num_rows_wanted - 1].position, next.position});
    } else {
      wanted[num_rows_wanted++] = next;
    }
  }
  wanted.resize(num_rows_wanted);
  switch (column.descriptor->physical_type()) {
    case parquet::Type::INT32:
      return TakeTyped<parquet::Int32Type>(column, extent, selection, most_bytes, executor, verify);
    case parquet::Type::INT64:
      return TakeTyped<parquet::Int64Type>(column, extent, selection, most_bytes, executor, verify);
    case parquet::Type::FLOAT:
      return TakeTyped<parquet::FloatType>(column, extent, selection, most_bytes, executor, verify);
    case parquet::Type::DOUBLE:
      return TakeTyped<parquet::DoubleType>(column, extent, selection, most_bytes, executor,
                                            verify);
    case parquet::Type::BYTE_ARRAY:
      return TakeTyped<parquet::ByteArrayType>(column, extent, selection, most_bytes, executor,
                                               verify);
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return TakeTyped<parquet::FLBAType>(column, extent, selection, most_bytes, executor, verify);
    default:
      return nullptr;
  }
}

}  // namespace varve::internal
