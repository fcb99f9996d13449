// SPDX-License-Identifier: Apache-2.0
#include "capi/milvus/storage_settings.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "capi/milvus/answer.h"
#include "capi/option_values.h"
#include "nlohmann/json.hpp"
#include "varve/configuration.h"
#include "varve/remote_chunk_managers.h"

namespace varve::capi {
namespace {

constexpr uint32_t kMaxConnections = 4096;  // as many as the configuration takes

// What CStorageConfig and the properties "fs.…" have in common.
struct StorageSettings {
  std::string address;
  std::string bucket_name;
  std::string access_key_id;
  std::string access_key_value;
  std::string root_path;
  std::string storage_type;
  std::string cloud_provider;
  std::string region;
  std::string ssl_ca_cert;
  std::string gcp_credential_json;
  bool use_ssl = false;
  bool use_iam = false;
  bool use_virtual_host = false;
  int64_t request_timeout_ms = 0;
  uint32_t max_connections = 0;
};

// As a file of configuration would say it; JSON is YAML. What is not set, is left out.
nlohmann::json ConfigurationOf(const StorageSettings& settings) {
  nlohmann::json storage;
  if (settings.storage_type == "local") {
    storage["type"] = "local";
    storage["root_path"] = settings.root_path;
    return storage;
  }
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) storage[name] = value;
  };
  // To Milvus, "minio" is any store: which one, the provider says. Keys are those of the bucket, so
  // that its root is ours.
  storage["type"] = settings.storage_type == "minio" ? "remote" : settings.storage_type;
  set("cloud_provider", settings.cloud_provider);
  set("bucket_name", settings.bucket_name);
  set("address", settings.address);
  set("region", settings.region);
  set("ssl_ca_cert", settings.ssl_ca_cert);
  // An address that says how it is spoken to, is believed.
  if (settings.use_ssl) {
    storage["use_ssl"] = true;
  } else if (!settings.address.empty() && !settings.address.starts_with("https://")) {
    storage["use_ssl"] = false;
  }
  if (settings.use_iam) {
    storage["use_iam"] = true;
    // The name of an Azure account is no credential.
    if (settings.cloud_provider == "azure") set("access_key_id", settings.access_key_id);
  } else if (!settings.gcp_credential_json.empty()) {
    set("gcp_credential_json", settings.gcp_credential_json);
  } else {
    set("access_key_id", settings.access_key_id);
    set("secret_access_key", settings.access_key_value);
  }
  if (settings.use_virtual_host) storage["use_virtual_host"] = true;
  if (settings.request_timeout_ms > 0) storage["request_timeout_ms"] = settings.request_timeout_ms;
  if (settings.max_connections > 0) {
    storage["max_connections"] = std::min(settings.max_connections, kMaxConnections);
  }
  return storage;
}

Result<std::shared_ptr<ChunkManager>> Open(const StorageSettings& settings, const char* source) {
  const auto known = {"local", "minio", "remote", "opendal"};
  if (std::ranges::find(known, settings.storage_type) == known.end()) {
    return MakeError(ErrorKind::kInvalid, "unknown type of store",
                     {.object = source,
                      .field = "storage_type",
                      .expected = "local, minio, remote or opendal",
                      .found = settings.storage_type});
  }
  const nlohmann::json configuration = {{"storage", ConfigurationOf(settings)}};
  ARROW_ASSIGN_OR_RAISE(const auto parsed,
                        StorageConfiguration::Parse(configuration.dump(), source));
  return CreateChunkManager(parsed);
}

Result<int64_t> ReadNumber(const std::string& key, const std::string& value) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 0 ||
      number > INT32_MAX) {
    return MakeError(ErrorKind::kInvalid, "not a number", {.field = key, .found = value});
  }
  return number;
}

Result<bool> ReadFlag(const std::string& key, const std::string& value) {
  if (value == "true" || value == "false") return value == "true";
  return MakeError(ErrorKind::kInvalid, "not a truth value",
                   {.field = key, .expected = "true or false", .found = value});
}

Result<std::map<std::string, std::string>> ReadProperties(const LoonProperties* properties) {
  if (properties == nullptr) return MakeError(ErrorKind::kInvalid, "the properties are NULL");
  ARROW_RETURN_NOT_OK(RequireItems(properties->properties, properties->count, "properties"));
  std::map<std::string, std::string> all;
  for (size_t i = 0; i < properties->count; ++i) {
    const LoonProperty& property = properties->properties[i];
    ARROW_ASSIGN_OR_RAISE(const auto key, RequiredText(property.key, "the key of a property"));
    ARROW_ASSIGN_OR_RAISE(all[key], RequiredText(property.value, ("property " + key).c_str()));
  }
  return all;
}

std::mutex process_store_mutex;
std::shared_ptr<ChunkManager>& ProcessStoreSlot() {
  static auto& store = *new std::shared_ptr<ChunkManager>();
  return store;
}

}  // namespace

Result<std::shared_ptr<ChunkManager>> OpenStore(const CStorageConfig& config) {
  StorageSettings settings;
  std::string ignored;
  const std::pair<const char*, std::pair<const char*, std::string*>> texts[] = {
      {"address", {config.address, &settings.address}},
      {"bucket_name", {config.bucket_name, &settings.bucket_name}},
      {"access_key_id", {config.access_key_id, &settings.access_key_id}},
      {"access_key_value", {config.access_key_value, &settings.access_key_value}},
      {"root_path", {config.root_path, &settings.root_path}},
      {"storage_type", {config.storage_type, &settings.storage_type}},
      {"cloud_provider", {config.cloud_provider, &settings.cloud_provider}},
      {"iam_endpoint", {config.iam_endpoint, &ignored}},
      {"log_level", {config.log_level, &ignored}},
      {"region", {config.region, &settings.region}},
      {"sslCACert", {config.sslCACert, &settings.ssl_ca_cert}},
      {"gcp_credential_json", {config.gcp_credential_json, &settings.gcp_credential_json}},
  };
  for (const auto& [name, text] : texts) {
    ARROW_ASSIGN_OR_RAISE(
        *text.second, RequiredText(text.first, (std::string("CStorageConfig.") + name).c_str()));
  }
  settings.use_ssl = config.useSSL;
  settings.use_iam = config.useIAM;
  settings.use_virtual_host = config.useVirtualHost;
  settings.request_timeout_ms = config.requestTimeoutMs;
  settings.max_connections = config.max_connections;
  return Open(settings, "CStorageConfig");
}

Result<std::shared_ptr<ChunkManager>> OpenStore(const LoonProperties* properties,
                                                const char* filesystem_path) {
  ARROW_ASSIGN_OR_RAISE(const auto path, OptionalText(filesystem_path, "filesystem_path"));
  if (path.find("://") != std::string::npos) {
    return MakeError(ErrorKind::kUnsupported, "other stores than that of the properties fs.…",
                     {.found = path});
  }
  ARROW_ASSIGN_OR_RAISE(auto all, ReadProperties(properties));
  const auto text = [&](const char* key, const char* otherwise) {
    const auto found = all.find(std::string("fs.") + key);
    return found == all.end() ? std::string(otherwise) : found->second;
  };
  // Defaults are Milvus', where they say which kind of store it is. An address (localhost:9000), a
  // bucket (a-bucket) and keys (minioadmin) that nobody named would lead to another store than the
  // one that was meant; time (3,000 ms) and connections (100) are left to the store.
  StorageSettings settings{.address = text("address", ""),
                           .bucket_name = text("bucket_name", ""),
                           .access_key_id = text("access_key_id", ""),
                           .access_key_value = text("access_key_value", ""),
                           .root_path = text("root_path", "files"),
                           .storage_type = text("storage_type", "local"),
                           .cloud_provider = text("cloud_provider", "aws"),
                           .region = text("region", ""),
                           .ssl_ca_cert = text("ssl_ca_cert", ""),
                           .gcp_credential_json = text("gcp_credential_json", "")};
  ARROW_ASSIGN_OR_RAISE(settings.use_ssl, ReadFlag("fs.use_ssl", text("use_ssl", "false")));
  ARROW_ASSIGN_OR_RAISE(settings.use_iam, ReadFlag("fs.use_iam", text("use_iam", "false")));
  ARROW_ASSIGN_OR_RAISE(settings.use_virtual_host,
                        ReadFlag("fs.use_virtual_host", text("use_virtual_host", "false")));
  ARROW_ASSIGN_OR_RAISE(settings.request_timeout_ms,
                        ReadNumber("fs.request_timeout_ms", text("request_timeout_ms", "0")));
  ARROW_ASSIGN_OR_RAISE(const int64_t connections,
                        ReadNumber("fs.max_connections", text("max_connections", "0")));
  settings.max_connections = static_cast<uint32_t>(connections);
  return Open(settings, "LoonProperties");
}

Result<std::shared_ptr<ChunkManager>> ProcessStore() {
  std::lock_guard<std::mutex> lock(process_store_mutex);
  if (ProcessStoreSlot() == nullptr) {
    return MakeError(ErrorKind::kInvalid, "there is no store: InitArrowFileSystem was not called");
  }
  return ProcessStoreSlot();
}

Result<std::vector<std::string>> ReadPaths(char** paths, int64_t num_paths) {
  if (num_paths < 1) {
    return MakeError(ErrorKind::kInvalid, "num_paths is not the number of paths",
                     {.expected = "1 or more", .found = std::to_string(num_paths)});
  }
  ARROW_ASSIGN_OR_RAISE(auto all, Texts(paths, static_cast<size_t>(num_paths), "paths"));
  for (std::string& path : all) path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  return all;
}

}  // namespace varve::capi

using namespace varve::capi;

CStatus InitArrowFileSystem(CStorageConfig storage_config) {
  return AnswerCStatus([&]() -> varve::Status {
    ARROW_ASSIGN_OR_RAISE(auto store, OpenStore(storage_config));
    std::lock_guard<std::mutex> lock(process_store_mutex);
    ProcessStoreSlot() = std::move(store);
    return varve::Status::OK();
  });
}

void CleanArrowFileSystem(void) {
  std::lock_guard<std::mutex> lock(process_store_mutex);
  ProcessStoreSlot() = nullptr;
}
