// SPDX-License-Identifier: Apache-2.0
#include "schema/serialize.h"

#include <span>
#include <utility>
#include <vector>

#include "arrow/type.h"
#include "base/coding.h"
#include "schema/type_code.h"

namespace varve::internal {
namespace {

constexpr uint8_t kFormatVersion = 1;

// Entries of a field, in this order; each at most once, and only where it says something.
enum class Tag : uint8_t {
  kFieldId = 1,
  kName = 2,
  kDataType = 3,
  kFlags = 4,
  kDim = 5,
  kMaxLength = 6,
  kMaxCapacity = 7,
  kElementType = 8,
  kLayout = 9,
  kArrowType = 10,
  kDefault = 11,
  kParams = 12,
};

constexpr uint64_t kNullable = 1;
constexpr uint64_t kPrimaryKey = 2;
constexpr uint64_t kFiniteOnly = 4;
constexpr uint64_t kAllFlags = kNullable | kPrimaryKey | kFiniteOnly;

void AppendText(std::string* out, std::string_view text) {
  AppendVarint(out, text.size());
  out->append(text);
}

void AppendNumber(std::string* out, Tag tag, uint64_t value) {
  if (value == 0) return;
  out->push_back(static_cast<char>(tag));
  AppendVarint(out, value);
}

void AppendEntry(std::string* out, Tag tag, std::string_view bytes) {
  out->push_back(static_cast<char>(tag));
  AppendText(out, bytes);
}

bool HasDefaultArrowType(const FieldSchema& field) {
  const auto natural = DefaultArrowType(field);
  return natural.ok() && field.arrow_type->Equals(**natural, /*check_metadata=*/true);
}

std::string EncodeField(const FieldSchema& field) {
  std::string out;
  AppendNumber(&out, Tag::kFieldId, static_cast<uint64_t>(field.field_id));
  AppendEntry(&out, Tag::kName, field.name);
  AppendNumber(&out, Tag::kDataType, static_cast<uint64_t>(field.data_type));
  AppendNumber(&out, Tag::kFlags,
               (field.nullable ? kNullable : 0) | (field.primary_key ? kPrimaryKey : 0) |
                   (field.allow_non_finite ? 0 : kFiniteOnly));
  AppendNumber(&out, Tag::kDim, static_cast<uint64_t>(field.dim));
  AppendNumber(&out, Tag::kMaxLength, static_cast<uint64_t>(field.max_length));
  AppendNumber(&out, Tag::kMaxCapacity, static_cast<uint64_t>(field.max_capacity));
  AppendNumber(&out, Tag::kElementType, static_cast<uint64_t>(field.element_type));
  AppendNumber(&out, Tag::kLayout, static_cast<uint64_t>(field.layout));
  if (!HasDefaultArrowType(field)) {
    std::string type;
    AppendType(&type, *field.arrow_type);
    AppendEntry(&out, Tag::kArrowType, type);
  }
  if (field.default_value != nullptr) {
    AppendEntry(&out, Tag::kDefault, EncodeScalar(*field.default_value));
  }
  if (!field.params.empty()) {
    std::string params;
    for (const auto& [key, value] : field.params) {
      AppendText(&params, key);
      AppendText(&params, value);
    }
    AppendEntry(&out, Tag::kParams, params);
  }
  return out;
}

class FieldReader {
 public:
  FieldReader(std::span<const uint8_t> bytes, const std::string& object)
      : in_(bytes, object), object_(object) {}

  Result<FieldSchema> Read() {
    uint8_t previous = 0;
    while (in_.remaining() > 0) {
      ARROW_ASSIGN_OR_RAISE(const auto tag, in_.ReadFixed<uint8_t>());
      if (tag <= previous) return Refuse("field entries out of order", tag);
      previous = tag;
      ARROW_RETURN_NOT_OK(ReadEntry(static_cast<Tag>(tag)));
    }
    if (field_.arrow_type == nullptr) {
      ARROW_ASSIGN_OR_RAISE(field_.arrow_type, DefaultArrowType(field_));
    }
    if (has_default_) {
      ARROW_ASSIGN_OR_RAISE(field_.default_value,
                            DecodeScalar(default_, field_.arrow_type, object_));
    }
    return std::move(field_);
  }

 private:
  Status Refuse(std::string_view mistake, uint8_t tag) const {
    return Corruption(mistake, {.object = object_,
                                .field = field_.name,
                                .offset = static_cast<int64_t>(in_.position()),
                                .found = "entry " + std::to_string(tag)});
  }

  template <typename T>
  Status ReadNumber(T* value, uint64_t limit, const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t number, in_.ReadVarintUpTo(limit, what));
    *value = static_cast<T>(number);
    return Status::OK();
  }

  Result<std::span<const uint8_t>> ReadSized(Decoder* in, const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->ReadVarintUpTo(in->remaining(), what));
    return in->ReadBytes(size);
  }

  Status ReadEntry(Tag tag) {
    switch (tag) {
      case Tag::kFieldId:
        return ReadNumber(&field_.field_id, INT32_MAX, "field id");
      case Tag::kName: {
        ARROW_ASSIGN_OR_RAISE(const auto name, ReadSized(&in_, "field name"));
        field_.name = AsString(name);
        return Status::OK();
      }
      case Tag::kDataType:
        return ReadNumber(&field_.data_type, INT32_MAX, "data type");
      case Tag::kFlags: {
        uint64_t flags = 0;
        ARROW_RETURN_NOT_OK(ReadNumber(&flags, kAllFlags, "field flags"));
        field_.nullable = (flags & kNullable) != 0;
        field_.primary_key = (flags & kPrimaryKey) != 0;
        field_.allow_non_finite = (flags & kFiniteOnly) == 0;
        return Status::OK();
      }
      case Tag::kDim:
        return ReadNumber(&field_.dim, INT32_MAX, "dimension");
      case Tag::kMaxLength:
        return ReadNumber(&field_.max_length, INT32_MAX, "max_length");
      case Tag::kMaxCapacity:
        return ReadNumber(&field_.max_capacity, INT32_MAX, "max_capacity");
      case Tag::kElementType:
        return ReadNumber(&field_.element_type, INT32_MAX, "element type");
      case Tag::kLayout:
        return ReadNumber(&field_.layout, INT32_MAX, "vector layout");
      case Tag::kArrowType: {
        ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadSized(&in_, "Arrow type"));
        Decoder type(bytes, object_);
        ARROW_ASSIGN_OR_RAISE(field_.arrow_type, ReadType(&type, object_));
        if (type.remaining() > 0) return Refuse("bytes after the Arrow type", 10);
        return Status::OK();
      }
      case Tag::kDefault: {
        ARROW_ASSIGN_OR_RAISE(default_, ReadSized(&in_, "default value"));
        has_default_ = true;
        return Status::OK();
      }
      case Tag::kParams:
        return ReadParams();
    }
    return Refuse("unknown field entry", static_cast<uint8_t>(tag));
  }

  Status ReadParams() {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadSized(&in_, "params"));
    Decoder params(bytes, object_);
    while (params.remaining() > 0) {
      ARROW_ASSIGN_OR_RAISE(const auto key, ReadSized(&params, "param key"));
      ARROW_ASSIGN_OR_RAISE(const auto value, ReadSized(&params, "param value"));
      field_.params.emplace_back(AsString(key), AsString(value));
    }
    return Status::OK();
  }

  Decoder in_;
  const std::string& object_;
  FieldSchema field_;
  std::span<const uint8_t> default_;
  bool has_default_ = false;
};

// A schema that its bytes describe but that no writer would have written.
Status AsCorruption(const Status& status, const std::string& object) {
  if (status.ok() || IsCorruption(status)) return status;
  const ErrorContext* context = ContextOf(status);
  return Corruption(
      "schema that is not valid",
      {.object = object, .field = context ? context->field : "", .found = status.message()});
}

}  // namespace

std::string SerializeSchema(const CollectionSchema& schema) {
  std::string out;
  out.push_back(static_cast<char>(kFormatVersion));
  AppendVarint(&out, static_cast<uint64_t>(schema.max_field_id()));
  AppendVarint(&out, schema.fields().size());
  for (const FieldSchema& field : schema.fields()) AppendText(&out, EncodeField(field));
  return out;
}

Result<std::shared_ptr<const CollectionSchema>> DeserializeSchema(std::string_view bytes,
                                                                  const std::string& object) {
  Decoder in(AsBytes(bytes), object);
  ARROW_ASSIGN_OR_RAISE(const auto version, in.ReadFixed<uint8_t>());
  if (version == 0) return Corruption("schema without a version", {.object = object, .offset = 0});
  if (version > kFormatVersion) {
    return MakeError(ErrorKind::kUnsupported, "schema written by a newer version",
                     {.object = object,
                      .expected = "schema format " + std::to_string(kFormatVersion),
                      .found = std::to_string(version)});
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t max_field_id,
                        in.ReadVarintUpTo(INT32_MAX, "largest field id"));
  // A field takes more than one byte, so the bytes left bound the vector.
  ARROW_ASSIGN_OR_RAISE(const uint64_t num_fields,
                        in.ReadVarintUpTo(in.remaining(), "number of fields"));
  std::vector<FieldSchema> fields;
  for (uint64_t i = 0; i < num_fields; ++i) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in.ReadVarintUpTo(in.remaining(), "field bytes"));
    ARROW_ASSIGN_OR_RAISE(const auto field_bytes, in.ReadBytes(size));
    auto field = FieldReader(field_bytes, object).Read();
    ARROW_RETURN_NOT_OK(AsCorruption(field.status(), object));
    if (field->field_id < 0) {
      return Corruption("field without an id", {.object = object, .field = field->name});
    }
    fields.push_back(*std::move(field));
  }
  if (in.remaining() > 0) {
    return Corruption("bytes after the schema", {.object = object,
                                                 .offset = static_cast<int64_t>(in.position()),
                                                 .found = std::to_string(in.remaining())});
  }
  auto schema = CollectionSchema::Make(std::move(fields), static_cast<int64_t>(max_field_id));
  ARROW_RETURN_NOT_OK(AsCorruption(schema.status(), object));
  return schema;
}

}  // namespace varve::internal
