// SPDX-License-Identifier: Apache-2.0
#include "capi/arrow_imports.h"

#include <cstdint>
#include <limits>
#include <string>

#include "arrow/array/array_base.h"
#include "arrow/c/bridge.h"
#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"

namespace varve::capi {
namespace {

constexpr int kDepthMax = 64;  // as deep as Arrow imports

Status Malformed(const std::string& what, const char* name) {
  return MakeError(ErrorKind::kInvalid, "not a structure of Arrow: " + what,
                   {.field = name == nullptr ? "" : name});
}

// `count` pointers, each to something: buffers may be NULL, all else not.
template <typename T>
Status CheckPointers(T* const* pointers, int64_t count, const std::string& kind, const char* name) {
  if (count < 0) return Malformed("fewer than 0 " + kind, name);
  if (count > 0 && pointers == nullptr) return Malformed(kind + " is NULL", name);
  return Status::OK();
}

template <typename T>
Status CheckChildren(const T& parent, const char* name, int depth) {
  if (depth > kDepthMax) return Malformed("nested too deeply", name);
  ARROW_RETURN_NOT_OK(CheckPointers(parent.children, parent.n_children, "children", name));
  for (int64_t i = 0; i < parent.n_children; ++i) {
    if (parent.children[i] == nullptr) {
      return Malformed("children[" + std::to_string(i) + "] is NULL", name);
    }
  }
  return Status::OK();
}

Status CheckSchema(const ArrowSchema& schema, int depth) {
  if (schema.format == nullptr) return Malformed("format is NULL", schema.name);
  ARROW_RETURN_NOT_OK(CheckChildren(schema, schema.name, depth));
  for (int64_t i = 0; i < schema.n_children; ++i) {
    ARROW_RETURN_NOT_OK(CheckSchema(*schema.children[i], depth + 1));
  }
  return schema.dictionary == nullptr ? Status::OK() : CheckSchema(*schema.dictionary, depth + 1);
}

// Buffers whose values Arrow reads while it imports.
Status CheckBuffersRead(const ArrowArray& array, const arrow::DataType& type, const char* name) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      if (array.length > 0 && array.n_buffers > 1 && array.buffers[1] == nullptr) {
        return Malformed("the offsets are NULL", name);
      }
      return Status::OK();
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      if (array.n_buffers > 3 && array.buffers[array.n_buffers - 1] == nullptr) {
        return Malformed("the sizes of the buffers are NULL", name);
      }
      return Status::OK();
    default:
      return Status::OK();
  }
}

Status CheckArray(const ArrowArray& array, const arrow::DataType& type, const char* name,
                  int depth) {
  if (type.id() == arrow::Type::EXTENSION) {
    const auto& extension = arrow::internal::checked_cast<const arrow::ExtensionType&>(type);
    return CheckArray(array, *extension.storage_type(), name, depth);
  }
  if (array.length < 0 || array.offset < 0 ||
      array.offset > std::numeric_limits<int64_t>::max() - array.length) {
    return Malformed("no such length or offset", name);
  }
  ARROW_RETURN_NOT_OK(CheckPointers(array.buffers, array.n_buffers, "buffers", name));
  ARROW_RETURN_NOT_OK(CheckBuffersRead(array, type, name));
  ARROW_RETURN_NOT_OK(CheckChildren(array, name, depth));
  if (array.n_children != type.num_fields()) {
    return MakeError(ErrorKind::kInvalid, "not as many children as the type has",
                     {.field = name,
                      .expected = std::to_string(type.num_fields()),
                      .found = std::to_string(array.n_children)});
  }
  for (int i = 0; i < type.num_fields(); ++i) {
    const arrow::Field& field = *type.field(i);
    ARROW_RETURN_NOT_OK(
        CheckArray(*array.children[i], *field.type(), field.name().c_str(), depth + 1));
  }
  if (type.id() != arrow::Type::DICTIONARY) return Status::OK();
  if (array.dictionary == nullptr) return Malformed("dictionary is NULL", name);
  const auto& dictionary = arrow::internal::checked_cast<const arrow::DictionaryType&>(type);
  return CheckArray(*array.dictionary, *dictionary.value_type(), name, depth + 1);
}

template <typename T>
Status CheckGiven(const T* given, const std::string& kind) {
  if (given == nullptr) return MakeError(ErrorKind::kInvalid, "the " + kind + " is NULL");
  if (given->release == nullptr) {
    return MakeError(ErrorKind::kInvalid, "the " + kind + " was released already");
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> ImportSchema(ArrowSchema* schema) {
  const ReleaseOnExit release(schema);
  ARROW_RETURN_NOT_OK(CheckGiven(schema, "schema"));
  ARROW_RETURN_NOT_OK(CheckSchema(*schema, 0));
  return arrow::ImportSchema(schema);
}

Result<std::shared_ptr<arrow::Array>> ImportArray(ArrowArray* array, ArrowSchema* schema) {
  const ReleaseOnExit release_array(array);
  const ReleaseOnExit release_schema(schema);
  ARROW_RETURN_NOT_OK(CheckGiven(array, "array"));
  ARROW_RETURN_NOT_OK(CheckGiven(schema, "schema"));
  ARROW_RETURN_NOT_OK(CheckSchema(*schema, 0));
  ARROW_ASSIGN_OR_RAISE(const auto field, arrow::ImportField(schema));
  ARROW_RETURN_NOT_OK(CheckArray(*array, *field->type(), field->name().c_str(), 0));
  ARROW_ASSIGN_OR_RAISE(auto imported, arrow::ImportArray(array, field->type()));
  ARROW_RETURN_NOT_OK(imported->Validate());
  return imported;
}

Status CheckArray(const ArrowArray& array, const arrow::DataType& type) {
  return CheckArray(array, type, "", 0);
}

}  // namespace varve::capi
