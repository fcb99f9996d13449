// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "storage/configuration/service_settings.h"
#include "storage/configuration/settings.h"
#include "varve/codec.h"
#include "varve/configuration.h"

namespace varve {
namespace {

using internal::Setting;
using internal::Settings;

constexpr int kThreadsMax = 1024;
constexpr int kRetriesMax = 100;

// What is understood, and not built yet.
constexpr std::string_view kNotBuilt[] = {
    "compression.concurrency",
    "cache.memory_limit",
    "cache.disk_limit",
};

Status ReadCompression(const Settings& settings, CompressionConfiguration* out) {
  const Codec* algorithm = std::begin(kCodecs);
  if (const Setting* setting = settings.Find("compression.algorithm")) {
    algorithm = std::ranges::find(kCodecs, setting->value, &Codec::name);
    if (algorithm == std::end(kCodecs)) {
      return Settings::Wrong(*setting, "unknown compression", "zstd, lz4, snappy, gzip or none");
    }
  }
  out->algorithm = algorithm->compression;
  const Setting* level = settings.Find("compression.level");
  if (level != nullptr && algorithm->highest_level == 0) {
    return Settings::Wrong(*level, "this compression has no levels", "no level");
  }
  ARROW_ASSIGN_OR_RAISE(const auto value,
                        settings.Integer("compression.level", 1, algorithm->highest_level));
  out->level = static_cast<int>(value.value_or(0));
  ARROW_ASSIGN_OR_RAISE(const auto threads,
                        settings.Integer("compression.concurrency", 1, kThreadsMax));
  out->concurrency = static_cast<int>(threads.value_or(0));
  return Status::OK();
}

Status ReadCache(const Settings& settings, CacheConfiguration* out) {
  ARROW_ASSIGN_OR_RAISE(const auto memory, settings.Bytes("cache.memory_limit"));
  out->memory_limit_bytes = memory.value_or(0);
  ARROW_ASSIGN_OR_RAISE(const auto disk, settings.Bytes("cache.disk_limit"));
  out->disk_limit_bytes = disk.value_or(0);
  return Status::OK();
}

Status ReadReliability(const Settings& settings, ReliabilityConfiguration* out) {
  ARROW_ASSIGN_OR_RAISE(const auto backup, settings.Flag("reliability.backup_enabled"));
  std::istringstream replicas(settings.Text("reliability.read_replicas"));
  out->read_replicas.assign(std::istream_iterator<std::string>(replicas), {});
  out->backup_enabled = backup.value_or(!out->read_replicas.empty());
  ARROW_ASSIGN_OR_RAISE(const auto retries,
                        settings.Integer("reliability.retry_attempts", 0, kRetriesMax));
  out->retry_attempts = static_cast<int>(retries.value_or(-1));
  ARROW_ASSIGN_OR_RAISE(const auto interval,
                        settings.Duration("reliability.health_check_interval"));
  out->health_check_interval = interval.value_or(std::chrono::milliseconds(0));
  return Status::OK();
}

// What is said of reliability, as options of the store.
void ApplyReliability(const Settings& settings, StorageConfiguration* out) {
  const auto warn = [&](const char* name, const std::string& what) {
    const Setting* setting = settings.Find(name);
    if (setting != nullptr) out->warnings.push_back(setting->place + ": " + setting->path + what);
  };
  const ReliabilityConfiguration& reliability = out->reliability;
  if (out->type == "local") {
    for (const char* name : {"reliability.backup_enabled", "reliability.read_replicas",
                             "reliability.retry_attempts", "reliability.health_check_interval"}) {
      warn(name, " has no effect on a local store");
    }
    return;
  }
  if (reliability.retry_attempts >= 0) {
    out->options["retry_attempts"] = std::to_string(reliability.retry_attempts);
  }
  if (reliability.health_check_interval.count() > 0) {
    out->options["health_check_interval"] =
        std::to_string(reliability.health_check_interval.count()) + "ms";
  }
  if (reliability.backup_enabled && reliability.read_replicas.empty()) {
    warn("reliability.backup_enabled", " has no effect without reliability.read_replicas");
  } else if (reliability.backup_enabled) {
    out->options["read_replicas"] = settings.Text("reliability.read_replicas");
  } else {
    warn("reliability.read_replicas", " has no effect while backup_enabled is false");
  }
}

}  // namespace

Result<StorageConfiguration> StorageConfiguration::Parse(const std::string& text,
                                                         const std::string& source) {
  ARROW_ASSIGN_OR_RAISE(const Settings settings, Settings::Read(text, source));
  StorageConfiguration out;
  ARROW_RETURN_NOT_OK(internal::ApplyServiceSettings(settings, &out));
  ARROW_RETURN_NOT_OK(ReadCompression(settings, &out.compression));
  ARROW_RETURN_NOT_OK(ReadCache(settings, &out.cache));
  ARROW_RETURN_NOT_OK(ReadReliability(settings, &out.reliability));
  ApplyReliability(settings, &out);
  for (const std::string_view name : kNotBuilt) {
    if (const Setting* setting = settings.Find(name)) {
      out.warnings.push_back(setting->place + ": " + setting->path + " has no effect yet");
    }
  }
  return out;
}

Result<StorageConfiguration> StorageConfiguration::Load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const int error = errno;
  if (!in) {
    return MakeError(error == ENOENT ? ErrorKind::kNotFound : ErrorKind::kIo,
                     std::string("cannot open the configuration (") + std::strerror(error) + ")",
                     {.object = path});
  }
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) {
    return MakeError(ErrorKind::kIo, "cannot read the configuration", {.object = path});
  }
  return Parse(text, path);
}

std::map<std::string, std::string> StorageConfiguration::StorageOptions() const {
  std::map<std::string, std::string> all = options;
  for (const auto& [name, secret] : secrets) {
    all.insert_or_assign(name, std::string(secret.Reveal()));
  }
  return all;
}

Result<std::shared_ptr<ChunkManager>> StorageConfiguration::Open() const {
  if (uri.empty()) {
    return MakeError(ErrorKind::kInvalid, "the configuration names no store to open",
                     {.expected = type == "local" ? "storage.root_path" : "storage.bucket_name"});
  }
  return OpenChunkManager(uri, {.storage_options = StorageOptions()});
}

}  // namespace varve
