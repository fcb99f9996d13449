// SPDX-License-Identifier: Apache-2.0
#include "segment/delete_set.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "varve/batch.h"
#include "varve/delta_log.h"

namespace varve::internal {
namespace {

template <typename Key>
bool HidesIn(const std::vector<std::pair<Key, uint64_t>>& deletes, Key key, uint64_t inserted,
             uint64_t as_of) {
  const auto next = std::ranges::upper_bound(deletes, std::pair(key, inserted));
  return next != deletes.end() && next->first == key && next->second <= as_of;
}

Status CheckKeys(const DeleteData& deletes, const FieldSchema& primary_key,
                 const std::string& object) {
  const bool has_texts = deletes.primary_keys->type_id() == arrow::Type::STRING;
  if (has_texts == (primary_key.data_type == DataType::kVarChar)) return Status::OK();
  return Corruption(
      "the deletes are of keys of another type",
      {.object = object,
       .field = primary_key.name,
       .expected = std::string(DataTypeName(primary_key.data_type)),
       .found = std::string(DataTypeName(has_texts ? DataType::kVarChar : DataType::kInt64))});
}

}  // namespace

Result<std::shared_ptr<const DeleteSet>> DeleteSet::Load(ChunkManager* store,
                                                         const std::vector<FieldBinlog>& lists,
                                                         const FieldSchema* primary_key,
                                                         std::shared_ptr<const DeleteSet> further) {
  std::vector<BatchRead> reads;
  for (const FieldBinlog& list : lists) {
    for (const Binlog& log : list.logs) {
      // Logs that were planned and had nothing to hold are listed without a path.
      if (!log.path.empty()) reads.push_back({.path = log.path});
    }
  }
  std::vector<DeleteData> logs(reads.size());
  const BatchOutcome outcome =
      ReadObjects(store, reads, [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
        ARROW_ASSIGN_OR_RAISE(logs[index], ReadDeltaLog(bytes, reads[index].path));
        return Status::OK();
      });
  ARROW_RETURN_NOT_OK(outcome.status);

  auto set = std::make_shared<DeleteSet>();
  set->further_ = std::move(further);
  for (size_t i = 0; i < logs.size(); ++i) {
    const DeleteData& deletes = logs[i];
    if (deletes.num_rows() == 0) continue;
    if (primary_key == nullptr) {
      return MakeError(ErrorKind::kInvalid,
                       "deletes name rows by their primary key, and the schema has none",
                       {.object = reads[i].path});
    }
    ARROW_RETURN_NOT_OK(CheckKeys(deletes, *primary_key, reads[i].path));
    const uint64_t* times = deletes.timestamps->raw_values();
    if (primary_key->data_type == DataType::kVarChar) {
      const auto& keys = static_cast<const arrow::StringArray&>(*deletes.primary_keys);
      for (int64_t row = 0; row < keys.length(); ++row) {
        set->texts_.emplace_back(keys.GetView(row), times[row]);
      }
      set->text_keys_.push_back(deletes.primary_keys);
    } else {
      const auto& keys = static_cast<const arrow::Int64Array&>(*deletes.primary_keys);
      for (int64_t row = 0; row < keys.length(); ++row) {
        set->numbers_.emplace_back(keys.Value(row), times[row]);
      }
    }
  }
  std::ranges::sort(set->numbers_);
  std::ranges::sort(set->texts_);
  return set;
}

int64_t DeleteSet::size() const {
  return static_cast<int64_t>(numbers_.size() + texts_.size()) +
         (further_ == nullptr ? 0 : further_->size());
}

bool DeleteSet::Hides(int64_t key, uint64_t inserted, uint64_t as_of) const {
  return HidesIn(numbers_, key, inserted, as_of) ||
         (further_ != nullptr && further_->Hides(key, inserted, as_of));
}

bool DeleteSet::Hides(std::string_view key, uint64_t inserted, uint64_t as_of) const {
  return HidesIn(texts_, key, inserted, as_of) ||
         (further_ != nullptr && further_->Hides(key, inserted, as_of));
}

}  // namespace varve::internal
