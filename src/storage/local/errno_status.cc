// SPDX-License-Identifier: Apache-2.0
#include "storage/local/errno_status.h"

#include <cerrno>
#include <system_error>

namespace varve::internal {
namespace {

ErrorKind KindOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorKind::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kDenied;
    case ELOOP:  // O_NOFOLLOW and RESOLVE_NO_SYMLINKS met a symbolic link
    case EXDEV:  // RESOLVE_BENEATH was to leave the root
    case ENAMETOOLONG:
      return ErrorKind::kInvalid;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

Status ErrnoStatus(int64_t result, std::string_view what, const std::string& object) {
  const int error = static_cast<int>(-result);
  std::string message(what);
  message.append(" (").append(std::generic_category().message(error)).append(")");
  return MakeError(KindOfErrno(error), message, {.object = object});
}

bool IsFull(int64_t result) { return result == -ENOSPC || result == -EDQUOT || result == -EFBIG; }

}  // namespace varve::internal
