// SPDX-License-Identifier: Apache-2.0
// Tells Milvus' coordinator what a flush has written (sync.h): the SaveBinlogPathsRequest, as the
// bytes that go over the wire. How they get there is the caller's business.
//
//   auto writer = varve::MakeMilvusMetaWriter(cache, [&](const std::string& request) {
//     return client.SaveBinlogPaths(request);  // NotFound: segment or channel are somebody else's
//   });
//
// Once:    a request names all logs of its segment, so that one which is sent twice changes nothing
// Threads: all functions may be called concurrently
// Source:  shared specification of Milvus' formats, section 10.7
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "varve/segment_metadata.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// `starting`: segments whose start positions are told along.
VARVE_EXPORT std::string EncodeSaveBinlogPaths(const SegmentUpdate& update,
                                               const std::vector<SegmentState>& starting);

/// Hands on a request and returns what the coordinator said.
using SendRequest = std::function<Status(const std::string& request)>;

/// A writer that sends one request a step. Start positions are those of the segments in `cache`
/// that grow or are being flushed (L1) and of the segment itself, until a request with them was
/// taken.
VARVE_EXPORT std::shared_ptr<MetaWriter> MakeMilvusMetaWriter(std::shared_ptr<MetaCache> cache,
                                                              SendRequest send);

}  // namespace varve
