// SPDX-License-Identifier: Apache-2.0
// Stands between a client and an object store, on 127.0.0.1, and does to each request what a script
// says: everything that networks, gateways and services do to requests.
//
// Threads:  the script and the upstream are called by many at a time
// Lifetime: the destructor ends what is under way
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "storage/remote/testing/scripted_http.h"

namespace varve::internal {

enum class FaultKind {
  kNone,
  kReset,           ///< the connection, before the body is read
  kCutRequest,      ///< the connection is reset after `at` bytes of the body
  kStall,           ///< nothing is forwarded, nothing answered
  kStallMidAnswer,  ///< half of it comes
  kThrottle,        ///< a byte of the answer now and then
  kDropAnswer,      ///< forwarded; the connection is reset instead of an answer
  kAnswerTooLate,   ///< forwarded; answered when the client has hung up
  kForwardTooLate,  ///< forwarded only when the client has hung up
  kForwardTwice,    ///< the second answer counts
  kReplace,         ///< not forwarded; `answer` comes
  kReplaceAnswer,   ///< forwarded; `answer` comes
  kTruncate,        ///< the connection ends in the middle of the answer
  kShorten,         ///< half of the body, and a head that says so
  kPad,             ///< a longer body, and a head that says so
  kFlip,            ///< one bit of the body's first byte
  kOtherRange,      ///< 206 with bytes that lie one further
  kWholeObject,     ///< 200 with the whole object for a range
  kNotHttp,         ///< an answer that is none
  kEcho,            ///< not forwarded; what was sent comes back as text under the answer's status
  kEndless,         ///< a body without end under the answer's status
};

struct Fault {
  FaultKind kind = FaultKind::kNone;
  int64_t at = 0;
  HttpResponse answer = {};
};

class FaultProxy {
 public:
  using Upstream = std::function<HttpResponse(const HttpRequest&)>;
  /// Sees a request without its body.
  using Script = std::function<Fault(const HttpRequest&)>;

  FaultProxy(Upstream upstream, Script script);

  /// Before that, connections are refused.
  void Listen() { server_.Listen(); }
  std::string endpoint() const { return server_.endpoint(); }
  int64_t num_requests() const { return num_requests_; }

 private:
  bool Serve(HttpConnection& connection, HttpRequest& request);
  bool ServeChanged(HttpConnection& connection, const HttpRequest& request, const Fault& fault);

  const Upstream upstream_;
  const Script script_;
  std::atomic<int64_t> num_requests_ = 0;
  HttpServer server_;  // last: its threads use the others
};

}  // namespace varve::internal
