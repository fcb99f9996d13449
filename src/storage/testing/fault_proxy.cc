// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/fault_proxy.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace varve::internal {
namespace {

constexpr int kThrottleMillis = 20;
constexpr size_t kPadBytes = 16;
constexpr size_t kEchoBytes = 4096;

// A response whose head is all there is of it is cut in its head.
std::string_view FirstHalf(const std::string& wire, size_t head_bytes) {
  const size_t body = wire.size() - head_bytes;
  return std::string_view(wire).substr(0, body == 0 ? head_bytes / 2 : head_bytes + body / 2);
}

// The range one byte further on.
HttpResponse OtherRange(const FaultProxy::Upstream& upstream, HttpRequest request) {
  for (auto& [name, value] : request.headers) {
    if (name != "range" && name != "Range") continue;
    const size_t dash = value.find('-');
    const auto first = std::stoll(value.substr(6)) + 1;
    const auto last = std::stoll(value.substr(dash + 1)) + 1;
    value = "bytes=" + std::to_string(first) + "-" + std::to_string(last);
  }
  return upstream(request);
}

HttpResponse WholeObject(const FaultProxy::Upstream& upstream, HttpRequest request) {
  std::erase_if(request.headers,
                [](const auto& each) { return each.first == "range" || each.first == "Range"; });
  return upstream(request);
}

bool SendWithoutEnd(HttpConnection& connection, HttpResponse answer) {
  constexpr int64_t kManyBytes = int64_t{1} << 40;
  answer.length_told = kManyBytes;
  const std::string piece(64 << 10, 'x');
  bool sent = connection.Send(answer.HeadToWire() + answer.body);
  while (sent) sent = connection.Send(piece);
  return false;
}

}  // namespace

FaultProxy::FaultProxy(Upstream upstream, Script script)
    : upstream_(std::move(upstream)),
      script_(std::move(script)),
      server_([this](HttpConnection& connection, HttpRequest& request) {
        return Serve(connection, request);
      }) {}

bool FaultProxy::Serve(HttpConnection& connection, HttpRequest& request) {
  ++num_requests_;
  const Fault fault = script_(request);
  if (fault.kind == FaultKind::kReset || fault.kind == FaultKind::kCutRequest) {
    if (fault.kind == FaultKind::kCutRequest) {
      connection.ReadBody(&request.body, std::min(fault.at, request.ContentLength()));
    }
    connection.Reset();
    return false;
  }
  if (!connection.ReadBody(&request.body, request.ContentLength())) return false;
  switch (fault.kind) {
    case FaultKind::kNone:
      return connection.Send(upstream_(request));
    case FaultKind::kStall:
      connection.WaitForHangUp();
      return false;
    case FaultKind::kForwardTooLate:
      connection.WaitForHangUp();
      upstream_(request);
      return false;
    case FaultKind::kAnswerTooLate: {
      const HttpResponse answer = upstream_(request);
      connection.WaitForHangUp();
      connection.Send(answer);
      return false;
    }
    case FaultKind::kDropAnswer:
      upstream_(request);
      connection.Reset();
      return false;
    case FaultKind::kForwardTwice:
      upstream_(request);
      return connection.Send(upstream_(request));
    case FaultKind::kReplaceAnswer:
      upstream_(request);
      [[fallthrough]];
    case FaultKind::kReplace: {
      HttpResponse answer = fault.answer;
      if (request.method == "HEAD") {
        answer.length_told = static_cast<int64_t>(answer.body.size());
        answer.body.clear();
      }
      return connection.Send(answer);
    }
    case FaultKind::kEcho: {
      HttpResponse answer = fault.answer;
      if (request.method != "HEAD") answer.body = request.ToWire().substr(0, kEchoBytes);
      return connection.Send(answer);
    }
    case FaultKind::kEndless:
      return SendWithoutEnd(connection, fault.answer);
    case FaultKind::kNotHttp:
      connection.Send("220 mail.example ESMTP\r\n\r\n");
      return false;
    default:
      return ServeChanged(connection, request, fault);
  }
}

// What changes the upstream's answer.
bool FaultProxy::ServeChanged(HttpConnection& connection, const HttpRequest& request,
                              const Fault& fault) {
  HttpResponse answer = fault.kind == FaultKind::kOtherRange    ? OtherRange(upstream_, request)
                        : fault.kind == FaultKind::kWholeObject ? WholeObject(upstream_, request)
                                                                : upstream_(request);
  const bool has_body = !answer.body.empty();
  const size_t head_bytes = answer.HeadToWire().size();
  const std::string wire = answer.HeadToWire() + answer.body;
  switch (fault.kind) {
    case FaultKind::kStallMidAnswer:
      if (connection.Send(FirstHalf(wire, head_bytes))) connection.WaitForHangUp();
      return false;
    case FaultKind::kTruncate:
      connection.Send(FirstHalf(wire, head_bytes));
      return false;
    case FaultKind::kThrottle: {
      // The head at once, where a body follows.
      const size_t fast = has_body ? head_bytes : 0;
      return connection.Send(std::string_view(wire).substr(0, fast)) &&
             connection.SendSlowly(std::string_view(wire).substr(fast), kThrottleMillis);
    }
    case FaultKind::kShorten:
      if (has_body) answer.body.resize(answer.body.size() / 2);
      return connection.Send(answer);
    case FaultKind::kPad:
      if (has_body) answer.body.append(kPadBytes, 'x');
      return connection.Send(answer);
    case FaultKind::kFlip:
      if (has_body) answer.body[0] = static_cast<char>(answer.body[0] ^ 1);
      return connection.Send(answer);
    default:
      return connection.Send(answer);
  }
}

}  // namespace varve::internal
