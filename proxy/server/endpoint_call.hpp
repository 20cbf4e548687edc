// One call of an endpoint: a request, the head of its response, its body, and whether what carried them can carry
// another request. Requests, copies for mirrors and health checks are such calls. It chooses what carries the request
// (server/endpoint_wire.hpp) and keeps the time; it does not depend on clients, routes, retries or health: the caller
// sets where to and for how long, and uses the outcome. Objects are reused; one call at a time. Belongs to the thread
// of its reactor.
//
// begin -> lease or connect -> a request (try_send, or request_sink and request_written) -> receive_head, drop_head as
// long as heads are interim -> begin_body, discard_body or tunnel -> end -> reset. abort at any time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "http/head.hpp"
#include "relay/body.hpp"
#include "relay/tunnel.hpp"
#include "server/endpoint_pool.hpp"
#include "server/endpoint_wire.hpp"
#include "server/http1_wire.hpp"
#include "server/http2_call.hpp"

namespace weir::server {

/// How long a call may take.
struct CallBounds {
  Duration connect{};                     // from its begin: the connection with its TLS handshake
  Duration send{};                        // without any progress
  Duration response{};                    // from the end of the request to a final head
  TimePoint deadline = TimePoint::max();  // of everything
};

/// A request that is all here. Its texts stay as they are until it is sent.
struct WholeRequest {
  std::string_view head;                       // as http1::write_request_head writes it
  std::string_view body;                       // decoded
  std::string_view trailers;                   // field lines
  http::BodyKind kind = http::BodyKind::none;  // as the head frames the body
};

class EndpointCall {
 public:
  static constexpr std::size_t head_bytes_max = EndpointWire::head_bytes_max;
  static constexpr std::size_t field_count_max = EndpointWire::field_count_max;
  static constexpr unsigned interim_responses_max = EndpointWire::interim_responses_max;

  using Phase = CallPhase;

  EndpointCall(io::Reactor& reactor, BufferPool& buffers)
      : reactor_(reactor), buffers_(buffers), http1_(reactor, buffers) {}

  /// Starts the time of a call. After reset(), or as the first.
  void begin(const CallTarget& target, const CallBounds& bounds);
  /// Takes a kept connection, or a stream of one that others use; false when there is none to be had.
  /// `can_be_sent_again`: the request, should the connection turn out to be dead. Without `kept_too` it takes none that
  /// may be.
  bool lease(bool can_be_sent_again, bool kept_too = true);
  /// Makes a new connection, with TLS where the target has it. May be called again after it failed.
  Task<CallEnd> connect();
  /// connect() ended with `exhausted`, and another try may help once a descriptor was given back.
  bool lacks_descriptor() const { return lacks_descriptor_; }

  /// Sends a whole request, as far as that needs no wait: true when it is done, well or badly. Otherwise send_rest()
  /// does the rest. Then report it with request_written().
  bool try_send(const WholeRequest& request, io::IoResult& result);
  Task<relay::PacedWrite> send_rest();
  /// Whether an answer can be awaited after a write that ended with `status`: an endpoint may answer and close before
  /// it has read everything.
  static bool may_answer(io::IoStatus status) {
    return status == io::IoStatus::ok || status == io::IoStatus::reset;
  }
  /// Where a request goes whose body is relayed, framed as `kind`.
  relay::BodySink& request_sink(http::BodyKind kind) { return wire_->sink(kind); }
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
  /// Behind a body that was dropped and is whole, as received; until end().
  std::string_view dropped_trailers() const { return dropped_trailers_; }

  /// The body behind a final head, for a caller that passes it on, read in blocks of `block_max` where it is long. The
  /// head's text may be read over.
  relay::BodySource& begin_body(std::size_t block_max = BufferPool::large_bytes) {
    return wire_->body(response_, block_max);
  }
  /// Behind a response that switches protocols: bytes both ways.
  relay::TunnelSide tunnel() { return wire_->tunnel(response_); }
  /// Ends the call after what came of it was counted: the connection is kept for the next one, or closed; of a shared
  /// one only the stream ends.
  void end(bool reusable, const config::Keepalive& keepalive);
  /// Whatever it waits for, now and later, ends with `reason`; the first reason stays.
  void abort(io::IoStatus reason) { wire_->abort(reason); }
  /// Nothing is left but capacity. Nothing may wait.
  void reset();

  BufferPool& buffers() { return buffers_; }
  Phase phase() const { return phase_; }
  bool reused() const { return wire_->was_kept(); }  // a kept connection, which may have been dead
  TimePoint started() const { return started_; }
  /// Since when nothing but the endpoint is waited for; TimePoint::max(): not yet.
  TimePoint handed_over() const { return handed_over_; }
  /// When the first byte of a response came; TimePoint{}: none has.
  TimePoint first_byte_at() const { return wire_->first_byte_at(); }
  bool response_bytes_seen() const { return first_byte_at() != TimePoint{}; }
  const http::ResponseHead& response() const { return response_; }
  bool head_is_final() const { return response_.status >= 200 || response_.status == 101; }

  /// As EndpointWire says.
  bool counts_failure() { return wire_->counts_failure(); }
  bool is_shared() const { return wire_->is_shared(); }
  std::optional<std::uint32_t> reset_code() const { return wire_->reset_code(); }
  std::string tls_failure() const { return wire_->tls_failure(); }
  std::string_view protocol_failure() const { return wire_->protocol_failure(); }

  /// The endpoint gets nothing more. Best effort, does not wait.
  void finish_writing() { wire_->sink(http::BodyKind::none).finish(); }

 private:
  TimePoint head_deadline() const;
  bool is_http2() const { return wire_ != &http1_; }
  Task<CallEnd> connect_shared(TimePoint deadline);
  bool drop_some(relay::BodySource& body, CallEnd& end, std::size_t& dropped);

  io::Reactor& reactor_;
  BufferPool& buffers_;
  CallTarget target_;
  CallBounds bounds_;
  Http1Wire http1_;
  std::unique_ptr<Http2Call> http2_;  // null: none was needed yet
  EndpointWire* wire_ = &http1_;
  Phase phase_ = Phase::connecting;
  bool lacks_descriptor_ = false;
  bool whole_ = false;  // the body came to its end
  std::string_view dropped_trailers_;
  http::ResponseHead response_;
  relay::BodyBatch batch_;  // of a whole request
  relay::BodySink* sending_ = nullptr;
  TimePoint started_{};
  TimePoint handed_over_ = TimePoint::max(), response_deadline_ = TimePoint::max();
};

}  // namespace weir::server
