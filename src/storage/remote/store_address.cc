// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/store_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "arrow/util/base64.h"
#include "base/edit_distance.h"
#include "storage/configuration/quantity.h"
#include "storage/object_path.h"
#include "storage/remote/aws_profile.h"
#include "storage/remote/azure_connection.h"
#include "storage/remote/service_hosts.h"
#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

constexpr int64_t kBandwidthMin = 64 << 10;

// An option and the names it goes by; the first is OpenDAL's.
struct OptionNames {
  std::array<std::string_view, 10> names;
};

struct Service {
  std::string_view scheme;                      // of the address
  std::string_view opendal;                     // OpenDAL's name
  std::string_view bucket;                      // the option that holds the bucket
  std::array<std::string_view, 3> environment;  // what its variables begin with
  bool put_if_absent;
  bool ordered_listing;
  std::span<const OptionNames> options;
  std::span<const std::pair<std::string_view, std::string_view>> fixed;
};

constexpr OptionNames kS3Options[] = {
    {{"endpoint", "aws_endpoint", "aws_endpoint_url", "endpoint_url", "aws_endpoint_url_s3"}},
    {{"region", "aws_region", "aws_default_region", "default_region"}},
    {{"access_key_id", "aws_access_key_id"}},
    {{"secret_access_key", "aws_secret_access_key"}},
    {{"session_token", "aws_session_token", "aws_token", "token"}},
    {{"profile", "aws_profile"}},
    {{"role_arn", "aws_role_arn"}},
    {{"external_id", "aws_external_id"}},
    {{"role_session_name", "aws_role_session_name"}},
    {{"skip_signature", "aws_skip_signature"}},
    {{"enable_virtual_host_style", "aws_virtual_hosted_style_request",
      "virtual_hosted_style_request"}},
    {{"server_side_encryption", "aws_server_side_encryption"}},
    {{"server_side_encryption_aws_kms_key_id", "aws_sse_kms_key_id"}},
    {{"default_storage_class", "aws_storage_class", "storage_class"}},
    {{"enable_request_payer", "aws_request_payer", "request_payer"}},
    {{"disable_ec2_metadata", "disable_vm_metadata"}},
    {{"disable_config_load"}},
};
constexpr OptionNames kAzureOptions[] = {
    {{"endpoint", "azure_storage_endpoint", "azure_endpoint"}},
    {{"account_name", "azure_storage_account_name"}},
    {{"account_key", "azure_storage_account_key", "azure_storage_access_key",
      "azure_storage_master_key", "access_key", "master_key"}},
    {{"sas_token", "azure_storage_sas_token", "azure_storage_sas_key", "sas_key"}},
    {{"client_id", "azure_client_id", "azure_storage_client_id"}},
    {{"client_secret", "azure_client_secret", "azure_storage_client_secret"}},
    {{"tenant_id", "azure_tenant_id", "azure_storage_tenant_id", "azure_authority_id",
      "azure_storage_authority_id", "authority_id"}},
    {{"connection_string", "azure_storage_connection_string", "azure_connection_string"}},
    {{"skip_signature", "azure_skip_signature"}},
    {{"disable_vm_metadata"}},
};
constexpr OptionNames kGcsOptions[] = {
    {{"endpoint", "google_endpoint", "google_base_url"}},
    {{"credential", "google_service_account_key", "service_account_key"}},
    {{"credential_path", "google_application_credentials", "google_service_account",
      "google_service_account_path", "service_account", "service_account_path"}},
    {{"token", "google_token"}},
    {{"skip_signature", "google_skip_signature"}},
    {{"allow_anonymous"}},
    {{"default_storage_class"}},
    {{"disable_vm_metadata"}},
    {{"disable_config_load"}},
};
constexpr OptionNames kOssOptions[] = {
    {{"endpoint", "oss_endpoint", "aliyun_endpoint", "aliyun_oss_endpoint"}},
    {{"access_key_id", "oss_access_key_id", "aliyun_access_key_id", "alibaba_cloud_access_key_id"}},
    {{"access_key_secret", "oss_access_key_secret", "oss_secret_access_key",
      "aliyun_access_key_secret", "aliyun_secret_access_key", "alibaba_cloud_access_key_secret"}},
    {{"security_token", "oss_security_token", "oss_session_token", "aliyun_security_token",
      "alibaba_cloud_security_token"}},
    {{"role_arn", "oss_role_arn", "alibaba_cloud_role_arn"}},
    {{"addressing_style"}},
    {{"skip_signature"}},
    {{"disable_vm_metadata"}},
};
constexpr OptionNames kCosOptions[] = {
    {{"endpoint", "cos_endpoint", "tencentcloud_endpoint"}},
    {{"secret_id", "cos_secret_id", "tencentcloud_secret_id"}},
    {{"secret_key", "cos_secret_key", "tencentcloud_secret_key"}},
    {{"security_token", "cos_security_token", "tencentcloud_security_token", "tencentcloud_token",
      "tencentcloud_session_token"}},
    {{"disable_config_load"}},
};
constexpr OptionNames kObsOptions[] = {
    {{"endpoint", "obs_endpoint"}},
    {{"access_key_id", "obs_access_key_id", "huaweicloud_sdk_ak"}},
    {{"secret_access_key", "obs_secret_access_key", "huaweicloud_sdk_sk"}},
};
// Ours, for every service.
constexpr OptionNames kCommonOptions[] = {
    {{"allow_http", "aws_allow_http", "azure_allow_http", "google_allow_http"}},
    {{"ca_bundle", "aws_ca_bundle", "ssl_ca_cert"}},
    {{"timeout", "request_timeout"}},
    {{"upload_timeout"}},
    {{"connect_timeout"}},
    {{"deadline", "retry_timeout"}},
    {{"retry_attempts", "max_retries"}},
    {{"breaker_failures"}},
    {{"health_check_interval"}},
    {{"hedge_after"}},
    {{"max_in_flight", "max_connections"}},
    {{"max_bandwidth"}},
    {{"part_bytes"}},
    {{"parallel_parts"}},
    {{"read_replicas"}},
    {{"skip_probe"}},
    {{"credential_hosts"}},
};

// Without keys, OpenDAL asks the machine that it believes to run on: only where that is wanted.
// OSS has no such option at OpenDAL: there, the list of hosts is what keeps it from asking.
constexpr std::pair<std::string_view, std::string_view> kS3Fixed[] = {
    {"disable_ec2_metadata", "true"}};
constexpr std::pair<std::string_view, std::string_view> kGcsFixed[] = {
    {"disable_vm_metadata", "true"}};
constexpr std::pair<std::string_view, std::string_view> kAzureFixed[] = {
    {"disable_vm_metadata", "true"}};

constexpr Service kServices[] = {
    {"s3", "s3", "bucket", {"AWS_"}, true, true, kS3Options, kS3Fixed},
    {"az", "azblob", "container", {"AZURE_"}, true, true, kAzureOptions, kAzureFixed},
    {"gs", "gcs", "bucket", {"GOOGLE_"}, true, true, kGcsOptions, kGcsFixed},
    {"oss", "oss", "bucket", {"OSS_", "ALIYUN_", "ALIBABA_CLOUD_"}, true, true, kOssOptions, {}},
    {"cos", "cos", "bucket", {"COS_", "TENCENTCLOUD_"}, true, true, kCosOptions, {}},
    // OpenDAL has no condition for OBS: reads and data are served, commits are not.
    {"obs", "obs", "bucket", {"OBS_", "HUAWEICLOUD_SDK_"}, false, true, kObsOptions, {}},
};
constexpr std::pair<std::string_view, std::string_view> kSchemeAliases[] = {
    {"s3a", "s3"}, {"abfs", "az"}, {"azure", "az"}, {"gcs", "gs"}, {"cosn", "cos"}};

const Service* FindService(std::string_view scheme) {
  for (const auto& [alias, name] : kSchemeAliases) {
    if (scheme == alias) scheme = name;
  }
  const auto* found = std::ranges::find(kServices, scheme, &Service::scheme);
  return found == std::end(kServices) ? nullptr : found;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

// The first of its names, by which an option is known from here on; nullopt: nobody knows it.
std::optional<std::string> CanonicalName(const Service& service, std::string_view name) {
  for (const auto options : {service.options, std::span<const OptionNames>(kCommonOptions)}) {
    for (const OptionNames& option : options) {
      for (const std::string_view known : option.names) {
        if (!known.empty() && known == name) return std::string(option.names[0]);
      }
    }
  }
  return std::nullopt;
}

std::string NearestName(const Service& service, const std::string& name) {
  std::vector<std::string> known;
  for (const auto options : {service.options, std::span<const OptionNames>(kCommonOptions)}) {
    for (const OptionNames& option : options) {
      for (const std::string_view each : option.names) {
        if (!each.empty()) known.emplace_back(each);
      }
    }
  }
  return *std::ranges::min_element(
      known, {}, [&](const std::string& each) { return EditDistance(each, name); });
}

class Resolver {
 public:
  Resolver(const Service& service, const Environment& environment)
      : service_(service), environment_(environment) {}

  // What was said first, stays.
  Status Add(const StorageOptions& options) {
    for (const auto& [key, value] : options) {
      const std::string name = Lower(key);
      const auto canonical = CanonicalName(service_, name);
      if (!canonical) {
        return MakeError(ErrorKind::kInvalid, "unknown storage option",
                         {.object = std::string(service_.scheme) + "://",
                          .field = key,
                          .expected = "an option such as " + NearestName(service_, name)});
      }
      options_.try_emplace(*canonical, value);
    }
    return Status::OK();
  }

  // Only what no library looks up itself, or what our rules have a say in.
  void AddEnvironment() {
    for (const OptionNames& option : service_.options) {
      for (const std::string_view name : option.names) {
        const std::string variable = Upper(name);
        const auto begins = [&](std::string_view prefix) {
          return !prefix.empty() && variable.starts_with(prefix);
        };
        if (name.empty() || std::ranges::none_of(service_.environment, begins)) continue;
        if (const auto value = environment_(variable); value && !value->empty()) {
          options_.try_emplace(std::string(option.names[0]), *value);
        }
      }
    }
  }

  Result<StoreAddress> Finish(const std::string& bucket, const std::string& prefix) {
    StoreAddress address;
    ARROW_ASSIGN_OR_RAISE(const bool allow_http, Flag("allow_http"));
    ARROW_RETURN_NOT_OK(TakeMillis("timeout", &address.manager.timeout));
    address.manager.upload_timeout =
        std::max(address.manager.upload_timeout, address.manager.timeout);
    ARROW_RETURN_NOT_OK(TakeMillis("upload_timeout", &address.manager.upload_timeout));
    ARROW_RETURN_NOT_OK(TakeMillis("connect_timeout", &address.client.connect_timeout));
    const bool has_deadline = options_.contains("deadline");
    ARROW_RETURN_NOT_OK(TakeTuning(&address.tuning));
    if (has_deadline) {
      // What was asked for goes before what one request may take.
      const auto deadline = address.tuning.retry.deadline;
      address.manager.timeout = std::min(address.manager.timeout, deadline);
      address.manager.upload_timeout = std::min(address.manager.upload_timeout, deadline);
    }
    address.manager.upload_retries = address.tuning.retry.max_tries - 1;
    address.client.idle_connections = address.tuning.max_in_flight;
    CoalescingPolicy& coalescing = address.manager.coalescing;
    coalescing.requests_under_way = address.tuning.max_in_flight;
    if (address.tuning.bytes_per_second > 0) {
      coalescing.bytes_per_second =
          std::min(coalescing.bytes_per_second, address.tuning.bytes_per_second);
    }
    ARROW_RETURN_NOT_OK(
        TakeNumber("part_bytes", 5 << 20, int64_t{5} << 30, &address.manager.part_bytes));
    ARROW_RETURN_NOT_OK(TakeNumber("parallel_parts", 1, 64, &address.manager.parallel_parts));
    if (const auto bundle = Take("ca_bundle")) {
      std::ifstream in(*bundle, std::ios::binary);
      address.client.certificates.assign(std::istreambuf_iterator<char>(in), {});
      if (!in) {
        return MakeError(ErrorKind::kInvalid, "cannot read the certificates",
                         {.object = *bundle, .field = "ca_bundle"});
      }
    }
    if (service_.scheme == "az") ARROW_RETURN_NOT_OK(FitAzure());
    if (const auto endpoint = options_.find("endpoint"); endpoint != options_.end()) {
      ARROW_RETURN_NOT_OK(CheckEndpoint(endpoint->second, allow_http));
    }
    FitCredentials();
    HostQuestion question{.service = service_.opendal, .bucket = bucket};
    if (service_.scheme == "s3") {
      question.profile = ProfileOf();
      if (Option("region").empty() && !question.profile.region.empty()) {
        options_["region"] = question.profile.region;
      }
    }
    ARROW_ASSIGN_OR_RAISE(question.asks_machine, AsksMachine());
    question.credential_hosts = Take("credential_hosts").value_or("");
    question.options = &options_;
    address.client.hosts = HostsOf(question, environment_);
    address.endpoint =
        std::string(service_.opendal) + " " + Option("endpoint") + " " + Option("region");
    for (const auto& [name, value] : service_.fixed) {
      options_.try_emplace(std::string(name), std::string(value));
    }
    address.client.scheme = service_.opendal;
    address.client.options = std::move(options_);
    address.client.options[std::string(service_.bucket)] = bucket;
    address.client.options["root"] = "/" + prefix;
    // Directory buckets have sessions that only OpenDAL knows.
    address.manager.multipart = service_.opendal == "s3" && !bucket.ends_with("--x-s3");
    address.manager.conditions_cost_a_request = service_.scheme == "gs";
    address.manager.uri = std::string(service_.scheme) + "://" + bucket;
    if (!prefix.empty()) address.manager.uri += "/" + prefix;
    if (!service_.put_if_absent) {
      address.manager.why_no_commits = "Apache OpenDAL has no conditional put for this service";
    }
    address.manager.features = {.put_if_absent = service_.put_if_absent,
                                .ordered_listing = service_.ordered_listing,
                                .durable = true};
    return address;
  }

 private:
  Status TakeTuning(RemoteTuning* tuning) {
    ARROW_RETURN_NOT_OK(TakeNumber("max_in_flight", 1, 4096, &tuning->max_in_flight));
    ARROW_RETURN_NOT_OK(TakeMillis("deadline", &tuning->retry.deadline));
    ARROW_RETURN_NOT_OK(TakeMillis("hedge_after", &tuning->hedge_after));
    ARROW_RETURN_NOT_OK(TakeMillis("health_check_interval", &tuning->health_check_interval));
    int64_t retries = tuning->retry.max_tries - 1;
    ARROW_RETURN_NOT_OK(TakeNumber("retry_attempts", 0, 100, &retries));
    tuning->retry.max_tries = static_cast<int>(retries) + 1;
    int64_t failures = tuning->breaker.failures;
    ARROW_RETURN_NOT_OK(TakeNumber("breaker_failures", 1, 1'000'000, &failures));
    tuning->breaker.failures = static_cast<int>(failures);
    ARROW_ASSIGN_OR_RAISE(tuning->skip_probe, Flag("skip_probe"));
    if (const auto text = Take("max_bandwidth")) {
      const auto bytes = ParseBytes(*text);
      if (!bytes || *bytes < kBandwidthMin) {
        return Bad("max_bandwidth", "bytes a second such as 50MB, from 64KiB", *text);
      }
      tuning->bytes_per_second = *bytes;
    }
    if (const auto text = Take("read_replicas")) {
      std::istringstream words(*text);
      tuning->read_replicas.assign(std::istream_iterator<std::string>(words), {});
    }
    return Status::OK();
  }

  // Whatever else is known of the account comes from its name, or from its connection string.
  Status FitAzure() {
    if (const auto text = Take("connection_string")) {
      ARROW_ASSIGN_OR_RAISE(auto parts, ParseAzureConnection(*text));
      options_.merge(std::move(parts));
    }
    const std::string account = Option("account_name");
    if (Option("endpoint").empty() && !account.empty()) {
      options_["endpoint"] = "https://" + account + ".blob.core.windows.net";
    }
    if (const std::string name = AzureAccountOf(Option("endpoint"));
        account.empty() && !name.empty()) {
      options_["account_name"] = name;
    }
    if (Option("client_secret").empty()) return Status::OK();
    for (const char* other : {"client_id", "tenant_id"}) {
      if (!Option(other).empty()) continue;
      return MakeError(ErrorKind::kInvalid, "a client secret needs the client and its tenant",
                       {.object = "az://",
                        .field = other,
                        .expected = std::string("azure_") + other + "=…",
                        .found = "none"});
    }
    return Status::OK();
  }

  AwsProfile ProfileOf() const {
    if (Option("disable_config_load") == "true") return {};
    return LoadAwsProfile(Option("profile"), environment_);
  }

  // Whether the cloud's metadata service may be asked for credentials: only where that is said.
  Result<bool> AsksMachine() {
    const std::string name =
        service_.scheme == "s3" ? "disable_ec2_metadata" : "disable_vm_metadata";
    if (!options_.contains(name)) return false;
    ARROW_ASSIGN_OR_RAISE(const bool disabled, Flag(name));
    // OSS has no option of that name.
    if (service_.scheme != "oss") options_[name] = disabled ? "true" : "false";
    return !disabled;
  }

  // Elsewhere the key of a service account is given as text; OpenDAL wants it in base64.
  void FitCredentials() {
    const auto key = options_.find("credential");
    if (service_.scheme != "gs" || key == options_.end()) return;
    const size_t begin = key->second.find_first_not_of(" \t\r\n");
    if (begin != std::string::npos && key->second[begin] == '{') {
      key->second = arrow::util::base64_encode(key->second);
    }
  }

  // "" if it is not set.
  std::string Option(const std::string& name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? "" : found->second;
  }

  std::optional<std::string> Take(const std::string& name) {
    auto node = options_.extract(name);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  Status Bad(const std::string& name, const std::string& expected, const std::string& found) const {
    return MakeError(ErrorKind::kInvalid, "a storage option makes no sense",
                     {.object = std::string(service_.scheme) + "://",
                      .field = name,
                      .expected = expected,
                      .found = found});
  }

  Result<bool> Flag(const std::string& name) {
    const auto text = Take(name);
    if (!text) return false;
    const std::string value = Lower(*text);
    if (value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    return Bad(name, "true or false", *text);
  }

  Status TakeNumber(const std::string& name, int64_t least, int64_t most, int64_t* out) {
    const auto text = Take(name);
    if (!text) return Status::OK();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < least ||
        value > most) {
      return Bad(name, "a number from " + std::to_string(least) + " to " + std::to_string(most),
                 *text);
    }
    *out = value;
    return Status::OK();
  }

  // "30s", "500ms", "2m"; a bare number counts seconds.
  Status TakeMillis(const std::string& name, std::chrono::milliseconds* out) {
    const auto text = Take(name);
    if (!text) return Status::OK();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    const std::string unit(end, text->data() + text->size());
    const int64_t factor = unit == "ms"                  ? 1
                           : unit.empty() || unit == "s" ? 1000
                           : unit == "m"                 ? 60'000
                                                         : 0;
    if (error != std::errc() || factor == 0 || value <= 0 || value > 86'400'000 / factor) {
      return Bad(name, "a time such as 30s, up to a day", *text);
    }
    *out = std::chrono::milliseconds(value * factor);
    return Status::OK();
  }

  static Status CheckEndpoint(const std::string& endpoint, bool allow_http) {
    const UriParts parts = SplitUri(endpoint);
    if (parts.scheme == "https") return Status::OK();
    if (parts.scheme != "http") {
      return MakeError(ErrorKind::kInvalid, "an endpoint needs its scheme",
                       {.field = "endpoint", .expected = "https://host or http://127.0.0.1:port"});
    }
    if (allow_http || IsLoopback(HostOf(parts.authority))) return Status::OK();
    return MakeError(ErrorKind::kInvalid,
                     "plain HTTP would send credentials and data in the open; use https, or set "
                     "allow_http=true",
                     {.field = "endpoint", .found = std::string(HostOf(parts.authority))});
  }

  const Service& service_;
  const Environment& environment_;
  StorageOptions options_;
};

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

bool IsObjectStoreScheme(std::string_view scheme) { return FindService(scheme) != nullptr; }

Result<StoreAddress> ResolveStoreAddress(const std::string& uri, const StorageOptions& options,
                                         const Environment& environment,
                                         const StorageOptions& defaults) {
  const UriParts parts = SplitUri(uri);
  const Service* service = FindService(parts.scheme);
  if (service == nullptr) {
    return MakeError(ErrorKind::kUnsupported, "no object store for this URI scheme",
                     {.field = "scheme", .found = std::string(parts.scheme)});
  }
  if (parts.authority.empty() || parts.authority.find_first_of("@:") != parts.authority.npos) {
    return MakeError(ErrorKind::kInvalid, "the address needs a bucket, and nothing else before /",
                     {.field = "uri", .expected = std::string(parts.scheme) + "://bucket/folder"});
  }
  std::string prefix(parts.path);
  prefix.erase(0, prefix.find_first_not_of('/'));
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) ARROW_RETURN_NOT_OK(CheckObjectPath(prefix));
  ARROW_ASSIGN_OR_RAISE(const StorageOptions in_address, ParseQuery(parts.query));
  Resolver resolver(*service, environment);
  ARROW_RETURN_NOT_OK(resolver.Add(in_address));
  ARROW_RETURN_NOT_OK(resolver.Add(options));
  ARROW_RETURN_NOT_OK(resolver.Add(defaults));
  resolver.AddEnvironment();
  return resolver.Finish(std::string(parts.authority), prefix);
}

}  // namespace varve::internal
