// SPDX-License-Identifier: Apache-2.0
#include "packed/bounded_pool.h"

#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"

namespace varve::internal {
namespace {

class PooledBuffer : public arrow::Buffer {
 public:
  PooledBuffer(std::shared_ptr<arrow::Buffer> bytes, std::shared_ptr<BoundedPool> pool)
      : Buffer(bytes->data(), bytes->size()), pool_(std::move(pool)), bytes_(std::move(bytes)) {}

 private:
  // Destroyed last to first: the bytes go back while there still is a pool.
  std::shared_ptr<BoundedPool> pool_;
  std::shared_ptr<arrow::Buffer> bytes_;
};

std::shared_ptr<arrow::ArrayData> Kept(const arrow::ArrayData& data,
                                       const std::shared_ptr<BoundedPool>& pool) {
  auto kept = data.Copy();
  for (auto& buffer : kept->buffers) {
    if (buffer != nullptr) buffer = std::make_shared<PooledBuffer>(std::move(buffer), pool);
  }
  for (auto& child : kept->child_data) child = Kept(*child, pool);
  if (kept->dictionary != nullptr) kept->dictionary = Kept(*kept->dictionary, pool);
  return kept;
}

}  // namespace

std::shared_ptr<arrow::Array> KeepPool(const arrow::Array& array,
                                       std::shared_ptr<BoundedPool> pool) {
  return arrow::MakeArray(Kept(*array.data(), pool));
}

}  // namespace varve::internal
