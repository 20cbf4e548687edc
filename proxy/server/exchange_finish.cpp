// What remains of a request: its health report, its metrics, its log line.
#include "server/exchange.hpp"
#include "server/health_report.hpp"
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

/// Tells the endpoint's health how the attempt went: `error`, or the status of the response head.
void Exchange::report_health(const Error* error) {
  // One attempt is one failure: where the status was one, that its body broke off adds nothing.
  const std::uint16_t by_status = failure_of_response();
  const bool failed_before =
      error != nullptr && attempt_.judged && (by_status & upstream_config().passive_health.failures) != 0;
  server::report_health(upstream_view(), attempt_.pick, worker_.reactor().now(), error,
                        cause_of_response(response().status, attempt_.grpc_status),
                        failed_before ? std::uint16_t{0} : failure_of_attempt(error));
}

/// Failures by status, which wait for what becomes of the request.
void Exchange::settle_pending(bool answered) {
  if (!tries_.pending.empty())
    server::settle_pending(upstream_view(), tries_.pending, answered, worker_.reactor().now());
}

/// The attempt is over without a response that the client gets: `error`, or (nullptr) a response that is not
/// used.
void Exchange::end_attempt(const Error* error) {
  if (attempt_.pick.index == balance::none) return;
  auto& record = tries_.records.back();
  record.status = response().status;
  if (call_.phase() != EndpointCall::Phase::exchange) {
    record.connect_ms = std::chrono::duration<double, std::milli>(Clock::now() - call_.started()).count();
  }
  if (error == nullptr) {
    record.outcome = "retried";
  } else {
    const bool stale = upstream::was_stale(outcome_of(error));
    record.outcome = stale ? std::string_view("stale_connection") : facts(error->kind).name;
    if (!tries_.pending.empty() && !stale) tries_.pending.note_other(failure_of_attempt(error));
    report_health(error);
  }
  release_connection(error == nullptr && drain_response());
}

void Exchange::finish() {
  settle_pending(false);
  // Before anything that takes time: the client may know already that it has its answer.
  decided_.place.give_back();
  decided_.upstream_place.give_back();
  if (mirror_) drop_mirror();
  const auto duration = Clock::now() - started;
  auto& metrics = worker_.metrics();
  const bool went_somewhere = decided_.upstream != config::no_upstream;
  const observe::NameId upstream_name = went_somewhere ? upstream_view().runtime->name : observe::no_name;
  if (!decided_.route) metrics.request_started(observe::no_name);
  metrics.request_finished(decided_.route ? decided_.route->name : observe::no_name, upstream_name,
                           head.method, outcome_.status, std::chrono::duration<double>(duration).count());
  if (decided_.grpc) {
    metrics.grpc_finished(decided_.route ? decided_.route->name : observe::no_name, upstream_name,
                          grpc_status());
  }
  const bool wanted = !decided_.route || decided_.route->config->access_log;
  if (std::string* line = wanted ? worker_.log_buffer() : nullptr) {
    append_log_line(*line, duration);
    worker_.log_appended();
  }
}

void Exchange::append_log_line(std::string& out, Duration duration) {
  observe::AccessRecord record;
  record.ts = wall_started_;
  record.request_id = decided_.request_id;
  if (decided_.traceparent.size() == traceparent_length) record.trace_id = decided_.traceparent.substr(3, 32);
  record.listener = listener().name;
  record.client_ip = decided_.forwarded.client_ip;
  if (decided_.forwarded.client_ip == session().peer().ip) record.client_port = session().peer().port;
  record.protocol = protocol_of(head);
  if (io::TlsSession* secured = session().stream().tls()) {
    const tls::Peer peer = tls::peer(secured->ssl());
    record.tls = {true, peer.version, peer.cipher, peer.sni, {}, {}, peer.resumed};
    if (const ClientCertificate* certificate = session().client_certificate()) {
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
  if (decided_.route) record.route = decided_.route->config->name;
  if (decided_.upstream != config::no_upstream) {
    record.upstream = upstream_config().name;
    if (decided_.proxy->split) record.split = {upstream_config().name, split::to_string(decided_.split_why)};
  }
  if (!tries_.records.empty()) {
    observe::AttemptRecord& last = tries_.records.back();
    if (response().status != 0) last.status = response().status;
    if (last.outcome.empty()) last.outcome = outcome_.reason;
    record.endpoint = last.endpoint;
    if (!tries_.refusal.empty()) tries_.records.emplace_back().outcome = tries_.refusal;
    record.attempts = &tries_.records;
  }
  record.status = outcome_.status;
  if (const auto status = grpc_status()) record.grpc_status = static_cast<int>(*status);
  record.bytes_in = request_.progress.body_bytes;
  record.bytes_out = outcome_.body_bytes;
  record.duration_ms = std::chrono::duration<double, std::milli>(duration).count();
  record.queue_ms = tries_.queue_ms;
  if (decided_.limited_by)
    record.rate_limit = {decided_.limited_by->config->name, decided_.refused_by ? "refused" : "shadow"};
  record.reason = outcome_.reason;
  if (!observe::append_access_line(out, record)) ++worker_.metrics().access_log_dropped_lines;
}

/// A tunnel gives the buffer with the head back: what the log line says is kept here.
void Exchange::keep_log_texts() {
  std::string_view agent, referer;
  if (const http::Field* field = head.find(http::FieldId::user_agent)) agent = field->value;
  if (const http::Field* field = head.find(http::FieldId::referer)) referer = field->value;
  std::string_view* texts[] = {
      &head.method_text,     &head.host, &head.path, &head.query, &decided_.request_id,
      &decided_.traceparent, &agent,     &referer};
  std::size_t total = 0;
  for (const std::string_view* text : texts) total += text->size();
  outcome_.kept_texts.clear();
  outcome_.kept_texts.reserve(total);  // so that the views stay good while it grows
  for (std::string_view* text : texts) {
    const std::size_t at = outcome_.kept_texts.size();
    outcome_.kept_texts += *text;
    *text = std::string_view(outcome_.kept_texts).substr(at);
  }
  head.fields.clear();
  head.fields.push_back({http::FieldId::user_agent, "User-Agent", agent});
  head.fields.push_back({http::FieldId::referer, "Referer", referer});
}

}  // namespace weir::server
