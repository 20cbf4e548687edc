// Runs coroutines of the I/O layer in a test: one reactor on the test's own thread, until the task is done or a
// deadline of real time has passed.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "core/task.hpp"
#include "io/stream.hpp"

namespace weir::testing {

class Loop {
 public:
  static constexpr std::chrono::seconds patience{20};

  io::Reactor& reactor() { return reactor_; }

  /// Runs `task` to its end; fails the test when it does not end in time.
  void run(Task<> task) {
    bool done = false;
    drive(std::move(task), done);
    if (!done) {
      Timer give_up{[](void* loop) { static_cast<Loop*>(loop)->reactor_.stop(); }, this};
      reactor_.arm(give_up, Clock::now() + patience);
      running_ = true;
      reactor_.run();
      running_ = false;
    }
    EXPECT_TRUE(done) << "the coroutine did not end in time";
  }

 private:
  Detached drive(Task<> task, bool& done) {
    co_await task;
    done = true;
    if (running_) reactor_.stop();
  }

  io::Reactor reactor_;
  bool running_ = false;
};

/// A connected pair of streams; `small_buffers` makes the kernel take only a few KiB.
struct StreamPair {
  explicit StreamPair(io::Reactor& reactor, bool small_buffers = false) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    for (const int fd : fds) {
      const int bytes = 4096;
      if (small_buffers) (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    a = std::make_unique<io::Stream>(reactor, io::FileDescriptor(fds[0]));
    b = std::make_unique<io::Stream>(reactor, io::FileDescriptor(fds[1]));
  }
  std::unique_ptr<io::Stream> a, b;
};

inline Task<io::IoResult> send(io::Stream& stream, std::string_view text,
                               Duration timeout = std::chrono::seconds(10)) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  co_return co_await stream.write_all({&part, 1}, timeout);
}

/// Reads until `bytes` have come or the peer ends.
inline Task<std::string> receive(io::Stream& stream, std::size_t bytes) {
  std::string text;
  char block[8192];
  while (text.size() < bytes) {
    const std::size_t wanted = std::min(sizeof block, bytes - text.size());
    const io::IoResult got =
        co_await stream.read_some(block, wanted, stream.reactor().now() + std::chrono::seconds(10));
    if (!got.ok()) break;
    text.append(block, got.bytes);
  }
  co_return text;
}

inline Task<std::string> receive_all(io::Stream& stream) {
  return receive(stream, static_cast<std::size_t>(-1));
}

}  // namespace weir::testing
