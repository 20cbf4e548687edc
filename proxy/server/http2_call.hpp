// A request at an endpoint as a stream of a connection that it shares with others: the head goes out as a header block,
// heads of responses wait here until they are asked for, bodies pass through the source and the sink that every stream
// has. A request for WebSocket becomes an extended CONNECT (RFC 8441). Its place on a connection comes from Http2Pool.
// Objects are reused. The thread of its reactor.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http2/field_section.hpp"
#include "http2/frame.hpp"
#include "io/waiter.hpp"
#include "server/endpoint_wire.hpp"
#include "server/http2_message.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

class Http2EndpointConnection;
class ResponseTaker;

class Http2Call final : public EndpointWire, public Http2Message {
 public:
  /// Of its window: what it has where nothing holds up the client, and what it grows to while that takes all of it.
  static constexpr std::uint32_t window_usual = 64 * 1024;
  static constexpr std::uint32_t window_most = 1024 * 1024;
  static constexpr std::size_t widened_min = 1024;           // at once
  static constexpr std::size_t heads_kept_max = 2;           // and ...
  static constexpr std::size_t section_kept_max = 8 * 1024;  // ... text of each, from one call to the next
  static constexpr std::size_t heads_waiting_max = 2 * head_bytes_max;  // text of all that were not passed on

  Http2Call(io::Reactor& reactor, BufferPool& buffers);
  ~Http2Call();

  /// `upgrade`: the request is one for WebSocket. `taker`: null where all that comes is taken. After reset(), or as the
  /// first.
  void begin(bool upgrade, ResponseTaker* taker) {
    tunnel_ = upgrade;
    taker_ = taker;
  }
  /// Whether begin() may follow. Not after a connection without memory: its codec cannot say what it kept of this.
  bool is_reusable() const { return id() == 0; }

  // EndpointWire

  relay::BodySink& sink(http::BodyKind) override { return sink_; }
  Task<CallEnd> receive_head(HeadWanted wanted, http::ResponseHead& head) override;
  void extend_head_wait(TimePoint deadline) override;
  void drop_head(http::ResponseHead& head) override;
  relay::BodySource& body(const http::ResponseHead&, std::size_t) override { return body_; }
  relay::TunnelSide tunnel(const http::ResponseHead&) override { return {body_, sink_}; }
  void finish(const http::ResponseHead& head, bool reusable, const config::Keepalive& keepalive) override;
  void abort(io::IoStatus reason) override { leave(reason); }
  void reset() override;
  std::string tls_failure() const override { return tls_failure_ ? *tls_failure_ : std::string(); }
  std::string_view protocol_failure() const override { return broken_by_; }
  bool was_kept() const override;
  bool counts_failure() override;
  bool is_shared() const override { return true; }
  std::optional<std::uint32_t> reset_code() const override { return reset_code_; }

  // Http2Message

  void send_head(std::string_view head, bool end) override;
  bool may_begin() const override;
  void leave(io::IoStatus why) override;
  void took(std::size_t bytes) override;

  // For the pool.

  /// It has a place on `connection` from here to finish() or reset(). `kept`: nothing has come over that since it was
  /// without calls.
  void placed(Http2EndpointConnection& connection, bool kept);
  bool has_place() const { return connection_ != nullptr; }
  /// Whether it takes a place on a connection that may be dead.
  bool takes_kept() const { return takes_kept_; }
  void set_takes_kept(bool takes) { takes_kept_ = takes; }
  io::Waiter& place_wait() { return place_wait_; }
  /// `tls`: what TLS says of it, or null.
  void note_connect_failure(std::shared_ptr<const std::string> tls,
                            std::shared_ptr<upstream::ConnectionFailure> failure) noexcept;

  // For its connection.

  void add_head(http2::FieldSection& section, bool too_large, bool ended);
  void add_data(std::string_view bytes);
  void add_trailers(const http2::FieldSection& section, bool too_large);
  void end_response() { body_.end(); }
  /// The endpoint reset it, or broke a rule on it.
  void on_reset(http2::ErrorCode code, bool by_peer);
  /// Its connection is gone, and others with it. `reason`: what broke HTTP/2 on it, or the name of the endpoint's
  /// error; a literal, or empty.
  void lose_connection(io::IoStatus why, std::shared_ptr<upstream::ConnectionFailure> failure,
                       std::string_view reason);

 private:
  /// Where it lies, the texts of its head lie, too.
  struct Head {
    http2::FieldSection section;
    http::ResponseHead head;
  };

  bool take_head(http::ResponseHead& head, CallEnd& end);
  Result<void> read(Head& received, bool too_large, bool ended);
  void refuse_response(http2::ErrorCode code, Error error);
  void refuse(Error error);
  bool is_refused(std::string_view head);
  void free_head(Head& received);
  void give_place_back();
  void widen(std::size_t wanted);
  void settle();

  io::Reactor& reactor_;
  Http2EndpointConnection* connection_ = nullptr;
  ResponseTaker* taker_ = nullptr;
  std::size_t lent_ = 0;   // by the client's room, and nothing was taken since
  std::size_t held_ = 0;   // of the body, counted there
  std::size_t taken_ = 0;  // since the window was widened
  io::Waiter head_arrival_, place_wait_;
  TimePoint head_deadline_ = TimePoint::max();
  std::vector<std::unique_ptr<Head>> heads_;
  std::size_t heads_come_ = 0, heads_taken_ = 0;  // of these
  std::size_t heads_bytes_ = 0;                   // text of those that are here
  http::Method method_ = http::Method::other;
  bool tunnel_ = false;
  bool refused_ = false;  // by ourselves: not a request for this endpoint
  bool kept_ = false, takes_kept_ = true;
  std::optional<Error> error_;  // of a response that breaks HTTP/2, or a stream that the endpoint reset
  std::optional<std::uint32_t> reset_code_;
  std::shared_ptr<upstream::ConnectionFailure> failure_;
  std::shared_ptr<const std::string> tls_failure_;
  std::string_view broken_by_;    // of its connection
  std::string websocket_accept_;  // that goes with the client's key
};

}  // namespace weir::server
