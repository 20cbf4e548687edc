#include "server/http2_pool.hpp"

#include <algorithm>
#include <utility>

#include "io/connect.hpp"
#include "io/spawn.hpp"
#include "server/endpoint_pool.hpp"
#include "server/http2_endpoint_connection.hpp"
#include "tls/session_facts.hpp"

namespace weir::server {

using config::UpstreamProtocol;

/// A connection that is being made. It outlives what it was begun for, so it refers to nothing of that.
struct Http2Pool::Making {
  Making(std::shared_ptr<EndpointPool> pool, io::Reactor& loop, const SocketAddress& where)
      : owner(std::move(pool)), reactor(loop), address(where) {}

  const std::shared_ptr<EndpointPool> owner;
  io::Reactor& reactor;
  const SocketAddress address;
  tls::SslPtr ssl;  // null: plain
  TimePoint deadline;
  bool for_later = false;  // nothing waits for it
  bool with_tls = false;
  io::Channel* connecting = nullptr;
  bool cancelled = false;
  io::IoStatus status = io::IoStatus::ok;
  CallPhase phase = CallPhase::connecting;
  bool no_descriptor = false;
  std::unique_ptr<io::Stream> socket;

  void cancel() {
    cancelled = true;
    if (connecting != nullptr) connecting->abort(io::IoStatus::cancelled);
    if (socket) socket->channel().abort(io::IoStatus::cancelled);
  }
};

Http2Pool::Http2Pool(EndpointPool& owner, io::Reactor& reactor, BufferPool& buffers)
    : owner_(owner), reactor_(reactor), buffers_(buffers) {}

Http2Pool::~Http2Pool() = default;

observe::EndpointCounters& Http2Pool::counters() {
  return owner_.counters();
}

bool Http2Pool::keeps_idle() const {
  return !retired_ && settings_.keepalive.max_idle != 0 && owner_.takes_requests();
}

bool Http2Pool::serves(bool upgrade) const {
  if (settings_.protocol != UpstreamProtocol::automatic) return true;
  if (!upgrade) return reactor_.now() >= http1_until_;
  return std::ranges::any_of(connections_, [this](const auto& each) {
    return each->is_open() && !each->is_old(reactor_.now()) && each->client_codec().connect_protocol();
  });
}

void Http2Pool::list_open(bool kept_too) {
  open_.clear();
  loads_.clear();
  std::size_t old_aside = 0;
  for (const auto& connection : connections_) {  // in the order in which they were made
    if (!connection->is_open() || (!kept_too && connection->may_be_dead())) continue;
    if (connection->is_old(reactor_.now()) && ++old_aside <= old_aside_max) continue;
    open_.push_back(connection.get());
    loads_.push_back({connection->calls(), connection->calls_max(), connection->sends_this_turn()});
  }
}

upstream::Http2Others Http2Pool::others() const {
  return {makings_.size(), connections_.size() - open_.size()};
}

upstream::Http2Choice Http2Pool::choose(bool kept_too) {
  list_open(kept_too);
  return upstream::choose_http2(rules(), loads_, others());
}

bool Http2Pool::lease(Http2Call& call, const CallTarget& target, Duration connect, bool kept_too) {
  call.set_takes_kept(kept_too);
  const upstream::Http2Choice choice = choose(kept_too);
  if (choice.index == upstream::Http2Choice::none || !waits_.empty()) return false;
  open_[choice.index]->add(call);
  const bool spreads = keeps_idle() && reactor_.now() >= no_spread_until_;
  if (choice.open_another && spreads) make_for_later(target, connect);
  return true;
}

Task<Http2Connected> Http2Pool::connect(Http2Call& call, CallTarget target, Duration connect,
                                        TimePoint deadline) {
  Wait wait(call, target, connect, deadline);
  if (call.left() != io::IoStatus::ok) {
    wait.result.status = call.left();
    co_return std::move(wait.result);
  }
  waits_.push_back(wait);
  make_if_needed(wait);
  while (!wait.settled) {
    const io::IoStatus woken = co_await call.place_wait().until(deadline);
    if (wait.settled) break;
    if (call.left() == io::IoStatus::ok && woken != io::IoStatus::timeout) continue;
    wait.result.status = call.left() != io::IoStatus::ok ? call.left() : io::IoStatus::timeout;
    wait.result.phase = makings_.empty() ? CallPhase::connecting : makings_.front()->phase;
    wait.result.no_place = wait.result.status == io::IoStatus::timeout && makings_.empty();
    break;
  }
  co_return std::move(wait.result);
}

/// Places that the connections which are being made will have, as far as that is known.
std::size_t Http2Pool::places_coming() const {
  return makings_.size() * std::min<std::size_t>(settings_.h2.max_streams, streams_before_settings_);
}

/// Where one takes none for a time, another one shows when that is over.
void Http2Pool::note_streams_max(std::uint32_t streams) {
  streams_before_settings_ = std::clamp<std::size_t>(streams, 1, http2::ClientCodec::streams_before_settings);
}

bool Http2Pool::needs_connection(bool kept_too) {
  list_open(kept_too);
  return upstream::needs_http2_connection(rules(), open_.size(), others(), places_coming(), waits_.size());
}

void Http2Pool::make_if_needed(Wait& wait) {
  if (needs_connection(wait.call.takes_kept())) make(wait.target, wait.connect, false);
}

void Http2Pool::make_for_later(const CallTarget& target, Duration connect) noexcept {
  try {
    make(target, connect, true);
  } catch (...) {
    no_spread_until_ = reactor_.now() + spread_pause;
  }
}

/// Ends the wait, whose result is there.
void Http2Pool::settle(Wait& wait) {
  wait.unlink();
  wait.settled = true;
  wait.call.place_wait().notify();
}

void Http2Pool::make(const CallTarget& target, Duration connect, bool for_later) {
  using Offer = tls::Protocols;
  const SocketAddress& address = owner_.endpoint().address;
  const Offer offer = settings_.protocol == UpstreamProtocol::automatic ? Offer::both : Offer::http2;
  auto making = std::make_shared<Making>(owner_.shared_from_this(), reactor_, address);
  making->deadline = reactor_.now() + connect;
  making->for_later = for_later;
  making->with_tls = target.tls != nullptr;
  if (target.tls != nullptr) making->ssl = target.tls->new_session(*target.host, address.port, offer);
  makings_.push_back(making);
  io::spawn(
      "endpoint connection", [making] { return run(making); },
      [this, making](bool well) { made(*making, well); });
}

/// To the end of the TLS handshake.
Task<> Http2Pool::run(std::shared_ptr<Making> making) {
  if (making->with_tls && !making->ssl) {
    making->status = io::IoStatus::exhausted;
    co_return;
  }
  io::Connect connecting(making->reactor, making->address, making->deadline);
  making->connecting = connecting.channel();
  io::ConnectResult connected = co_await connecting;
  making->connecting = nullptr;
  making->status = connected.status;
  making->no_descriptor = connected.no_descriptor;
  if (connected.status != io::IoStatus::ok) co_return;
  making->socket = std::move(connected.stream);
  if (making->cancelled) making->socket->channel().abort(io::IoStatus::cancelled);
  if (making->with_tls) {
    making->phase = CallPhase::handshake;
    making->socket->start_tls(std::move(making->ssl), false);
    const io::IoResult shaken = co_await making->socket->handshake(making->deadline);
    making->status = shaken.status;
  }
}

void Http2Pool::made(Making& making, bool well) noexcept {
  const std::shared_ptr<EndpointPool> keep = making.owner;
  std::erase_if(makings_, [&making](const auto& each) { return each.get() == &making; });
  if (!well) making.status = io::IoStatus::exhausted;
  if (making.cancelled && making.status == io::IoStatus::ok) making.status = io::IoStatus::cancelled;
  try {
    if (making.status == io::IoStatus::ok) {
      take_over(making);
    } else {
      failed(making);
    }
  } catch (...) {
    io::log_failure("endpoint connection", std::current_exception());
    making.status = io::IoStatus::exhausted;
    fail_waits(making);
  }
}

void Http2Pool::take_over(Making& making) {
  if (waits_.empty() && !keeps_idle()) return;
  if (making.with_tls) {
    const std::string_view chosen = tls::negotiated_protocol(making.socket->tls()->ssl());
    if (chosen != "h2" && settings_.protocol == UpstreamProtocol::automatic) return speak_http1(making);
    if (chosen != "h2") {
      making.status = io::IoStatus::tls_failed;
      return failed(making);
    }
  }
  making.phase = CallPhase::exchange;
  connections_.push_back(
      std::make_unique<Http2EndpointConnection>(making.owner, *this, std::move(making.socket)));
  Http2EndpointConnection& connection = *connections_.back();
  connection.start();
  if (connection.ended() == io::IoStatus::ok) return serve_waits();
  // Before anything was sent over it. With a GOAWAY the endpoint is there, and takes nothing.
  making.status =
      connection.ended() == io::IoStatus::shutdown ? io::IoStatus::unprocessed : connection.ended();
  failed(making);
}

/// All that wait go out as HTTP/1.1: the first one over this connection.
void Http2Pool::speak_http1(Making& making) {
  http1_until_ = reactor_.now() + http1_remembered;
  auto connection = std::make_unique<UpstreamConnection>(making.owner, std::move(making.socket));
  while (!waits_.empty()) {
    Wait& first = waits_.front();
    first.result.http1 = true;
    first.result.connection = std::move(connection);
    settle(first);
  }
}

/// Nothing waits for a connection that will not come; what has others to wait for goes on. Without an answer in time
/// each call waits to its own end, because it may have come late.
void Http2Pool::failed(const Making& making) {
  if (making.for_later) no_spread_until_ = reactor_.now() + spread_pause;
  if (waits_.empty()) return;
  if (making.cancelled) return make_if_needed(waits_.front());  // it came since then
  const bool timed_out = making.status == io::IoStatus::timeout;
  list_open(waits_.front().call.takes_kept());
  if (open_.empty() && makings_.empty() && !timed_out) return fail_waits(making);
  Wait& last = waits_.back();
  if (timed_out && last.deadline > reactor_.now() + TimerWheel::tick) make_if_needed(last);
}

/// Of all of them only one counts as a failure of the endpoint.
void Http2Pool::fail_waits(const Making& making) noexcept {
  std::shared_ptr<upstream::ConnectionFailure> failure;
  std::shared_ptr<const std::string> tls;
  try {
    failure = std::make_shared<upstream::ConnectionFailure>();
    if (making.phase == CallPhase::handshake && making.socket && making.socket->is_tls()) {
      const std::string& said = making.socket->tls()->failure_text();
      const bool chosen_otherwise = said.empty() && making.status == io::IoStatus::tls_failed;
      tls = std::make_shared<const std::string>(chosen_otherwise ? "the endpoint did not choose h2 (ALPN)"
                                                                 : said);
    }
  } catch (...) {  // each counts then, and says less
  }
  while (!waits_.empty()) {
    Wait& first = waits_.front();
    first.result.status = making.status;
    first.result.phase = making.phase;
    first.result.no_descriptor = making.no_descriptor;
    first.call.note_connect_failure(tls, failure);
    settle(first);
  }
}

/// Gives places to those that have waited longest.
void Http2Pool::serve_waits() {
  while (!waits_.empty()) {
    Wait& first = waits_.front();
    const upstream::Http2Choice choice = choose(first.call.takes_kept());
    if (choice.index == upstream::Http2Choice::none) return;
    open_[choice.index]->add(first.call);
    settle(first);
  }
}

void Http2Pool::places_changed() noexcept {
  if (waits_.empty()) return;
  try {
    serve_waits();
    if (!waits_.empty()) make_if_needed(waits_.front());
  } catch (...) {
    io::log_failure("endpoint connection", std::current_exception());
  }
}

void Http2Pool::remove(Http2EndpointConnection& connection) {
  const auto at =
      std::ranges::find(connections_, &connection, &std::unique_ptr<Http2EndpointConnection>::get);
  // It may hold the last reference to this.
  const std::unique_ptr<Http2EndpointConnection> gone = std::move(*at);
  connections_.erase(at);
  places_changed();  // there may be one more now
}

std::size_t Http2Pool::close_idle() {
  std::size_t closed = 0;
  for (std::size_t i = 0; i < connections_.size(); ++i) {  // others may be made meanwhile
    if (connections_[i]->close_if_idle()) ++closed;
  }
  if (!waits_.empty()) return closed;
  for (const auto& making : std::vector(makings_)) making->cancel();
  return closed;
}

void Http2Pool::trim() {
  for (const auto& connection : connections_) connection->trim();
}

void Http2Pool::retire() {
  retired_ = true;
  close_idle();
}

}  // namespace weir::server
