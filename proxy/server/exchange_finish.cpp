// What remains of a request: its metrics and its log line.
#include "server/exchange.hpp"
#include "server/exchange_rollout.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "tls/session_facts.hpp"

namespace weir::server {
namespace {

/// As the access log names it; empty where there is no head.
std::string_view protocol_of(const http::RequestHead& head) {
  if (head.major_version == 2) return "HTTP/2";
  if (head.method_text.empty()) return {};
  return head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

void Exchange::finish() {
  Decision& decided = context_.decided;
  const Outcome& outcome = context_.outcome;
  attempt_.report().settle_pending(false);
  // Before anything that takes time: the client may know already that it has its answer.
  decided.place.give_back();
  decided.upstream_place.give_back();
  mirror_.drop();
  const auto duration = Clock::now() - context_.started;
  auto& metrics = context_.worker.metrics();
  const bool went_somewhere = decided.upstream != config::no_upstream;
  const observe::NameId upstream_name = went_somewhere ? context_.view().runtime->name : observe::no_name;
  if (!decided.route) metrics.request_started(observe::no_name);
  metrics.request_finished(decided.route ? decided.route->name : observe::no_name, upstream_name, head.method,
                           outcome.status, std::chrono::duration<double>(duration).count());
  if (decided.grpc) {
    metrics.grpc_finished(decided.route ? decided.route->name : observe::no_name, upstream_name,
                          grpc_steps_.status());
  }
  if (context_.rollout.runtime != nullptr) {
    const int response_status = outcome.attempts.empty() ? 0 : attempt_.response().status;
    count_rollout_unit(context_, response_status, decided.grpc ? grpc_steps_.status() : std::nullopt);
  }
  const bool wanted = !decided.route || decided.route->config->access_log;
  if (std::string* line = wanted ? context_.worker.log_buffer() : nullptr) {
    append_log_line(*line, duration);
    context_.worker.log_appended();
  }
}

void Exchange::append_log_line(std::string& out, Duration duration) {
  const Decision& decided = context_.decided;
  Outcome& outcome = context_.outcome;
  observe::AccessRecord record;
  record.ts = context_.wall_started;
  record.request_id = decided.request_id;
  if (decided.traceparent.size() == traceparent_length) record.trace_id = decided.traceparent.substr(3, 32);
  record.listener = context_.listener().name;
  record.client_ip = decided.forwarded.client_ip;
  if (decided.forwarded.client_ip == context_.session().peer().ip)
    record.client_port = context_.session().peer().port;
  record.protocol = protocol_of(head);
  if (io::TlsSession* secured = context_.session().stream().tls()) {
    const tls::Peer peer = tls::peer(secured->ssl());
    record.tls = {true, peer.version, peer.cipher, peer.sni, {}, {}, peer.resumed};
    if (const ClientCertificate* certificate = context_.session().client_certificate()) {
      record.tls.client_subject = certificate->subject;
      record.tls.client_sha256 = certificate->fingerprint;
    }
  }
  record.method = head.method_text;
  record.host = head.host;
  record.path = head.path;
  record.query = head.query;
  if (const http::Field* agent = head.find(http::FieldId::user_agent)) record.user_agent = agent->value;
  if (const http::Field* referer = head.find(http::FieldId::referer)) record.referer = referer->value;
  if (decided.route) record.route = decided.route->config->name;
  if (decided.upstream != config::no_upstream) {
    record.upstream = context_.upstream().name;
    if (decided.proxy->split) record.split = {context_.upstream().name, split::to_string(decided.split_why)};
  }
  if (!outcome.attempts.empty()) {
    observe::AttemptRecord& last = outcome.attempts.back();
    if (const int status = attempt_.response().status; status != 0) last.status = status;
    if (last.outcome.empty()) last.outcome = outcome.reason;
    record.endpoint = last.endpoint;
    if (!outcome.retry_refusal.empty()) outcome.attempts.emplace_back().outcome = outcome.retry_refusal;
    record.attempts = &outcome.attempts;
  }
  record.status = outcome.status;
  if (const auto status = grpc_steps_.status()) record.grpc_status = static_cast<int>(*status);
  record.bytes_in = request_.progress.body_bytes;
  record.bytes_out = outcome.body_bytes;
  record.duration_ms = std::chrono::duration<double, std::milli>(duration).count();
  record.queue_ms = outcome.queue_ms;
  if (decided.limited_by)
    record.rate_limit = {decided.limited_by->config->name, decided.refused_by ? "refused" : "shadow"};
  record.reason = outcome.reason;
  if (!observe::append_access_line(out, record)) ++context_.worker.metrics().access_log_dropped_lines;
}

}  // namespace weir::server
