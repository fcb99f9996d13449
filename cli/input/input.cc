// SPDX-License-Identifier: Apache-2.0
#include "cli/input/input.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

#include "arrow/io/file.h"
#include "arrow/type.h"
#include "cli/chunk_file.h"
#include "cli/input/formats.h"
#include "cli/input/standard_input.h"
#include "cli/location.h"
#include "cli/opened_stores.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

struct FormatName {
  const char* name;
  InputFormat format;
};

constexpr std::array kFormatNames = {
    FormatName{"auto", InputFormat::kAuto},   FormatName{"parquet", InputFormat::kParquet},
    FormatName{"arrow", InputFormat::kArrow}, FormatName{"npy", InputFormat::kNpy},
    FormatName{"fvecs", InputFormat::kFvecs}, FormatName{"bvecs", InputFormat::kBvecs},
    FormatName{"ivecs", InputFormat::kIvecs}, FormatName{"jsonl", InputFormat::kJsonLines},
    FormatName{"csv", InputFormat::kCsv},
};

constexpr std::array kExtensions = {
    FormatName{".parquet", InputFormat::kParquet}, FormatName{".pq", InputFormat::kParquet},
    FormatName{".arrow", InputFormat::kArrow},     FormatName{".arrows", InputFormat::kArrow},
    FormatName{".feather", InputFormat::kArrow},   FormatName{".ipc", InputFormat::kArrow},
    FormatName{".npy", InputFormat::kNpy},         FormatName{".fvecs", InputFormat::kFvecs},
    FormatName{".bvecs", InputFormat::kBvecs},     FormatName{".ivecs", InputFormat::kIvecs},
    FormatName{".jsonl", InputFormat::kJsonLines}, FormatName{".ndjson", InputFormat::kJsonLines},
    FormatName{".json", InputFormat::kJsonLines},  FormatName{".csv", InputFormat::kCsv},
};

Result<InputFormat> FormatOfExtension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const FormatName& known : kExtensions) {
    if (extension == known.name) return known.format;
  }
  return MakeError(ErrorKind::kInvalid,
                   "cannot tell the format from the name; say --format parquet, arrow, npy, fvecs, "
                   "bvecs, ivecs, jsonl or csv",
                   {.object = path});
}

bool IsVector(const arrow::DataType& type) { return type.id() == arrow::Type::FIXED_SIZE_LIST; }

Status OpenFromStandardInput(InputFormat format, const InputOptions& options, Input* input) {
  const auto stream = OpenStandardInput();
  switch (format) {
    case InputFormat::kArrow:
      return OpenArrow(stream, input);
    case InputFormat::kJsonLines:
      return OpenJsonLines(stream, options, input);
    case InputFormat::kCsv:
      return OpenCsv(stream, options, input);
    default:
      return MakeError(ErrorKind::kInvalid,
                       "standard input needs --format arrow, jsonl or csv (the others seek)");
  }
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenRemoteFile(const std::string& path,
                                                                    const InputOptions& options) {
  const FileLocation location = SplitFileLocation(path);
  ARROW_ASSIGN_OR_RAISE(const auto store_options, options.store.ToOptions(path));
  ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(location.folder, store_options));
  return OpenChunkFile(store, location.name);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenLocalFile(const std::string& path,
                                                                   Input* input) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return MakeError(ErrorKind::kNotFound, "there is no such file", {.object = path});
  }
  if (std::filesystem::is_directory(status)) {
    return MakeError(ErrorKind::kInvalid, "a folder cannot be imported; name its files",
                     {.object = path});
  }
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  if (std::filesystem::is_regular_file(status)) {
    ARROW_ASSIGN_OR_RAISE(input->file_bytes, file->GetSize());
  }
  return file;
}

}  // namespace

const std::vector<std::string>& InputFormatNames() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const FormatName& known : kFormatNames) names.emplace_back(known.name);
    return names;
  }();
  return kNames;
}

Result<InputFormat> InputFormatFromName(const std::string& name) {
  for (const FormatName& known : kFormatNames) {
    if (name == known.name) return known.format;
  }
  return MakeError(ErrorKind::kInvalid,
                   "unknown format '" + name + "'" + DidYouMean(name, InputFormatNames()));
}

std::string ColumnName(const InputOptions& options, bool is_vector) {
  if (!options.column.empty()) return options.column;
  std::string only;
  if (options.target != nullptr && is_vector) {
    for (const auto& field : options.target->fields()) {
      if (!IsVector(*field->type())) continue;
      if (!only.empty()) return "embedding";
      only = field->name();
    }
  }
  if (!only.empty()) return only;
  return is_vector ? "embedding" : "value";
}

Result<Input> OpenInput(const std::string& path, const InputOptions& options) {
  Input input;
  input.path = WithoutOptions(path);
  InputFormat format = options.format;
  if (path == "-") {
    ARROW_RETURN_NOT_OK(OpenFromStandardInput(format, options, &input));
    return input;
  }
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  if (IsRemote(path)) {
    ARROW_ASSIGN_OR_RAISE(file, OpenRemoteFile(path, options));
    ARROW_ASSIGN_OR_RAISE(input.file_bytes, file->GetSize());
  } else {
    ARROW_ASSIGN_OR_RAISE(file, OpenLocalFile(*LocalPath(path), &input));
  }
  if (format == InputFormat::kAuto) {
    ARROW_ASSIGN_OR_RAISE(format, FormatOfExtension(input.path));
  }
  switch (format) {
    case InputFormat::kParquet:
      ARROW_RETURN_NOT_OK(OpenParquet(path, options, &input));
      break;
    case InputFormat::kArrow:
      ARROW_RETURN_NOT_OK(OpenArrow(file, &input));
      break;
    case InputFormat::kNpy:
      ARROW_RETURN_NOT_OK(OpenNpy(file, options, &input));
      break;
    case InputFormat::kFvecs:
    case InputFormat::kBvecs:
    case InputFormat::kIvecs:
      ARROW_RETURN_NOT_OK(OpenVecs(file, format, options, &input));
      break;
    case InputFormat::kJsonLines:
      ARROW_RETURN_NOT_OK(OpenJsonLines(file, options, &input));
      break;
    case InputFormat::kCsv:
      ARROW_RETURN_NOT_OK(OpenCsv(file, options, &input));
      break;
    case InputFormat::kAuto:
      break;
  }
  return input;
}

}  // namespace varve::cli
