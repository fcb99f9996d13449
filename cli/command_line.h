// SPDX-License-Identifier: Apache-2.0
// From the words of the command line to a finished command: help, suggestions, errors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace varve::cli {

/// Runs `varve <words>` and returns the exit code.
int RunCommandLine(const std::vector<std::string>& words);

/// The parser of one command with the options all have; `console` gets --json and --quiet.
std::unique_ptr<CLI::App> MakeParser(const CommandEntry& entry, Command* command, Console* console);

}  // namespace varve::cli
