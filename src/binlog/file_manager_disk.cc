// SPDX-License-Identifier: Apache-2.0
// The methods of FileManager that read and write local files.
#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "binlog/file_manager_names.h"
#include "varve/file_manager.h"

namespace varve {

using internal::AppendFixed;
using internal::AsBytes;
using internal::GroupSlices;
using internal::LastPart;
using internal::SlicedFile;
using internal::SortedByLogId;

namespace {

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

// The rows of an array of dense vectors, as they stand in memory.
struct Vectors {
  std::span<const uint8_t> bytes;
  int64_t row_bytes = 0;
};

Result<Vectors> VectorsOf(const arrow::Array& array, const std::string& object) {
  const uint8_t* data = nullptr;
  int64_t row_bytes = 0;
  bool has_nulls = array.null_count() != 0;
  if (array.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    const auto& rows = static_cast<const arrow::FixedSizeBinaryArray&>(array);
    row_bytes = rows.byte_width();
    data = rows.raw_values();
  } else if (array.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& rows = static_cast<const arrow::FixedSizeListArray&>(array);
    const auto elements =
        rows.values()->Slice(rows.value_offset(0), rows.value_length() * rows.length());
    const int64_t element_bits = elements->type()->bit_width();
    if (element_bits > 0 && element_bits % 8 == 0 && elements->data()->buffers.size() == 2) {
      row_bytes = rows.value_length() * element_bits / 8;
      data = elements->data()->GetValues<uint8_t>(1, elements->offset() * element_bits / 8);
      has_nulls = has_nulls || elements->null_count() != 0;
    }
  }
  if (row_bytes == 0 || has_nulls) {
    return MakeError(ErrorKind::kInvalid, "only dense vectors can be laid out on a disk",
                     {.object = object,
                      .expected = "fixed_size_binary or fixed_size_list without nulls",
                      .found = array.type()->ToString() + (has_nulls ? " with nulls" : "")});
  }
  if (array.length() == 0) return Vectors{{}, row_bytes};
  return Vectors{{data, static_cast<size_t>(array.length() * row_bytes)}, row_bytes};
}

// Nothing says which kind of vectors these are, but each has elements of one of four widths.
Status CheckDim(int64_t row_bytes, int64_t dim, const std::string& object) {
  const int64_t bits = row_bytes * 8;
  for (const int64_t element_bits : {1, 8, 16, 32}) {
    if (bits == dim * element_bits) return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid, "vectors of an insert log have another dimension",
                   {.object = object,
                    .expected = std::to_string(dim) + " elements of 1, 8, 16 or 32 bits",
                    .found = std::to_string(row_bytes) + " bytes a row"});
}

Status CheckShape(const RawVectorShape& shape) {
  if (shape.num_rows >= 0 && shape.num_rows <= UINT32_MAX && shape.dim > 0 &&
      shape.dim <= UINT32_MAX) {
    return Status::OK();
  }
  return MakeError(
      ErrorKind::kInvalid, "raw vectors cannot have this shape",
      {.expected = "32-bit numbers of rows and elements",
       .found = std::to_string(shape.num_rows) + " rows of " + std::to_string(shape.dim)});
}

}  // namespace

Result<std::vector<StoredIndexFile>> FileManager::AddFile(ChunkManager* disk,
                                                          const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, disk->OpenReader(path));
  const std::string name = LastPart(path);
  std::vector<PendingFile> files;
  int64_t begin = 0;
  do {  // an empty file is one empty slice
    const int64_t length = std::min(options_.slice_bytes, file->size() - begin);
    files.push_back({SliceName(name, static_cast<int64_t>(files.size())), length,
                     [file, begin, length] { return file->Read(begin, length); }});
    begin += length;
  } while (begin < file->size());
  return Store(files);
}

Result<std::vector<std::string>> FileManager::LoadIndexToDisk(const std::vector<std::string>& paths,
                                                              ChunkManager* disk,
                                                              const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(const auto files, GroupSlices(paths));
  std::vector<std::string> slices, targets;
  std::vector<size_t> file_of_slice;
  for (const SlicedFile& file : files) {
    targets.push_back(folder.empty() ? file.name : folder + "/" + file.name);
    slices.insert(slices.end(), file.slices.begin(), file.slices.end());
    file_of_slice.insert(file_of_slice.end(), file.slices.size(), targets.size() - 1);
  }
  arrow::BufferVector blobs(slices.size());
  const auto decode = [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto file, options_.codec->Decode(std::move(bytes), slices[index]));
    blobs[index] = std::move(file.blob);
    return Status::OK();
  };
  std::unique_ptr<ChunkWriter> writer;  // of the file whose slices are coming
  const auto take = [&](int64_t index) -> Status {
    const auto at = static_cast<size_t>(index);
    if (writer == nullptr) {
      ARROW_RETURN_NOT_OK(disk->Remove(targets[file_of_slice[at]]));
      ARROW_ASSIGN_OR_RAISE(writer, disk->OpenWriter(targets[file_of_slice[at]]));
    }
    const auto blob = std::move(blobs[at]);
    ARROW_RETURN_NOT_OK(writer->Write(BytesOf(*blob)));
    const bool last = at + 1 == slices.size() || file_of_slice[at + 1] != file_of_slice[at];
    if (!last) return Status::OK();
    return std::exchange(writer, nullptr)->Close();
  };
  ARROW_RETURN_NOT_OK(ReadInOrder(slices, decode, take));
  return targets;
}

Status FileManager::CacheRawDataToDisk(const std::vector<std::string>& paths, RawVectorShape shape,
                                       ChunkManager* disk, const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckShape(shape));
  ARROW_ASSIGN_OR_RAISE(const auto sorted, SortedByLogId(paths));
  ARROW_RETURN_NOT_OK(disk->Remove(path));
  ARROW_ASSIGN_OR_RAISE(const auto writer, disk->OpenWriter(path));
  std::string head;
  AppendFixed(&head, static_cast<uint32_t>(shape.num_rows));
  AppendFixed(&head, static_cast<uint32_t>(shape.dim));
  ARROW_RETURN_NOT_OK(writer->Write(AsBytes(head)));

  arrow::ArrayVector arrays(sorted.size());
  const auto decode = [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
    ARROW_ASSIGN_OR_RAISE(arrays[index],
                          options_.decode_insert_log(std::move(bytes), sorted[index]));
    return Status::OK();
  };
  int64_t num_rows = 0, row_bytes = 0;
  const auto take = [&](int64_t index) -> Status {
    const auto array = std::move(arrays[index]);
    ARROW_ASSIGN_OR_RAISE(const Vectors vectors, VectorsOf(*array, sorted[index]));
    if (index > 0 && vectors.row_bytes != row_bytes) {
      return MakeError(ErrorKind::kInvalid, "vectors of two insert logs differ in width",
                       {.object = sorted[index],
                        .expected = std::to_string(row_bytes) + " bytes",
                        .found = std::to_string(vectors.row_bytes)});
    }
    ARROW_RETURN_NOT_OK(CheckDim(vectors.row_bytes, shape.dim, sorted[index]));
    row_bytes = vectors.row_bytes;
    num_rows += array->length();
    return writer->Write(vectors.bytes);
  };
  ARROW_RETURN_NOT_OK(ReadInOrder(sorted, decode, take));
  if (num_rows != shape.num_rows) {
    return MakeError(ErrorKind::kInvalid, "the insert logs have another number of rows",
                     {.object = path,
                      .expected = std::to_string(shape.num_rows),
                      .found = std::to_string(num_rows)});
  }
  return writer->Close();
}

}  // namespace varve
