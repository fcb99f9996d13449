// SPDX-License-Identifier: Apache-2.0
#include "varve/store_inspection.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "storage/inspection/inspect_client.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/store_address.h"

namespace varve {
namespace {

// Neither secret nor of those who ask.
constexpr std::array<std::string_view, 8> kPlaces = {
    "bucket", "container", "root", "endpoint", "region", "default_storage_class",
    "scope",  "domain"};
// Of those who ask, and no secret.
constexpr std::array<std::string_view, 5> kShown = {"account_name", "profile", "tenant_id",
                                                    "skip_signature", "allow_anonymous"};

bool IsIn(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsSwitch(std::string_view name) {
  return name.starts_with("enable_") || name.starts_with("disable_") ||
         name.starts_with("server_side_encryption");
}

// "https://host" of "https://user:word@host".
std::string WithoutUser(std::string endpoint) {
  const size_t scheme = endpoint.find("://");
  const size_t host = scheme == endpoint.npos ? 0 : scheme + 3;
  const size_t at = endpoint.rfind('@', endpoint.find('/', host));
  return at == endpoint.npos || at < host ? endpoint : endpoint.erase(host, at + 1 - host);
}

}  // namespace

Result<StoreInspection> InspectStore(const std::string& uri, const ChunkManagerOptions& options,
                                     bool try_writes) {
  ARROW_ASSIGN_OR_RAISE(
      const auto address,
      internal::ResolveStoreAddress(uri, options.storage_options, internal::ProcessEnvironment(),
                                    options.storage_defaults));
  StoreInspection found;
  found.uri = address.manager.uri;
  found.service = address.client.scheme;
  for (const auto& [name, value] : address.client.options) {
    if (name == "endpoint") found.endpoint = WithoutUser(value);
    if (name == "region") found.region = value;
    if (IsIn(kPlaces, name) || IsSwitch(name)) continue;
    found.credentials[name] = IsIn(kShown, name) ? value : "***";
  }
  ARROW_ASSIGN_OR_RAISE(const auto client, internal::MakeOpenDalClient(address.client));
  internal::InspectClient(client.get(),
                          {.writes = try_writes, .uploads = address.manager.multipart}, &found);
  return found;
}

}  // namespace varve
