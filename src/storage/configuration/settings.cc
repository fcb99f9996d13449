// SPDX-License-Identifier: Apache-2.0
#include "storage/configuration/settings.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "storage/configuration/quantity.h"
#include "storage/configuration/yaml_entries.h"

namespace varve::internal {
namespace {

constexpr std::string_view kOptions = "storage.options";

// Where a setting stands in a file, and its name; "": the path without "storage.".
struct KnownKey {
  std::string_view path;
  std::string_view name;
};
constexpr KnownKey kKnownKeys[] = {
    {"storage.type", ""},
    {"storage.cloud_provider", ""},
    {"storage.address", ""},
    {"storage.port", ""},
    {"storage.bucket_name", ""},
    {"storage.root_path", ""},
    {"storage.access_key_id", ""},
    {"storage.secret_access_key", ""},
    {"storage.session_token", ""},
    {"storage.gcp_credential_json", ""},
    {"storage.gcp_credential_path", ""},
    {"storage.use_iam", ""},
    {"storage.iam_endpoint", ""},
    {"storage.use_ssl", ""},
    {"storage.ssl_ca_cert", ""},
    {"storage.tls_min_version", ""},
    {"storage.region", ""},
    {"storage.use_virtual_host", ""},
    {"storage.request_timeout_ms", ""},
    {"storage.max_connections", ""},
    {"storage.compression.algorithm", ""},
    {"storage.compression.level", ""},
    {"storage.compression.concurrency", ""},
    {"storage.cache.memory_limit", ""},
    {"storage.cache.disk_limit", ""},
    {"storage.reliability.backup_enabled", ""},
    {"storage.reliability.read_replicas", ""},
    {"storage.reliability.retry_attempts", ""},
    {"storage.reliability.health_check_interval", ""},
    // As Milvus writes them.
    {"common.storageType", "type"},
    {"localStorage.path", "local_path"},
    {"minio.cloudProvider", "cloud_provider"},
    {"minio.address", "address"},
    {"minio.port", "port"},
    {"minio.bucketName", "bucket_name"},
    {"minio.rootPath", "root_path"},
    {"minio.accessKeyID", "access_key_id"},
    {"minio.secretAccessKey", "secret_access_key"},
    {"minio.gcpCredentialJSON", "gcp_credential_json"},
    {"minio.useIAM", "use_iam"},
    {"minio.iamEndpoint", "iam_endpoint"},
    {"minio.useSSL", "use_ssl"},
    {"minio.ssl.tlsCACert", "ssl_ca_cert"},
    {"minio.ssl.tlsMinVersion", "tls_min_version"},
    {"minio.region", "region"},
    {"minio.useVirtualHost", "use_virtual_host"},
    {"minio.requestTimeoutMs", "request_timeout_ms"},
    {"minio.maxConnections", "max_connections"},
    {"minio.logLevel", "log_level"},
    {"minio.listObjectsMaxKeys", "list_objects_max_keys"},
};

std::string NameOf(const KnownKey& key) {
  if (!key.name.empty()) return std::string(key.name);
  return std::string(key.path.substr(key.path.find('.') + 1));
}

std::string Join(const std::vector<std::string>& keys, size_t count) {
  std::string path;
  for (size_t i = 0; i < count; ++i) path += (i == 0 ? "" : ".") + keys[i];
  return path;
}

// Whether `path` is `section` or lies in it.
bool Within(std::string_view path, std::string_view section) {
  return path.starts_with(section) &&
         (path.size() == section.size() || path[section.size()] == '.');
}

bool IsKnownSection(const std::string& path) {
  return path == kOptions || std::ranges::any_of(kKnownKeys, [&](const KnownKey& key) {
           return key.path.size() > path.size() && Within(key.path, path);
         });
}

// What was meant by `key` in the section `parent`: first what stands there, then the same word
// elsewhere.
std::string NearestPath(const std::string& parent, const std::string& key) {
  const size_t skip = parent.empty() ? 0 : parent.size() + 1;
  std::vector<std::string> here;
  for (const KnownKey& known : kKnownKeys) {
    if (!parent.empty() && !Within(known.path, parent)) continue;
    here.emplace_back(known.path.substr(skip, known.path.find('.', skip) - skip));
  }
  if (const std::string nearest = Nearest(key, here); !nearest.empty()) {
    return (parent.empty() ? "" : parent + ".") + nearest;
  }
  std::vector<std::string> words;
  for (const KnownKey& known : kKnownKeys) {
    words.emplace_back(known.path.substr(known.path.rfind('.') + 1));
  }
  const std::string nearest = Nearest(key, words);
  if (nearest.empty()) return "";
  return std::string(kKnownKeys[std::ranges::find(words, nearest) - words.begin()].path);
}

// An entry that is no known key: where it leaves what is known.
Status Unknown(const YamlEntry& entry, const std::string& source) {
  size_t depth = 1;
  while (depth < entry.keys.size() && IsKnownSection(Join(entry.keys, depth))) ++depth;
  const std::string path = Join(entry.keys, depth);
  const std::string place = source + ":" + std::to_string(entry.lines[depth - 1]);
  if (IsKnownSection(path)) {
    return MakeError(ErrorKind::kInvalid, "a value where a section belongs",
                     {.object = place, .field = path, .expected = "keys and values"});
  }
  if (depth < entry.keys.size() &&
      std::ranges::find(kKnownKeys, path, &KnownKey::path) != std::end(kKnownKeys)) {
    return MakeError(ErrorKind::kInvalid, "a section where a value belongs",
                     {.object = place, .field = path, .expected = "one value"});
  }
  const std::string nearest = NearestPath(Join(entry.keys, depth - 1), entry.keys[depth - 1]);
  return MakeError(ErrorKind::kInvalid, "unknown key",
                   {.object = place, .field = path, .expected = nearest});
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

Result<Settings> Settings::Read(const std::string& text, const std::string& source) {
  ARROW_ASSIGN_OR_RAISE(const auto entries, ReadYamlEntries(text, source));
  Settings settings;
  for (const YamlEntry& entry : entries) {
    const std::string path = Join(entry.keys, entry.keys.size());
    Setting setting{path, source + ":" + std::to_string(entry.lines.back()), entry.value};
    const auto* known = std::ranges::find(kKnownKeys, path, &KnownKey::path);
    if (known != std::end(kKnownKeys)) {
      if (entry.value.empty()) continue;
      const auto [other, added] = settings.settings_.emplace(NameOf(*known), setting);
      if (!added) {
        return Wrong(setting, "set twice", "one of " + other->second.path + " and " + setting.path);
      }
    } else if (entry.keys.size() == 3 && Within(path, kOptions)) {
      settings.options_.emplace(entry.keys[2], setting);
    } else if (!entry.is_null || !IsKnownSection(path)) {
      return Unknown(entry, source);
    }
  }
  return settings;
}

const Setting* Settings::Find(std::string_view name) const {
  const auto found = settings_.find(name);
  return found == settings_.end() ? nullptr : &found->second;
}

bool Settings::HasSection(std::string_view section) const {
  return std::ranges::any_of(settings_,
                             [&](const auto& each) { return Within(each.second.path, section); });
}

std::string Settings::Text(std::string_view name) const {
  const Setting* setting = Find(name);
  return setting == nullptr ? "" : setting->value;
}

Result<std::optional<bool>> Settings::Flag(std::string_view name) const {
  const Setting* setting = Find(name);
  if (setting == nullptr) return std::nullopt;
  const std::string value = Lower(setting->value);
  if (value == "true") return true;
  if (value == "false") return false;
  return WrongValue(*setting, "true or false");
}

Result<std::optional<int64_t>> Settings::Integer(std::string_view name, int64_t least,
                                                 int64_t most) const {
  const Setting* setting = Find(name);
  if (setting == nullptr) return std::nullopt;
  const auto value = ParseInteger(setting->value);
  if (value && *value >= least && *value <= most) return value;
  return WrongValue(*setting,
                    "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<std::optional<int64_t>> Settings::Bytes(std::string_view name) const {
  const Setting* setting = Find(name);
  if (setting == nullptr) return std::nullopt;
  const auto value = ParseBytes(setting->value);
  if (value) return value;
  return WrongValue(*setting, "a size such as 8GB or 100MiB");
}

Result<std::optional<std::chrono::milliseconds>> Settings::Duration(std::string_view name) const {
  const Setting* setting = Find(name);
  if (setting == nullptr) return std::nullopt;
  const auto value = ParseDuration(setting->value);
  if (value) return value;
  return WrongValue(*setting, "a time such as 500ms, 30s, 2m or 1h");
}

Status Settings::Wrong(const Setting& setting, std::string_view problem, std::string expected) {
  return MakeError(
      ErrorKind::kInvalid, problem,
      {.object = setting.place, .field = setting.path, .expected = std::move(expected)});
}

Status Settings::WrongValue(const Setting& setting, std::string expected) {
  return MakeError(ErrorKind::kInvalid, "a value that makes no sense",
                   {.object = setting.place,
                    .field = setting.path,
                    .expected = std::move(expected),
                    .found = setting.value});
}

}  // namespace varve::internal
