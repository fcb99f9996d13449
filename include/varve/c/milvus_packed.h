// SPDX-License-Identifier: Apache-2.0
//
// Packed sets of Milvus' storage V2 through the C interface that Milvus' own packed reader and
// writer have: names, parameters, layouts and ownership are theirs, so that their callers link this
// library instead. Library libvarve_milvus_packed.so, pkg-config varve_milvus_packed.
//
// Status:    error_code 0 is success, and error_msg then a static empty text that must not be
//            freed. Else error_code is one of varve_code (varve/c/varve.h) and error_msg is freed
//            by the caller with free(). No exception leaves the library; misuse that can be told is
//            VARVE_INVALID: NULL, a handle that was closed or is of another kind, counts that do
//            not match.
// Paths:     local: below root_path; else keys in the bucket, root_path included. A leading '/' is
//            left out. Nothing is overwritten: where a file is there, opening a writer fails with
//            VARVE_ALREADY_EXISTS, and closing it where the file came meanwhile.
// Ownership: schemas and arrays that a call takes in are released by it, whatever it returns, but
//            the structures themselves stay the caller's. What ReadNext gives out is released by
//            the caller, and the two structures are freed with free().
// Besides:   varve_packed_writer_abort, which Milvus' interface lacks
// Not here:  encryption. A writer that is given a CPluginContext is refused (VARVE_UNSUPPORTED); a
//            reader takes one and has no use for it, since only a file that is encrypted is
//            refused, with a context or without.
// Threads:   all functions may be called concurrently; calls on one handle wait for each other
// Source:    Milvus' packed_writer_c.h, packed_reader_c.h, column_groups_c.h, arrow_fs_c.h,
// type_c.h
#ifndef VARVE_C_MILVUS_PACKED_H_
#define VARVE_C_MILVUS_PACKED_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "varve/c/arrow_abi.h"

#ifndef VARVE_C_EXPORT
#define VARVE_C_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef void* CPackedWriter;
typedef void* CPackedReader;
typedef void* CColumnSplits;
typedef void* CArrowArray;   // a struct ArrowArray
typedef void* CArrowSchema;  // a struct ArrowSchema

typedef struct CStatus {
  int error_code;
  const char* error_msg;
} CStatus;

// All texts must be there, but for tls_min_version. "No effect": any value is taken and not used;
// so is all but root_path where storage_type is local.
typedef struct CStorageConfig {
  const char* address;  // without a scheme: http:// unless useSSL
  const char* bucket_name;
  const char* access_key_id;
  const char* access_key_value;
  const char* root_path;
  const char* storage_type;    // local, minio, remote, opendal
  const char* cloud_provider;  // of what is not local: aws, gcp, gcpnative, azure, aliyun, …
  const char* iam_endpoint;    // no effect
  const char* log_level;       // no effect
  const char* region;
  bool useSSL;
  const char* sslCACert;  // path of a file
  bool useIAM;            // keys are not used then
  bool useVirtualHost;
  int64_t requestTimeoutMs;         // 0: the default
  const char* gcp_credential_json;  // the text itself
  bool use_custom_part_upload;      // no effect
  uint32_t max_connections;         // 0: the default
  const char* tls_min_version;      // no effect
  bool use_crc32c_checksum;         // no effect
} CStorageConfig;

// Of encryption; NULL: none. A writer that is given one is refused, a reader does not look at it.
typedef struct CPluginContext {
  int64_t ez_id;
  int64_t collection_id;
  const char* key;
} CPluginContext;

// For callers that share these types; no function here takes them.
typedef struct CMmapConfig {
  const char* cache_read_ahead_policy;
  const char* mmap_path;
  uint64_t disk_limit;
  uint64_t fix_file_size;
  bool growing_enable_mmap;
  bool scalar_index_enable_mmap;
  bool scalar_field_enable_mmap;
  bool vector_index_enable_mmap;
  bool vector_field_enable_mmap;
  bool mmap_populate;
  bool json_stats_enable_mmap;
  const char* json_stats_mmap_path;
} CMmapConfig;

typedef struct CArrowReaderConfig {
  int64_t hole_size_limit_bytes;
  int64_t range_size_limit_bytes;
} CArrowReaderConfig;

// Those that say something, and else as CStorageConfig: fs.address, fs.bucket_name,
// fs.access_key_id, fs.access_key_value, fs.root_path, fs.storage_type, fs.cloud_provider,
// fs.region, fs.ssl_ca_cert, fs.gcp_credential_json, fs.use_ssl, fs.use_iam, fs.use_virtual_host,
// fs.request_timeout_ms, fs.max_connections. Any other has no effect. What is not given is as in
// Milvus: storage_type local, cloud_provider aws, root_path "files", flags false; but no address,
// bucket or key is made up (there localhost:9000, a-bucket, minioadmin), and time and connections
// are the store's own (there 3,000 ms, 100).
typedef struct LoonProperty {
  char* key;
  char* value;
} LoonProperty;

typedef struct LoonProperties {
  LoonProperty* properties;
  size_t count;
} LoonProperties;

// ---- Which columns share a file: groups of indices into the schema ----

VARVE_C_EXPORT CColumnSplits NewCColumnSplits(void);
// Copies the indices. One more group; what is wrong with it, the writer says.
VARVE_C_EXPORT void AddCColumnSplit(CColumnSplits splits, int* group, int group_size);
// 0 for what is no open handle.
VARVE_C_EXPORT int CColumnSplitsSize(CColumnSplits splits);
VARVE_C_EXPORT void FreeCColumnSplits(CColumnSplits splits);

// ---- The store of functions that are given none ----

VARVE_C_EXPORT CStatus InitArrowFileSystem(CStorageConfig storage_config);
// Readers and writers that are open keep theirs.
VARVE_C_EXPORT void CleanArrowFileSystem(void);

// ---- Writing ----

// `paths[i]` is the file of group i. Every field of `schema` has its id as metadata
// "PARQUET:field_id". Files do not exist until the writer is closed.
VARVE_C_EXPORT CStatus NewPackedWriterWithStorageConfig(
    struct ArrowSchema* schema, const int64_t buffer_size, char** paths, int64_t num_paths,
    int64_t part_upload_size, CColumnSplits column_splits, CStorageConfig storage_config,
    CPackedWriter* c_packed_writer, CPluginContext* c_plugin_context);
VARVE_C_EXPORT CStatus NewPackedWriter(struct ArrowSchema* schema, const int64_t buffer_size,
                                       char** paths, int64_t num_paths, int64_t part_upload_size,
                                       CColumnSplits column_splits, CPackedWriter* c_packed_writer,
                                       CPluginContext* c_plugin_context);

// `arrays` and `array_schemas` have one structure a column, next to each other, `schema` describes
// the whole: as many of both as `schema` has children are released, the right number or not. Only
// where `schema` is NULL, was released or has NULL for children, so that nobody knows how many
// there are, are they left.
VARVE_C_EXPORT CStatus WriteRecordBatch(CPackedWriter c_packed_writer, struct ArrowArray* arrays,
                                        struct ArrowSchema* array_schemas,
                                        struct ArrowSchema* schema);

// Makes the files visible, and frees the writer in any case.
VARVE_C_EXPORT CStatus CloseWriter(CPackedWriter c_packed_writer);
// The same, and sizes[i] is the size in bytes of the file of group i. A wrong num_groups closes
// nothing.
VARVE_C_EXPORT CStatus CloseAndTell(CPackedWriter c_packed_writer, int64_t* sizes,
                                    size_t num_groups);
// Gives the writer up: what it wrote is gone, no file becomes visible, and it is freed in any case.
// Milvus has no such function, so the name is of this library.
VARVE_C_EXPORT CStatus varve_packed_writer_abort(CPackedWriter c_packed_writer);

// ---- Reading ----

// `paths` are the files of one set. Fields are found by id; one that the set lacks reads as nulls.
// Errors: VARVE_UNSUPPORTED naming a file that is encrypted
VARVE_C_EXPORT CStatus NewPackedReaderWithStorageConfig(char** paths, int64_t num_paths,
                                                        struct ArrowSchema* schema,
                                                        const int64_t buffer_size,
                                                        CStorageConfig storage_config,
                                                        CPackedReader* c_packed_reader,
                                                        CPluginContext* c_plugin_context);
// The store as properties say. `filesystem_path` may be NULL or a path within it, which has no
// effect, not the address of another store.
VARVE_C_EXPORT CStatus NewPackedReaderWithProperties(
    char** paths, int64_t num_paths, struct ArrowSchema* schema, const int64_t buffer_size,
    const LoonProperties* properties, const char* filesystem_path, CPackedReader* c_packed_reader,
    CPluginContext* c_plugin_context);
VARVE_C_EXPORT CStatus NewPackedReader(char** paths, int64_t num_paths, struct ArrowSchema* schema,
                                       const int64_t buffer_size, CPackedReader* c_packed_reader,
                                       CPluginContext* c_plugin_context);

// The next rows, at most 1,024. At the end of data: success, and the outputs are not touched.
VARVE_C_EXPORT CStatus ReadNext(CPackedReader c_packed_reader, CArrowArray* out_array,
                                CArrowSchema* out_schema);
VARVE_C_EXPORT CStatus CloseReader(CPackedReader c_packed_reader);

#ifdef __cplusplus
}
#endif

#endif  // VARVE_C_MILVUS_PACKED_H_
