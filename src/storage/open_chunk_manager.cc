// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "storage/local/file_uri.h"
#include "storage/local/local_chunk_manager.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/remote/degrading_chunk_manager.h"
#include "storage/remote/open_remote.h"
#include "storage/remote/store_address.h"
#include "varve/chunk_manager.h"

namespace varve {
namespace {

// "s3" of "s3://bucket/x"; empty for a plain path (RFC 3986, section 3.1).
std::string_view SchemeOf(std::string_view uri) {
  // The one that needs no authority (RFC 8089, section 2).
  if (uri.starts_with("file:/")) return "file";
  const size_t end = uri.find("://");
  if (end == uri.npos || end == 0) return {};
  const std::string_view scheme = uri.substr(0, end);
  const bool is_scheme = std::isalpha(static_cast<unsigned char>(scheme.front())) != 0 &&
                         std::ranges::all_of(scheme, [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
                         });
  return is_scheme ? scheme : std::string_view();
}

Result<std::shared_ptr<ChunkManager>> OpenLocal(const std::string& path,
                                                const ChunkManagerOptions& options) {
  if (path.empty()) return MakeError(ErrorKind::kInvalid, "the path of a store is empty");
  if (path.find('\0') != path.npos) {
    return MakeError(ErrorKind::kInvalid, "the path of a store has a NUL");
  }
  std::error_code error;
  std::filesystem::path root = std::filesystem::absolute(path, error);
  if (!error) {
    // ".." after a symbolic link means what the kernel says, so only then ask the kernel.
    const bool goes_up = std::ranges::any_of(root, [](const auto& part) { return part == ".."; });
    root = goes_up ? std::filesystem::weakly_canonical(root, error) : root.lexically_normal();
  }
  if (error) {
    return MakeError(ErrorKind::kIo, "cannot resolve the path of a store (" + error.message() + ")",
                     {.object = path});
  }
  return internal::LocalChunkManager::Make(root.string(), options);
}

// What a caller says of one service is meant for replicas at the same one, too; others have their
// address and the environment.
ChunkManagerOptions OptionsForReplica(const std::string& uri, const std::string& replica,
                                      const ChunkManagerOptions& options) {
  ChunkManagerOptions out = options;
  for (auto* said : {&out.storage_options, &out.storage_defaults}) {
    std::erase_if(*said, [](const auto& option) {
      constexpr std::string_view kReplicas = "read_replicas";
      return std::ranges::equal(option.first, kReplicas, {},
                                [](unsigned char c) { return std::tolower(c); });
    });
    if (SchemeOf(uri) != SchemeOf(replica)) said->clear();
  }
  return out;
}

Result<std::shared_ptr<ChunkManager>> OpenWithReplicas(const std::string& uri,
                                                       const ChunkManagerOptions& options) {
  const auto resolve = [uri, options] {
    return internal::ResolveStoreAddress(uri, options.storage_options,
                                         internal::ProcessEnvironment(), options.storage_defaults);
  };
  ARROW_ASSIGN_OR_RAISE(const auto address, resolve());
  const auto resolve_client = [resolve]() -> Result<internal::OpenDalOptions> {
    ARROW_ASSIGN_OR_RAISE(auto now, resolve());
    return std::move(now.client);
  };
  ARROW_ASSIGN_OR_RAISE(auto store, internal::OpenRemote(address, resolve_client));
  if (address.tuning.read_replicas.empty()) return store;
  std::vector<std::shared_ptr<ChunkManager>> replicas;
  for (const std::string& replica : address.tuning.read_replicas) {
    ARROW_ASSIGN_OR_RAISE(auto opened,
                          OpenChunkManager(replica, OptionsForReplica(uri, replica, options)));
    replicas.push_back(std::move(opened));
  }
  return std::make_shared<internal::DegradingChunkManager>(store, std::move(replicas),
                                                           [store] { return store->IsAvoided(); });
}

}  // namespace

Result<std::shared_ptr<ChunkManager>> OpenChunkManager(const std::string& uri,
                                                       const ChunkManagerOptions& options) {
  const std::string_view scheme = SchemeOf(uri);
  if (scheme.empty()) return OpenLocal(uri, options);
  if (scheme == "file") {
    ARROW_ASSIGN_OR_RAISE(const std::string path, internal::PathOfFileUri(uri));
    return OpenLocal(path, options);
  }
  if (scheme == "memory") {
    const std::string name = uri.substr(std::string_view("memory://").size());
    if (name.empty()) {
      return MakeError(ErrorKind::kInvalid, "a store in memory needs a name: memory://name",
                       {.object = uri});
    }
    return internal::MemoryChunkManager::Named(name);
  }
  if (internal::IsObjectStoreScheme(scheme)) return OpenWithReplicas(uri, options);
  // The URI itself is not repeated: it may hold credentials.
  return MakeError(ErrorKind::kUnsupported, "no store for this URI scheme",
                   {.field = "scheme",
                    .expected = "file, memory, s3, az, gs, oss, cos, obs or a plain path",
                    .found = std::string(scheme)});
}

}  // namespace varve
