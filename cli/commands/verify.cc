// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/parquet_summary.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class VerifyCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_flag("--deep", deep_, "Read every byte and compare it with its checksums");
  }

  Status Run(Console* console) override {
    const auto begin = std::chrono::steady_clock::now();
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    int64_t num_files = 0, num_bytes = 0;
    for (const SegmentInfo& segment : source->segments()) {
      for (const FileInfo& file : segment.files) num_bytes += file.file_bytes;
      num_files += static_cast<int64_t>(segment.files.size());
    }
    console->Progress("verifying " + FormatBytes(num_bytes) + " …");
    std::vector<std::string> problems;
    ARROW_RETURN_NOT_OK(Verify(*source, &problems));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (console->json) {
      nlohmann::ordered_json document;
      document["location"] = source->location();
      if (source->is_table()) document["version"] = source->snapshot()->version();
      document["deep"] = deep_;
      document["files"] = num_files;
      document["bytes"] = num_bytes;
      document["seconds"] = seconds.count();
      document["problems"] = problems;
      PrintJson(console, document);
    } else {
      for (const std::string& problem : problems) console->DataLine(Printable(problem));
    }
    if (!problems.empty()) {
      return Corruption(Plural(static_cast<int64_t>(problems.size()), "problem") + " in " +
                        Plural(num_files, "file") + " of " + source->location());
    }
    std::string words = console->Good("ok") + ": " + Plural(num_files, "file");
    words += deep_ ? ", every byte of " + FormatBytes(num_bytes) + " read and compared in " +
                         FormatSeconds(seconds.count()) + " (" +
                         FormatRate(num_bytes, seconds.count()) + ")"
             : source->is_table() ? ", lengths and footers compared; --deep reads every byte"
                                  : ", only its footer was read; --deep reads every byte";
    if (!console->json) console->DataLine(words);
    return Status::OK();
  }

 private:
  Status Verify(const Source& source, std::vector<std::string>* problems) const {
    if (source.is_table()) return source.snapshot()->Verify(deep_, problems);
    if (deep_) return source.file()->Verify(problems);
    // Opening it compared the footer; what it says of the column chunks must parse too.
    return SummarizeParquet(source.store(), source.segments()[0].files[0].path).status();
  }

  SourceArguments source_;
  bool deep_ = false;
};

}  // namespace

extern const CommandEntry kVerifyCommand{
    "verify",
    "Care",
    "Compare a table or file with its checksums",
    "Problems go to standard output, one a line, naming the file; the exit code is then 3.",
    "varve verify books\nvarve verify books --deep\nvarve verify some.parquet --deep --json",
    MakeCommand<VerifyCommand>};

}  // namespace varve::cli
