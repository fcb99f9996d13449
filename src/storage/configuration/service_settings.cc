// SPDX-License-Identifier: Apache-2.0
#include "storage/configuration/service_settings.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/util/base64.h"
#include "base/edit_distance.h"
#include "storage/local/file_uri.h"
#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

// What the settings are called among a service's options; "": it has no such thing.
struct Service {
  std::string_view type;
  std::string_view scheme;
  std::string_view key;
  std::string_view secret;
  std::string_view token;
  std::string_view regional_endpoint;  // around the region, which stands for '*'
};
constexpr Service kServices[] = {
    {"minio", "s3", "access_key_id", "secret_access_key", "session_token", ""},
    {"s3", "s3", "access_key_id", "secret_access_key", "session_token", ""},
    {"azure", "az", "account_name", "account_key", "", ""},
    {"gcp", "gs", "", "", "token", ""},
    {"oss", "oss", "access_key_id", "access_key_secret", "security_token",
     "https://oss-*.aliyuncs.com"},
    {"cos", "cos", "secret_id", "secret_key", "security_token", "https://cos.*.myqcloud.com"},
    {"obs", "obs", "access_key_id", "secret_access_key", "", "https://obs.*.myhuaweicloud.com"},
};

constexpr std::string_view kLocal = "local";
constexpr std::pair<std::string_view, std::string_view> kTypeAliases[] = {
    {"fs", kLocal},    {"file", kLocal},   {"aws", "s3"},     {"azblob", "azure"},
    {"az", "azure"},   {"gcs", "gcp"},     {"gs", "gcp"},     {"gcpnative", "gcp"},
    {"aliyun", "oss"}, {"tencent", "cos"}, {"huawei", "obs"},
};
// A store of the provider that is named beside it.
constexpr std::string_view kOfProvider[] = {"remote", "opendal"};

constexpr std::string_view kMinioHost = "127.0.0.1";
constexpr int64_t kMinioPort = 9000;
constexpr std::string_view kMinioRegion = "us-east-1";

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "s3" for "aws"; nullopt for a name nobody knows.
std::optional<std::string> TypeOf(const std::string& name) {
  std::string_view type = name;
  for (const auto& [alias, meaning] : kTypeAliases) {
    if (type == alias) type = meaning;
  }
  if (type == kLocal || std::ranges::find(kServices, type, &Service::type) != std::end(kServices)) {
    return std::string(type);
  }
  return std::nullopt;
}

std::string NearestType(const std::string& name) {
  std::vector<std::string> known{std::string(kLocal)};
  for (const Service& service : kServices) known.emplace_back(service.type);
  for (const auto& [alias, meaning] : kTypeAliases) known.emplace_back(alias);
  for (const std::string_view type : kOfProvider) known.emplace_back(type);
  const std::string nearest = Nearest(name, known);
  return nearest.empty() ? "local, minio, s3, azure, gcp, oss, cos or obs" : nearest;
}

bool HasPort(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  return colon != authority.npos && (bracket == authority.npos || colon > bracket);
}

class ServiceReader {
 public:
  ServiceReader(const Settings& settings, StorageConfiguration* out)
      : settings_(settings), out_(out) {}

  Status Read() {
    ARROW_ASSIGN_OR_RAISE(out_->type, FindType());
    if (out_->type == kLocal) return ReadLocal();
    service_ = std::ranges::find(kServices, out_->type, &Service::type);
    ARROW_RETURN_NOT_OK(ReadUri());
    ARROW_RETURN_NOT_OK(ReadCredentials());
    ARROW_RETURN_NOT_OK(ReadEndpoint());
    ARROW_RETURN_NOT_OK(ReadAddressing());
    ARROW_RETURN_NOT_OK(ReadLimits());
    for (const auto& [name, setting] : settings_.options()) {
      // What it is, only the service knows; it may well be a key.
      if (!setting.value.empty()) out_->secrets.insert_or_assign(name, Secret(setting.value));
    }
    for (const char* name : {"tls_min_version", "iam_endpoint", "list_objects_max_keys"}) {
      WarnIfSet(name, "is not supported and has no effect");
    }
    WarnIfSet("log_level", "has no effect here");
    return Status::OK();
  }

 private:
  Result<std::string> FindType() {
    const Setting* type = settings_.Find("type");
    const Setting* provider = settings_.Find("cloud_provider");
    if (type == nullptr && provider == nullptr && !settings_.HasSection("minio")) {
      for (const char* name : {"bucket_name", "address"}) {
        if (const Setting* setting = settings_.Find(name)) {
          return Settings::Wrong(*setting, "which store this belongs to is not said",
                                 "storage.type beside it");
        }
      }
      return std::string(kLocal);
    }
    const std::string name = type == nullptr ? "remote" : Lower(type->value);
    if (std::ranges::find(kOfProvider, name) == std::end(kOfProvider)) {
      return KnownType(*type, name);
    }
    if (provider != nullptr && Lower(provider->value) != "aws") {
      return KnownType(*provider, Lower(provider->value));
    }
    // Milvus says aws also for MinIO.
    const bool elsewhere = settings_.Find("address") != nullptr &&
                           settings_.Text("address").find("amazonaws.com") == std::string::npos;
    return std::string(elsewhere ? "minio" : "s3");
  }

  static Result<std::string> KnownType(const Setting& setting, const std::string& name) {
    if (const auto type = TypeOf(name)) return *type;
    return Settings::Wrong(setting, "unknown type of store", NearestType(name));
  }

  Status ReadLocal() {
    const Setting* root = settings_.Find("root_path");
    if (root == nullptr || settings_.Find("local_path") != nullptr) {
      root = settings_.Find("local_path");
    }
    if (root != nullptr) {
      std::error_code error;
      const auto path = std::filesystem::absolute(root->value, error);
      if (error) return Settings::Wrong(*root, "not a path", "a directory");
      out_->uri = FileUri(path.string());
    }
    // Milvus' section for other stores may stay where it is.
    for (const char* name : {"address", "bucket_name", "access_key_id", "secret_access_key",
                             "session_token", "region", "ssl_ca_cert", "use_iam"}) {
      const Setting* setting = settings_.Find(name);
      if (setting != nullptr && setting->path.starts_with("storage.")) {
        Warn(*setting, "has no effect on a local store");
      }
    }
    if (!settings_.options().empty()) {
      Warn(settings_.options().begin()->second, "has no effect on a local store");
    }
    return Status::OK();
  }

  Status ReadUri() {
    const Setting* bucket = settings_.Find("bucket_name");
    if (bucket == nullptr) return Status::OK();
    if (bucket->value.find_first_of("/?#@:%") != std::string::npos) {
      return Settings::Wrong(*bucket, "not the name of a bucket", "a name without / ? # @ : %");
    }
    out_->uri = std::string(service_->scheme) + "://" + bucket->value;
    std::string root = settings_.Text("root_path");
    if (root.find_first_of("?#") != std::string::npos) {
      return Settings::Wrong(*settings_.Find("root_path"), "not a folder in a bucket",
                             "a path without ? and #");
    }
    root.erase(0, std::min(root.find_first_not_of('/'), root.size()));
    while (root.ends_with('/')) root.pop_back();
    if (!root.empty()) out_->uri += "/" + root;
    return Status::OK();
  }

  Status ReadCredentials() {
    const Setting* key = settings_.Find("access_key_id");
    const Setting* secret = settings_.Find("secret_access_key");
    const Setting* token = settings_.Find("session_token");
    ARROW_ASSIGN_OR_RAISE(const auto use_iam, settings_.Flag("use_iam"));
    if (use_iam.value_or(false)) {
      // The name of an Azure account is no credential: it is needed in any case.
      const bool azure = service_->type == "azure";
      if (azure && key != nullptr) out_->options[std::string(service_->key)] = key->value;
      for (const Setting* setting : {azure ? nullptr : key, secret, token}) {
        if (setting != nullptr) {
          return Settings::Wrong(*setting, "keys, and use_iam, which means without them",
                                 "one or the other");
        }
      }
      // The one place where asking the machine for credentials is wanted.
      if (service_->scheme == "s3") out_->options["disable_ec2_metadata"] = "false";
      if (service_->scheme == "gs") out_->options["disable_vm_metadata"] = "false";
      return Status::OK();
    }
    if (service_->scheme == "gs") return ReadGoogleCredentials();
    if ((key == nullptr) != (secret == nullptr)) {
      return Settings::Wrong(key != nullptr ? *key : *secret, "half of a pair of keys",
                             "access_key_id and secret_access_key");
    }
    if (key != nullptr) {
      out_->options[std::string(service_->key)] = key->value;
      AddSecret(service_->secret, secret->value);
    }
    if (token == nullptr) return Status::OK();
    if (service_->token.empty()) {
      return Settings::Wrong(*token, "not for this type of store", "storage.options.*");
    }
    AddSecret(service_->token, token->value);
    return Status::OK();
  }

  Status ReadGoogleCredentials() {
    for (const char* name : {"access_key_id", "secret_access_key"}) {
      if (const Setting* setting = settings_.Find(name)) {
        return Settings::Wrong(*setting, "Google's own interface takes no such keys",
                               "gcp_credential_json, gcp_credential_path or use_iam");
      }
    }
    if (const Setting* json = settings_.Find("gcp_credential_json")) {
      if (const Setting* path = settings_.Find("gcp_credential_path")) {
        return Settings::Wrong(*path, "two kinds of credentials", "one of them");
      }
      AddSecret("credential", arrow::util::base64_encode(json->value));
    }
    if (const Setting* path = settings_.Find("gcp_credential_path")) {
      out_->options["credential_path"] = path->value;
    }
    if (const Setting* token = settings_.Find("session_token")) {
      AddSecret(service_->token, token->value);
    }
    return Status::OK();
  }

  // https, unless told or on this machine.
  Status ReadEndpoint() {
    ARROW_ASSIGN_OR_RAISE(const auto use_ssl, settings_.Flag("use_ssl"));
    ARROW_ASSIGN_OR_RAISE(auto port, settings_.Integer("port", 1, 65535));
    const Setting* setting = settings_.Find("address");
    std::string address = settings_.Text("address");
    if (address.empty() && service_->type == "minio") {
      address = kMinioHost;
      if (!port) port = kMinioPort;
    }
    const std::string account = Option("account_name");
    if (address.empty()) {
      ARROW_RETURN_NOT_OK(ReadCertificates(/*plain=*/false));
      return DefaultEndpoint(account);
    }
    const UriParts parts = SplitUri(address);
    const std::string said = Lower(std::string(parts.scheme));
    std::string authority(parts.authority);
    const std::string host(HostOf(authority));
    if (host.empty() || authority.find_first_of("@ \t") != std::string::npos ||
        !parts.query.empty() || (!said.empty() && said != "http" && said != "https")) {
      return Settings::Wrong(*setting, "not an address", "host, host:port or https://host:port");
    }
    if (port && !HasPort(authority)) authority += ":" + std::to_string(*port);
    const bool plain = use_ssl ? !*use_ssl : said == "http" || (said.empty() && IsLoopback(host));
    if (!said.empty() && plain != (said == "http")) {
      return Settings::Wrong(*settings_.Find("use_ssl"), "contradicts the address",
                             said == "http" ? "false" : "true");
    }
    if (plain && !IsLoopback(host)) {
      if (!use_ssl) {
        return Settings::Wrong(*setting, "plain HTTP would send credentials and data in the open",
                               "https, or use_ssl: false by those who want that");
      }
      out_->options["allow_http"] = "true";
    }
    std::string path(parts.path);
    while (path.ends_with('/')) path.pop_back();
    if (service_->type == "azure" && path.empty()) {
      // Milvus names the cloud, its emulator puts the account into the path.
      const bool cloud = authority.starts_with("core.");
      if ((cloud || IsLoopback(host)) && account.empty()) {
        return Settings::Wrong(*setting, "the account is missing", "access_key_id beside it");
      }
      if (cloud) {
        authority.insert(0, account + ".blob.");
      } else if (IsLoopback(host)) {
        path = "/" + account;
      }
    }
    out_->options["endpoint"] = (plain ? "http://" : "https://") + authority + path;
    if (service_->type == "minio") out_->options.try_emplace("region", kMinioRegion);
    return ReadCertificates(plain);
  }

  Status DefaultEndpoint(const std::string& account) {
    if (service_->type == "azure" && !account.empty()) {
      out_->options["endpoint"] = "https://" + account + ".blob.core.windows.net";
    }
    const std::string region = settings_.Text("region");
    if (!service_->regional_endpoint.empty() && !region.empty()) {
      std::string endpoint(service_->regional_endpoint);
      out_->options["endpoint"] = endpoint.replace(endpoint.find('*'), 1, region);
    }
    return Status::OK();
  }

  Status ReadCertificates(bool plain) {
    const Setting* bundle = settings_.Find("ssl_ca_cert");
    if (bundle == nullptr) return Status::OK();
    if (plain) {
      Warn(*bundle, "has no effect without TLS");
    } else {
      out_->options["ca_bundle"] = bundle->value;
    }
    return Status::OK();
  }

  Status ReadAddressing() {
    const Setting* region = settings_.Find("region");
    if (region != nullptr && service_->scheme == "s3") {
      out_->options["region"] = region->value;
    } else if (region != nullptr &&
               (service_->regional_endpoint.empty() || settings_.Find("address") != nullptr)) {
      Warn(*region, "has no effect on this type of store with this address");
    }
    ARROW_ASSIGN_OR_RAISE(const auto virtual_host, settings_.Flag("use_virtual_host"));
    if (!virtual_host) return Status::OK();
    if (service_->scheme == "s3") {
      out_->options["enable_virtual_host_style"] = *virtual_host ? "true" : "false";
    } else if (service_->scheme == "oss") {
      out_->options["addressing_style"] = *virtual_host ? "virtual" : "path";
    } else if (*virtual_host) {
      Warn(*settings_.Find("use_virtual_host"), "has no effect on this type of store");
    }
    return Status::OK();
  }

  Status ReadLimits() {
    ARROW_ASSIGN_OR_RAISE(const auto timeout,
                          settings_.Integer("request_timeout_ms", 1, 86'400'000));
    if (timeout) out_->options["timeout"] = std::to_string(*timeout) + "ms";
    ARROW_ASSIGN_OR_RAISE(const auto connections, settings_.Integer("max_connections", 1, 4096));
    if (connections) out_->options["max_in_flight"] = std::to_string(*connections);
    return Status::OK();
  }

  std::string Option(const char* name) const {
    const auto found = out_->options.find(name);
    return found == out_->options.end() ? "" : found->second;
  }

  void AddSecret(std::string_view name, std::string_view value) {
    out_->secrets.insert_or_assign(std::string(name), Secret(value));
  }

  void Warn(const Setting& setting, const std::string& what) {
    out_->warnings.push_back(setting.place + ": " + setting.path + " " + what);
  }
  void WarnIfSet(const char* name, const std::string& what) {
    if (const Setting* setting = settings_.Find(name)) Warn(*setting, what);
  }

  const Settings& settings_;
  StorageConfiguration* const out_;
  const Service* service_ = nullptr;
};

}  // namespace

Status ApplyServiceSettings(const Settings& settings, StorageConfiguration* out) {
  return ServiceReader(settings, out).Read();
}

}  // namespace varve::internal
