// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/output/json_document.h"

namespace varve::cli {
namespace {

struct Completions {
  std::string name;
  std::string summary;
  std::vector<std::pair<std::string, std::string>> options;  // "--limit", what it does
};

std::vector<Completions> CollectCompletions() {
  std::vector<Completions> all;
  for (const CommandEntry& entry : Commands()) {
    Completions one{std::string(entry.name), std::string(entry.summary), {}};
    Console console;
    const auto command = entry.make();
    const auto app = MakeParser(entry, command.get(), &console);
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        one.options.emplace_back("--" + name, option->get_description());
      }
    }
    all.push_back(std::move(one));
  }
  return all;
}

// Between single quotes, a shell reads everything but the quote itself.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Bash(const std::vector<Completions>& commands) {
  std::string names, cases;
  for (const Completions& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    std::string options;
    for (const auto& [name, what] : command.options) options += (options.empty() ? "" : " ") + name;
    cases += "    " + command.name + ") words=" + Quoted(options) + " ;;\n";
  }
  return "# bash completion for varve; load with: source <(varve completion bash)\n"
         "_varve() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} words=\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W " +
         Quoted(names + " help") +
         " -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  if [[ $current != -* ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _varve varve\n";
}

// In zsh's _describe and _arguments, ':' and brackets separate.
std::string ZshText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string Zsh(const std::vector<Completions>& commands) {
  std::string names, cases;
  for (const Completions& command : commands) {
    names += "    " + Quoted(command.name + ":" + ZshText(command.summary)) + "\n";
    cases += "    " + command.name + ") _arguments";
    for (const auto& [name, what] : command.options) {
      cases += " " + Quoted(name + "[" + ZshText(what) + "]");
    }
    cases += " '*:file:_files' ;;\n";
  }
  return "#compdef varve\n"
         "# zsh completion for varve; load with: source <(varve completion zsh)\n"
         "_varve() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _varve varve\n";
}

std::string Fish(const std::vector<Completions>& commands) {
  std::string out = "# fish completion for varve; load with: varve completion fish | source\n";
  for (const Completions& command : commands) {
    out += "complete -c varve -n __fish_use_subcommand -a " + command.name + " -d " +
           Quoted(command.summary) + "\n";
    for (const auto& [name, what] : command.options) {
      out += "complete -c varve -n '__fish_seen_subcommand_from " + command.name + "' -l " +
             name.substr(2) + " -d " + Quoted(what) + "\n";
    }
  }
  return out;
}

class CompletionCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("SHELL", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  Status Run(Console* console) override {
    const auto commands = CollectCompletions();
    const std::string script = shell_ == "bash"  ? Bash(commands)
                               : shell_ == "zsh" ? Zsh(commands)
                                                 : Fish(commands);
    if (!console->json) {
      console->Data(script);
      return Status::OK();
    }
    nlohmann::ordered_json document;
    document["shell"] = shell_;
    document["script"] = script;
    PrintJson(console, document);
    return Status::OK();
  }

 private:
  std::string shell_;
};

}  // namespace

extern const CommandEntry kCompletionCommand{"completion",
                                             "Other",
                                             "A completion script for bash, zsh or fish",
                                             "",
                                             "source <(varve completion bash)\nvarve completion "
                                             "fish > ~/.config/fish/completions/varve.fish",
                                             MakeCommand<CompletionCommand>};

}  // namespace varve::cli
