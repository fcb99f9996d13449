// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

namespace varve::cli {

ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kOk;
  switch (KindOf(status)) {
    case ErrorKind::kInvalid:
      return ExitCode::kUsage;
    case ErrorKind::kCorruption:
      return ExitCode::kDamaged;
    case ErrorKind::kNotFound:
      return ExitCode::kNotFound;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kCommitConflict:
      return ExitCode::kConflict;
    case ErrorKind::kCommitUnknown:
      return ExitCode::kUnknown;
    case ErrorKind::kUnsupported:
      return ExitCode::kUnsupported;
    case ErrorKind::kResourceExhausted:
      return ExitCode::kLimit;
    case ErrorKind::kCancelled:
      return ExitCode::kInterrupted;
    case ErrorKind::kIo:
    case ErrorKind::kDenied:
    case ErrorKind::kInternal:
      return ExitCode::kFailure;
  }
  return ExitCode::kFailure;
}

}  // namespace varve::cli
