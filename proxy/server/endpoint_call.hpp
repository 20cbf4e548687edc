// One call of an endpoint: a kept connection or a new one, a request, the head of its response, its body, and whether
// the connection can take another request. Requests, copies for mirrors and health checks are such calls. It does
// not depend on clients, routes, retries or health: the caller sets where to and for how long, and uses the outcome.
// Objects are reused; one call at a time. Belongs to the thread of its reactor.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/buffer.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "http/head.hpp"
#include "io/stream.hpp"
#include "relay/http1_body.hpp"
#include "relay/tunnel.hpp"
#include "server/endpoint_pool.hpp"
#include "tls/context.hpp"

namespace weir::server {

/// Where a call goes. What it points to outlives the call.
struct CallTarget {
  EndpointPool* pool = nullptr;
  const tls::ClientContext* tls = nullptr;  // null: plain
  const std::string* host = nullptr;        // as configured: what TLS verifies
};

/// How long a call may take.
struct CallBounds {
  Duration connect{};                     // from its begin: the connection with its TLS handshake
  Duration send{};                        // without any progress
  Duration response{};                    // from the end of the request to a final head
  TimePoint deadline = TimePoint::max();  // of everything
};

/// How a step ended: with `error` the endpoint broke the protocol or a bound.
struct CallEnd {
  io::IoStatus status = io::IoStatus::ok;
  std::optional<Error> error;
  bool ok() const { return status == io::IoStatus::ok && !error; }
};

class EndpointCall {
 public:
  static constexpr std::size_t head_bytes_max = 64 * 1024;
  static constexpr std::size_t field_count_max = 256;
  static constexpr unsigned interim_responses_max = 16;  // 1xx before a final response

  enum class Phase : std::uint8_t { connecting, handshake, exchange };

  EndpointCall(io::Reactor& reactor, BufferPool& buffers) : reactor_(reactor), in_(buffers) {}

  /// Starts the time of a call. After reset(), or as the first.
  void begin(const CallTarget& target, const CallBounds& bounds);
  /// Takes a kept connection; false when there is none to be had.
  bool lease(bool can_be_sent_again);
  /// Makes a new connection, with TLS where the target has it. May be called again after it failed.
  Task<io::IoStatus> connect();
  /// connect() ended with `exhausted`, and another try may help once a descriptor was given back.
  bool lacks_descriptor() const { return lacks_descriptor_; }

  /// Sends a whole request, head and body; then report it with request_written().
  io::Stream::WriteAll send(std::span<iovec> parts);
  /// Whether an answer can be awaited after a write that ended with `status`: an endpoint may answer and close before
  /// it has read everything.
  static bool may_answer(io::IoStatus status) {
    return status == io::IoStatus::ok || status == io::IoStatus::reset;
  }
  /// The request is through, or as far through as the endpoint wants it: from now on it has bounds.response.
  void request_written();
  /// The next head, interim or final; drop_head() makes room for the one after.
  Task<CallEnd> receive_head(http::Method method, bool upgrade);
  void drop_head();
  /// The head of the final response. Interim ones are dropped.
  Task<CallEnd> receive_final_head(http::Method method);

  struct DiscardBounds {
    std::size_t bytes;
    TimePoint until;
    Duration idle;  // without any byte
  };
  /// Reads the body so that the connection can be kept. Past a bound it is not worth that, which is no failure;
  /// is_whole() says which.
  Task<CallEnd> discard_body(const DiscardBounds& bounds);
  /// The same without waiting, as far as the body is here: true when that is all of it.
  bool drop_buffered_body();
  bool is_whole() const { return whole_; }

  /// Where a request goes whose body is relayed, framed as `kind`.
  relay::BodySink& request_sink(http::BodyKind kind) { return sink_.emplace(stream(), kind, nullptr); }
  /// The body behind a final head, for a caller that passes it on, read in blocks of `block_max` where it is long. The
  /// head's text may be read over.
  relay::BodySource& begin_body(std::size_t block_max = BufferPool::large_bytes);
  /// Behind a response that switches protocols: bytes both ways.
  relay::TunnelSide tunnel();
  /// Ends the call after what came of it was counted: the connection is kept for the next one, or closed.
  void end(bool reusable, const config::Keepalive& keepalive);
  /// Whatever it waits for, now and later, ends with `reason`; the first reason stays.
  void abort(io::IoStatus reason);
  /// Nothing is left but capacity. Nothing may wait.
  void reset();

  Phase phase() const { return phase_; }
  bool reused() const { return reused_; }  // a kept connection
  TimePoint started() const { return started_; }
  /// Since when nothing but the endpoint is waited for; TimePoint::max(): not yet.
  TimePoint handed_over() const { return handed_over_; }
  /// When the first byte of a response came; TimePoint{}: none has.
  TimePoint first_byte_at() const { return first_byte_at_; }
  bool response_bytes_seen() const { return first_byte_at_ != TimePoint{}; }
  const http::ResponseHead& response() const { return response_; }
  bool head_is_final() const { return response_.status >= 200 || response_.status == 101; }

  /// What TLS says of its failure, for people; nothing where there was none.
  std::string tls_failure() const;
  /// The endpoint gets nothing more. Best effort, does not wait.
  void finish_writing() { stream().finish_writing(); }
  /// Bytes behind the message that was read.
  bool has_unread_bytes() const { return !in_.empty(); }

 private:
  io::Stream& stream() { return connection_->stream(); }
  bool try_read(io::IoResult& received);
  Task<io::IoResult> read_more(TimePoint deadline);

  io::Reactor& reactor_;
  ReadBuffer in_;
  CallTarget target_;
  CallBounds bounds_;
  std::unique_ptr<UpstreamConnection> connection_;
  io::Channel* connecting_ = nullptr;
  io::IoStatus aborted_ = io::IoStatus::ok;
  Phase phase_ = Phase::connecting;
  bool reused_ = false, lacks_descriptor_ = false;
  bool whole_ = false;  // the body came to its end
  unsigned interim_ = 0;
  std::size_t scanned_ = 0;  // of a head that is not whole yet
  http::ResponseHead response_;
  std::optional<relay::Http1Source> body_;
  std::optional<relay::Http1Sink> sink_;
  TimePoint started_{}, first_byte_at_{}, head_at_{};
  TimePoint handed_over_ = TimePoint::max(), response_deadline_ = TimePoint::max();
};

}  // namespace weir::server
