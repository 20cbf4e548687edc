#include "integration/wire_endpoint.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "support/byte_stream.hpp"

namespace weir::testing {
namespace {

constexpr int backlog = 1024;

struct Body {
  std::string data;
  std::string trailers;
  std::size_t bytes = 0;  // as they came
};

/// Chunks as Weir must write them: lower-case sizes, no extensions. Nothing: not whole, or not like that.
std::optional<Body> take_chunks(std::string_view input) {
  Body body;
  const auto line = [&]() -> std::optional<std::string_view> {
    const std::size_t end = input.find("\r\n", body.bytes);
    if (end == input.npos) return std::nullopt;
    const std::string_view text = input.substr(body.bytes, end - body.bytes);
    body.bytes = end + 2;
    return text;
  };
  for (;;) {
    const auto size = line();
    if (!size || size->empty() || size->find_first_not_of("0123456789abcdef") != size->npos)
      return std::nullopt;
    const std::size_t bytes = std::strtoull(std::string(*size).c_str(), nullptr, 16);
    if (bytes == 0) break;
    if (input.size() < body.bytes + bytes + 2 || input.substr(body.bytes + bytes, 2) != "\r\n")
      return std::nullopt;
    body.data += input.substr(body.bytes, bytes);
    body.bytes += bytes + 2;
  }
  for (;;) {
    const auto trailer = line();
    if (!trailer) return std::nullopt;
    if (trailer->empty()) return body;
    body.trailers.append(*trailer).append("\r\n");
  }
}

std::string value_of(std::string_view head, std::string_view name) {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(start);
  if (at == head.npos) return "";
  const std::size_t begin = at + start.size();
  return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

/// The body of the request whose head is the first `head_bytes` of `bytes`. Nothing: it is not whole.
std::optional<Body> take_body(std::string_view bytes, std::size_t head_bytes) {
  const std::string_view head = bytes.substr(0, head_bytes);
  const std::string_view rest = bytes.substr(head_bytes);
  if (!value_of(head, "Transfer-Encoding").empty()) return take_chunks(rest);
  const std::size_t length = std::strtoull(value_of(head, "Content-Length").c_str(), nullptr, 10);
  if (rest.size() < length) return std::nullopt;
  return Body{std::string(rest.substr(0, length)), "", length};
}

/// Length of the first request in `bytes`; 0: it is not whole.
std::size_t request_bytes(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return 0;
  const auto body = take_body(bytes, end + 4);
  return body ? end + 4 + body->bytes : 0;
}

/// Length of the lines at the start of `text` that Weir adds to a request; 0 when they are not as they must
/// be.
std::size_t forwarding_bytes(std::string_view text, const std::string& host, std::uint16_t port,
                             bool old_client) {
  constexpr std::size_t request_id_length = 36;
  constexpr std::size_t traceparent_length = 55;
  constexpr std::size_t via_token_length = 8;
  std::size_t at = 0;
  const auto expect = [&](const std::string& expected) {
    if (text.substr(at, expected.size()) != expected) return false;
    at += expected.size();
    return true;
  };
  const auto skip = [&](std::size_t length) {
    at += length;
    return at <= text.size();
  };
  const bool as_it_must_be =
      expect("X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n") &&
      (host.empty() || expect("X-Forwarded-Host: " + host + "\r\n")) &&
      expect("X-Forwarded-Port: " + std::to_string(port) + "\r\nX-Request-Id: ") && skip(request_id_length) &&
      expect("\r\ntraceparent: 00-") && skip(traceparent_length - 3) &&
      expect(old_client ? "\r\nVia: 1.0 weir-" : "\r\nVia: 1.1 weir-") && skip(via_token_length) &&
      expect("\r\n");
  return as_it_must_be ? at : 0;
}

}  // namespace

Seen summarise(std::string_view bytes, std::uint16_t weir_port) {
  Seen seen;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) {
    seen.text = bytes;
    return seen;
  }
  const std::string_view head = bytes.substr(0, end + 4);
  seen.text = head;
  const std::size_t added = head.find("X-Forwarded-For: ");
  for (const bool old_client : {false, true}) {
    if (added == head.npos) break;
    const std::size_t length =
        forwarding_bytes(head.substr(added), value_of(head, "Host"), weir_port, old_client);
    if (length > 0)
      seen.text.replace(added, length, old_client ? "<forwarding 1.0>\r\n" : "<forwarding>\r\n");
  }
  const auto body = take_body(bytes, head.size());
  if (!body) {
    seen.text += bytes.substr(head.size());
    return seen;
  }
  const bool chunked = !value_of(head, "Transfer-Encoding").empty();
  seen.text += chunked ? "{" + body->data + "}" + body->trailers : body->data;
  const std::string_view behind = bytes.substr(head.size() + body->bytes);
  seen.text += behind;
  seen.whole = behind.empty();
  return seen;
}

WireEndpoint::WireEndpoint()
    : listener_(listen_tcp(port_, backlog)),
      stop_event_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

WireEndpoint::~WireEndpoint() {
  const std::uint64_t one = 1;
  if (::write(stop_event_.get(), &one, sizeof one) != sizeof one) std::abort();
  thread_.join();
}

void WireEndpoint::run() {
  for (;;) {
    std::vector<pollfd> polled{{stop_event_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const Connection& connection : connections_)
        polled.push_back({connection.socket.get(), POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 2; i < polled.size(); ++i) {
      // take_all() may have emptied the list since: then the descriptors no longer fit.
      if (polled[i].revents == 0 || i - 2 >= connections_.size()) continue;
      Connection& connection = connections_[i - 2];
      if (connection.socket.get() == polled[i].fd && connection.socket) receive(connection);
    }
    if (polled[1].revents != 0) accept_new();
    changed_.notify_all();
  }
}

void WireEndpoint::accept_new() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket) connections_.push_back({std::move(socket), "", false});
}

void WireEndpoint::receive(Connection& connection) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t count = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
  if (count <= 0) {
    if (count == 0 || errno != EAGAIN) connection.socket.reset();
    return;
  }
  connection.bytes.append(buffer.data(), static_cast<std::size_t>(count));
  if (connection.answered || request_bytes(connection.bytes) == 0) return;
  connection.answered = true;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  if (connection.bytes.starts_with("HEAD ")) answer.resize(answer.size() - 2);
  if (connection.bytes.starts_with("GET /switch ")) {
    answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  }
  if (::send(connection.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0)
    connection.socket.reset();
}

std::vector<std::string> WireEndpoint::take_all(std::string_view marker, const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_until(lock, deadline.at(), [&] {
    const auto has_marker = [&](const Connection& each) {
      return each.bytes.find(marker) != std::string::npos;
    };
    return std::ranges::any_of(connections_, has_marker) &&
           std::ranges::none_of(connections_,
                                [](const Connection& each) { return static_cast<bool>(each.socket); });
  });
  std::vector<std::string> taken;
  for (Connection& each : connections_) taken.push_back(each.bytes);
  if (!came) throw TestFailure("not all of " + std::to_string(taken.size()) + " connections ended");
  connections_.clear();
  return taken;
}

}  // namespace weir::testing
