// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "arrow/buffer.h"
#include "arrow/config.h"
#include "arrow/util/config.h"
#include "cli/command.h"
#include "cli/interruption.h"
#include "cli/location.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/store_arguments.h"
#include "varve/chunk_manager.h"
#include "varve/table.h"

namespace varve::cli {
namespace {

constexpr int kRacers = 8;
constexpr int64_t kLowSpaceBytes = int64_t{1} << 30;
constexpr int64_t kClockSkewMicros = 60 * 1000000LL;
// A file that no version names, and that was written to more recently, may be about to be
// committed.
constexpr int64_t kAtWorkMicros = 3'600 * 1000000LL;
constexpr int64_t kFirstSaneTime = 1735689600000000;  // 2025-01-01

struct Check {
  std::string name;
  enum { kGood, kWarning, kBad } outcome = kGood;
  std::string finding;
};

std::string FileSystemName(int64_t magic) {
  switch (magic) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x01021994:
      return "tmpfs";
    case 0x794C7630:
      return "overlayfs";
    case 0x6969:
      return "nfs";
    case 0x2FC12FC1:
      return "zfs";
    case 0x65735546:
      return "fuse";
    case 0xFF534D42:
    case 0xFE534D42:
      return "cifs";
    case 0x01021997:
      return "9p";
    case 0x73717368:
      return "squashfs";
    default:
      return "type " + std::to_string(magic);
  }
}

bool IsNetworkFileSystem(const std::string& name) {
  return name == "nfs" || name == "cifs" || name == "fuse" || name == "9p";
}

std::string CpuFeatures() {
  std::string text;
#if defined(__x86_64__)
  const auto add = [&](bool has, const char* name) {
    if (has) text += (text.empty() ? "" : ", ") + std::string(name);
  };
  add(__builtin_cpu_supports("sse4.2"), "sse4.2 (CRC32C)");
  add(__builtin_cpu_supports("pclmul"), "pclmul (CRC32)");
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
#elif defined(__ARM_FEATURE_CRC32)
  text = "crc32";
#endif
  return text;
}

class DoctorCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", location_, "Folder or URI to examine; default: the current folder");
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;  // what is tried is removed again
    ARROW_ASSIGN_OR_RAISE(store_options_, store_.ToOptions(location_));
    Environment();
    if (const auto path = LocalPath(location_); path.has_value()) LocalDisk(*path);
    const Status store = Store();
    if (!store.ok()) Add("store", Check::kBad, store.message());
    const Status table = LeftBehind();
    if (!table.ok()) Add("table", Check::kBad, table.message());
    bool bad = false;
    nlohmann::ordered_json document;
    document["location"] = WithoutOptions(location_);
    document["checks"] = nlohmann::ordered_json::array();
    for (const Check& check : checks_) {
      bad = bad || check.outcome == Check::kBad;
      static constexpr const char* kNames[] = {"ok", "warning", "bad"};
      if (console->json) {
        nlohmann::ordered_json entry;
        entry["check"] = check.name;
        entry["outcome"] = kNames[check.outcome];
        entry["finding"] = check.finding;
        document["checks"].push_back(std::move(entry));
        continue;
      }
      const std::string mark = check.outcome == Check::kGood      ? console->Good("ok  ")
                               : check.outcome == Check::kWarning ? console->Bold("note")
                                                                  : console->Bad("BAD ");
      console->DataLine(mark + "  " + PadToWidth(check.name, 18, false) + Printable(check.finding));
    }
    if (has_orphans_) {
      document["orphans"] = {{"files", old_.size()},
                             {"bytes", BytesOf(old_)},
                             {"young_files", young_.size()},
                             {"young_bytes", BytesOf(young_)}};
    }
    if (console->json) PrintJson(console, document);
    ARROW_RETURN_NOT_OK(store);
    ARROW_RETURN_NOT_OK(table);
    if (bad)
      return MakeError(ErrorKind::kIo, "this is no place for a table",
                       {.object = WithoutOptions(location_)});
    return Status::OK();
  }

 private:
  void Add(std::string name, decltype(Check::outcome) outcome, std::string finding) {
    checks_.push_back({std::move(name), outcome, std::move(finding)});
  }

  void Environment() {
    Add("varve", Check::kGood, VARVE_VERSION ", compiler " __VERSION__);
    const std::string arrow = arrow::GetBuildInfo().version_string;
    const bool same = arrow == ARROW_VERSION_STRING;
    Add("arrow", same ? Check::kGood : Check::kWarning,
        same ? arrow + ", SIMD " + arrow::GetRuntimeInfo().simd_level
             : "runs " + arrow + ", was built with " ARROW_VERSION_STRING);
    struct utsname system {};
    uname(&system);
    struct sysinfo memory {};
    sysinfo(&memory);
    Add("machine", Check::kGood,
        std::string(system.sysname) + " " + system.release + " " + system.machine + ", " +
            std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
            FormatBytes(static_cast<int64_t>(memory.totalram) * memory.mem_unit) + " memory");
    const std::string features = CpuFeatures();
    Add("cpu features", features.empty() ? Check::kWarning : Check::kGood,
        features.empty() ? "none that speed checksums up" : features);
    const int64_t now = NowMicros();
    Add("clock", now > kFirstSaneTime ? Check::kGood : Check::kBad, FormatTime(now));
  }

  // The nearest folder that exists: a table makes its own.
  static std::string ExistingFolder(const std::string& path) {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::absolute(path, error);
    while (!std::filesystem::is_directory(folder, error) && folder.has_relative_path()) {
      folder = folder.parent_path();
    }
    return folder.string();
  }

  void LocalDisk(const std::string& path) {
    const std::string folder = ExistingFolder(path);
    struct statfs system {};
    if (statfs(folder.c_str(), &system) != 0) {
      Add("file system", Check::kBad, folder + ": " + std::strerror(errno));
      return;
    }
    const std::string name = FileSystemName(static_cast<int64_t>(system.f_type));
    Add("file system", IsNetworkFileSystem(name) ? Check::kWarning : Check::kGood,
        name + (IsNetworkFileSystem(name)
                    ? ": atomic creation and mapped files depend on the server"
                    : ""));
    const int64_t free_bytes = static_cast<int64_t>(system.f_bavail) * system.f_bsize;
    Add("free space", free_bytes < kLowSpaceBytes ? Check::kWarning : Check::kGood,
        FormatBytes(free_bytes));
    const int file = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    Add("unnamed files", file >= 0 ? Check::kGood : Check::kWarning,
        file >= 0 ? "O_TMPFILE works: an interrupted write leaves no file"
                  : std::string("no O_TMPFILE (") + std::strerror(errno) +
                        "): an interrupted write may leave a temporary file");
    if (file >= 0) close(file);
  }

  // What killed writers have left: temporary files, and whole ones that were never committed. Only
  // told; nothing is removed.
  Status LeftBehind() {
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenChunkManager(location_, store_options_));
    const auto unfinished = store->Leftovers({});
    if (!unfinished.ok()) {
      Add("left behind", Check::kWarning, unfinished.status().message());
    } else if (!unfinished->empty()) {
      Add("left behind", Check::kWarning,
          Amount(*unfinished) + " of writers that were killed, no part of any version: remove " +
              Example(*unfinished));
    }
    OpenOptions open;
    open.table.store = store_options_;
    const auto table = Table::Open(location_, open);
    if (IsNotFound(table.status())) return Status::OK();  // a place for a table
    ARROW_RETURN_NOT_OK(table.status());
    const auto snapshot = (*table)->snapshot();
    Add("table", Check::kGood,
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
    Add("orphans", old_.empty() ? Check::kGood : Check::kWarning,
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

  // What commits rely on, tried in a folder of its own that goes away again.
  Status Store() {
    // Local disk: beside the table, in a folder that exists already, so nothing else is made.
    const auto path = LocalPath(location_);
    const std::string name = "varve-doctor-" + std::to_string(getpid());
    const std::string root = path.has_value() ? ExistingFolder(*path) + "/." + name : location_;
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenChunkManager(root, store_options_));
    const Status outcome = TryStore(store.get(), name);
    for (const char* object : {"/race", "/write"}) {
      static_cast<void>(store->Remove(name + object));
    }
    std::error_code ignored;
    if (path.has_value()) std::filesystem::remove_all(root, ignored);
    return outcome;
  }

  Status TryStore(ChunkManager* store, const std::string& folder) {
    const std::string text = "varve doctor";
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()),
                                         text.size());
    const auto begin = std::chrono::steady_clock::now();
    ARROW_RETURN_NOT_OK(store->Write(folder + "/write", bytes));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    ARROW_ASSIGN_OR_RAISE(const auto read, store->Read(folder + "/write"));
    const bool same = read->ToString() == text;
    Add("write and read", same ? Check::kGood : Check::kBad,
        same ? "a durable write takes " + FormatSeconds(seconds.count())
             : "other bytes came back than were written");
    std::atomic<int> winners{0}, errors{0};
    std::vector<std::thread> racers;
    for (int i = 0; i < kRacers; ++i) {
      racers.emplace_back([&] {
        const auto won = store->PutIfAbsent(folder + "/race", bytes);
        if (!won.ok()) {
          ++errors;
        } else if (*won) {
          ++winners;
        }
      });
    }
    for (std::thread& racer : racers) racer.join();
    const bool fair = winners == 1 && errors == 0;
    Add("commit race", fair ? Check::kGood : Check::kBad,
        std::to_string(kRacers) + " threads create one object: " + std::to_string(winners) +
            (winners == 1 ? " winner" : " winners") +
            (errors > 0 ? ", " + std::to_string(errors) + " errors" : ""));
    ARROW_ASSIGN_OR_RAISE(const int64_t store_time, store->StoreTime());
    const int64_t skew = store_time - NowMicros();
    Add("store clock", std::abs(skew) > kClockSkewMicros ? Check::kWarning : Check::kGood,
        FormatSeconds(std::abs(static_cast<double>(skew)) / 1e6) + " from this machine's");
    const ChunkManagerFeatures features = store->features();
    Add("features", features.put_if_absent ? Check::kGood : Check::kBad,
        std::string(features.put_if_absent ? "create-if-absent" : "no create-if-absent") +
            (features.mapping ? ", mapping" : "") + (features.durable ? ", durable" : "") +
            (features.ordered_listing ? ", ordered listing" : ""));
    return Status::OK();
  }

  static int64_t NowMicros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  std::string location_ = ".";
  StoreArguments store_;
  ChunkManagerOptions store_options_;
  std::vector<Check> checks_;
  bool has_orphans_ = false;             // they were looked for
  std::vector<ObjectInfo> old_, young_;  // files that no version names
};

}  // namespace

extern const CommandEntry kDoctorCommand{
    "doctor",
    "Care",
    "Check this machine, and whether a place is fit for tables",
    "Writes two small objects in a folder of its own and removes them; removes nothing else.\n"
    "With --json: {\"location\", \"checks\": [{\"check\", \"outcome\", \"finding\"}], and for a "
    "table\n"
    "\"orphans\": {\"files\", \"bytes\", \"young_files\", \"young_bytes\"}}.",
    "varve doctor\nvarve doctor /data/books",
    MakeCommand<DoctorCommand>};

}  // namespace varve::cli
