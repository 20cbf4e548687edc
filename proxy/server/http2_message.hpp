// One stream of a connection of HTTP/2 with what its exchange uses of it: a source for what comes in, a sink for what
// goes out. A request of a client (server/http2_stream.hpp), or one to an endpoint (server/http2_call.hpp). Objects are
// reused. The thread of its reactor.
#pragma once

#include <string_view>

#include "core/buffer.hpp"
#include "http2/stream.hpp"
#include "io/reactor.hpp"
#include "server/http2_body.hpp"
#include "server/http2_sink.hpp"

namespace weir::server {

class Http2Link;

class Http2Message : public http2::Stream {
 public:
  /// The connection that it is on, while it is on one.
  Http2Link& link() const { return *link_; }
  Http2Sink& outgoing() { return sink_; }
  /// Why nothing can be sent or received any more; ok while it can.
  io::IoStatus left() const { return left_; }
  /// What was received has been passed on.
  virtual void took(std::size_t bytes);

  // For the sink.

  /// Sends what a batch had as its head; `end`: nothing follows.
  virtual void send_head(std::string_view head, bool end) = 0;
  /// Whether that may be done now; otherwise Http2Sink::resume() is due.
  virtual bool may_begin() const { return true; }
  /// Ends whatever waits on the stream, now and later, with `why`. The first one stays.
  virtual void leave(io::IoStatus why) = 0;

 protected:
  Http2Message(io::Reactor& reactor, BufferPool& buffers) : body_(reactor, buffers), sink_(reactor) {}
  ~Http2Message() = default;

  Http2Link* link_ = nullptr;
  Http2Body body_;
  Http2Sink sink_;
  io::IoStatus left_ = io::IoStatus::ok;
};

}  // namespace weir::server
