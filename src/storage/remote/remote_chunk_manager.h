// SPDX-License-Identifier: Apache-2.0
// The contract of chunk managers over requests to an object store.
//
// Objects below one part are written with one request, longer ones part by part. Whole reads are
// one request; a reader of unknown size asks for it first.
//
// Threads:  as ChunkManager; callers wait, requests do not take a thread
// Errors:   as ChunkManager, naming the object and what the service said
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "storage/remote/conditional_writes.h"
#include "storage/remote/endpoint_health.h"
#include "storage/remote/health_check.h"
#include "storage/remote/metered_client.h"
#include "storage/remote/object_client.h"
#include "storage/remote/ranged_reads.h"
#include "storage/remote/remote_chunk_writer.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

struct RemoteOptions {
  std::string uri;  ///< without credentials
  ChunkManagerFeatures features;
  std::string why_no_commits;                         ///< where there is no put_if_absent
  std::chrono::milliseconds timeout{30'000};          ///< of each request
  std::chrono::milliseconds upload_timeout{120'000};  ///< of each request with a body
  int64_t part_bytes = 8 << 20;
  int64_t parallel_parts = 4;
  int upload_retries = 9;  ///< of parts, where they are not requests of their own
  /// A conditional put is two requests (Google's).
  bool conditions_cost_a_request = false;
  bool multipart = false;  ///< uploads can be told apart: S3 and lookalikes
  int64_t whole_read_bytes_max = int64_t{1} << 30;
  CoalescingPolicy coalescing;
};

/// What stands behind the client and has something to say; each may be missing.
struct RemoteServices {
  std::shared_ptr<MeteredClient> meter;
  std::shared_ptr<EndpointHealth> health;
  std::shared_ptr<ConditionalWrites> conditional_writes;  ///< missing: taken on trust
  std::shared_ptr<HealthCheck> health_check;
};

class RemoteChunkManager : public ChunkManager {
 public:
  RemoteChunkManager(std::shared_ptr<ObjectClient> client, RemoteOptions options,
                     RemoteServices services = {});

  const std::string& uri() const override { return options_.uri; }
  ChunkManagerFeatures features() const override { return options_.features; }
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path) override;
  std::vector<Result<std::shared_ptr<arrow::Buffer>>> ReadMany(
      std::span<const std::string> paths) override;
  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                  int64_t known_size) override;
  Status ReadRangesOf(std::span<const ObjectRanges> objects, ReadPattern pattern) override;
  void StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern, std::stop_token stop,
                     std::function<void(Status)> done) override;
  Status Write(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix, ListOptions options) override;
  Status Remove(const std::string& path) override;
  /// Through this machine, part by part.
  Status Copy(const std::string& from, const std::string& to) override;
  Result<int64_t> StoreTime() override;

  // varve/unfinished_uploads.h
  Result<std::vector<UnfinishedUpload>> ListUnfinishedUploads(const std::string& prefix);
  Status AbortUnfinishedUpload(const UnfinishedUpload& upload);
  Result<std::unique_ptr<ChunkWriter>> ResumeWriter(const std::string& path,
                                                    MakeWriterOptions options);

  Status CheckConditionalWrites() override;
  std::optional<StorageMetrics> Metrics() const override;

  /// The endpoint has left so much unanswered that requests to it fail at once.
  bool IsAvoided() const;

 private:
  Status CheckMultipart() const;
  std::unique_ptr<RemoteChunkWriter> MakeWriter(const std::string& path, bool resume,
                                                const MakeWriterOptions& writer) const;
  ObjectRequest WholeRead(const std::string& path) const;
  ObjectReply Put(const std::string& path, std::span<const uint8_t> bytes, bool if_absent);

  const std::shared_ptr<ObjectClient> client_;
  const RemoteOptions options_;
  const RemoteServices services_;
  const RangedReads reads_;
};

}  // namespace varve::internal
