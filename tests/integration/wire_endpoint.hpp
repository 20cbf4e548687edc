// An endpoint that takes down every byte of every connection, in one thread. It answers each connection once,
// as soon as the first request on it is whole, and then only listens: whatever else arrives there is on
// record too.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/deadline.hpp"
#include "support/unique_fd.hpp"

namespace weir::testing {

/// What one connection brought, written so that runs can be compared: the fields that Weir adds are checked and become
/// `<forwarding>` (`<forwarding 1.0>` for an HTTP/1.0 client), a chunked body becomes `{data}` and its
/// trailer lines.
struct Seen {
  std::string text;
  bool whole = false;  // exactly one complete request and nothing behind it
};
/// `weir_port`: what X-Forwarded-Port must say.
Seen summarise(std::string_view bytes, std::uint16_t weir_port);

class WireEndpoint {
 public:
  WireEndpoint();
  ~WireEndpoint();
  WireEndpoint(const WireEndpoint&) = delete;
  WireEndpoint& operator=(const WireEndpoint&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Waits until a connection that contains `marker` has come and all connections are over; returns the bytes
  /// of all since the last call, in the order in which they were accepted. Throws TestFailure when the
  /// deadline passes.
  std::vector<std::string> take_all(std::string_view marker, const Deadline& deadline = Deadline());

 private:
  struct Connection {
    UniqueFd socket;
    std::string bytes;
    bool answered = false;
  };

  void run();
  void accept_new();
  void receive(Connection& connection);

  std::uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd stop_event_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Connection> connections_;
  std::thread thread_;
};

}  // namespace weir::testing
