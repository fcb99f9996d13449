// SPDX-License-Identifier: Apache-2.0
#include "varve/batch.h"

#include "arrow/buffer.h"
#include "storage/batch/byte_budget.h"
#include "storage/batch/copy_object.h"
#include "storage/batch/run_batch.h"

namespace varve {
namespace {

BatchOutcome Run(size_t num_objects, const BatchOptions& options,
                 const std::function<Status(int64_t, internal::ByteBudget*)>& task) {
  const auto count = static_cast<int64_t>(num_objects);
  const auto executor = internal::ExecutorFor(options);
  if (!executor.ok()) return internal::FailedBatch(count, executor.status());
  internal::ByteBudget budget(options.bytes_in_flight);
  return internal::RunBatch(executor->get(), count, options.stop_at_first_error,
                            [&](int64_t index) { return task(index, &budget); });
}

}  // namespace

BatchOutcome ReadObjects(ChunkManager* store, const std::vector<BatchRead>& reads,
                         const ObjectConsumer& consume, const BatchOptions& options) {
  return Run(reads.size(), options, [&](int64_t index, internal::ByteBudget* budget) -> Status {
    const BatchRead& read = reads[index];
    ARROW_ASSIGN_OR_RAISE(const auto reader, store->OpenReader(read.path, read.known_size));
    ARROW_ASSIGN_OR_RAISE(const auto share, budget->Take(reader->size()));
    ARROW_ASSIGN_OR_RAISE(auto bytes, reader->Read(0, reader->size()));
    return consume(index, std::move(bytes));
  });
}

BatchOutcome WriteObjects(ChunkManager* store, const std::vector<BatchWrite>& writes,
                          const BatchOptions& options) {
  return Run(writes.size(), options, [&](int64_t index, internal::ByteBudget* budget) -> Status {
    const BatchWrite& write = writes[index];
    const auto size = write.bytes == nullptr ? 0 : write.bytes->size();
    // The caller holds these bytes; a store may copy them.
    ARROW_ASSIGN_OR_RAISE(const auto share, budget->Take(size));
    const uint8_t* data = size == 0 ? nullptr : write.bytes->data();
    return store->Write(write.path, {data, static_cast<size_t>(size)});
  });
}

BatchOutcome CopyObjects(ChunkManager* source, ChunkManager* target,
                         const std::vector<BatchCopy>& copies, const BatchOptions& options) {
  return Run(copies.size(), options, [&](int64_t index, internal::ByteBudget* budget) {
    return internal::CopyObject(
        {.source = source, .from = copies[index].from, .target = target, .to = copies[index].to},
        budget);
  });
}

BatchOutcome RemoveObjects(ChunkManager* store, const std::vector<std::string>& paths,
                           const BatchOptions& options) {
  return Run(paths.size(), options,
             [&](int64_t index, internal::ByteBudget*) { return store->Remove(paths[index]); });
}

}  // namespace varve
