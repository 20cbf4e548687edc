// An address on which a connection attempt is never answered: a listening socket that accepts nothing and whose
// queue is full, so that the kernel drops further SYNs.
#pragma once

#include <string>
#include <vector>

#include "support/byte_stream.hpp"

namespace weir::testing {

class FullBacklog {
 public:
  FullBacklog() : listener_(listen_tcp(port_, 0)) {
    ConnectOptions options;
    options.port = port_;
    try {
      for (int i = 0; i < queue_max; ++i) queued_.push_back(connect_tcp(options, Deadline(fills_within)));
    } catch (const TestFailure&) {
      return;  // this one was not answered: full
    }
    throw TestFailure("the queue of a listening socket does not fill up");
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  static constexpr int queue_max = 64;
  static constexpr std::chrono::milliseconds fills_within{100};

  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::vector<UniqueFd> queued_;
};

}  // namespace weir::testing
