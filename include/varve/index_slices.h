// SPDX-License-Identifier: Apache-2.0
// An index in memory is a set of named blobs. Large ones are stored in slices, `{name}_0`,
// `{name}_1`, …, and a blob SLICE_META, which says what to put together again.
//
//   SLICE_META   {"meta":[{"name":N,"slice_num":k,"total_len":bytes}, …]} and a NUL
//
// Threads: everything here may be called concurrently
// Source:  shared specification of Milvus' formats, section 4.2; docs/format/index-files.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/type_fwd.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// The blobs of an index, none of them null.
using BinarySet = std::map<std::string, std::shared_ptr<arrow::Buffer>>;

/// Milvus' default, and its largest unless configured otherwise.
inline constexpr int64_t kIndexSliceBytes = 16 << 20;
inline constexpr std::string_view kSliceMetaName = "SLICE_META";

/// "IVF_3": slice 3 of "IVF".
VARVE_EXPORT std::string SliceName(std::string_view name, int64_t slice);

/// Cuts blobs that are larger than `slice_bytes`; slices share the memory of their blob. A set
/// without such blobs stays as it is.
/// Errors: Invalid if the set has a blob named as a slice would be, or SLICE_META, or
///         `slice_bytes` < 1
VARVE_EXPORT Result<BinarySet> SliceBinarySet(const BinarySet& set,
                                              int64_t slice_bytes = kIndexSliceBytes);

/// Puts the blobs together that SLICE_META tells of; others stay as they are.
/// `object` names the set in errors.
/// Errors: Corruption naming the blob if slices are missing or have another length than they should
VARVE_EXPORT Result<BinarySet> AssembleBinarySet(BinarySet slices, const std::string& object);

}  // namespace varve
