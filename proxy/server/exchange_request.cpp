#include "server/exchange_request.hpp"

#include "http/text.hpp"
#include "http/trailers.hpp"
#include "http1/write.hpp"
#include "route/table.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

void compose_request(ExchangeContext& context, GrpcSteps& grpc_steps, OutgoingRequest& request) {
  const Decision& decided = context.decided;
  const http::RequestHead& head = context.head;
  request.framing = head.body;
  grpc_steps.translate_web();
  const auto& match = decided.route->config->match;
  const bool server_wide = head.form == http::TargetForm::asterisk;
  if (server_wide) {
    request.target = "*";
  } else {
    if (decided.proxy->rewrite_path) {
      // A rewrite replaces what was matched, and that has no dot segments.
      const std::string_view from =
          decided.resolved_path.empty() ? decided.sent_path : std::string_view(decided.resolved_path);
      route::rewrite_path(match.path, decided.path, from, *decided.proxy->rewrite_path, request.target);
    } else {
      request.target += decided.sent_path.empty() ? std::string_view("/") : decided.sent_path;
    }
    if (head.has_query) {
      request.target += '?';
      request.target += head.query;
    }
  }
  request.upgrade = decided.proxy->websocket && http::iequals(head.upgrade, "websocket");
  http::keep_nominated(head.connection_tokens, request.nominated);
  http::Forwarding forwarding;
  char client_ip[46];
  forwarding.client_ip = decided.forwarded.peer_trusted
                             ? std::string_view(client_ip, decided.forwarded.client_ip.write(client_ip))
                             : std::string_view(decided.forwarded.forwarded_for);  // the peer's address alone
  forwarding.forwarded_for = decided.forwarded.forwarded_for;
  forwarding.proto = decided.forwarded.proto;
  forwarding.host = decided.forwarded.host.empty() ? std::string_view(context.session().listener().authority)
                                                   : decided.forwarded.host;
  forwarding.port = decided.forwarded.port;
  if (const ClientCertificate* certificate = context.session().client_certificate()) {
    forwarding.client_cert = certificate->field;
  }
  forwarding.request_id = decided.request_id;
  forwarding.traceparent = decided.traceparent;
  forwarding.via = context.worker.via();
  forwarding.keep_tracestate = decided.traceparent_kept;
  forwarding.mark_never_indexed = context.upstream().protocol != config::UpstreamProtocol::http1;
  http1::write_request_head(request.bytes, head, request.target, request.framing, forwarding,
                            decided.route->headers.request, request.upgrade);
  grpc_steps.place_timeout();
}

bool can_be_sent_again(const ExchangeContext& context, const OutgoingRequest& request) {
  const config::Retry& retry = context.upstream().retry;
  if (!http::is_idempotent(context.head.method) && !retry.non_idempotent) return false;
  if (context.client->body().finished()) return !request.progress.replay_overflow;
  if (retry.attempts == 0) return false;
  const auto left = context.client->buffered_rest();
  return left && *left <= static_cast<std::uint64_t>(retry.buffer_bytes);
}

}  // namespace weir::server
