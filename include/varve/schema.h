// SPDX-License-Identifier: Apache-2.0
// What a table's rows look like: fields with stable ids and the data types of Milvus, mapped to
// Arrow and back.
//
// Ids:     0 is RowID, 1 is Timestamp, 2 to 99 are reserved, user fields count from 100 and an id
// is
//          never used twice
// Errors:  Invalid, naming the field and the mistake
// Threads: immutable once built; share freely
// Source:  Milvus' data types (docs/format/data-types.md)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

inline constexpr int64_t kRowIdFieldId = 0;
inline constexpr int64_t kTimestampFieldId = 1;
inline constexpr int64_t kFirstUserFieldId = 100;
inline constexpr std::string_view kRowIdFieldName = "RowID";
inline constexpr std::string_view kTimestampFieldName = "Timestamp";

/// Milvus' codes. kNone is an Arrow type that Milvus has no name for; it is stored as that Arrow
/// type.
enum class DataType : int32_t {
  kNone = 0,
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kFloat = 10,
  kDouble = 11,
  kString = 20,
  kVarChar = 21,
  kArray = 22,
  kJson = 23,
  kGeometry = 24,
  kText = 25,
  kTimestamptz = 26,
  kBinaryVector = 100,
  kFloatVector = 101,
  kFloat16Vector = 102,
  kBFloat16Vector = 103,
  kSparseFloatVector = 104,
  kInt8Vector = 105,
  kArrayOfVector = 106,
};

/// "FloatVector" and so on, and back (letters of either case; NotFound for an unknown name).
VARVE_EXPORT std::string_view DataTypeName(DataType type);
VARVE_EXPORT Result<DataType> DataTypeFromName(std::string_view name);
/// True for the dense vectors, whose rows all have the same width.
VARVE_EXPORT bool IsDenseVector(DataType type);

/// How a dense vector column is laid out in Parquet.
enum class VectorLayout : int32_t {
  kFixedBinary = 0,  ///< FIXED_LEN_BYTE_ARRAY: fastest in every engine, shown by most as a blob
  kList = 1,  ///< LIST of FLOAT: other engines see floats, and decode it several times more slowly
  kCompact = 2,  ///< BYTE_STREAM_SPLIT + zstd: about 0.84 of the size, no zero-copy reads
};

struct VARVE_EXPORT FieldSchema {
  int64_t field_id = -1;  ///< -1: to be given by CollectionSchema::Make, from kFirstUserFieldId on
  std::string name;
  DataType data_type = DataType::kNone;
  bool nullable = false;
  bool primary_key = false;
  int32_t dim = 0;           ///< dense vectors and kArrayOfVector; bits for kBinaryVector
  int32_t max_length = 0;    ///< bytes, strings only; 0: no limit
  int32_t max_capacity = 0;  ///< elements, kArray and kArrayOfVector; 0: no limit
  DataType element_type = DataType::kNone;  ///< of kArray and kArrayOfVector
  bool allow_non_finite = true;             ///< false: NaN and infinite vector values are refused
  VectorLayout layout = VectorLayout::kFixedBinary;
  std::shared_ptr<arrow::Scalar>
      default_value;  ///< given to rows that come without the field; null: none
  /// The type that batches carry. Make fills it from data_type where it is null; for kNone it must
  /// be given.
  std::shared_ptr<arrow::DataType> arrow_type;
  /// Carried along ("max_length" and the like are members above); docs/format/schema.md has names.
  std::vector<std::pair<std::string, std::string>> params;

  bool operator==(const FieldSchema& other) const;
};

class VARVE_EXPORT CollectionSchema {
 public:
  /// Checks `fields`, gives ids to those without (from max(max_field_id, 99) + 1 on) and fills
  /// their arrow_type. Errors: Invalid naming the field and the mistake: duplicate id or name,
  /// empty name, reserved id or name, id out of range, dimension 0 or missing, binary dimension not
  /// a multiple of 8, more than one primary key, a primary key that is nullable or neither Int64
  /// nor VarChar, a default of another type or longer than max_length, element type missing, an
  /// Arrow type that does not fit data_type.
  static Result<std::shared_ptr<const CollectionSchema>> Make(std::vector<FieldSchema> fields,
                                                              int64_t max_field_id = 0);

  /// From an Arrow schema. Vectors are recognised without ceremony: fixed_size_list of float,
  /// half_float or int8 with a positive size, and fixed_size_binary or list columns whose field
  /// metadata says so ("varve.type", "varve.dim"). A list<float> column whose length is constant
  /// becomes a vector when `sample` (may be null) shows it: there is a list in that column, and all
  /// of them have the same length >= 2. Other Arrow types keep their type; data_type is
  /// the Milvus type where there is one, else kNone.
  static Result<std::shared_ptr<const CollectionSchema>> FromArrow(
      const arrow::Schema& schema, const arrow::RecordBatch* sample = nullptr,
      const std::string& primary_key = "");

  /// The user's fields, in the order of declaration.
  const std::vector<FieldSchema>& fields() const { return fields_; }
  int64_t max_field_id() const { return max_field_id_; }
  const FieldSchema* primary_key() const;  ///< nullptr: none

  /// nullptr: no such field.
  const FieldSchema* FindById(int64_t field_id) const;
  const FieldSchema* FindByName(std::string_view name) const;

  /// Arrow schema of the user's fields; every field carries its id as metadata "PARQUET:field_id".
  std::shared_ptr<arrow::Schema> ToArrow() const;

  bool Equals(const CollectionSchema& other) const;
  std::string ToString() const;

  // Use Make.
  CollectionSchema(std::vector<FieldSchema> fields, int64_t max_field_id);

 private:
  std::vector<FieldSchema> fields_;
  int64_t max_field_id_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
};

/// The Arrow type batches of `field` carry when it names none: fixed_size_list for FloatVector,
/// Float16Vector and Int8Vector, fixed_size_binary for the other dense vectors.
VARVE_EXPORT Result<std::shared_ptr<arrow::DataType>> DefaultArrowType(const FieldSchema& field);

/// The type as Milvus stores it: fixed_size_binary for dense vectors, binary for nullable ones,
/// arrays, JSON and sparse vectors. Errors: Unsupported for kNone
VARVE_EXPORT Result<std::shared_ptr<arrow::DataType>> MilvusArrowType(const FieldSchema& field);

/// Makes `batch` fit `schema`: columns matched by name and put in order, absent nullable or
/// defaulted columns filled in, list<float> turned into fixed_size_list, fixed_size_binary into
/// vectors of the same width and back, dictionaries and views and large types decoded, integers
/// widened where no value changes. No copy where the type already fits. Errors: Invalid naming
/// field and row for: unknown or missing column, wrong type or width, ragged list, null in a
/// required field (nulls inside vectors included), text longer than max_length, NaN or infinity
/// where forbidden.
VARVE_EXPORT Result<std::shared_ptr<arrow::RecordBatch>> ConformBatch(
    const CollectionSchema& schema, const std::shared_ptr<arrow::RecordBatch>& batch);

}  // namespace varve
