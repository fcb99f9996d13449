// SPDX-License-Identifier: Apache-2.0
// The readers behind OpenInput, one file each. See input.h for errors.
#pragma once

#include <memory>
#include <string>

#include "arrow/io/type_fwd.h"
#include "cli/input/input.h"

namespace varve::cli {

/// Packed files come with their vectors, files of other writers as parquet-cpp maps them.
Status OpenParquet(const std::string& path, const InputOptions& options, Input* input);

/// Arrow IPC files and streams, told apart by their first bytes; every batch is validated.
Status OpenArrow(std::shared_ptr<arrow::io::InputStream> stream, Input* input);

/// NumPy arrays: two dimensions in C order become vectors, one dimension a scalar column.
/// Source: numpy.lib.format, versions 1 to 3
Status OpenNpy(std::shared_ptr<arrow::io::RandomAccessFile> file, const InputOptions& options,
               Input* input);

/// .fvecs, .bvecs, .ivecs: each vector is an int32 dimension and as many float, uint8 or int32.
/// Source: http://corpus-texmex.irisa.fr
Status OpenVecs(std::shared_ptr<arrow::io::RandomAccessFile> file, InputFormat format,
                const InputOptions& options, Input* input);

/// One JSON object a line. Types come from the target table, else from the first megabytes: lists
/// of numbers that all have one length become float vectors.
Status OpenJsonLines(std::shared_ptr<arrow::io::InputStream> stream, const InputOptions& options,
                     Input* input);

/// Comma-separated values with a header line.
Status OpenCsv(std::shared_ptr<arrow::io::InputStream> stream, const InputOptions& options,
               Input* input);

/// Name for the column of a format that has none, see InputOptions::column.
std::string ColumnName(const InputOptions& options, bool is_vector);

}  // namespace varve::cli
