// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/interruption.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/output/progress_bar.h"
#include "cli/store_arguments.h"
#include "varve/batch.h"

namespace varve::cli {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(100);

class CpCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("SOURCE", source_, "Table or folder: a path or URI")->required();
    app->add_option("TARGET", target_, "Where to: a path or URI")->required();
    app->add_flag("--compare", compare_, "Compare what is there by its bytes, not by its size");
    app->add_flag("--overwrite", overwrite_, "Replace objects that differ; never a table");
    app->add_option("--parallel", parallel_, "Objects under way at once; default: 16")
        ->check(CLI::Range(1, 1024));
    store_.Configure(app);
    app->add_option("--source-option", source_options_, "A storage option for SOURCE only")
        ->allow_extra_args(false);
    app->add_option("--target-option", target_options_, "A storage option for TARGET only")
        ->allow_extra_args(false);
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;
    console_ = console;
    ARROW_RETURN_NOT_OK(store_.Locate(&source_));
    ARROW_RETURN_NOT_OK(store_.Locate(&target_));
    if (IsLocalFile(source_)) {
      return MakeError(ErrorKind::kInvalid, "tables and folders are copied, not single files",
                       {.object = source_});
    }
    ARROW_ASSIGN_OR_RAISE(const auto source, Open(source_, source_options_));
    ARROW_ASSIGN_OR_RAISE(const auto target, Open(target_, target_options_));
    CopyTreeOptions options{.batch = {.objects_in_flight = parallel_},
                            .equality = compare_ ? CopyEquality::kContent : CopyEquality::kSize,
                            .overwrite = overwrite_};
    if (console->shows_progress()) {
      options.progress = [this](const CopyProgress& progress) { Show(progress); };
    }
    ARROW_ASSIGN_OR_RAISE(const CopyProgress copied, CopyTree(source.get(), target.get(), options));
    console->ClearProgress();
    if (copied.objects == 0) {
      return MakeError(ErrorKind::kNotFound, "there is nothing to copy",
                       {.object = WithoutOptions(source_)});
    }
    Report(copied, source->uri(), target->uri());
    return Status::OK();
  }

 private:
  Result<std::shared_ptr<ChunkManager>> Open(const std::string& location,
                                             const std::vector<std::string>& own) const {
    ARROW_ASSIGN_OR_RAISE(auto options, store_.ToOptions(location));
    ARROW_RETURN_NOT_OK(AddStorageOptions(own, &options));
    return OpenStore(location, options);
  }

  void Show(const CopyProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < kBetweenFrames) return;
    shown_ = now;
    std::string text = progress.bytes > 0 ? ProgressBar(static_cast<double>(progress.bytes_done) /
                                                        static_cast<double>(progress.bytes)) +
                                                "  "
                                          : "";
    text += FormatCount(progress.objects_done) + "/" + Plural(progress.objects, "object") + "  " +
            FormatBytes(progress.bytes_done);
    if (progress.bytes_per_second() > 0) {
      text += "  " + FormatRate(progress.bytes_done - progress.bytes_present, progress.seconds) +
              "  " + FormatDuration(progress.seconds_left()) + " left";
    }
    console_->Progress(text);
  }

  void Report(const CopyProgress& copied, const std::string& source,
              const std::string& target) const {
    const int64_t bytes = copied.bytes - copied.bytes_present;
    if (console_->json) {
      nlohmann::ordered_json document;
      document["source"] = source;
      document["target"] = target;
      document["objects"] = copied.objects - copied.objects_present;
      document["bytes"] = bytes;
      document["objects_present"] = copied.objects_present;
      document["bytes_present"] = copied.bytes_present;
      document["seconds"] = copied.seconds;
      PrintJson(console_, document);
      return;
    }
    if (copied.objects_present == copied.objects) {
      console_->Say("all " + Plural(copied.objects, "object") + " (" +
                    FormatBytes(copied.bytes_present) + ") were in " + target);
      return;
    }
    std::string words = Plural(copied.objects - copied.objects_present, "object") + " (" +
                        FormatBytes(bytes) + ") in " + FormatSeconds(copied.seconds) + " (" +
                        FormatRate(bytes, copied.seconds) + ") to " + target;
    if (copied.objects_present > 0) {
      words += "; " + Plural(copied.objects_present, "object") + " (" +
               FormatBytes(copied.bytes_present) + ") were there";
    }
    console_->Say(words);
  }

  std::string source_, target_;
  bool compare_ = false;
  bool overwrite_ = false;
  int parallel_ = 16;
  StoreArguments store_;
  std::vector<std::string> source_options_, target_options_;

  Console* console_ = nullptr;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace

extern const CommandEntry kCpCommand{
    "cp",
    "Write",
    "Copy a table or a folder from one store to another",
    "What has arrived is not copied again: after a failure, give the same command once more.\n"
    "Of a long object whose upload was cut off, S3 is sent only what it lacks.\n"
    "A table appears in the target when all of its data is there, not before.\n"
    "With --json: {\"source\", \"target\", \"objects\", \"bytes\", \"objects_present\", "
    "\"bytes_present\", \"seconds\"}.",
    "varve cp books s3://bucket/books\n"
    "varve cp s3://bucket/books az://container/books --source-option region=eu-west-1\n"
    "varve cp s3://bucket/books /backup/books --compare",
    MakeCommand<CpCommand>};

}  // namespace varve::cli
