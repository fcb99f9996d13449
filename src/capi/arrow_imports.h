// SPDX-License-Identifier: Apache-2.0
// Schemas and arrays of Arrow's C data interface, looked at before they are followed: Arrow's own
// imports take for granted that what is counted is there.
//
// Not seen:  how large buffers are, as the interface does not say it
// Errors:    Invalid for what was released, and for NULL or a number below 0 where there cannot be
// Ownership: what an import is given is released on every way out
// Source:    https://arrow.apache.org/docs/format/CDataInterface.html
#pragma once

#include <memory>

#include "arrow/c/abi.h"
#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::capi {

Result<std::shared_ptr<arrow::Schema>> ImportSchema(ArrowSchema* schema);

// Valid as arrow::Array::Validate has it.
Result<std::shared_ptr<arrow::Array>> ImportArray(ArrowArray* array, ArrowSchema* schema);

// Whether `array`, which is not released, can be imported as `type`.
Status CheckArray(const ArrowArray& array, const arrow::DataType& type);

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
