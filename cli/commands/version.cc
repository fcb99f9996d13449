// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "arrow/config.h"
#include "cli/command.h"
#include "cli/output/json_document.h"

namespace varve::cli {
namespace {

class VersionCommand : public Command {
 public:
  void Configure(CLI::App*) override {}

  Status Run(Console* console) override {
    const std::string arrow = arrow::GetBuildInfo().version_string;
    if (console->json) {
      nlohmann::ordered_json document;
      document["varve"] = VARVE_VERSION;
      document["arrow"] = arrow;
      document["compiler"] = __VERSION__;
      PrintJson(console, document);
    } else {
      console->DataLine("varve " VARVE_VERSION " (Arrow " + arrow + ", compiler " __VERSION__ ")");
    }
    return Status::OK();
  }
};

}  // namespace

extern const CommandEntry kVersionCommand{"version",
                                          "Other",
                                          "Versions of varve and of Arrow",
                                          "",
                                          "varve version\nvarve version --json",
                                          MakeCommand<VersionCommand>};

}  // namespace varve::cli
