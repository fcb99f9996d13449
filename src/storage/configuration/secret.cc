// SPDX-License-Identifier: Apache-2.0
#include "varve/secret.h"

#include <cstring>
#include <utility>

namespace varve {

Secret& Secret::operator=(Secret other) noexcept {
  Wipe();
  value_ = std::move(other.value_);
  return *this;
}

void Secret::Wipe() noexcept {
  if (!value_.empty()) explicit_bzero(value_.data(), value_.size());
  value_.clear();
}

}  // namespace varve
