#include "server/exchange_response.hpp"

#include "core/kept_text.hpp"
#include "http/reason.hpp"
#include "relay/paced_write.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

void ClientResponse::reset() {
  empty_text(bytes_);
  body_invited_ = interim_passed_ = false;
}

bool ClientResponse::keep_alive_allowed() const {
  return context_.head.keep_alive && context_.client->may_go_on();
}

/// Not when the client waits for an invitation to send it: after another answer it may send the body or leave it
/// (RFC 9110 10.1.1).
bool ClientResponse::rest_of_body_is_short() const {
  if (context_.head.expect_continue && !body_invited_) return false;
  return context_.client->rest_is_short();
}

/// By what the client speaks, as far as a trusted proxy is believed: Strict-Transport-Security belongs to its
/// connection.
const http::CompiledFields& ClientResponse::policy() const {
  const Decision& decided = context_.decided;
  const http::HeaderPolicy& headers =
      decided.route ? decided.route->headers : *context_.generation->snapshot->default_headers;
  return decided.forwarded.proto == "https" ? headers.response_tls : headers.response_plain;
}

http::ResponseOptions ClientResponse::options(const http::Framing& body, bool keep_alive) const {
  http::ResponseOptions options;
  options.policy = &policy();
  options.request_id = context_.decided.request_id;
  options.set_cookie = context_.decided.set_cookie;
  options.body = body;
  options.keep_alive = keep_alive;
  options.client_minor_version = context_.head.minor_version;
  options.own_fields = context_.decided.limit_fields;
  return options;
}

void ClientResponse::write_head(const http::ResponseHead& head, const http::ResponseOptions& options) {
  bytes_.clear();
  context_.client->write_head(bytes_, head, options, context_.worker.http_date(context_.wall_started));
}

void ClientResponse::write_own_head(const http::OwnResponse& response, const http::ResponseOptions& options) {
  bytes_.clear();
  context_.client->write_own_head(bytes_, response, options,
                                  context_.worker.http_date(context_.wall_started));
}

Task<Result<void>> ClientResponse::invite_body() {
  if (body_invited_) co_return Result<void>{};
  body_invited_ = true;
  http::ResponseHead invitation;
  invitation.status = 100;
  invitation.reason = http::reason_phrase(100);
  bytes_.clear();
  context_.client->write_head(bytes_, invitation, {}, {});
  co_return co_await send_meanwhile();
}

Task<Result<void>> ClientResponse::pass_interim(const http::ResponseHead& head) {
  if (context_.head.minor_version < 1) co_return Result<void>{};
  http::ResponseOptions options;
  options.client_minor_version = context_.head.minor_version;
  write_head(head, options);
  interim_passed_ = true;
  co_return co_await send_meanwhile();
}

Task<Result<void>> ClientResponse::send_meanwhile() {
  relay::BodyBatch batch;
  batch.begin(bytes_);
  const relay::WriteBounds bounds{context_.listener().limits.send_timeout, context_.deadline};
  const relay::PacedWrite sent =
      co_await relay::write_batch(context_.client->sink(http::BodyKind::none), batch, bounds);
  if (sent.ok()) co_return Result<void>{};
  if (sent.status == io::IoStatus::timeout && !sent.too_slow && context_.total_is_over()) {
    co_return client_error(ErrorKind::client_stalled, "timeouts.total is over, and the client is slow");
  }
  co_return write_failure(sent.status, sent.too_slow);
}

Error ClientResponse::write_failure(io::IoStatus status, bool too_slow) {
  auto& ended = context_.session().counters().clients_ended;
  if (too_slow) {
    ++ended.response_min_rate;
    return client_error(ErrorKind::client_too_slow, "the client takes less than limits.response_min_rate");
  }
  if (status == io::IoStatus::timeout) {
    ++ended.send_timeout;
    return client_error(ErrorKind::client_stalled, "the client took nothing for limits.send_timeout");
  }
  if (status == io::IoStatus::shutdown) return self_error(ErrorKind::draining, "shutting down");
  return client_error(ErrorKind::client_gone, "the client left");
}

}  // namespace weir::server
