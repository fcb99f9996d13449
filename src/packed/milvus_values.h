// SPDX-License-Identifier: Apache-2.0
// Between the form in which Milvus stores values and the Arrow form of the collection schema.
//
//   dense vectors        fixed_size_binary; of a nullable field, binary     <-> field.arrow_type
//   arrays               protobuf messages                                  <-> lists
//   arrays of vectors    lists of fixed_size_binary                         <-> lists of vectors
//   JSON, geometry, sparse vectors: binary; all else: the same values
//
// Everything read is checked: lengths, UTF-8, JSON, well-known binary, order of sparse indices, and
// the rules of the field. (BinlogReader::ReadColumn gives what is stored, unchecked.)
//
// Cost:     no copy where the bytes are the same, one of the whole column at most elsewhere
// Errors:   DecodeValues: Corruption naming object, field and row; EncodeValues: Invalid likewise
// Threads:  functions; call them from any thread
// Source:   docs/format/binlog-v1.md, "Values"
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/stored_values.h"

namespace varve::internal {

/// `stored`, of `field`, as field.arrow_type (its default, where it is null).
Result<std::shared_ptr<arrow::Array>> DecodeValues(const FieldSchema& field,
                                                   const StoredValues& stored,
                                                   const std::string& object);

/// ResourceExhausted where the null vectors among `stored`, which are stored in next to nothing,
/// take more than `most_bytes` as field.arrow_type. DecodeValues takes 4 GiB of them.
Status CheckNullBytes(const FieldSchema& field, const arrow::Array& stored, int64_t most_bytes);

/// `values` of field.arrow_type as MilvusArrowType(field).
Result<std::shared_ptr<arrow::Array>> EncodeValues(const FieldSchema& field,
                                                   const std::shared_ptr<arrow::Array>& values);

}  // namespace varve::internal
