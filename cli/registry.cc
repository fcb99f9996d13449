// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"

namespace varve::cli {

// Each is defined in commands/<name>.cc.
extern const CommandEntry kBenchCommand;
extern const CommandEntry kBinlogCommand;
extern const CommandEntry kCompletionCommand;
extern const CommandEntry kCpCommand;
extern const CommandEntry kCreateCommand;
extern const CommandEntry kDoctorCommand;
extern const CommandEntry kExportCommand;
extern const CommandEntry kHeadCommand;
extern const CommandEntry kHistoryCommand;
extern const CommandEntry kImportCommand;
extern const CommandEntry kInfoCommand;
extern const CommandEntry kQueryCommand;
extern const CommandEntry kQuickstartCommand;
extern const CommandEntry kResolveCommand;
extern const CommandEntry kSchemaCommand;
extern const CommandEntry kSegmentCommand;
extern const CommandEntry kStatsCommand;
extern const CommandEntry kTakeCommand;
extern const CommandEntry kTreeCommand;
extern const CommandEntry kVerifyCommand;
extern const CommandEntry kVersionCommand;

std::span<const CommandEntry> Commands() {
  static const std::array kCommands = {
      kQuickstartCommand, kCreateCommand,  kImportCommand,  kCpCommand,     kInfoCommand,
      kSchemaCommand,     kHistoryCommand, kTreeCommand,    kStatsCommand,  kHeadCommand,
      kTakeCommand,       kQueryCommand,   kExportCommand,  kVerifyCommand, kDoctorCommand,
      kResolveCommand,    kBenchCommand,   kSegmentCommand, kBinlogCommand, kCompletionCommand,
      kVersionCommand};
  return kCommands;
}

const CommandEntry* FindCommand(std::string_view name) {
  for (const CommandEntry& entry : Commands()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace varve::cli
