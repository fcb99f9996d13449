// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/azure_connection.h"

#include <algorithm>

#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

// Of every Azurite; printed in its documentation.
constexpr const char* kEmulatorAccount = "devstoreaccount1";
constexpr const char* kEmulatorKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

}  // namespace

Result<std::map<std::string, std::string>> ParseAzureConnection(std::string_view text) {
  std::map<std::string, std::string> parts;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view part = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.find_first_not_of(" \r\n") == part.npos) continue;
    const size_t equals = part.find('=');
    if (equals == part.npos) {
      return MakeError(ErrorKind::kInvalid, "a part of the connection string has no value",
                       {.field = "azure_storage_connection_string",
                        .expected = "Name=value;…",
                        .found = "part " + std::to_string(number)});
    }
    parts[Lower(part.substr(0, equals))] = part.substr(equals + 1);
  }
  if (parts["usedevelopmentstorage"] == "true") {
    return std::map<std::string, std::string>{
        {"endpoint", std::string("http://127.0.0.1:10000/") + kEmulatorAccount},
        {"account_name", kEmulatorAccount},
        {"account_key", kEmulatorKey}};
  }
  std::map<std::string, std::string> options;
  const auto take = [&](const char* part, const char* option) {
    if (const auto found = parts.find(part); found != parts.end() && !found->second.empty()) {
      options[option] = found->second;
    }
  };
  take("accountname", "account_name");
  take("accountkey", "account_key");
  take("sharedaccesssignature", "sas_token");
  take("blobendpoint", "endpoint");
  if (!options.contains("endpoint") && options.contains("account_name")) {
    const std::string scheme = parts["defaultendpointsprotocol"];
    const std::string suffix = parts["endpointsuffix"];
    options["endpoint"] = (scheme.empty() ? "https" : scheme) + "://" + options["account_name"] +
                          ".blob." + (suffix.empty() ? "core.windows.net" : suffix);
  }
  while (options.contains("endpoint") && options["endpoint"].ends_with('/')) {
    options["endpoint"].pop_back();
  }
  return options;
}

std::string AzureAccountOf(std::string_view endpoint) {
  const std::string_view host = HostOf(SplitUri(endpoint).authority);
  const size_t dot = host.find('.');
  return host.substr(std::min(dot, host.size())).starts_with(".blob.")
             ? std::string(host.substr(0, dot))
             : "";
}

}  // namespace varve::internal
