// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on 127.0.0.1, as far as tests of object stores need it: a server whose handler holds the
// connection itself, and so can cut, stall and garble it.
//
// Bodies have a Content-Length or are absent; nothing is sent in chunks.
//
// Threads:  each connection has one, which calls the handler; so handlers run concurrently
// Lifetime: the destructor ends all connections and waits for their threads
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace varve::internal {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of that name, in any case; empty if there is none.
std::string_view FindHeader(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method;
  std::string target;  ///< path and query, as sent
  HttpHeaders headers;
  std::string body;

  /// Without the query, percent signs decoded.
  std::string Path() const;
  /// A value of the query, decoded; std::nullopt if there is none of that name.
  std::optional<std::string> Query(std::string_view name) const;
  int64_t ContentLength() const;
  std::string ToWire() const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  ///< without Content-Length
  std::string body;
  /// Of a body that is not sent, in the answer to a HEAD.
  std::optional<int64_t> length_told;

  std::string HeadToWire() const;
};

/// One end of a connection. Every wait ends when the other end closes or the server stops.
class HttpConnection {
 public:
  HttpConnection(int fd, int stop_event) : fd_(fd), stop_event_(stop_event) {}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// A request without its body; std::nullopt: there is no further one.
  std::optional<HttpRequest> ReadHead();
  /// Reads on until `body` holds `length` bytes. False: it will not.
  bool ReadBody(std::string* body, int64_t length);
  bool Send(std::string_view bytes);
  bool Send(const HttpResponse& response);
  /// One byte at a time, with `pause_millis` before each.
  bool SendSlowly(std::string_view bytes, int pause_millis);
  void WaitForHangUp();
  /// Closes so that the other end sees an error rather than an end.
  void Reset();

 private:
  enum class Event { kReady, kTimedOut, kHungUp, kStopped };
  Event Wait(int16_t events, int timeout_millis);
  bool Fill();
  // What stands before the next empty line; std::nullopt: the other end closed.
  std::optional<std::string> ReadLines();

  int fd_;
  const int stop_event_;
  std::string buffer_;  // received and not yet taken
};

class HttpServer {
 public:
  /// False: the connection is closed, otherwise another request is awaited. The body has not been
  /// read.
  using Handler = std::function<bool(HttpConnection&, HttpRequest&)>;

  /// Does not listen yet, so that connections are refused.
  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void Listen();
  int port() const { return port_; }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void Accept();
  void Serve(int fd);

  const Handler handler_;
  int listener_ = -1;
  int stop_event_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;  // guards serving_
  std::list<std::thread> serving_;
};

}  // namespace varve::internal
