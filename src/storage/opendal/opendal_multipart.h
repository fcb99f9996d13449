// SPDX-License-Identifier: Apache-2.0
// Requests of multipart uploads in the words of opendal_ffi.h.
#pragma once

#include "storage/opendal/opendal_ffi.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

/// REQUIRES: an operation of multipart uploads. `request` lives until `done`.
vod_call* SendMultipart(const vod_endpoint* endpoint, const ObjectRequest& request,
                        vod_on_part on_part, vod_done done, void* user);

/// To the parts or uploads of `reply`, if `request` asks for such a one.
void AddListed(const vod_part& part, const ObjectRequest& request, ObjectReply* reply);

}  // namespace varve::internal
