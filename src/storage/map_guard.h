// SPDX-License-Identifier: Apache-2.0
// Scopes in which a fault on mapped bytes is an error instead of the end of the process; see
// varve/map_guard.h.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <span>
#include <string>

#include "varve/map_guard.h"

namespace varve::internal {

/// The innermost scope of this thread: bytes that may fault, and where to go on if they do.
struct MapAccess {
  const uint8_t* begin;
  const uint8_t* end;
  sigjmp_buf resume;
  MapAccess* outer;
};

MapAccess*& CurrentMapAccess();
Status MapFault(const std::string& object);

/// Runs `access`, which reads `mapped` and nothing else that is mapped from a file. A fault inside
/// `mapped` abandons it and gives Corruption naming `object`. Nanoseconds when nothing goes wrong.
/// REQUIRES: `access` leaves nothing behind when it is abandoned half-way: no locks, no
/// allocations, no destructors
template <typename Access>
Status ReadMapped(std::span<const uint8_t> mapped, const std::string& object,
                  const Access& access) {
  MapAccess scope{mapped.data(), mapped.data() + mapped.size(), {}, CurrentMapAccess()};
  if (sigsetjmp(scope.resume, /*savemask=*/0) != 0) {
    CurrentMapAccess() = scope.outer;
    return MapFault(object);
  }
  CurrentMapAccess() = &scope;
  access();
  CurrentMapAccess() = scope.outer;
  return Status::OK();
}

}  // namespace varve::internal
