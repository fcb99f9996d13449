// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_column.h"

#include <utility>

#include "arrow/array.h"
#include "arrow/type.h"
#include "packed/milvus_values.h"
#include "parquet/schema.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

// Bytes without a meaning that Parquet knows.
bool IsPlainBytes(const parquet::ColumnDescriptor& leaf, parquet::Type::type physical) {
  const auto& logical = leaf.logical_type();
  return leaf.physical_type() == physical && (logical == nullptr || logical->is_none());
}

}  // namespace

std::shared_ptr<arrow::DataType> MilvusFormOf(const ParquetMetadata& metadata, int column,
                                              const FieldSchema& field) {
  const auto& entry = metadata.columns()[static_cast<size_t>(column)];
  if (entry.leaf_end != entry.leaf_begin + 1) return nullptr;
  const auto& schema = *metadata.footer()->schema();
  const auto& leaf = *schema.Column(entry.leaf_begin);
  const bool has_lists = field.arrow_type->id() == arrow::Type::LIST;
  if (IsDenseVector(field.data_type) || (field.data_type == DataType::kArray && has_lists)) {
    const bool is_binary = schema.group_node()->field(column)->is_primitive() &&
                           leaf.max_repetition_level() == 0 &&
                           IsPlainBytes(leaf, parquet::Type::BYTE_ARRAY);
    return is_binary ? arrow::binary() : nullptr;
  }
  const bool has_vectors = field.data_type == DataType::kArrayOfVector && has_lists &&
                           field.arrow_type->field(0)->type()->id() == arrow::Type::FIXED_SIZE_LIST;
  if (!has_vectors || leaf.max_repetition_level() != 1 ||
      !IsPlainBytes(leaf, parquet::Type::FIXED_LEN_BYTE_ARRAY) ||
      leaf.type_length() != VectorWidth(field.element_type, field.dim)) {
    return nullptr;
  }
  return arrow::list(arrow::fixed_size_binary(leaf.type_length()));
}

MilvusColumn::MilvusColumn(std::shared_ptr<const PackedFileState> file, int column,
                           FieldSchema field, std::shared_ptr<arrow::DataType> stored,
                           std::vector<int64_t> row_group_starts)
    : PackedColumn(std::move(file), column, field.field_id, std::move(stored), row_group_starts,
                   std::vector<std::shared_ptr<const DirectChunk>>(row_group_starts.size() - 1)),
      field_(std::move(field)) {}

Result<std::shared_ptr<arrow::Array>> MilvusColumn::Decode(std::shared_ptr<arrow::Array> stored,
                                                           int64_t first_row) const {
  return DecodeValues(field_, {.values = std::move(stored), .first_row = first_row},
                      file().source().path());
}

Result<std::shared_ptr<arrow::Array>> MilvusColumn::ReadRows(int64_t begin, int64_t end,
                                                             bool verify) const {
  ARROW_ASSIGN_OR_RAISE(auto stored, PackedColumn::ReadRows(begin, end, verify));
  return Decode(std::move(stored), begin);
}

Result<std::shared_ptr<arrow::Array>> MilvusColumn::TakeRows(std::span<const int64_t> rows,
                                                             bool verify) const {
  ARROW_ASSIGN_OR_RAISE(const auto stored, PackedColumn::TakeRows(rows, verify));
  auto values = Decode(stored, 0);
  if (!IsCorruption(values.status())) return values;
  // Again, one by one: the error is to name the row of the file.
  for (size_t i = 0; i < rows.size(); ++i) {
    ARROW_RETURN_NOT_OK(Decode(stored->Slice(static_cast<int64_t>(i), 1), rows[i]).status());
  }
  return values;
}

}  // namespace varve::internal
