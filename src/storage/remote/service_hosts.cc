// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/service_hosts.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <sstream>
#include <utility>

#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

class HostList {
 public:
  HostList(const HostQuestion& question,
           const std::function<std::optional<std::string>(const std::string&)>& environment)
      : question_(question), environment_(environment) {}

  std::vector<std::string> Take() {
    AddEndpoint();
    if (question_.service == "s3") AddAmazon();
    if (question_.service == "azblob") AddAzure();
    if (question_.service == "gcs") AddGoogle();
    if (question_.service == "oss") AddAliyun();
    if (question_.service == "cos" && AnyIsSet({"TENCENTCLOUD_ROLE_ARN", "TKE_ROLE_ARN"})) {
      Add("sts.tencentcloudapi.com");
    }
    std::istringstream more(question_.credential_hosts);
    for (std::string host; more >> host;) Add(host);
    return std::move(hosts_);
  }

 private:
  std::string Option(const std::string& name) const {
    const auto found = question_.options->find(name);
    return found == question_.options->end() ? "" : found->second;
  }
  std::string Variable(const std::string& name) const { return environment_(name).value_or(""); }
  bool AnyIsSet(std::initializer_list<const char*> names) const {
    return std::ranges::any_of(names, [&](const char* name) { return !Variable(name).empty(); });
  }

  void Add(std::string host) {
    std::ranges::transform(host, host.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!host.empty() && std::ranges::find(hosts_, host) == hosts_.end()) hosts_.push_back(host);
  }
  // With or without a scheme.
  void AddHostOf(const std::string& address) {
    const bool has_scheme = address.find("://") != address.npos;
    const std::string uri = has_scheme ? address : "https://" + address;
    const std::string_view authority = SplitUri(uri).authority;
    // As requests have it: IPv6 in its brackets.
    const size_t open = authority.find('[');
    const size_t close = authority.find(']');
    Add(open < close && close != authority.npos
            ? std::string(authority.substr(open, close + 1 - open))
            : std::string(HostOf(authority)));
  }

  void AddEndpoint() {
    std::string endpoint = Option("endpoint");
    const std::string region = Option("region");
    // OpenDAL knows Amazon's general address as that of the region.
    if (question_.service == "s3" && (endpoint.empty() || endpoint == "https://s3.amazonaws.com")) {
      endpoint = "https://s3." + region + ".amazonaws.com";
    }
    if (question_.service == "gcs" && endpoint.empty()) {
      endpoint = "https://storage.googleapis.com";
    }
    if (endpoint.empty()) return;
    const std::string_view authority = SplitUri(endpoint).authority;
    const std::string host(HostOf(authority));
    AddHostOf(endpoint);
    Add(question_.bucket + "." + host);
    if (host.starts_with(question_.bucket + ".")) Add(host.substr(question_.bucket.size() + 1));
    if (question_.service == "s3" && question_.bucket.ends_with("--x-s3")) {
      AddDirectoryBucket(region);
    }
  }

  // "name--zone--x-s3"
  void AddDirectoryBucket(const std::string& region) {
    const std::string name = question_.bucket.substr(0, question_.bucket.size() - 6);
    const size_t zone = name.rfind("--");
    if (zone == name.npos) return;
    Add(question_.bucket + ".s3express-" + name.substr(zone + 2) + "." + region +
        AmazonSuffix(region));
  }

  static std::string AmazonSuffix(const std::string& region) {
    return region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  }

  void AddAmazon() {
    const bool has_role = !Option("role_arn").empty() || question_.profile.assumes_role ||
                          AnyIsSet({"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"});
    if (has_role) {
      for (const std::string& region :
           {Option("region"), Variable("AWS_REGION"), Variable("AWS_DEFAULT_REGION")}) {
        if (region.empty()) continue;
        Add("sts" + AmazonSuffix(region));
        Add("sts." + region + AmazonSuffix(region));
      }
      Add("sts.amazonaws.com");
    }
    if (!question_.profile.sso_region.empty()) {
      Add("portal.sso." + question_.profile.sso_region + ".amazonaws.com");
    }
    if (AnyIsSet({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"})) Add("169.254.170.2");
    if (const std::string uri = Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"); !uri.empty()) {
      AddHostOf(uri);
    }
    AddMachine("169.254.169.254", "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  }

  void AddAzure() {
    const bool has_login = !Option("client_id").empty() || AnyIsSet({"AZURE_CLIENT_ID"});
    if (has_login) {
      const std::string authority = Variable("AZURE_AUTHORITY_HOST");
      AddHostOf(authority.empty() ? "login.microsoftonline.com" : authority);
      if (const std::string uri = Variable("SYSTEM_OIDCREQUESTURI"); !uri.empty()) AddHostOf(uri);
    }
    AddMachine("169.254.169.254", "");
  }

  void AddGoogle() {
    if (Option("token").empty() && Option("skip_signature") != "true") {
      for (const char* host :
           {"oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"}) {
        Add(host);
      }
    }
    AddMachine("metadata.google.internal", "GCE_METADATA_HOST");
  }

  void AddAliyun() {
    if (!Option("role_arn").empty() || AnyIsSet({"ALIBABA_CLOUD_ROLE_ARN"})) {
      const std::string sts = Variable("ALIBABA_CLOUD_STS_ENDPOINT");
      AddHostOf(sts.empty() ? "sts.aliyuncs.com" : sts);
    }
    AddMachine("100.100.100.200", "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT");
  }

  void AddMachine(const char* host, const std::string& variable) {
    if (!question_.asks_machine) return;
    const std::string other = variable.empty() ? "" : Variable(variable);
    if (other.empty()) {
      Add(host);
    } else {
      AddHostOf(other);
    }
  }

  const HostQuestion& question_;
  const std::function<std::optional<std::string>(const std::string&)>& environment_;
  std::vector<std::string> hosts_;
};

}  // namespace

std::vector<std::string> HostsOf(
    const HostQuestion& question,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  return HostList(question, environment).Take();
}

}  // namespace varve::internal
