#include "server/exchange_relay.hpp"

#include "core/connection_age.hpp"
#include "relay/tunnel.hpp"
#include "server/call_error.hpp"
#include "server/exchange_rollout.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {
namespace {

/// The client is there, but what it sends comes too slowly, and the call was ended for that.
bool ended_by_slow_upload(const relay::RelayEnd& end, const std::optional<relay::RelayEnd>& upload) {
  using enum relay::RelayEnd::Side;
  return end.side == source && end.status == io::IoStatus::peer_gone && upload && upload->side == source &&
         upload->status == io::IoStatus::timeout;
}

}  // namespace

void ResponseRelay::reset() {
  progress_ = {};
}

/// Over HTTP/1.1 trailers pass behind chunks only, so a length gives way to them where they are due: a gRPC call has
/// its status there, and other responses announce them. The client has to say that it takes them (`TE: trailers`).
bool ResponseRelay::trailers_are_due() const {
  const http::RequestHead& head = context_.head;
  if (head.major_version != 1 || !head.accepts_trailers || grpc_.web || response().major_version != 2)
    return false;
  if (response().find(http::FieldId::content_length) == nullptr) return false;  // it ended with its head
  return response().find(http::FieldId::trailer) != nullptr ||
         (decided_.grpc && attempt_.report().response_is_grpc());
}

http::Framing ResponseRelay::response_framing() const {
  http::Framing framing = response().body;
  // The trailers of gRPC-Web come on top of what the endpoint sends.
  if (grpc_.web && framing.length > 0) framing.kind = http::BodyKind::chunked;
  if (framing.kind == http::BodyKind::length && trailers_are_due()) framing.kind = http::BodyKind::chunked;
  if (framing.kind == http::BodyKind::chunked || framing.kind == http::BodyKind::until_close) {
    framing.kind = context_.head.minor_version >= 1 ? http::BodyKind::chunked : http::BodyKind::until_close;
  }
  return framing;
}

Task<After> ResponseRelay::pass_on() {
  const http::Framing framing = response_framing();
  // An answer that begins before the request is in ends the connection, unless the rest is known to be short.
  const bool rest_is_long = attempt_.upload().running() && (request_.framing.kind != http::BodyKind::length ||
                                                            !response_.rest_of_body_is_short());
  const bool keep_alive =
      response_.keep_alive_allowed() && framing.kind != http::BodyKind::until_close && !rest_is_long;
  http::keep_nominated(response().connection_tokens, nominated_);
  response_.write_head(response_head(), response_.options(framing, keep_alive));
  relay::BodySource& body = response_body();

  relay::RelayOptions options;
  options.read_timeout = grpc_steps_.patience(decided_.timeouts->idle);
  options.write_timeout = context_.listener().limits.send_timeout;
  options.deadline = context_.deadline;
  options.trailers = {&response_.policy(), nominated_};
  relay::RelayEnd end =
      co_await relay::relay_body(body, response_sink(framing.kind), response_.head(), options, progress_);
  outcome_.body_bytes = progress_.body_bytes;
  if (progress_.written_bytes > 0) outcome_.status = response().status;
  if (end.complete()) {
    attempt_.report().note_grpc_trailers(body.trailers());
    Upload& upload = attempt_.upload();
    const bool request_is_through = upload.is_through();
    if (upload.running()) co_await upload.finish();  // most requests need no frame for it
    attempt_.report().went_well();
    attempt_.release(request_is_through && response().keep_alive && !body.has_more());
    outcome_.attempts.back().outcome = "ok";
    if (request_is_through) co_return keep_alive ? After::keep_alive : After::close;
    co_return keep_alive&& rest_can_follow() ? After::discard : After::linger;
  }
  co_return co_await end_cut(std::move(end));
}

Task<After> ResponseRelay::refuse(const Result<void>& unacceptable) {
  co_await attempt_.upload().finish();
  attempt_.report().went_well();
  outcome_.attempts.back().outcome = facts(unacceptable.error().kind).name;
  attempt_.release(false);
  co_return co_await answers_.failure(unacceptable);
}

/// An upload that was given up because nothing more of it is wanted: its client can still be understood.
bool ResponseRelay::rest_can_follow() const {
  return request_.upload_end->side == relay::RelayEnd::Side::target ||
         request_.upload_end->status == io::IoStatus::cancelled;
}

/// The response did not reach its end. If nothing of it was sent it can still become an error answer;
/// otherwise the client must see that it is incomplete.
Task<After> ResponseRelay::end_cut(relay::RelayEnd end) {
  const bool too_slow_upload = !context_.total_is_over() && ended_by_slow_upload(end, request_.upload_end);
  const bool client_left = !too_slow_upload && (end.side == relay::RelayEnd::Side::target ||
                                                end.status == io::IoStatus::peer_gone);
  const bool time_is_over = end.status == io::IoStatus::timeout && !end.too_slow && context_.total_is_over();
  Error error = too_slow_upload ? attempt_.upload().slow(request_.upload_end->too_slow)
                : time_is_over && client_left
                    ? client_error(ErrorKind::total_timeout, "timeouts.total is over, and the client is slow")
                : time_is_over ? upstream_error(ErrorKind::total_timeout, "timeouts.total is over")
                : client_left  ? response_.write_failure(end.status, end.too_slow)
                : end.error    ? std::move(*end.error)
                : end.status == io::IoStatus::shutdown ? self_error(ErrorKind::draining, "shutting down")
                                                       : cut_error(attempt_.call().reset_code());
  error = grpc_steps_.with_origin(std::move(error));
  const bool nothing_sent = progress_.written_bytes == 0;
  const bool can_say_why = !nothing_sent && !client_left && may_end_with_status();
  co_await attempt_.upload().finish();
  if (client_left) attempt_.report().client_left();
  if (!client_left) attempt_.report().note_latency(&error);
  attempt_.end(&error);
  if (nothing_sent && !client_left) {
    outcome_.body_bytes = 0;
    co_return co_await answers_.error(std::move(error));
  }
  outcome_.reason = facts(error.kind).name;
  if (nothing_sent) outcome_.status = facts(error.kind).status;
  outcome_.error = std::move(error);
  if (can_say_why) co_return co_await end_with_status();
  co_return After::reset;
}

TimePoint ResponseRelay::tunnel_ends_at() const {
  Worker& worker = context_.client->session().worker();
  const Milliseconds max_age = context_.listener().limits.tunnel_max_age;
  return ages_at(worker.reactor().now(), max_age, static_cast<std::uint32_t>(worker.rng()()));
}

Task<After> ResponseRelay::upgrade() {
  auto options = response_.options({}, true);
  options.upgrade = true;
  response_.write_head(response(), options);
  const auto sent = co_await response_.send_meanwhile();
  // A stream of HTTP/2 may be reset when nothing reads it any more; of a connection a read or a write says so.
  if (!context_.head.tunnel) attempt_.unwatch_client();
  if (sent) {
    outcome_.status = response().status;
    // What becomes of a tunnel says nothing of the side, and may take days.
    if (context_.rollout.runtime != nullptr) count_rollout_unit(context_, response().status, std::nullopt);
    context_.keep_texts();
    const relay::TunnelBounds bounds{decided_.timeouts->idle, tunnel_ends_at()};
    const relay::TunnelEnd end =
        co_await relay::run_tunnel(context_.client->tunnel(), attempt_.call().tunnel(), bounds);
    request_.progress.body_bytes = end.client_bytes;
    outcome_.body_bytes = end.endpoint_bytes;
    if (end.status == io::IoStatus::timeout) outcome_.reason = "tunnel_idle";
    if (end.too_old) {
      outcome_.reason = "tunnel_max_age";
      ++context_.client->session().counters().old_tunnels;
    }
    if (end.status == io::IoStatus::shutdown) outcome_.reason = "draining";
    if (end.status == io::IoStatus::exhausted) outcome_.reason = facts(ErrorKind::internal).name;
    outcome_.attempts.back().outcome = "ok";
  } else {
    outcome_.status = facts(ErrorKind::client_gone).status;
    outcome_.reason = facts(sent.error().kind).name;
  }
  attempt_.release(false);
  co_return sent ? After::close : After::reset;
}

}  // namespace weir::server
