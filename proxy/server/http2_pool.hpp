// One worker's connections of HTTP/2 to one endpoint, which calls share: gives a call its place on one of them, makes
// further ones (upstream/http2_choice.hpp), and lets calls wait for these or for a place. A connection that is being
// made is waited for by all that need one. With `protocol: auto` ALPN decides, and a connection that turns out to speak
// HTTP/1.1 goes to the call that has waited longest. Part of an EndpointPool; the thread of its reactor.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/buffer.hpp"
#include "core/task.hpp"
#include "http2/client_codec.hpp"
#include "observe/worker_metrics.hpp"
#include "server/endpoint_wire.hpp"
#include "server/http2_call.hpp"
#include "upstream/http2_choice.hpp"

namespace weir::server {

class Http2EndpointConnection;
class UpstreamConnection;

/// What the configuration says of the connections.
struct Http2Settings {
  config::UpstreamProtocol protocol = config::UpstreamProtocol::h2c;
  config::UpstreamHttp2 h2;
  config::Keepalive keepalive;
};

/// How Http2Pool::connect() ended.
struct Http2Connected {
  io::IoStatus status = io::IoStatus::ok;
  CallPhase phase = CallPhase::connecting;  // in which it failed
  bool no_descriptor = false;               // exhausted, and closing another connection would help
  bool no_place =
      false;  // timeout, of a wait for one of connections_max to take it: no fault of the endpoint's
  /// The endpoint has chosen HTTP/1.1: the call has no place. `connection` is ready for its request; null: the call has
  /// to make one, and to offer HTTP/1.1 alone.
  bool http1 = false;
  std::unique_ptr<UpstreamConnection> connection;
};

class Http2Pool {
 public:
  static constexpr std::size_t connections_max = 64;
  /// So many that are past keepalive.max_age are put aside until their last call ends; further ones take calls on, so
  /// that long streams cannot use up the connections.
  static constexpr std::size_t old_aside_max = 16;
  static constexpr Milliseconds http1_remembered{60'000};  // that an endpoint has chosen HTTP/1.1
  static constexpr Milliseconds spread_pause{1'000};  // after a connection for requests to come has failed

  Http2Pool(EndpointPool& owner, io::Reactor& reactor, BufferPool& buffers);
  ~Http2Pool();

  void configure(const Http2Settings& settings) { settings_ = settings; }
  const Http2Settings& settings() const { return settings_; }

  /// Whether a call goes out as HTTP/2. With `protocol: auto` not where the endpoint has chosen HTTP/1.1 lately, and
  /// one for an `upgrade` only where it is known to take that. Other calls have a connection to themselves, for which
  /// HTTP/1.1 alone is offered.
  bool serves(bool upgrade) const;
  /// Gives `call` a place on a connection that is there; false: none has one. Without `kept_too` it is none that may be
  /// dead. `connect`: the time that a connection for requests to come may take to be made.
  bool lease(Http2Call& call, const CallTarget& target, Duration connect, bool kept_too);
  /// Gives it a place on a connection that is made for it or for others, or on one where a place gets free, until
  /// `deadline`. Call::leave() ends the wait. What `target` points to outlives that.
  Task<Http2Connected> connect(Http2Call& call, CallTarget target, Duration connect, TimePoint deadline);

  /// Closes what has no calls; returns how many connections that are.
  std::size_t close_idle();
  /// Frees what idle connections do not need.
  void trim();
  /// None is kept without calls any more.
  void retire();
  /// Nothing of it runs.
  bool empty() const { return connections_.empty() && makings_.empty(); }

  // For its connections.

  BufferPool& buffers() { return buffers_; }
  observe::EndpointCounters& counters();
  bool keeps_idle() const;
  void note_keepalive(const config::Keepalive& keepalive) { settings_.keepalive = keepalive; }
  /// How many calls a connection takes whose endpoint has not said it yet: as many as the others of this endpoint, so
  /// that it need not refuse them.
  std::size_t streams_before_settings() const { return streams_before_settings_; }
  /// An endpoint has said it.
  void note_streams_max(std::uint32_t streams);
  /// There may be more places, or fewer.
  void places_changed() noexcept;
  /// Frees it.
  void remove(Http2EndpointConnection& connection);

 private:
  struct Making;
  /// A call that has no place yet. In the frame of connect().
  struct Wait : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    Wait(Http2Call& waiting, const CallTarget& to, Duration time, TimePoint until)
        : call(waiting), target(to), connect(time), deadline(until) {}
    Http2Call& call;
    CallTarget target;
    Duration connect;
    TimePoint deadline;
    bool settled = false;
    Http2Connected result;
  };
  using Waits = boost::intrusive::list<Wait, boost::intrusive::constant_time_size<false>>;

  upstream::Http2Choice choose(bool kept_too);
  void list_open(bool kept_too);
  upstream::Http2ChoiceRules rules() const { return {settings_.h2.connections, connections_max}; }
  upstream::Http2Others others() const;
  std::size_t places_coming() const;
  bool needs_connection(bool kept_too);
  void make_if_needed(Wait& wait);
  void settle(Wait& wait);
  void make(const CallTarget& target, Duration connect, bool for_later);
  void make_for_later(const CallTarget& target, Duration connect) noexcept;
  static Task<> run(std::shared_ptr<Making> making);
  void made(Making& making, bool well) noexcept;
  void take_over(Making& making);
  void failed(const Making& making);
  void fail_waits(const Making& making) noexcept;
  void serve_waits();
  void speak_http1(Making& making);

  EndpointPool& owner_;
  io::Reactor& reactor_;
  BufferPool& buffers_;
  Http2Settings settings_;
  std::vector<std::unique_ptr<Http2EndpointConnection>> connections_;
  std::vector<std::shared_ptr<Making>> makings_;
  Waits waits_;  // in the order of coming
  // Of list_open(): the connections that take calls, and how busy each is.
  std::vector<Http2EndpointConnection*> open_;
  std::vector<upstream::Http2Load> loads_;
  std::size_t streams_before_settings_ = http2::ClientCodec::streams_before_settings;
  TimePoint http1_until_{}, no_spread_until_{};
  bool retired_ = false;
};

}  // namespace weir::server
