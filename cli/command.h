// SPDX-License-Identifier: Apache-2.0
// A subcommand of `varve`: one file in cli/commands/ each, listed in registry.cc.
//
// Life:   made anew for every run; Configure declares options, CLI11 fills them in, Run works.
// Errors: Run's status becomes the message on standard error and the exit code (exit_code.h)
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "cli/output/console.h"
#include "varve/status.h"

namespace CLI {
class App;
}

namespace varve::cli {

class Command {
 public:
  virtual ~Command() = default;
  virtual void Configure(CLI::App* app) = 0;
  virtual Status Run(Console* console) = 0;
};

struct CommandEntry {
  std::string_view name;
  std::string_view group;     ///< heading in `varve --help`
  std::string_view summary;   ///< one line, no full stop
  std::string_view details;   ///< shown by `varve NAME --help` below the options: JSON, exit codes
  std::string_view examples;  ///< one a line
  std::unique_ptr<Command> (*make)();
};

template <typename T>
std::unique_ptr<Command> MakeCommand() {
  return std::make_unique<T>();
}

/// Every subcommand, in the order of `varve --help`.
std::span<const CommandEntry> Commands();
/// nullptr: no such command.
const CommandEntry* FindCommand(std::string_view name);

}  // namespace varve::cli
