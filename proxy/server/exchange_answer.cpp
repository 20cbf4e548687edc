// Answers that Weir makes itself, errors among them: the one place where an Error becomes a response.
#include <array>

#include "server/exchange.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

constexpr std::string_view retry_soon = "Retry-After: 1\r\n";
constexpr std::string_view allowed_methods = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n";

/// RFC 9209: who answers, which error, and our own words about it.
std::string proxy_status_of(const Error& error) {
  std::string value = "weir; error=";
  value += facts(error.kind).proxy_status;
  if (!error.detail.empty()) {
    value += "; details=\"";
    for (const char c : error.detail) {
      if (c == '"' || c == '\\') value += '\\';
      value += c;
    }
    value += '"';
  }
  return value;
}

/// Too many requests at once: a moment later there may be room.
bool is_about_load(ErrorKind kind) {
  return kind == ErrorKind::max_in_flight || kind == ErrorKind::max_requests ||
         kind == ErrorKind::endpoint_busy || kind == ErrorKind::queue_full ||
         kind == ErrorKind::queue_timeout;
}

/// Whether a response may still be awaited on the connection. Not when the bytes can no longer be trusted.
bool stream_is_trusted(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::malformed_request:
    case ErrorKind::unsupported_coding:
    case ErrorKind::unsupported_version:
    case ErrorKind::head_too_large:
    case ErrorKind::uri_too_long:
    case ErrorKind::body_too_large:
    case ErrorKind::head_timeout:
    case ErrorKind::body_timeout:
    case ErrorKind::method_refused:
    case ErrorKind::expectation_failed:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool Exchange::keep_alive_allowed() const {
  return head.keep_alive && client_->may_go_on();
}

/// By what the client speaks, as far as a trusted proxy is believed: Strict-Transport-Security belongs to its
/// connection.
const http::CompiledFields& Exchange::response_policy() const {
  const http::HeaderPolicy& headers =
      decided_.route ? decided_.route->headers : *generation_->snapshot->default_headers;
  return decided_.forwarded.proto == "https" ? headers.response_tls : headers.response_plain;
}

http::ResponseOptions Exchange::response_options(const http::Framing& body, bool keep_alive) const {
  http::ResponseOptions options;
  options.policy = &response_policy();
  options.request_id = decided_.request_id;
  options.set_cookie = decided_.set_cookie;
  options.body = body;
  options.keep_alive = keep_alive;
  options.client_minor_version = head.minor_version;
  options.own_fields = decided_.limit_fields;
  return options;
}

/// Whether what is left of the request body is dropped sooner than a new connection is made. Not when the client waits
/// for an invitation to send it: after another answer it may send the body or leave it (RFC 9110 10.1.1).
bool Exchange::rest_of_body_is_short() const {
  if (head.expect_continue && !request_.continue_sent) return false;
  return client_->rest_is_short();
}

/// Why a write to the client failed; counts what a bound of ours ended.
Error Exchange::client_write_failure(io::IoStatus status, bool too_slow) {
  auto& ended = session().counters().clients_ended;
  if (too_slow) {
    ++ended.response_min_rate;
    return client_error(ErrorKind::client_too_slow, "the client takes less than limits.response_min_rate");
  }
  if (status == io::IoStatus::timeout) {
    ++ended.send_timeout;
    return client_error(ErrorKind::client_stalled, "the client took nothing for limits.send_timeout");
  }
  if (status == io::IoStatus::shutdown) return self_error(ErrorKind::draining, "shutting down");
  if (status == io::IoStatus::exhausted && client_->has_left() == io::IoStatus::ok) {
    return client_error(ErrorKind::client_stalled, "the client takes nothing of too many responses");
  }
  return client_error(ErrorKind::client_gone, "the client left");
}

/// Takes the request body in as far as it is here already; true when that is all of it.
bool Exchange::consume_buffered_body() {
  relay::BodySource& body = client_->body();
  if (body.finished()) return true;
  relay::BodyBatch batch;
  do {
    batch.begin({});
    if (!body.take(batch)) return false;
  } while (batch.full());
  return body.finished();
}

Task<After> Exchange::answer(const http::OwnResponse& response, bool connection_is_good) {
  decided_.place.give_back();  // a client that does not read an answer of ours must not keep others out
  decided_.upstream_place.give_back();
  const bool body_is_in = connection_is_good && consume_buffered_body();
  const bool keep_alive =
      connection_is_good && keep_alive_allowed() && (body_is_in || rest_of_body_is_short());
  answer_.bytes.clear();
  client_->write_own_head(answer_.bytes, response, response_options({}, keep_alive),
                          worker_.http_date(wall_started_));
  relay::BodyBatch batch;
  batch.begin(answer_.bytes);
  batch.add(response.sent_body());
  batch.end({});
  const relay::WriteBounds bounds{listener().limits.send_timeout};
  const relay::PacedWrite written =
      co_await relay::write_batch(client_->sink(http::BodyKind::length), batch, bounds);
  if (!written.ok()) {
    outcome_.status = facts(ErrorKind::client_gone).status;
    outcome_.reason = facts(client_write_failure(written.status, written.too_slow).kind).name;
    co_return After::reset;  // whatever it still sends: it does not read
  }
  outcome_.status = response.status;
  if (!response.head_only) outcome_.body_bytes = response.body.size();
  if (body_is_in) co_return keep_alive ? After::keep_alive : After::close;
  co_return keep_alive ? After::discard : After::linger;
}

Task<After> Exchange::answer_error(Error error) {
  const ErrorFacts& about = facts(error.kind);
  outcome_.reason = about.name;
  if (about.status == facts(ErrorKind::client_gone).status) {  // no answer can reach it
    outcome_.status = about.status;
    outcome_.error = std::move(error);
    co_return After::close;
  }
  if (client_->has_left() == io::IoStatus::reset) {  // it broke a rule of its protocol: nothing can be sent
    outcome_.status = about.status;
    outcome_.error = std::move(error);
    co_return After::reset;
  }
  const std::string proxy_status = proxy_status_of(error);
  const bool trusted = stream_is_trusted(error.kind);
  if (decided_.grpc) co_return co_await answer_grpc(std::move(error), proxy_status, trusted);
  const int status = decided_.refused_by ? decided_.refused_by->config->status : about.status;
  std::string body = std::to_string(status);
  body += ' ';
  body += http::reason_phrase(status);
  if (error.origin == Origin::client && !error.detail.empty()) body += ": " + error.detail;
  body += '\n';
  http::OwnResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = body;
  response.proxy_status = proxy_status;
  if (error.kind == ErrorKind::method_refused) response.extra_fields = allowed_methods;
  if (is_about_load(error.kind)) response.extra_fields = retry_soon;
  response.head_only = head.method == http::Method::head;
  outcome_.error = std::move(error);
  co_return co_await answer(response, trusted);
}

Task<After> Exchange::answer_failure(const Result<void>& failed) {
  Error error = failed.error();
  co_return co_await answer_error(std::move(error));
}

/// OPTIONS that may go no further: we are who is asked (RFC 9110 7.6.2).
Task<After> Exchange::answer_options() {
  outcome_.reason = "max_forwards";
  http::OwnResponse response;
  response.status = 204;
  response.extra_fields = allowed_methods;
  co_return co_await answer(response, true);
}

/// An extended CONNECT for a route without WebSockets: a 2xx would open the tunnel (RFC 8441 5).
Task<After> Exchange::answer_no_tunnel() {
  Error error = client_error(ErrorKind::unsupported_protocol, "the route has no WebSockets");
  co_return co_await answer_error(std::move(error));
}

Task<After> Exchange::answer_redirect_to_https() {
  const config::RedirectToHttps& redirect = *listener().redirect_to_https;
  if (head.host.empty()) {
    Error error = client_error(ErrorKind::malformed_request, "Host is needed for the redirect");
    co_return co_await answer_error(std::move(error));
  }
  outcome_.reason = "redirect_to_https";
  std::string location = "Location: https://";
  location += head.host;
  if (redirect.port != 443) location += ':' + std::to_string(redirect.port);
  location +=
      head.form == http::TargetForm::asterisk || head.path.empty() ? std::string_view("/") : head.path;
  if (head.has_query) {
    location += '?';
    location += head.query;
  }
  location += "\r\n";
  http::OwnResponse response;
  response.status = redirect.status;
  response.extra_fields = location;
  co_return co_await answer(response, true);
}

Task<After> Exchange::answer_redirect(const config::RedirectAction& action) {
  outcome_.reason = "redirect";
  const std::string location = "Location: " + action.to + "\r\n";
  http::OwnResponse response;
  response.status = action.status;
  response.extra_fields = location;
  co_return co_await answer(response, true);
}

Task<After> Exchange::answer_respond(const config::RespondAction& action) {
  outcome_.reason = "respond";
  std::string fields;
  for (const auto& [name, value] : action.headers) {
    fields.append(name).append(": ").append(value).append("\r\n");
  }
  http::OwnResponse response;
  response.status = action.status;
  response.content_type = action.content_type;
  response.body = action.body;
  response.extra_fields = fields;
  response.head_only = head.method == http::Method::head;
  co_return co_await answer(response, true);
}

}  // namespace weir::server
