// SPDX-License-Identifier: Apache-2.0
#include <clocale>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "arrow/compute/initialize.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/interruption.h"
#include "varve/map_guard.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // widths of characters; numbers stay as C writes them
  varve::cli::InstallSignalHandlers();
  try {
    auto initialized = arrow::compute::Initialize();
    // A mapped file that is cut short under us becomes an error instead of a SIGBUS.
    if (initialized.ok()) initialized = varve::InstallMapGuard();
    if (initialized.ok()) {
      return varve::cli::RunCommandLine(std::vector<std::string>(argv + 1, argv + argc));
    }
    std::fprintf(stderr, "varve: %s\n", initialized.ToString().c_str());
  } catch (const std::exception& error) {  // out of memory, or a defect
    std::fprintf(stderr, "varve: unexpected: %s\n", error.what());
  }
  return static_cast<int>(varve::cli::ExitCode::kFailure);
}
