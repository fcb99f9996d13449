// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/store_arguments.h"
#include "varve/table.h"

namespace varve::cli {
namespace {

class ResolveCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", table_uri_, "Path or URI of a table")->required();
    app->add_option("TOKEN", token_, "What the message of the commit named")->required();
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    ARROW_RETURN_NOT_OK(store_.Locate(&table_uri_));
    ARROW_ASSIGN_OR_RAISE(const auto options, store_.ToOptions(table_uri_));
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(table_uri_, options));
    ARROW_ASSIGN_OR_RAISE(const auto table, Table::Open(store));
    ARROW_ASSIGN_OR_RAISE(const CommitInfo commit, table->Resolve(token_));
    if (console->json) {
      nlohmann::ordered_json document;
      document["table"] = table->uri();
      document["version"] = commit.version;
      document["rows_added"] = commit.rows_added;
      PrintJson(console, document);
    } else {
      console->DataLine("committed: version " + std::to_string(commit.version) + " of " +
                        table->uri() + ", " + Plural(commit.rows_added, "row"));
    }
    return Status::OK();
  }

 private:
  std::string table_uri_;
  std::string token_;
  StoreArguments store_;
};

}  // namespace

extern const CommandEntry kResolveCommand{
    "resolve",
    "Care",
    "Whether a commit took place whose outcome was unknown",
    "A commit that ends with code 6 names a token. Exit codes: 0 it did; 5 it did not and never\n"
    "will, import again; 6 it may still, ask later; 4 the versions that would tell are gone.\n"
    "With --json: {\"table\", \"version\", \"rows_added\"}.",
    "varve resolve s3://bucket/books 3f2a8c1be04d97655af1c0339e7d2b48:17",
    MakeCommand<ResolveCommand>};

}  // namespace varve::cli
