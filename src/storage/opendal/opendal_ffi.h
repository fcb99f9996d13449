// SPDX-License-Identifier: Apache-2.0
// The C side of ffi/: Apache OpenDAL in a static library.
//
// Operations return at once. Their callback comes exactly once, on a thread of the runtime, when
// nothing of the operation runs any more: not before the last byte is in `out`, and not while one
// may still be written there. Callbacks must not block for long, and must not free the runtime.
//
// Threads:  everything may be called from any thread; the calls of one writer come one by one
// Lifetime: texts given in live until the function returns, texts told until the callback does.
//           Handles are freed by their function, once; a call may be freed while it runs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vod_runtime vod_runtime;
typedef struct vod_endpoint vod_endpoint;
typedef struct vod_call vod_call;
typedef struct vod_writer vod_writer;

typedef struct vod_text {
  const char* data;
  size_t length;
} vod_text;

/// What `kind` says. 1 to 12 are OpenDAL's.
enum vod_kind {
  VOD_OK = 0,
  VOD_UNEXPECTED = 1,
  VOD_UNSUPPORTED = 2,
  VOD_CONFIG_INVALID = 3,
  VOD_NOT_FOUND = 4,
  VOD_PERMISSION_DENIED = 5,
  VOD_IS_A_DIRECTORY = 6,
  VOD_NOT_A_DIRECTORY = 7,
  VOD_ALREADY_EXISTS = 8,
  VOD_RATE_LIMITED = 9,
  VOD_CONDITION_NOT_MATCH = 10,
  VOD_RANGE_NOT_SATISFIED = 11,
  VOD_CONFLICT = 12,
  VOD_TIMED_OUT = 100,
  VOD_CANCELLED = 101,
  VOD_PANICKED = 102,
  VOD_BAD_ARGUMENT = 103,
  VOD_TOO_LONG = 104
};

typedef struct vod_result {
  int32_t kind;
  int32_t http_status;  ///< of the last response; 0: there was none
  uint32_t requests;    ///< sent by the call; of a writer, since it was opened
  bool temporary;       ///< as OpenDAL sees it
  bool certificate_refused;
  uint64_t bytes;  ///< read or written
  uint64_t size;
  int64_t last_modified_ms;  ///< since 1970; -1: not told
  int64_t retry_after_ms;    ///< -1: not told
  int64_t server_date_ms;    ///< since 1970; -1: not told
  vod_text etag;
  vod_text version;
  vod_text message;
  vod_text data;
  vod_text bucket_region;  ///< as the service names it; may be empty
} vod_result;

typedef void (*vod_done)(void* user, const vod_result* result);
typedef void (*vod_release)(void* owner);

/// NULL: no threads to be had.
vod_runtime* vod_runtime_new(size_t threads);
/// No call may be in progress.
void vod_runtime_free(vod_runtime* runtime);

typedef struct vod_open_options {
  vod_text scheme;
  const vod_text* options;  ///< key, value, key, value, …
  size_t num_options;       ///< pairs
  const vod_text* hosts;    ///< that may be asked; none: any
  size_t num_hosts;
  vod_text certificates;  ///< PEM, trusted beside the system's; may be empty
  uint64_t connect_timeout_ms;
  uint64_t idle_timeout_ms;  ///< between two pieces of a response
  size_t idle_connections;   ///< kept open for each host
} vod_open_options;

/// NULL after a failure, which `done` is told of before this returns.
vod_endpoint* vod_open(const vod_runtime* runtime, const vod_open_options* options, vod_done done,
                       void* user);
/// Calls in progress go on.
void vod_close(vod_endpoint* endpoint);

// A timeout of 0 milliseconds is none.

/// Exactly `length` bytes at `offset` to `out`.
vod_call* vod_read(const vod_endpoint* endpoint, vod_text path, uint64_t offset, uint64_t length,
                   uint8_t* out, uint64_t timeout_ms, vod_done done, void* user);
/// All of an object of at most `limit` bytes, told as `data`.
vod_call* vod_read_whole(const vod_endpoint* endpoint, vod_text path, uint64_t limit,
                         uint64_t timeout_ms, vod_done done, void* user);
/// One request (on GCS, two under the condition). `release(owner)` comes once, when `data` is no
/// longer needed: maybe after `done`.
vod_call* vod_write(const vod_endpoint* endpoint, vod_text path, const uint8_t* data, size_t length,
                    void* owner, vod_release release, bool if_not_exists, uint64_t timeout_ms,
                    vod_done done, void* user);
vod_call* vod_stat(const vod_endpoint* endpoint, vod_text path, uint64_t timeout_ms, vod_done done,
                   void* user);
/// An object that is absent is removed already.
vod_call* vod_delete(const vod_endpoint* endpoint, vod_text path, uint64_t timeout_ms,
                     vod_done done, void* user);

typedef struct vod_entry {
  vod_text path;
  bool is_directory;
  uint64_t size;
  int64_t last_modified_ms;
} vod_entry;

/// False: no more of them.
typedef bool (*vod_on_entry)(void* user, const vod_entry* entry);

/// What lies under `prefix`, one by one before `done`, in the service's order.
vod_call* vod_list(const vod_endpoint* endpoint, vod_text prefix, vod_text start_after,
                   bool recursive, size_t page, vod_on_entry on_entry, uint64_t timeout_ms,
                   vod_done done, void* user);

/// Whether something may be done, as `owner` sees it.
typedef bool (*vod_may)(void* owner);

typedef struct vod_writer_options {
  vod_text path;
  bool if_not_exists;
  size_t concurrency;  ///< parts under way
  /// So many requests for parts are sent again where they fail, if `may_retry(owner)` agrees to
  /// each.
  uint32_t retries;
  vod_may may_retry;
  void* owner;
  vod_release release;  ///< of `owner`; comes once, when nobody will ask any more
} vod_writer_options;

/// A streaming upload; `*writer` is set at once and usable after `done`. Each write is a part,
/// unless it is smaller than the service takes.
vod_call* vod_writer_open(const vod_endpoint* endpoint, const vod_writer_options* options,
                          vod_writer** writer, uint64_t timeout_ms, vod_done done, void* user);
vod_call* vod_writer_write(const vod_writer* writer, const uint8_t* data, size_t length,
                           void* owner, vod_release release, uint64_t timeout_ms, vod_done done,
                           void* user);
vod_call* vod_writer_close(const vod_writer* writer, uint64_t timeout_ms, vod_done done,
                           void* user);
/// Harmless after a close that succeeded.
vod_call* vod_writer_abort(const vod_writer* writer, uint64_t timeout_ms, vod_done done,
                           void* user);
/// Sends nothing. No call of the writer may be in progress.
void vod_writer_free(vod_writer* writer);

enum vod_multipart_action {
  VOD_UPLOAD_BEGIN = 0,  ///< the upload's id is told as `data`
  VOD_UPLOAD_PART = 1,   ///< sends nothing if `known_etag` is that of the data
  VOD_UPLOAD_COMPLETE = 2,
  VOD_UPLOAD_ABORT = 3,
  VOD_LIST_PARTS = 4,
  VOD_LIST_UPLOADS = 5  ///< of paths that start with `path`
};

/// A part of an upload, or an upload.
typedef struct vod_part {
  uint32_t number;
  uint64_t size;
  vod_text etag;
  vod_text path;
  vod_text upload;
  int64_t begun_ms;  ///< since 1970; -1: not told
} vod_part;

typedef void (*vod_on_part)(void* user, const vod_part* part);

typedef struct vod_multipart_request {
  int32_t action;
  vod_text path;
  vod_text upload;
  uint32_t number;
  const uint8_t* data;  ///< until `release(owner)`, as in vod_write
  size_t length;
  void* owner;
  vod_release release;  ///< NULL: there is no data
  vod_text known_etag;
  const vod_part* parts;  ///< number and etag, in order: what is to be the object
  size_t num_parts;
  bool if_not_exists;
  vod_on_part on_part;  ///< for each that is listed, before `done`
} vod_multipart_request;

/// One step of a multipart upload that this side keeps track of; S3 only, others are unsupported.
vod_call* vod_multipart(const vod_endpoint* endpoint, const vod_multipart_request* request,
                        uint64_t timeout_ms, vod_done done, void* user);

void vod_call_cancel(vod_call* call);
void vod_call_free(vod_call* call);

#ifdef __cplusplus
}
#endif
