// SPDX-License-Identifier: Apache-2.0
// What OpenDAL tells of a request, in our terms. Decided by HTTP status first: services answer the
// same thing in ways that OpenDAL gives different names.
#pragma once

#include "storage/opendal/opendal_ffi.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

ObjectReply ReplyOf(const vod_result& result, const ObjectRequest& request);

}  // namespace varve::internal
