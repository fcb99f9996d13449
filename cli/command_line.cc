// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/interruption.h"
#include "cli/opened_stores.h"
#include "cli/option_checks.h"
#include "cli/store_arguments.h"
#include "varve/stop.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

// CLI11's own layout, with the examples where people look for them: at the end, verbatim.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(const CommandEntry& entry) : entry_(entry) { column_width(30); }

  std::string make_footer(const CLI::App*) const override {
    std::string text = "\n";
    if (!entry_.details.empty()) text.append(entry_.details).append("\n\n");
    text += "Examples:\n";
    std::string_view rest = entry_.examples;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      text.append("  ").append(rest.substr(0, end)).append("\n");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return text;
  }

 private:
  const CommandEntry& entry_;
};

void PrintHelp(Console* console) {
  console->DataLine("varve: a storage engine for vector data, in plain Parquet files\n");
  console->DataLine("Usage: varve COMMAND [ARGUMENTS] [OPTIONS]");
  std::string_view group;
  for (const CommandEntry& entry : Commands()) {
    if (entry.group != group) {
      group = entry.group;
      console->DataLine("\n" + console->Bold(std::string(group) + ":"));
    }
    std::string name(entry.name);
    name.resize(14, ' ');
    console->DataLine("  " + name + std::string(entry.summary));
  }
  console->DataLine("\n'varve COMMAND --help' explains a command and shows examples.");
  console->DataLine("Begin with: varve quickstart");
}

std::vector<std::string> CommandNames() {
  std::vector<std::string> names = {"help"};
  for (const CommandEntry& entry : Commands()) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> OptionNames(CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What CLI11 could not place: a mistyped option is more telling than the word after it.
Status CheckRemaining(const CommandEntry& entry, CLI::App* app) {
  const std::vector<std::string> remaining = app->remaining();
  if (remaining.empty()) return Status::OK();
  for (std::string word : remaining) {
    if (word.size() < 2 || word[0] != '-') continue;
    word = word.substr(0, word.find('='));
    return MakeError(ErrorKind::kInvalid, "unknown option '" + word + "' of 'varve " +
                                              std::string(entry.name) + "'" +
                                              DidYouMean(word, OptionNames(app)));
  }
  return MakeError(ErrorKind::kInvalid, "unexpected argument '" + remaining.front() + "'");
}

int Fail(const Status& status, const Console& console) {
  std::fflush(stdout);
  const ExitCode code = ExitCodeOf(status);
  if (console.json) {
    nlohmann::ordered_json error;
    error["kind"] = ErrorKindName(KindOf(status));
    error["message"] = status.message();
    error["exit_code"] = static_cast<int>(code);
    if (const ErrorContext* context = ContextOf(status); context != nullptr) {
      if (!context->object.empty()) error["object"] = context->object;
      if (!context->field.empty()) error["field"] = context->field;
      if (context->offset >= 0) error["offset"] = context->offset;
      if (IsCommitUnknown(status) && !context->found.empty()) error["token"] = context->found;
    }
    nlohmann::ordered_json document;
    document["error"] = std::move(error);
    const std::string text =
        document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "varve: %s\n", status.message().c_str());
  }
  return static_cast<int>(code);
}

// What the configuration file says in vain; doctor tells that among its findings.
void TellWarnings(const CommandEntry& entry, const CLI::App& app, Console* console) {
  const CLI::Option* option = app.get_option_no_throw("--config");
  if (option == nullptr || entry.name == "doctor") return;
  StoreArguments arguments;
  if (option->count() > 0) arguments.configuration = option->as<std::string>();
  const auto file = arguments.LoadConfiguration();
  // What is wrong with it, the command says.
  if (!file.ok() || !file->has_value()) return;
  for (const std::string& warning : (*file)->warnings) console->Say("varve: " + warning);
}

int RunCommand(const CommandEntry& entry, std::vector<std::string> arguments, Console* console) {
  const auto command = entry.make();
  const auto app = MakeParser(entry, command.get(), console);
  Status status;
  try {
    std::reverse(arguments.begin(), arguments.end());
    app->parse(arguments);
    status = CheckRemaining(entry, app.get());
  } catch (const CLI::CallForHelp&) {
    console->Data(app->help());
    return static_cast<int>(ExitCodeOf(console->Flush()));
  } catch (const CLI::ParseError& error) {
    status = CheckRemaining(entry, app.get());
    if (status.ok()) status = MakeError(ErrorKind::kInvalid, error.what());
  }
  if (!status.ok()) {
    const int code = Fail(status, *console);
    if (!console->json) {
      console->Say("'varve " + std::string(entry.name) + " --help' shows how it is used.");
    }
    return code;
  }
  {
    TellWarnings(entry, *app, console);
    const StopScope scope([] { return !CheckInterrupted().ok(); });
    status = command->Run(console);
  }
  if (!status.ok() && KindOf(status) == ErrorKind::kCancelled && !CheckInterrupted().ok()) {
    status = CheckInterrupted();
  }
  const Status written = console->Flush();
  if (status.ok()) status = written;
  if (status.ok()) {
    for (const std::string& line : UnansweredStores()) console->Say("varve: " + line);
  }
  if (console->metrics) std::fputs(MetricsOfOpenedStores().c_str(), stderr);
  return status.ok() ? 0 : Fail(status, *console);
}

}  // namespace

std::unique_ptr<CLI::App> MakeParser(const CommandEntry& entry, Command* command,
                                     Console* console) {
  auto app = std::make_unique<CLI::App>(std::string(entry.summary) + ".",
                                        "varve " + std::string(entry.name));
  app->formatter(std::make_shared<HelpFormatter>(entry));
  app->allow_extras();
  command->Configure(app.get());
  for (CLI::Option* option : app->get_options()) {
    const bool takes_values = option->get_items_expected_max() > 0;
    if (option->nonpositional() && takes_values) option->check(NotEmpty());
  }
  app->add_flag("--json", console->json, "Data as JSON");
  app->add_flag("--metrics", console->metrics,
                "At the end, on standard error: what object stores were asked, by operation and "
                "outcome, with bytes and latencies, as Prometheus scrapes it");
  app->add_flag("-q,--quiet", console->quiet, "No words on standard error but errors");
  return app;
}

int RunCommandLine(const std::vector<std::string>& words) {
  Console console;
  if (words.empty()) {
    PrintHelp(&console);
    return static_cast<int>(ExitCode::kUsage);
  }
  // Errors of the command line itself already answer in the form that was asked for.
  console.json = std::find(words.begin(), words.end(), "--json") != words.end();
  std::string name = words[0];
  std::vector<std::string> arguments(words.begin() + 1, words.end());
  if (name == "help" && !arguments.empty()) {
    name = arguments[0];
    arguments = {"--help"};
  }
  if (name == "help" || name == "--help" || name == "-h") {
    PrintHelp(&console);
    return static_cast<int>(ExitCodeOf(console.Flush()));
  }
  if (name == "--version" || name == "-V") name = "version";
  const CommandEntry* entry = FindCommand(name);
  if (entry == nullptr) {
    const char* what = name[0] == '-' ? "unknown option '" : "unknown command '";
    const int code =
        Fail(MakeError(ErrorKind::kInvalid, what + name + "'" + DidYouMean(name, CommandNames())),
             console);
    if (!console.json) console.Say("'varve --help' lists the commands.");
    return code;
  }
  return RunCommand(*entry, std::move(arguments), &console);
}

}  // namespace varve::cli
