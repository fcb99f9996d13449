// SPDX-License-Identifier: Apache-2.0
// For builds without OpenDAL.
#include "storage/opendal/opendal_client.h"

namespace varve::internal {

Result<std::shared_ptr<ObjectClient>> MakeOpenDalClient(const OpenDalOptions& options) {
  return MakeError(ErrorKind::kUnsupported,
                   "this build has no object stores: install cargo (Debian 12: apt install "
                   "cargo-web) and build again with -DVARVE_WITH_OPENDAL=ON",
                   {.object = options.scheme});
}

}  // namespace varve::internal
