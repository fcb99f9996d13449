// SPDX-License-Identifier: Apache-2.0
#include "storage/map_guard.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

namespace varve {
namespace internal {
namespace {

struct sigaction previous_handler;

void OnBusError(int signal, siginfo_t* info, void* context) {
  const auto* address = static_cast<const uint8_t*>(info->si_addr);
  MapAccess* scope = CurrentMapAccess();
  if (scope != nullptr && address >= scope->begin && address < scope->end) {
    siglongjmp(scope->resume, 1);
  }
  if ((previous_handler.sa_flags & SA_SIGINFO) != 0 && previous_handler.sa_sigaction != nullptr) {
    previous_handler.sa_sigaction(signal, info, context);
  } else if (previous_handler.sa_handler != SIG_DFL && previous_handler.sa_handler != SIG_IGN) {
    previous_handler.sa_handler(signal);
  } else {
    // Returning runs the faulting instruction again, now with nobody in the way.
    sigaction(signal, &previous_handler, nullptr);
  }
}

}  // namespace

MapAccess*& CurrentMapAccess() {
  thread_local MapAccess* current = nullptr;
  return current;
}

Status MapFault(const std::string& object) {
  return Corruption("mapped file cannot be read: it was truncated, or its disk failed",
                    {.object = object});
}

}  // namespace internal

Status InstallMapGuard() {
  static std::mutex mutex;
  static bool installed = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (installed) return Status::OK();
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_sigaction = internal::OnBusError;
  // SA_NODEFER: the jump out of the handler does not restore the mask, so the signal must not be in
  // it.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, &action, &internal::previous_handler) != 0) {
    return MakeError(ErrorKind::kIo,
                     std::string("cannot install a SIGBUS handler: ") + std::strerror(errno));
  }
  installed = true;
  return Status::OK();
}

}  // namespace varve
