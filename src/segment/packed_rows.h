// SPDX-License-Identifier: Apache-2.0
// The rows of a collection as the columns of a packed set of Milvus, and back.
//
// Shape:    the user's fields in the order of the schema, then RowID and Timestamp
// Types:    in a set as MilvusArrowType says, elsewhere each field's arrow_type
// Errors:   Invalid naming field and row, for rows that are to be written; Corruption naming the
//           object, for what was read
// Threads:  functions; call them from any thread. A stream has one caller at a time
// Source:   docs/format/milvus-packed.md, "Columns"
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/milvus_packed.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// All fields of a packed set of `schema`, in column order.
std::vector<FieldSchema> PackedFields(const CollectionSchema& schema);

/// The Arrow schema in which a set holds `fields`: names, storage types, ids as metadata.
/// Errors: Unsupported for a type that Milvus does not store
Result<std::shared_ptr<arrow::Schema>> PackedSchema(const std::vector<FieldSchema>& fields);

/// `rows`, a column each of `fields`, of PackedSchema(fields).
Result<std::shared_ptr<arrow::RecordBatch>> EncodePackedRows(const std::vector<FieldSchema>& fields,
                                                             const arrow::RecordBatch& rows);

/// The rows of packed sets one after the other, of Milvus or our own; columns are `fields`, with
/// their arrow_type. Fields that a set lacks have their default there, or nulls.
/// Errors: as OpenMilvusPackedSets; Corruption for a required field that a set lacks
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenPackedRows(
    std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
    std::vector<FieldSchema> fields, const MilvusPackedReadOptions& options = {});

}  // namespace varve::internal
