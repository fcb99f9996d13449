// SPDX-License-Identifier: Apache-2.0
// A multipart upload that this side keeps track of: each step is a request of its own, so that what
// stands before the client applies to each (a part that failed is sent again alone), and an upload
// that a process left behind can be gone on with.
//
// With `resume`, the unfinished upload of the path that has most parts is taken up, and the others
// are aborted at the end; a part that the service holds with the same size and content is not sent.
//
// Memory:  `parallel_parts` parts
// Threads: as ObjectUpload; `done` may be called on any thread that the client calls on
// Source:  Amazon S3 user guide, "Uploading and copying objects using multipart upload"
#pragma once

#include <memory>
#include <string>

#include "storage/remote/object_client.h"

namespace varve::internal {

class MultipartUpload : public ObjectUpload {
 public:
  MultipartUpload(std::shared_ptr<ObjectClient> client, std::string path, UploadOptions options);

  /// One part. REQUIRES: all but the last are of the size that the service demands.
  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override;
  /// An answer that was lost is settled: an upload that is gone has become the object.
  void Close(ObjectDone done) override;
  /// Waits for parts that are under way, lest they come after it. Aborts also what nobody knows the
  /// id of, because the answer that told it was lost.
  void Abort(ObjectDone done) override;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace varve::internal
