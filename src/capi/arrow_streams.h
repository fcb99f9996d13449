// SPDX-License-Identifier: Apache-2.0
// Streams of record batches on their way out of the library, and in.
#pragma once

#include <memory>

#include "arrow/c/abi.h"
#include "arrow/type_fwd.h"
#include "capi/stoppable.h"
#include "varve/status.h"

namespace varve::capi {

// Gives `reader` out as `out`; what it throws becomes an error of the stream, and so does a stop of
// it.
Status ExportStream(std::shared_ptr<arrow::RecordBatchReader> reader, StopFlag stop,
                    ArrowArrayStream* out);

// Takes `stream` in, which is released on every way out.
// Errors: Invalid for NULL, and for one that was released
Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(ArrowArrayStream* stream);

// Releases what is not released yet, where a call fails before it is imported; NULL is harmless.
template <typename T>
class ReleaseOnExit {
 public:
  explicit ReleaseOnExit(T* object) : object_(object) {}
  ~ReleaseOnExit() {
    if (object_ != nullptr && object_->release != nullptr) object_->release(object_);
  }
  ReleaseOnExit(const ReleaseOnExit&) = delete;
  ReleaseOnExit& operator=(const ReleaseOnExit&) = delete;

 private:
  T* const object_;
};

}  // namespace varve::capi
