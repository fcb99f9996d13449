// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_packed_set.h"

#include <algorithm>
#include <map>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "packed/column_scan.h"
#include "packed/field_id.h"
#include "packed/milvus_footer.h"
#include "packed/milvus_values.h"
#include "packed/packed_layout.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/schema.h"
#include "parquet/metadata.h"

namespace varve::internal {
namespace {

using FilePtr = std::shared_ptr<const PackedFileReader>;
using FooterPtr = std::shared_ptr<parquet::FileMetaData>;

// nullptr: the footer has no such key.
const std::string* FindKey(const parquet::FileMetaData& footer, const char* key) {
  const auto& pairs = footer.key_value_metadata();
  const int index = pairs == nullptr ? -1 : pairs->FindKey(key);
  return index < 0 ? nullptr : &pairs->value(index);
}

Result<const std::string*> NeedKey(const parquet::FileMetaData& footer, const char* key,
                                   const std::string& path) {
  const std::string* value = FindKey(footer, key);
  if (value != nullptr) return value;
  return Corruption("a footer key is missing", {.object = path, .field = key});
}

// The groups of the set, from a file of Milvus: it has all keys, and what they say of its own row
// groups is true.
Result<std::string> GroupsOf(const PackedFileReader& file) {
  const std::string& path = file.path();
  ARROW_ASSIGN_OR_RAISE(const FooterPtr shared, file.Footer());
  const parquet::FileMetaData& footer = *shared;
  ARROW_ASSIGN_OR_RAISE(const std::string* groups, NeedKey(footer, kGroupFieldIdsKey, path));
  ARROW_RETURN_NOT_OK(NeedKey(footer, kStorageVersionKey, path).status());
  ARROW_ASSIGN_OR_RAISE(const std::string* key, NeedKey(footer, kRowGroupsKey, path));
  ARROW_ASSIGN_OR_RAISE(const auto row_groups, ParseRowGroups(*key, path));
  const int count = footer.num_row_groups();
  if (static_cast<int>(row_groups.size()) != count) {
    return Corruption("footer key and footer disagree on row groups",
                      {.object = path,
                       .field = kRowGroupsKey,
                       .expected = std::to_string(count),
                       .found = std::to_string(row_groups.size())});
  }
  for (int i = 0; i < count; ++i) {
    const int64_t stored = footer.RowGroup(i)->num_rows();
    const int64_t found = row_groups[static_cast<size_t>(i)].num_rows;
    if (found == stored) continue;
    return Corruption("footer key and footer disagree on the rows of a row group",
                      {.object = path,
                       .field = kRowGroupsKey,
                       .expected = std::to_string(stored),
                       .found = std::to_string(found)});
  }
  return *groups;
}

// The columns of a file are those that its set says, in that order.
Status CheckColumns(const parquet::FileMetaData& footer, const std::vector<int64_t>& ids,
                    const std::string& path) {
  const auto& root = *footer.schema()->group_node();
  if (root.field_count() != static_cast<int>(ids.size())) {
    return Corruption("the file has another number of columns than its set says",
                      {.object = path,
                       .field = kGroupFieldIdsKey,
                       .expected = std::to_string(ids.size()),
                       .found = std::to_string(root.field_count())});
  }
  for (int i = 0; i < root.field_count(); ++i) {
    const auto& column = *root.field(i);
    const int64_t id = ids[static_cast<size_t>(i)];
    if (column.field_id() < 0 || column.field_id() == id) continue;
    return Corruption("another field stands where the set says that this one is",
                      {.object = path,
                       .field = column.name(),
                       .expected = "field id " + std::to_string(id),
                       .found = std::to_string(column.field_id())});
  }
  return Status::OK();
}

Result<FilePtr> OpenFile(const std::shared_ptr<ChunkManager>& store, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, PackedFileReader::Open(store, path));
  return FilePtr(std::move(file));
}

// What the elements of lists are called, and whether they may be null, is each writer's own affair.
bool IsSameStorage(const arrow::DataType& stored, const arrow::DataType& wanted) {
  if (stored.id() == arrow::Type::LIST && wanted.id() == arrow::Type::LIST) {
    return IsSameStorage(*stored.field(0)->type(), *wanted.field(0)->type());
  }
  return stored.Equals(wanted);
}

// Whether Milvus stores values of the field in another form than one of the same bytes.
bool IsEncodedByMilvus(const FieldSchema& field) {
  return field.data_type == DataType::kArray || field.data_type == DataType::kArrayOfVector ||
         (IsDenseVector(field.data_type) && field.nullable);
}

// Column `position` of a file, which is that of `field`.
Result<std::shared_ptr<const PackedColumnReader>> OpenColumn(const PackedFileReader& file,
                                                             int position,
                                                             const arrow::Field& field) {
  const std::string& path = file.path();
  ARROW_ASSIGN_OR_RAISE(const FooterPtr footer, file.Footer());
  std::shared_ptr<arrow::Schema> stored;
  ARROW_RETURN_NOT_OK(CatchParquet(path, "schema", [&] {
    return parquet::arrow::FromParquetSchema(footer->schema(), &stored);
  }));
  const auto& type = stored->field(position)->type();
  if (!IsSameStorage(*type, *field.type())) {
    return MakeError(ErrorKind::kUnsupported, "the field is stored as another type",
                     {.object = path,
                      .field = field.name(),
                      .expected = field.type()->ToString(),
                      .found = type->ToString()});
  }
  const auto& node = *footer->schema()->group_node()->field(position);
  return file.Column(
      {.field_id = node.field_id(), .name = node.name(), .arrow_type = field.type()});
}

// A null where the schema that was asked for has none.
Status CheckNulls(const arrow::Array& values, const arrow::Field& field, const std::string& path) {
  if (!field.nullable() && values.null_count() > 0) {
    return Corruption("null in a required field", {.object = path, .field = field.name()});
  }
  if (values.type_id() != arrow::Type::LIST || values.length() == 0) return Status::OK();
  // The elements of these rows: a slice has those of all rows below it.
  const auto& lists = static_cast<const arrow::ListArray&>(values);
  const int64_t first = lists.value_offset(0);
  const int64_t end = lists.value_offset(lists.length());
  return CheckNulls(*lists.values()->Slice(first, end - first), *field.type()->field(0), path);
}

}  // namespace

class MilvusPackedSet::Stream : public arrow::RecordBatchReader {
 public:
  Stream(const MilvusPackedSet& set, std::shared_ptr<arrow::Schema> schema,
         const MilvusPackedReadOptions& options)
      : schema_(std::move(schema)),
        paths_(set.paths_),
        encoded_(set.encoded_),
        batch_ends_(set.batch_ends_),
        num_rows_(set.num_rows_),
        batch_rows_(options.batch_rows),
        has_any_(set.HasAny()),
        scan_(Chosen(set),
              {.batch_size = options.batch_rows,
               .window_bytes = options.buffer_bytes > 0 ? options.buffer_bytes : kUnlimitedBytes}) {
    for (int i = 0; i < schema_->num_fields(); ++i) is_present_.push_back(set.Has(i));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = nullptr;
    if (next_ >= num_rows_) return Status::OK();
    const int64_t end = *std::upper_bound(batch_ends_.begin(), batch_ends_.end(), next_);
    int64_t length = std::min(batch_rows_, end - next_);
    arrow::ArrayVector present;
    if (has_any_) {
      ARROW_ASSIGN_OR_RAISE(present, scan_.Next(next_, end));
      length = present.front()->length();
    }
    arrow::ArrayVector columns;
    auto from = present.begin();
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const arrow::Field& field = *schema_->field(i);
      if (is_present_[static_cast<size_t>(i)]) {
        const auto at = static_cast<size_t>(i);
        std::shared_ptr<arrow::Array> values = *from++;
        if (encoded_[at]) {
          ARROW_ASSIGN_OR_RAISE(values, EncodeValues(*encoded_[at], values));
        }
        ARROW_RETURN_NOT_OK(CheckNulls(*values, field, paths_[at]));
        columns.push_back(std::move(values));
      } else {
        ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(field.type(), length));
        columns.push_back(std::move(nulls));
      }
    }
    next_ += length;
    *out = arrow::RecordBatch::Make(schema_, length, std::move(columns));
    return Status::OK();
  }

 private:
  // Enough to keep any link busy.
  static constexpr int64_t kUnlimitedBytes = int64_t{1} << 30;

  static std::vector<std::shared_ptr<const PackedColumnReader>> Chosen(const MilvusPackedSet& set) {
    std::vector<std::shared_ptr<const PackedColumnReader>> chosen;
    for (const auto& column : set.columns_) {
      if (column != nullptr) chosen.push_back(column);
    }
    return chosen;
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<std::string> paths_;
  const std::vector<std::optional<FieldSchema>> encoded_;
  const std::vector<int64_t> batch_ends_;
  const int64_t num_rows_;
  const int64_t batch_rows_;
  const bool has_any_;
  std::vector<bool> is_present_;
  ColumnScan scan_;
  int64_t next_ = 0;
};

Result<std::shared_ptr<const MilvusPackedSet>> MilvusPackedSet::Open(
    const std::shared_ptr<ChunkManager>& store, const std::vector<std::string>& paths,
    const arrow::Schema& schema, const arrow::Schema& own) {
  if (paths.empty()) return MakeError(ErrorKind::kInvalid, "a packed set without files");
  ARROW_ASSIGN_OR_RAISE(const auto ids, FieldIdsOf(schema));
  const auto set = std::make_shared<MilvusPackedSet>();
  set->columns_.resize(ids.size());
  set->paths_.resize(ids.size());
  set->encoded_.resize(ids.size());
  ARROW_ASSIGN_OR_RAISE(FilePtr first, OpenFile(store, paths.front()));
  set->num_rows_ = first->num_rows();
  ARROW_ASSIGN_OR_RAISE(const FooterPtr footer, first->Footer());
  set->is_own_ = FindKey(*footer, kGroupFieldIdsKey) == nullptr && first->Layout().ok();
  if (set->is_own_) {
    std::vector<FilePtr> files{std::move(first)};
    for (size_t i = 1; i < paths.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(store, paths[i]));
      files.push_back(std::move(file));
    }
    ARROW_RETURN_NOT_OK(set->OpenByFieldId(std::move(files), own, ids));
  } else {
    ARROW_RETURN_NOT_OK(set->OpenByPosition(store, paths, schema, ids, std::move(first)));
  }
  set->batch_ends_.push_back(set->num_rows_);
  std::sort(set->batch_ends_.begin(), set->batch_ends_.end());
  return set;
}

Status MilvusPackedSet::OpenByPosition(const std::shared_ptr<ChunkManager>& store,
                                       const std::vector<std::string>& paths,
                                       const arrow::Schema& schema, const std::vector<int64_t>& ids,
                                       FilePtr first) {
  ARROW_ASSIGN_OR_RAISE(const std::string groups, GroupsOf(*first));
  ARROW_ASSIGN_OR_RAISE(const auto ids_of_files, ParseGroupFieldIds(groups, paths.front()));
  if (ids_of_files.empty()) {
    return Corruption("the set names no fields",
                      {.object = paths.front(), .field = kGroupFieldIdsKey});
  }
  std::map<int64_t, std::pair<size_t, int>> places;
  for (size_t file = 0; file < ids_of_files.size(); ++file) {
    for (size_t i = 0; i < ids_of_files[file].size(); ++i) {
      places[ids_of_files[file][i]] = {file, static_cast<int>(i)};
    }
  }
  std::vector<FilePtr> files(ids_of_files.size());
  const auto open = [&](size_t at) -> Status {
    if (files[at] != nullptr) return Status::OK();
    if (at >= paths.size()) {
      return MakeError(ErrorKind::kInvalid, "the set has more files than were named",
                       {.object = paths.front(),
                        .expected = std::to_string(ids_of_files.size()),
                        .found = std::to_string(paths.size())});
    }
    files[at] = first;
    if (at > 0) {
      ARROW_ASSIGN_OR_RAISE(files[at], OpenFile(store, paths[at]));
    }
    ARROW_ASSIGN_OR_RAISE(const std::string found, GroupsOf(*files[at]));
    if (found != groups) {
      return Corruption("the files of a set disagree about its fields",
                        {.object = paths[at],
                         .field = kGroupFieldIdsKey,
                         .expected = groups + ", as in '" + paths.front() + "'",
                         .found = found});
    }
    ARROW_ASSIGN_OR_RAISE(const FooterPtr footer, files[at]->Footer());
    ARROW_RETURN_NOT_OK(CheckColumns(*footer, ids_of_files[at], paths[at]));
    return Join(*files[at]);
  };
  ARROW_RETURN_NOT_OK(open(0));  // its list is what is gone by
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto place = places.find(ids[i]);
    if (place == places.end()) {
      // A damaged list must not pass for a field that came later: all files have to agree on it.
      const size_t named = std::min(files.size(), paths.size());
      for (size_t at = 0; at < named; ++at) ARROW_RETURN_NOT_OK(open(at));
      continue;
    }
    const auto [at, position] = place->second;
    ARROW_RETURN_NOT_OK(open(at));
    ARROW_ASSIGN_OR_RAISE(columns_[i],
                          OpenColumn(*files[at], position, *schema.field(static_cast<int>(i))));
    paths_[i] = paths[at];
  }
  return Status::OK();
}

Status MilvusPackedSet::OpenByFieldId(std::vector<FilePtr> files, const arrow::Schema& schema,
                                      const std::vector<int64_t>& ids) {
  for (const FilePtr& file : files) {
    ARROW_RETURN_NOT_OK(Join(*file));
    ARROW_ASSIGN_OR_RAISE(const auto stored, file->Schema());
    for (size_t i = 0; i < ids.size(); ++i) {
      if (columns_[i] != nullptr) continue;
      ARROW_RETURN_NOT_OK(OpenOwn(i, *file, *stored, *schema.field(static_cast<int>(i)), ids[i]));
    }
  }
  return Status::OK();
}

Status MilvusPackedSet::OpenOwn(size_t i, const PackedFileReader& file,
                                const CollectionSchema& stored, const arrow::Field& wanted,
                                int64_t id) {
  FieldSchema as{.field_id = id, .name = wanted.name(), .arrow_type = wanted.type()};
  const FieldSchema* field = stored.FindById(id);
  if (field != nullptr && !field->arrow_type->Equals(*wanted.type()) && IsEncodedByMilvus(*field)) {
    ARROW_ASSIGN_OR_RAISE(const auto milvus, MilvusArrowType(*field));
    if (IsSameStorage(*milvus, *wanted.type())) {
      as = *field;
      encoded_[i] = *field;
    }
  }
  ARROW_ASSIGN_OR_RAISE(columns_[i], file.Column(as));
  paths_[i] = file.path();
  return Status::OK();
}

Status MilvusPackedSet::Join(const PackedFileReader& file) {
  if (num_rows_ != file.num_rows()) {
    return Corruption("the files of a set differ in their number of rows",
                      {.object = file.path(),
                       .expected = std::to_string(num_rows_),
                       .found = std::to_string(file.num_rows())});
  }
  ARROW_ASSIGN_OR_RAISE(const auto starts, file.RowGroupStarts());
  batch_ends_.insert(batch_ends_.end(), starts.begin() + 1, starts.end());
  return Status::OK();
}

bool MilvusPackedSet::HasAny() const {
  return std::any_of(columns_.begin(), columns_.end(),
                     [](const auto& column) { return column != nullptr; });
}

std::shared_ptr<arrow::RecordBatchReader> MilvusPackedSet::Scan(
    std::shared_ptr<arrow::Schema> schema, const MilvusPackedReadOptions& options) const {
  return std::make_shared<Stream>(*this, std::move(schema), options);
}

}  // namespace varve::internal
