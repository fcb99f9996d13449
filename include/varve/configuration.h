// SPDX-License-Identifier: Apache-2.0
// Storage as a YAML file describes it: where the bytes live, how to get at them, and limits.
//
//   storage:
//     type: minio
//     address: 127.0.0.1:9000
//     bucket_name: books
//     access_key_id: …
//     secret_access_key: …
//
//   ARROW_ASSIGN_OR_RAISE(auto storage, varve::StorageConfiguration::Load("varve.yaml"));
//   for (const std::string& warning : storage.warnings) std::cerr << warning << '\n';
//   ARROW_ASSIGN_OR_RAISE(auto store, storage.Open());
//
// The section `minio` of a Milvus configuration is understood too. All keys:
// docs/guide/object-stores.md
//
// Errors:  Invalid naming file, line and key for unknown keys, wrong units and contradictions; a
//          value is repeated only where it cannot be a secret
// Threads: a value
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/secret.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

enum class Compression : int32_t;  // varve/packed.h

/// As FieldWriteOptions, for all fields.
struct CompressionConfiguration {
  Compression algorithm{};  ///< zstd unless told
  int level = 0;            ///< 0: the algorithm's default
  int concurrency = 0;      ///< 0: not told
};

struct CacheConfiguration {
  int64_t memory_limit_bytes = 0;  ///< 0: not told
  int64_t disk_limit_bytes = 0;    ///< 0: not told
};

struct ReliabilityConfiguration {
  bool backup_enabled = false;                         ///< read_replicas are used
  std::vector<std::string> read_replicas;              ///< addresses, in the order of asking
  int retry_attempts = -1;                             ///< after the first try; < 0: not told
  std::chrono::milliseconds health_check_interval{0};  ///< 0: none
};

struct VARVE_EXPORT StorageConfiguration {
  /// "local", "minio", "s3", "azure", "gcp", "oss", "cos" or "obs", whatever the file called it.
  std::string type = "local";
  /// The store's root for OpenChunkManager, without credentials. Empty where the file names no
  /// bucket (local: no root_path): the options are then for addresses given elsewhere.
  std::string uri;
  std::map<std::string, std::string> options;  ///< as ChunkManagerOptions::storage_options
  std::map<std::string, Secret> secrets;       ///< likewise, those not to be seen
  CompressionConfiguration compression;
  CacheConfiguration cache;
  ReliabilityConfiguration reliability;
  /// Keys that are understood and have no effect here, a line each, with file and line.
  std::vector<std::string> warnings;

  /// Reads a file.  Errors: also NotFound, kIo
  static Result<StorageConfiguration> Load(const std::string& path);
  /// `source` names the text in messages.
  static Result<StorageConfiguration> Parse(const std::string& text,
                                            const std::string& source = "configuration");

  /// `options` and `secrets` together, in the open.
  std::map<std::string, std::string> StorageOptions() const;
  /// The chunk manager at `uri`.  Errors: Invalid if there is none; as OpenChunkManager
  Result<std::shared_ptr<ChunkManager>> Open() const;
};

}  // namespace varve
