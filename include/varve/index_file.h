// SPDX-License-Identifier: Apache-2.0
// One blob of an index as an object of its own: an event file (type IndexFileEvent) around it.
//
// Who encodes events is injected, so that slicing and moving index files need not know how.
//
// Source: shared specification of Milvus' formats, section 4.1; docs/format/index-files.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Whose an index file is, as its descriptor says. The ids in its path go before these.
struct IndexFileIds {
  int64_t collection = 0;
  int64_t partition = 0;
  int64_t segment = 0;
  int64_t field = 0;
  int64_t build = 0;

  bool operator==(const IndexFileIds&) const = default;
};

struct IndexFile {
  IndexFileIds ids;
  /// What the event holds: kNone the blob itself; kInt8 a Parquet file with a byte a row (what
  /// Milvus writes unless told otherwise); kString a Parquet file with the blob as its only row
  /// (the oldest; codecs need not write it).
  DataType payload_type = DataType::kNone;
  std::shared_ptr<arrow::Buffer> blob;
};

/// Threads: all methods may be called concurrently.
class VARVE_EXPORT IndexFileCodec {
 public:
  virtual ~IndexFileCodec() = default;

  /// Errors: Invalid for a blob that is too large for an event
  virtual Result<std::shared_ptr<arrow::Buffer>> Encode(const IndexFile& file) const = 0;

  /// The blob may be a part of `bytes`, which it keeps. `object` names them in errors.
  /// Errors: Corruption; Unsupported for an encrypted file
  virtual Result<IndexFile> Decode(std::shared_ptr<arrow::Buffer> bytes,
                                   const std::string& object) const = 0;
};

/// That of Milvus: one IndexFile event around the blob (data_codec.h). Lives for ever.
VARVE_EXPORT std::shared_ptr<const IndexFileCodec> EventIndexFileCodec();

}  // namespace varve
