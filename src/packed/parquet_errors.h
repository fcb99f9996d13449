// SPDX-License-Identifier: Apache-2.0
// parquet-cpp reports what is wrong with exceptions and with statuses that name no file; both
// become errors of ours here, and nothing leaves the file that called it.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "parquet/exception.h"
#include "varve/status.h"

namespace varve::internal {

/// What a file is read for, or written: an error of the bytes is damage, or a mistake.
enum class ParquetWork { kDecode, kEncode };

/// `status` as an error of ours that names `object` and `field`; errors of ours stay as they are.
inline Status ParquetError(const Status& status, const std::string& object,
                           const std::string& field = "", ParquetWork work = ParquetWork::kDecode) {
  if (status.ok() || ContextOf(status) != nullptr) return status;
  if (work == ParquetWork::kEncode) {
    return MakeError(KindOf(status), "cannot encode Parquet: " + status.message(),
                     {.object = object, .field = field});
  }
  ErrorKind kind = ErrorKind::kCorruption;
  if (status.IsOutOfMemory() || status.IsCapacityError()) kind = ErrorKind::kResourceExhausted;
  if (status.IsNotImplemented()) kind = ErrorKind::kUnsupported;
  return MakeError(kind, "cannot decode Parquet: " + status.message(),
                   {.object = object, .field = field});
}

/// Calls `function`, which returns Status or Result, and turns every exception into an error.
template <typename Function>
auto CatchParquet(const std::string& object, const std::string& field, Function&& function,
                  ParquetWork work = ParquetWork::kDecode) -> decltype(function()) {
  try {
    auto result = function();
    if constexpr (std::is_same_v<decltype(result), Status>) {
      return ParquetError(result, object, field, work);
    } else {
      if (!result.ok()) return ParquetError(result.status(), object, field, work);
      return result;
    }
  } catch (const parquet::ParquetStatusException& e) {
    return ParquetError(e.status(), object, field, work);
  } catch (const std::bad_alloc&) {
    return ParquetError(Status::OutOfMemory("allocation refused"), object, field, work);
  } catch (const std::length_error&) {
    return ParquetError(Status::OutOfMemory("impossible length"), object, field, work);
  } catch (const std::exception& e) {
    const std::string_view what = e.what();
    const bool unsupported = what.find("Not yet implemented") != std::string_view::npos ||
                             what.find("not supported") != std::string_view::npos;
    return ParquetError(unsupported ? Status::NotImplemented(what) : Status::Invalid(what), object,
                        field, work);
  }
}

}  // namespace varve::internal
