// What carries one request to an endpoint and its response back: a connection of its own (server/http1_wire.hpp), or a
// stream of a connection that others share (HTTP/2). EndpointCall chooses one and drives it; which calls follow each
// other is said there. An interface without knowledge of clients, routes or retries. Of one call at a time; the thread
// of its reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "http/head.hpp"
#include "io/reactor.hpp"
#include "relay/body.hpp"
#include "relay/tunnel.hpp"
#include "tls/context.hpp"

namespace weir::server {

class EndpointPool;
class ResponseTaker;

/// Where a call goes. What it points to outlives the call.
struct CallTarget {
  EndpointPool* pool = nullptr;
  const tls::ClientContext* tls = nullptr;         // null: plain
  const std::string* host = nullptr;               // as configured: what TLS verifies
  bool upgrade = false;                            // the request asks for another protocol (WebSocket)
  tls::Protocols offered = tls::Protocols::http1;  // by a connection that the call has to itself
  ResponseTaker* taker = nullptr;  // the client that the response is for; null: all that comes is taken
};

/// How far a call has come.
enum class CallPhase : std::uint8_t { connecting, handshake, exchange };

/// How a step of a call ended: with `error` the endpoint broke the protocol or a bound.
struct CallEnd {
  io::IoStatus status = io::IoStatus::ok;
  std::optional<Error> error;
  bool ok() const { return status == io::IoStatus::ok && !error; }
};

/// Which head is waited for.
struct HeadWanted {
  http::Method method = http::Method::other;     // of the request
  bool upgrade = false;                          // it asks for another protocol
  TimePoint deadline = TimePoint::max();         // extend_head_wait() may move it
  std::size_t body_max = relay::read_unbounded;  // of the body behind it, what may be read with it
};

class EndpointWire {
 public:
  static constexpr std::size_t head_bytes_max = 64 * 1024;
  static constexpr std::size_t field_count_max = 256;
  static constexpr unsigned interim_responses_max = 16;  // 1xx before a final response

  EndpointWire(const EndpointWire&) = delete;
  EndpointWire& operator=(const EndpointWire&) = delete;

  /// Where the request goes. The head of the first batch is an HTTP/1 head, whatever protocol this is; runs are the
  /// decoded body, which that head frames as `kind`.
  virtual relay::BodySink& sink(http::BodyKind kind) = 0;

  /// The next head, interim or final, read into `head`, which is empty before; its texts stay good until drop_head(),
  /// body() or the end. A response that switches protocols has status 101, as over HTTP/1. More than
  /// interim_responses_max interim heads are an error.
  virtual Task<CallEnd> receive_head(HeadWanted wanted, http::ResponseHead& head) = 0;
  /// Of the wait that runs, or of the next one.
  virtual void extend_head_wait(TimePoint deadline) = 0;
  /// Room for the head behind an interim one; clears `head`.
  virtual void drop_head(http::ResponseHead& head) = 0;

  /// The body behind the final `head`, read in blocks of `block_max` where it is long. Once.
  virtual relay::BodySource& body(const http::ResponseHead& head, std::size_t block_max) = 0;
  /// Behind the head of status 101: bytes both ways.
  virtual relay::TunnelSide tunnel(const http::ResponseHead& head) = 0;

  /// The call is over. `reusable`: the request went out whole and the response came in whole, so that whatever carried
  /// them can carry the next one; otherwise nothing more of it is wanted (a stream is reset with CANCEL).
  virtual void finish(const http::ResponseHead& head, bool reusable, const config::Keepalive& keepalive) = 0;
  /// Whatever waits, now and later, ends with `reason`; the first reason stays until reset().
  virtual void abort(io::IoStatus reason) = 0;
  /// Nothing is left but capacity. Nothing may wait.
  virtual void reset() = 0;

  /// What TLS says of its failure, for people; nothing where there was none.
  virtual std::string tls_failure() const = 0;

  /// What broke the protocol that others share the connection by, or the endpoint's word for it; for people.
  virtual std::string_view protocol_failure() const { return {}; }

  // For retries and health. Good until reset(). That the endpoint did not and will not look at the request (GOAWAY with
  // a lower last stream, REFUSED_STREAM) is IoStatus::unprocessed, of whatever waits or is tried later.

  /// The request was sent on a connection that had been kept without any, and over which nothing had come since: it may
  /// have been dead.
  virtual bool was_kept() const = 0;
  /// Whether a failure of this call is one to count. Of all calls that a connection took with it only one is: the first
  /// that asks, each time that it asks.
  virtual bool counts_failure() = 0;
  /// Other requests may be on the same connection.
  virtual bool is_shared() const = 0;
  /// The code with which the endpoint reset the stream of the request (RFC 9113 7); nothing where it did not, or did
  /// not look at the request.
  virtual std::optional<std::uint32_t> reset_code() const { return std::nullopt; }

  /// When the first byte of a response came; TimePoint{}: none has.
  TimePoint first_byte_at() const { return first_byte_at_; }

 protected:
  EndpointWire() = default;
  ~EndpointWire() = default;

  TimePoint first_byte_at_{};
};

}  // namespace weir::server
