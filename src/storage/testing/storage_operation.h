// SPDX-License-Identifier: Apache-2.0
// The calls of a store, by name, for tests that count them or make them fail.
#pragma once

#include <string_view>

namespace varve::internal {

enum class StorageOperation {
  kStat,  ///< Exist, Size and Stat
  kOpenReader,
  kReadAt,
  kReadRanges,  ///< a vectored read: one wave, however many ranges
  kMap,
  kWrite,
  kPutIfAbsent,
  kOpenWriter,
  kWriterWrite,  ///< Write and WriteAll of a writer
  kWriterClose,
  kWriteAt,
  kList,
  kRemove,
  kCopy,
};
inline constexpr int kNumStorageOperations = 14;

std::string_view StorageOperationName(StorageOperation operation);

}  // namespace varve::internal
