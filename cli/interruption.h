// SPDX-License-Identifier: Apache-2.0
// Ctrl-C. Commands that only read end at once with code 130. A command that writes asks for a
// graceful end: its streams then report Cancelled, what was half-written is discarded by its owner,
// and the process returns 130. A second Ctrl-C ends it at once.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "varve/status.h"

namespace varve::cli {

/// Installs the handler of SIGINT and SIGTERM, and lets a closed pipe end the process quietly.
void InstallSignalHandlers();

/// While one of these lives, Ctrl-C only asks.
class GracefulInterruption {
 public:
  GracefulInterruption();
  ~GracefulInterruption();
  GracefulInterruption(const GracefulInterruption&) = delete;
  GracefulInterruption& operator=(const GracefulInterruption&) = delete;
};

/// Cancelled if somebody pressed Ctrl-C.
Status CheckInterrupted();

}  // namespace varve::cli
