// SPDX-License-Identifier: Apache-2.0
#include "cli/interruption.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "cli/exit_code.h"

namespace varve::cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> graceful{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler touches them");

void OnInterrupt(int) {
  if (graceful.load() == 0 || interrupted.exchange(true)) {
    _exit(static_cast<int>(ExitCode::kInterrupted));
  }
}

}  // namespace

void InstallSignalHandlers() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // `varve head … | head -1`: end like every Unix filter. A parent may have left the signal
  // ignored.
  signal(SIGPIPE, SIG_DFL);
}

GracefulInterruption::GracefulInterruption() { graceful.fetch_add(1); }
GracefulInterruption::~GracefulInterruption() { graceful.fetch_sub(1); }

Status CheckInterrupted() {
  if (interrupted.load(std::memory_order_relaxed)) {
    return MakeError(ErrorKind::kCancelled, "interrupted; nothing half-written was left behind");
  }
  return Status::OK();
}

}  // namespace varve::cli
