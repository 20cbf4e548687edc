#include "server/exchange_answer.hpp"

#include <string>

#include "http/reason.hpp"
#include "relay/paced_write.hpp"
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
         kind == ErrorKind::queue_timeout || kind == ErrorKind::pause_queue_full;
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

/// Takes the request body in as far as it is here already; true when that is all of it.
bool OwnAnswers::consume_buffered_body() {
  relay::BodySource& body = context_.client->body();
  if (body.finished()) return true;
  relay::BodyBatch batch;
  do {
    batch.begin({});
    if (!body.take(batch)) return false;
  } while (batch.full());
  return body.finished();
}

Task<After> OwnAnswers::answer(const http::OwnResponse& response, bool connection_is_good) {
  decided_.place.give_back();  // a client that does not read an answer of ours must not keep others out
  decided_.upstream_place.give_back();
  const bool body_is_in = connection_is_good && consume_buffered_body();
  const bool keep_alive = connection_is_good && response_.keep_alive_allowed() &&
                          (body_is_in || response_.rest_of_body_is_short());
  response_.write_own_head(response, response_.options({}, keep_alive));
  relay::BodyBatch batch;
  batch.begin(response_.head());
  batch.add(response.sent_body());
  batch.end({});
  const relay::WriteBounds bounds{context_.listener().limits.send_timeout};
  const relay::PacedWrite written =
      co_await relay::write_batch(context_.client->sink(http::BodyKind::length), batch, bounds);
  if (!written.ok()) {
    outcome_.status = facts(ErrorKind::client_gone).status;
    outcome_.reason = facts(response_.write_failure(written.status, written.too_slow).kind).name;
    co_return After::reset;  // whatever it still sends: it does not read
  }
  outcome_.status = response.status;
  if (!response.head_only) outcome_.body_bytes = response.body.size();
  if (body_is_in) co_return keep_alive ? After::keep_alive : After::close;
  co_return keep_alive ? After::discard : After::linger;
}

Task<After> OwnAnswers::error(Error error) {
  const ErrorFacts& about = facts(error.kind);
  outcome_.reason = about.name;
  if (about.status == facts(ErrorKind::client_gone).status) {  // no answer can reach it
    outcome_.status = about.status;
    outcome_.error = std::move(error);
    co_return After::close;
  }
  if (context_.client->has_left() ==
      io::IoStatus::reset) {  // it broke a rule of its protocol: nothing can be sent
    outcome_.status = about.status;
    outcome_.error = std::move(error);
    co_return After::reset;
  }
  const std::string proxy_status = proxy_status_of(error);
  const bool trusted = stream_is_trusted(error.kind);
  if (decided_.grpc) co_return co_await grpc_error(std::move(error), proxy_status, trusted);
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
  response.head_only = context_.head.method == http::Method::head;
  outcome_.error = std::move(error);
  co_return co_await answer(response, trusted);
}

Task<After> OwnAnswers::failure(const Result<void>& failed) {
  Error why = failed.error();
  co_return co_await error(std::move(why));
}

Task<After> OwnAnswers::options() {
  outcome_.reason = "max_forwards";
  http::OwnResponse response;
  response.status = 204;
  response.extra_fields = allowed_methods;
  co_return co_await answer(response, true);
}

Task<After> OwnAnswers::no_tunnel() {
  Error why = client_error(ErrorKind::unsupported_protocol, "the route has no WebSockets");
  co_return co_await error(std::move(why));
}

Task<After> OwnAnswers::redirect_to_https() {
  const config::RedirectToHttps& redirect = *context_.listener().redirect_to_https;
  if (context_.head.host.empty()) {
    Error why = client_error(ErrorKind::malformed_request, "Host is needed for the redirect");
    co_return co_await error(std::move(why));
  }
  outcome_.reason = "redirect_to_https";
  std::string location = "Location: https://";
  location += context_.head.host;
  if (redirect.port != 443) location += ':' + std::to_string(redirect.port);
  location += context_.head.form == http::TargetForm::asterisk || context_.head.path.empty()
                  ? std::string_view("/")
                  : context_.head.path;
  if (context_.head.has_query) {
    location += '?';
    location += context_.head.query;
  }
  location += "\r\n";
  http::OwnResponse response;
  response.status = redirect.status;
  response.extra_fields = location;
  co_return co_await answer(response, true);
}

Task<After> OwnAnswers::redirect(const config::RedirectAction& action) {
  outcome_.reason = "redirect";
  const std::string location = "Location: " + action.to + "\r\n";
  http::OwnResponse response;
  response.status = action.status;
  response.extra_fields = location;
  co_return co_await answer(response, true);
}

Task<After> OwnAnswers::respond(const config::RespondAction& action) {
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
  response.head_only = context_.head.method == http::Method::head;
  co_return co_await answer(response, true);
}

}  // namespace weir::server
