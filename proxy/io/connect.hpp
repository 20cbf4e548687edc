// Connecting to an endpoint without blocking. Worker thread.
#pragma once

#include <memory>

#include "core/ip.hpp"
#include "core/task.hpp"
#include "io/stream.hpp"

namespace weir::io {

/// How an attempt to connect ended.
struct ConnectResult {
  std::unique_ptr<Stream> stream;  // set when status is ok
  IoStatus status = IoStatus::ok;  // refused, unreachable, timeout, cancelled ... otherwise
  bool no_descriptor = false;      // exhausted, and closing another connection would help
};

/// co_await Connect(...): a TCP connection to `address` with TCP_NODELAY, or why there is none by `deadline`.
class Connect final : public Operation {
 public:
  Connect(Reactor& reactor, const SocketAddress& address, TimePoint deadline);

  bool await_ready() const { return finished_; }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_->channel().wait_write(*this, waiting, deadline_);
  }
  ConnectResult await_resume() {
    if (status_ != IoStatus::ok) stream_.reset();
    return {std::move(stream_), status_, no_descriptor_};
  }
  /// To abort the attempt from outside; nullptr once it has failed at once.
  Channel* channel() { return stream_ ? &stream_->channel() : nullptr; }

  bool perform() override;
  void fail(IoStatus reason) override { status_ = reason; }

 private:
  TimePoint deadline_;
  std::unique_ptr<Stream> stream_;
  IoStatus status_ = IoStatus::ok;
  bool finished_ = false;
  bool no_descriptor_ = false;
};

}  // namespace weir::io
