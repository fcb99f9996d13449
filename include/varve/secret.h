// SPDX-License-Identifier: Apache-2.0
// Text that is not to be seen: a key, a token, a signature. It cannot be printed or compared by
// accident, and its bytes are overwritten before their memory is given back.
//
// Threads: as std::string
// Limits:  copies that others make of what Reveal shows are theirs to look after
#pragma once

#include <iosfwd>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/visibility.h"

namespace varve {

class VARVE_EXPORT Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view value) : value_(value.begin(), value.end()) {}
  Secret(const Secret& other) : value_(other.value_) {}
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {}
  Secret& operator=(Secret other) noexcept;
  ~Secret() { Wipe(); }

  bool empty() const { return value_.empty(); }
  /// The text itself, for who must send it. Lives until this secret is assigned to or ends.
  std::string_view Reveal() const { return {value_.data(), value_.size()}; }
  /// "***"; "" if there is nothing to hide.
  std::string ToString() const { return empty() ? "" : "***"; }

 private:
  void Wipe() noexcept;

  // Not a std::string, which keeps short texts in itself and leaves them behind when moved.
  std::pmr::vector<char> value_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace varve
