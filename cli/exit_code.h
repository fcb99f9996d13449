// SPDX-License-Identifier: Apache-2.0
// What the process returns: a small number a script can rely on. docs/guide/command-line.md
#pragma once

#include "varve/status.h"

namespace varve::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,      ///< I/O errors and defects
  kUsage = 2,        ///< the command line, or the rows handed in, are wrong
  kDamaged = 3,      ///< bytes are not what was written, or not what their format says
  kNotFound = 4,     ///< no such table, version, file or row
  kConflict = 5,     ///< something is there already, or another commit won
  kUnknown = 6,      ///< a commit may or may not have happened
  kUnsupported = 7,  ///< valid, but not handled
  kLimit = 8,        ///< out of memory, out of disk, or a configured limit
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const Status& status);

}  // namespace varve::cli
