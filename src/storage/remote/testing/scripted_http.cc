// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/testing/scripted_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace varve::internal {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kHeadBytesMax = 64 << 10;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 3], value, 16).ptr == &text[i + 3]) {
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string_view ReasonOf(int status) {
  return status < 300 ? "Fine" : status < 400 ? "Elsewhere" : "Not So";
}

std::string DateNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

// The first line, and the headers.
std::pair<std::string, HttpHeaders> ParseLines(std::string_view lines) {
  std::pair<std::string, HttpHeaders> parsed;
  bool first = true;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    if (first) {
      parsed.first = line;
      first = false;
      continue;
    }
    const size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    parsed.second.emplace_back(line.substr(0, colon), value);
  }
  return parsed;
}

int64_t LengthIn(const HttpHeaders& headers) {
  const std::string_view text = FindHeader(headers, "content-length");
  int64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return std::max<int64_t>(length, 0);
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

std::string_view FindHeader(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return {};
}

std::string HttpRequest::Path() const {
  return Decoded(std::string_view(target).substr(0, target.find('?')));
}

std::optional<std::string> HttpRequest::Query(std::string_view name) const {
  const size_t begin = target.find('?');
  if (begin == target.npos) return std::nullopt;
  std::string_view rest = std::string_view(target).substr(begin + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) != name) continue;
    return Decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

int64_t HttpRequest::ContentLength() const { return LengthIn(headers); }

std::string HttpRequest::ToWire() const {
  std::string wire = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [key, value] : headers) wire += key + ": " + value + "\r\n";
  return wire + "\r\n" + body;
}

std::string HttpResponse::HeadToWire() const {
  std::string wire =
      "HTTP/1.1 " + std::to_string(status) + " " + std::string(ReasonOf(status)) + "\r\n";
  for (const auto& [key, value] : headers) wire += key + ": " + value + "\r\n";
  if (FindHeader(headers, "date").empty()) wire += "Date: " + DateNow() + "\r\n";
  const int64_t length = length_told.value_or(static_cast<int64_t>(body.size()));
  if (status != 204) wire += "Content-Length: " + std::to_string(length) + "\r\n";
  return wire + "\r\n";
}

HttpConnection::~HttpConnection() {
  if (fd_ >= 0) close(fd_);
}

HttpConnection::Event HttpConnection::Wait(int16_t events, int timeout_millis) {
  for (;;) {
    std::array<pollfd, 2> polled{
        {{fd_, static_cast<int16_t>(events | POLLRDHUP), 0}, {stop_event_, POLLIN, 0}}};
    const int count = poll(polled.data(), polled.size(), timeout_millis);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Die("poll");
    if (polled[1].revents != 0) return Event::kStopped;
    if ((polled[0].revents & events) != 0) return Event::kReady;
    if (polled[0].revents != 0) return Event::kHungUp;
    return Event::kTimedOut;
  }
}

bool HttpConnection::Fill() {
  if (Wait(POLLIN, -1) != Event::kReady) return false;
  const size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  const ssize_t got = recv(fd_, &buffer_[before], kReadBytes, 0);
  buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

std::optional<std::string> HttpConnection::ReadLines() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
    if (buffer_.size() > kHeadBytesMax || !Fill()) return std::nullopt;
  }
  std::string lines = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  return lines;
}

std::optional<HttpRequest> HttpConnection::ReadHead() {
  const auto lines = ReadLines();
  if (!lines) return std::nullopt;
  auto [line, headers] = ParseLines(*lines);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || last <= first) return std::nullopt;
  return HttpRequest{.method = line.substr(0, first),
                     .target = line.substr(first + 1, last - first - 1),
                     .headers = std::move(headers),
                     .body = {}};
}

bool HttpConnection::ReadBody(std::string* body, int64_t length) {
  const auto wanted = static_cast<size_t>(length);
  while (body->size() < wanted) {
    if (buffer_.empty() && !Fill()) return false;
    const size_t step = std::min(wanted - body->size(), buffer_.size());
    body->append(buffer_, 0, step);
    buffer_.erase(0, step);
  }
  return true;
}

bool HttpConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (Wait(POLLOUT, -1) != Event::kReady) return false;
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return false;
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  }
  return true;
}

bool HttpConnection::Send(const HttpResponse& response) {
  return Send(response.HeadToWire() + response.body);
}

bool HttpConnection::SendSlowly(std::string_view bytes, int pause_millis) {
  for (const char& each : bytes) {
    if (Wait(0, pause_millis) != Event::kTimedOut || !Send({&each, 1})) return false;
  }
  return true;
}

void HttpConnection::WaitForHangUp() { Wait(0, -1); }

void HttpConnection::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd_);
  fd_ = -1;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_event_ = eventfd(0, EFD_CLOEXEC);
  if (listener_ < 0 || stop_event_ < 0) Die("socket");
  sockaddr_in address = Loopback(0);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Die("bind");
  socklen_t size = sizeof(address);
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) Die("getsockname");
  port_ = ntohs(address.sin_port);
}

void HttpServer::Listen() {
  if (listen(listener_, 128) != 0) Die("listen");
  acceptor_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  const uint64_t one = 1;
  if (write(stop_event_, &one, sizeof(one)) != sizeof(one)) Die("write");
  if (acceptor_.joinable()) acceptor_.join();
  for (std::thread& thread : serving_) thread.join();
  close(listener_);
  close(stop_event_);
}

void HttpServer::Accept() {
  for (;;) {
    std::array<pollfd, 2> polled{{{listener_, POLLIN, 0}, {stop_event_, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) Die("poll");
    if (polled[1].revents != 0) return;
    if (polled[0].revents == 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex_);
    serving_.emplace_back([this, fd] { Serve(fd); });
  }
}

void HttpServer::Serve(int fd) {
  SendAtOnce(fd);
  HttpConnection connection(fd, stop_event_);
  while (auto request = connection.ReadHead()) {
    if (!handler_(connection, *request)) return;
  }
}

}  // namespace varve::internal
