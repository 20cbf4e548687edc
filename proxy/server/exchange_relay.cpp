// The response on its way to the client, and what happens to the endpoint's connection afterwards.
#include "observe/log.hpp"
#include "relay/tunnel.hpp"
#include "server/call_error.hpp"
#include "server/exchange.hpp"
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

/// Over HTTP/1.1 trailers pass behind chunks only, so a length gives way to them where they are due: a gRPC call has
/// its status there, and other responses announce them. The client has to say that it takes them (`TE: trailers`).
bool Exchange::trailers_are_due() const {
  if (head.major_version != 1 || !head.accepts_trailers || grpc_.web || response().major_version != 2)
    return false;
  if (response().find(http::FieldId::content_length) == nullptr) return false;  // it ended with its head
  return response().find(http::FieldId::trailer) != nullptr || (decided_.grpc && response_is_grpc());
}

/// How the body is framed towards the client: as it came, unless the length is unknown or trailers follow it (chunked),
/// or the client is too old for chunked (until close).
http::Framing Exchange::response_framing() const {
  http::Framing framing = response().body;
  // The trailers of gRPC-Web come on top of what the endpoint sends.
  if (grpc_.web && framing.length > 0) framing.kind = http::BodyKind::chunked;
  if (framing.kind == http::BodyKind::length && trailers_are_due()) framing.kind = http::BodyKind::chunked;
  if (framing.kind == http::BodyKind::chunked || framing.kind == http::BodyKind::until_close) {
    framing.kind = head.minor_version >= 1 ? http::BodyKind::chunked : http::BodyKind::until_close;
  }
  return framing;
}

Task<After> Exchange::relay_response() {
  const http::Framing framing = response_framing();
  // An answer that begins before the request is in ends the connection, unless the rest is known to be short.
  const bool rest_is_long =
      upload_running() && (request_.framing.kind != http::BodyKind::length || !rest_of_body_is_short());
  const bool keep_alive =
      keep_alive_allowed() && framing.kind != http::BodyKind::until_close && !rest_is_long;
  http::keep_nominated(response().connection_tokens, answer_.nominated);
  answer_.bytes.clear();
  client_->write_head(answer_.bytes, response_head(), response_options(framing, keep_alive),
                      worker_.http_date(wall_started_));
  relay::BodySource& body = response_body();

  relay::RelayOptions options;
  options.read_timeout = patience(decided_.timeouts->idle);
  options.write_timeout = listener().limits.send_timeout;
  options.deadline = total_deadline_;
  options.trailers = {&response_policy(), answer_.nominated};
  relay::RelayEnd end =
      co_await relay::relay_body(body, response_sink(framing.kind), answer_.bytes, options, answer_.progress);
  outcome_.body_bytes = answer_.progress.body_bytes;
  if (answer_.progress.written_bytes > 0) outcome_.status = response().status;
  if (end.complete()) {
    note_grpc_trailers(body.trailers());
    const bool request_is_through =
        !upload_running() && (!request_.upload_end || request_.upload_end->complete());
    co_await finish_upload();
    if (!attempt_.judged) report_health(nullptr);
    release_connection(request_is_through && response().keep_alive && !body.has_more());
    tries_.records.back().outcome = "ok";
    if (request_is_through) co_return keep_alive ? After::keep_alive : After::close;
    co_return keep_alive&& rest_can_follow() ? After::discard : After::linger;
  }
  co_return co_await end_cut_response(std::move(end));
}

/// A response that this client cannot be given. It says nothing of the endpoint's health: a client could bring any
/// endpoint to such a response.
Task<After> Exchange::refuse_response(const Result<void>& unacceptable) {
  co_await finish_upload();
  if (!attempt_.judged) report_health(nullptr);
  tries_.records.back().outcome = facts(unacceptable.error().kind).name;
  release_connection(false);
  co_return co_await answer_failure(unacceptable);
}

/// An upload that was given up because nothing more of it is wanted: its client can still be understood.
bool Exchange::rest_can_follow() const {
  return request_.upload_end->side == relay::RelayEnd::Side::target ||
         request_.upload_end->status == io::IoStatus::cancelled;
}

/// The response did not reach its end. If nothing of it was sent it can still become an error answer;
/// otherwise the client must see that it is incomplete.
Task<After> Exchange::end_cut_response(relay::RelayEnd end) {
  const bool too_slow_upload = !total_is_over() && ended_by_slow_upload(end, request_.upload_end);
  const bool client_left = !too_slow_upload && (end.side == relay::RelayEnd::Side::target ||
                                                end.status == io::IoStatus::peer_gone);
  const bool time_is_over = end.status == io::IoStatus::timeout && !end.too_slow && total_is_over();
  Error error = too_slow_upload ? slow_upload(request_.upload_end->too_slow)
                : time_is_over && client_left
                    ? client_error(ErrorKind::total_timeout, "timeouts.total is over, and the client is slow")
                : time_is_over ? upstream_error(ErrorKind::total_timeout, "timeouts.total is over")
                : client_left  ? client_write_failure(end.status, end.too_slow)
                : end.error    ? std::move(*end.error)
                : end.status == io::IoStatus::shutdown ? self_error(ErrorKind::draining, "shutting down")
                                                       : cut_error(call_.reset_code());
  error = with_origin(std::move(error));
  const bool nothing_sent = answer_.progress.written_bytes == 0;
  const bool can_say_why = !nothing_sent && !client_left && may_end_with_status();
  co_await finish_upload();
  // As far as it went all was well. A probe that is not judged by its head has no verdict then.
  if (client_left && !attempt_.judged && !attempt_.pick.ticket.probe) report_health(nullptr);
  if (!client_left) note_latency(&error);
  end_attempt(&error);
  if (nothing_sent && !client_left) {
    outcome_.body_bytes = 0;
    co_return co_await answer_error(std::move(error));
  }
  outcome_.reason = facts(error.kind).name;
  if (nothing_sent) outcome_.status = facts(error.kind).status;
  outcome_.error = std::move(error);
  if (can_say_why) co_return co_await end_with_status();
  co_return After::reset;
}

Task<After> Exchange::relay_upgrade() {
  answer_.bytes.clear();
  auto options = response_options({}, true);
  options.upgrade = true;
  client_->write_head(answer_.bytes, response(), options, worker_.http_date(wall_started_));
  const auto sent = co_await write_meanwhile();
  // A stream of HTTP/2 may be reset when nothing reads it any more; of a connection a read or a write says so.
  if (!head.tunnel) watch_client(false);
  if (sent) {
    outcome_.status = response().status;
    keep_log_texts();
    const relay::TunnelEnd end =
        co_await relay::run_tunnel(client_->tunnel(), call_.tunnel(), decided_.timeouts->idle);
    request_.progress.body_bytes = end.client_bytes;
    outcome_.body_bytes = end.endpoint_bytes;
    if (end.status == io::IoStatus::timeout) outcome_.reason = "tunnel_idle";
    if (end.status == io::IoStatus::shutdown) outcome_.reason = "draining";
    if (end.status == io::IoStatus::exhausted) outcome_.reason = facts(ErrorKind::internal).name;
    tries_.records.back().outcome = "ok";
  } else {
    outcome_.status = facts(ErrorKind::client_gone).status;
    outcome_.reason = facts(sent.error().kind).name;
  }
  release_connection(false);
  co_return sent ? After::close : After::reset;
}

/// The exchange with the endpoint is over: its connection is kept or closed, its in-flight count goes down.
void Exchange::release_connection(bool reusable) {
  watch_client(false);
  call_.end(reusable, upstream_config().keepalive);
  release_endpoint();
}

void Exchange::release_endpoint() {
  give_back(attempt_.pick);
}

void Exchange::give_back(balance::Pick& pick) {
  if (pick.index == balance::none) return;
  const UpstreamRuntime& upstream = *upstream_view().runtime;
  // Nothing happens where a report has ended the probe already, or this was none.
  upstream.endpoints[pick.index].state->health.abandon_probe(worker_.reactor().now(), pick.ticket);
  upstream.release(pick.index);
  pick = {};
}

}  // namespace weir::server
