// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/executor.h"
#include "packed/milvus_packed_set.h"
#include "varve/milvus_packed.h"

namespace varve {
namespace {

using internal::MilvusPackedSet;

class PackedSetsStream : public arrow::RecordBatchReader {
 public:
  PackedSetsStream(std::shared_ptr<arrow::Schema> schema,
                   std::vector<std::shared_ptr<const MilvusPackedSet>> sets,
                   const MilvusPackedReadOptions& options)
      : schema_(std::move(schema)), sets_(std::move(sets)), options_(options) {}

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
      const auto set = std::exchange(sets_[next_++], nullptr);
      // As Milvus does: a set that has none of the fields has no rows of them.
      if (set->HasAny()) stream_ = set->Scan(schema_, options_);
    }
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<const MilvusPackedSet>> sets_;
  const MilvusPackedReadOptions options_;
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
  // All before the first row: which fields may be null is part of the stream's schema.
  std::vector<std::shared_ptr<const MilvusPackedSet>> opened(sets.size());
  RETURN_NOT_OK(internal::Executor::Default()->ParallelFor(
      static_cast<int64_t>(sets.size()), [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        ARROW_ASSIGN_OR_RAISE(opened[at], MilvusPackedSet::Open(store, sets[at], *schema, *schema));
        return Status::OK();
      }));
  arrow::FieldVector fields = schema->fields();
  for (const auto& set : opened) {
    for (int i = 0; i < schema->num_fields(); ++i) {
      auto& field = fields[static_cast<size_t>(i)];
      if (!set->Has(i)) field = field->WithNullable(true);
    }
  }
  return std::make_shared<PackedSetsStream>(arrow::schema(std::move(fields), schema->metadata()),
                                            std::move(opened), options);
}

}  // namespace varve
