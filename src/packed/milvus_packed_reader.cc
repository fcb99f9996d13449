// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "packed/milvus_packed_set.h"
#include "varve/milvus_packed.h"

namespace varve {
namespace {

using internal::MilvusPackedSet;
using SetPtr = std::shared_ptr<const MilvusPackedSet>;

// Opens each set when its rows are asked for.
class PackedSetsStream : public arrow::RecordBatchReader {
 public:
  PackedSetsStream(std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
                   std::shared_ptr<arrow::Schema> schema, const MilvusPackedReadOptions& options)
      : store_(std::move(store)),
        sets_(std::move(sets)),
        schema_(std::move(schema)),
        options_(options) {}

  // The first set says which fields may be null: no later one has fewer.
  Status OpenFirst() {
    if (sets_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(first_, MilvusPackedSet::Open(store_, sets_[0], *schema_, *schema_));
    arrow::FieldVector fields = schema_->fields();
    for (int i = 0; i < schema_->num_fields(); ++i) {
      auto& field = fields[static_cast<size_t>(i)];
      if (!first_->Has(i)) field = field->WithNullable(true);
    }
    schema_ = arrow::schema(std::move(fields), schema_->metadata());
    return Status::OK();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    while (true) {
      if (stream_ != nullptr) {
        RETURN_NOT_OK(stream_->ReadNext(out));
        if (*out != nullptr) return Status::OK();
        stream_ = nullptr;
      }
      *out = nullptr;
      if (next_ == sets_.size()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(const SetPtr set, OpenSet(sets_[next_]));
      ++next_;
      // As Milvus does: a set that has none of the fields has no rows of them.
      if (set->HasAny()) stream_ = set->Scan(schema_, options_);
    }
  }

 private:
  Result<SetPtr> OpenSet(const std::vector<std::string>& paths) {
    if (first_ != nullptr) return std::exchange(first_, nullptr);
    ARROW_ASSIGN_OR_RAISE(auto set, MilvusPackedSet::Open(store_, paths, *schema_, *schema_));
    if (!set->HasAny()) return set;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const arrow::Field& field = *schema_->field(i);
      if (set->Has(i) || field.nullable()) continue;
      return MakeError(ErrorKind::kInvalid, "a later set lacks a field that cannot be null",
                       {.object = paths.front(), .field = field.name()});
    }
    return set;
  }

  const std::shared_ptr<ChunkManager> store_;
  const std::vector<std::vector<std::string>> sets_;
  std::shared_ptr<arrow::Schema> schema_;
  const MilvusPackedReadOptions options_;
  SetPtr first_;  // until its rows are read
  size_t next_ = 0;
  std::shared_ptr<arrow::RecordBatchReader> stream_;  // of the set before next_
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenMilvusPackedSets(
    std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
    std::shared_ptr<arrow::Schema> schema, const MilvusPackedReadOptions& options) {
  if (options.batch_rows < 1) {
    return MakeError(ErrorKind::kInvalid, "batch_rows must be at least 1",
                     {.found = std::to_string(options.batch_rows)});
  }
  auto stream = std::make_shared<PackedSetsStream>(std::move(store), std::move(sets),
                                                   std::move(schema), options);
  RETURN_NOT_OK(stream->OpenFirst());
  return stream;
}

}  // namespace varve
