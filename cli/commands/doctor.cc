// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/doctor/machine.h"
#include "cli/doctor/store.h"
#include "cli/interruption.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/store_arguments.h"
#include "varve/table.h"

namespace varve::cli {
namespace {

// A file that no version names, and that was written to more recently, may be about to be
// committed.
constexpr int64_t kAtWorkMicros = 3'600 * 1000000LL;

class DoctorCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", location_, "Folder or URI to examine; default: the current folder");
    app->add_flag("--read-only", read_only_, "Write nothing, not even to try whether it works");
    app->add_option("--abort-uploads", abort_uploads_,
                    "Abort uploads of killed writers that were begun before: 3d, 12h, 2026-11-21; "
                    "those of writers at work are aborted too if they are as old");
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;  // what is tried is removed again
    if (!abort_uploads_.empty() && read_only_) {
      return MakeError(ErrorKind::kInvalid, "--read-only aborts no uploads");
    }
    ARROW_ASSIGN_OR_RAISE(const auto configuration, store_.LoadConfiguration());
    ARROW_RETURN_NOT_OK(store_.Locate(&location_));
    ARROW_ASSIGN_OR_RAISE(store_options_, store_.ToOptions(location_));
    CheckMachine(&checks_);
    if (configuration.has_value()) {
      for (const std::string& warning : configuration->warnings) {
        checks_.Add("configuration", Check::kWarning, warning);
      }
    }
    const Status store = Store();
    Status table;
    if (store.ok()) {
      table = LeftBehind();
      if (!table.ok()) checks_.Add("table", Check::kBad, table.message());
    }
    const bool bad = Print(console);
    ARROW_RETURN_NOT_OK(store);
    ARROW_RETURN_NOT_OK(table);
    if (bad) {
      return MakeError(ErrorKind::kIo, "this is no place for a table",
                       {.object = WithoutOptions(location_)});
    }
    return Status::OK();
  }

 private:
  // True: something is bad.
  bool Print(Console* console) const {
    bool bad = false;
    nlohmann::ordered_json document;
    document["location"] = WithoutOptions(location_);
    document["checks"] = nlohmann::ordered_json::array();
    for (const Check& check : checks_.checks()) {
      bad = bad || check.outcome == Check::kBad;
      static constexpr const char* kNames[] = {"ok", "warning", "bad"};
      if (console->json) {
        nlohmann::ordered_json entry;
        entry["check"] = check.name;
        entry["outcome"] = kNames[check.outcome];
        entry["finding"] = check.finding;
        if (!check.fix.empty()) entry["fix"] = check.fix;
        document["checks"].push_back(std::move(entry));
        continue;
      }
      const std::string mark = check.outcome == Check::kGood      ? console->Good("ok  ")
                               : check.outcome == Check::kWarning ? console->Bold("note")
                                                                  : console->Bad("BAD ");
      constexpr int kNameWidth = 20;
      console->DataLine(mark + "  " + PadToWidth(check.name, kNameWidth, false) +
                        Printable(check.finding));
      if (!check.fix.empty()) {
        console->DataLine("      " + PadToWidth("", kNameWidth, false) +
                          "to fix it: " + Printable(check.fix));
      }
    }
    if (has_orphans_) {
      document["orphans"] = {{"files", old_.size()},
                             {"bytes", BytesOf(old_)},
                             {"young_files", young_.size()},
                             {"young_bytes", BytesOf(young_)}};
    }
    if (console->json) PrintJson(console, document);
    return bad;
  }

  Status Store() {
    if (const auto path = LocalPath(location_); path.has_value()) {
      CheckLocalDisk(*path, &checks_);
      if (read_only_) return Status::OK();
      const Status tried = CheckLocalStore(*path, store_options_, &checks_);
      if (!tried.ok()) checks_.Add("store", Check::kBad, tried.message());
      return tried;
    }
    if (location_.starts_with("memory:")) return Status::OK();
    const auto found = InspectStore(location_, store_options_, !read_only_);
    if (!found.ok()) {
      checks_.Add("store", Check::kBad, found.status().message());
      return found.status();
    }
    return CheckObjectStore(*found, &checks_);
  }

  // What killed writers have left: temporary files, and whole ones that were never committed. Only
  // told; nothing is removed.
  Status LeftBehind() {
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(location_, store_options_));
    if (IsRemote(location_)) {
      if (!abort_uploads_.empty()) {
        ARROW_ASSIGN_OR_RAISE(const int64_t now, store->StoreTime());
        ARROW_ASSIGN_OR_RAISE(const int64_t before, ParseTime(abort_uploads_, now));
        ARROW_RETURN_NOT_OK(AbortOldUploads(store.get(), before, &checks_));
      }
      CheckUnfinishedUploads(store.get(), &checks_);
    }
    const auto unfinished = store->Leftovers({});
    if (!unfinished.ok()) {
      checks_.Add("left behind", Check::kWarning, unfinished.status().message());
    } else if (!unfinished->empty()) {
      checks_.Add("left behind", Check::kWarning,
                  Amount(*unfinished) +
                      " of writers that were killed, no part of any version: remove " +
                      Example(*unfinished));
    }
    const auto table = Table::Open(store);
    if (IsNotFound(table.status())) return Status::OK();  // a place for a table
    ARROW_RETURN_NOT_OK(table.status());
    const auto snapshot = (*table)->snapshot();
    checks_.Add("table", Check::kGood,
                "version " + std::to_string(snapshot->version()) + ", " +
                    Plural(snapshot->num_rows(), "row"));
    ARROW_ASSIGN_OR_RAISE(const auto orphans, (*table)->Orphans());
    ARROW_ASSIGN_OR_RAISE(const int64_t now, store->StoreTime());
    for (const ObjectInfo& file : orphans) {
      (now - file.last_modified_micros < kAtWorkMicros ? young_ : old_).push_back(file);
    }
    std::string finding =
        old_.empty() ? "" : Amount(old_) + " that no version names: " + Example(old_);
    if (!young_.empty()) {
      finding += (finding.empty() ? "" : "; ") + Amount(young_) +
                 " of the last hour may belong to a writer at work";
    }
    checks_.Add("orphans", old_.empty() ? Check::kGood : Check::kWarning,
                finding.empty() ? "none" : finding);
    has_orphans_ = true;
    return Status::OK();
  }

  static int64_t BytesOf(const std::vector<ObjectInfo>& files) {
    int64_t bytes = 0;
    for (const ObjectInfo& file : files) bytes += file.size;
    return bytes;
  }

  static std::string Amount(const std::vector<ObjectInfo>& files) {
    return Plural(static_cast<int64_t>(files.size()), "file") + " (" + FormatBytes(BytesOf(files)) +
           ")";
  }

  static std::string Example(const std::vector<ObjectInfo>& files) {
    return files.front().path + (files.size() > 1 ? " and its like" : "");
  }

  std::string location_ = ".";
  bool read_only_ = false;
  std::string abort_uploads_;  // those begun before; empty: none
  StoreArguments store_;
  ChunkManagerOptions store_options_;
  CheckList checks_;
  bool has_orphans_ = false;             // they were looked for
  std::vector<ObjectInfo> old_, young_;  // files that no version names
};

}  // namespace

extern const CommandEntry kDoctorCommand{
    "doctor",
    "Care",
    "Check this machine, and whether a place is fit for tables",
    "Writes small objects under names of its own and removes them; removes nothing else,\n"
    "but for uploads that --abort-uploads names.\n"
    "With --json: {\"location\", \"checks\": [{\"check\", \"outcome\", \"finding\", \"fix\"}], and "
    "for "
    "a table\n"
    "\"orphans\": {\"files\", \"bytes\", \"young_files\", \"young_bytes\"}}.",
    "varve doctor\nvarve doctor /data/books\nvarve doctor s3://bucket/books --read-only\n"
    "varve doctor s3://bucket/books --abort-uploads 3d",
    MakeCommand<DoctorCommand>};

}  // namespace varve::cli
