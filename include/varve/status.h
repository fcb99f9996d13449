// SPDX-License-Identifier: Apache-2.0
// What went wrong, as a value.
//
// Varve returns arrow::Status and arrow::Result everywhere and never throws across a public
// boundary. Errors of its own kinds carry an ErrorDetail, so that a program can tell "the file is
// damaged" from "somebody else committed first" without reading the message.
//
//   auto table = varve::Table::Open("file:///data/books");
//   if (varve::IsCorruption(table.status())) { ... }
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/result.h"
#include "arrow/status.h"
#include "varve/visibility.h"

namespace varve {

using arrow::Result;
using arrow::Status;

/// The kinds of failure a caller may want to tell apart. Values are stable: they are the codes of
/// the C ABI.
enum class ErrorKind : int32_t {
  kInvalid = 1,            ///< the caller's input is wrong
  kNotFound = 2,           ///< a table, version, object, column or row does not exist
  kAlreadyExists = 3,      ///< create-if-absent met something that is there
  kCorruption = 4,         ///< bytes read are not the bytes written
  kCommitConflict = 5,     ///< another commit overlaps this one; nothing of ours is visible
  kCommitUnknown = 6,      ///< the commit may or may not have happened; never clean up after it
  kUnsupported = 7,        ///< a valid file or request that this version does not handle
  kResourceExhausted = 8,  ///< memory, disk or a configured limit
  kIo = 9,                 ///< the operating system or the store reported an error
  kCancelled = 10,         ///< the caller asked to stop
  kInternal = 11,          ///< a defect of Varve
  kDenied = 12,            ///< the operating system or the store denies access
};

/// The stable lower-case name of a kind ("corruption").
VARVE_EXPORT std::string_view ErrorKindName(ErrorKind kind);

/// What a failure concerns; empty members are left out of the message.
struct ErrorContext {
  std::string object;   ///< path of the file or object, or URI of the table
  std::string field;    ///< column or structure member
  int64_t offset = -1;  ///< byte offset in the object
  std::string expected;
  std::string found;
};

/// Error of `kind`: "<message>: object 'a.parquet', field 'id', offset 12, expected X, found Y".
VARVE_EXPORT Status MakeError(ErrorKind kind, std::string_view message, ErrorContext context = {});

/// Damaged bytes; short for MakeError(kCorruption, …).
VARVE_EXPORT Status Corruption(std::string_view message, ErrorContext context = {});

/// The kind of a failed status, also for plain Arrow codes.  REQUIRES: !status.ok()
VARVE_EXPORT ErrorKind KindOf(const Status& status);

/// The context given to MakeError, or nullptr. Lives as long as `status`.
VARVE_EXPORT const ErrorContext* ContextOf(const Status& status);

inline bool IsCorruption(const Status& s) { return !s.ok() && KindOf(s) == ErrorKind::kCorruption; }
inline bool IsNotFound(const Status& s) { return !s.ok() && KindOf(s) == ErrorKind::kNotFound; }
inline bool IsAlreadyExists(const Status& s) {
  return !s.ok() && KindOf(s) == ErrorKind::kAlreadyExists;
}
inline bool IsCommitConflict(const Status& s) {
  return !s.ok() && KindOf(s) == ErrorKind::kCommitConflict;
}
inline bool IsCommitUnknown(const Status& s) {
  return !s.ok() && KindOf(s) == ErrorKind::kCommitUnknown;
}

}  // namespace varve
