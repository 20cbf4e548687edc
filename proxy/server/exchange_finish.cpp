// What remains of a request: its health report, its metrics, its log line.
#include "server/exchange.hpp"
#include "server/health_report.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "tls/session_facts.hpp"

namespace weir::server {
/// Tells the endpoint's health how the attempt went: `error`, or the status of the response head.
void Exchange::report_health(const Error* error) {
  // One attempt is one failure: where the status was one, that its body broke off adds nothing.
  const std::uint16_t by_status = upstream::failure_bit_of_status(response().status);
  const bool failed_before =
      error != nullptr && judged_ && (by_status & upstream_config().passive_health.failures) != 0;
  server::report_health(upstream_view(), pick_, worker_.reactor().now(), error, response().status,
                        failed_before ? std::uint16_t{0} : failure_of_attempt(error));
}

/// Failures by status, which wait for what becomes of the request.
void Exchange::settle_blame(bool answered) {
  if (!blame_.empty()) server::settle_blame(upstream_view(), blame_, answered, worker_.reactor().now());
}

/// The attempt is over without a response that the client gets: `error`, or (nullptr) a response that is not
/// used.
void Exchange::end_attempt(const Error* error) {
  if (pick_.index == balance::none) return;
  auto& record = attempts_.back();
  record.status = response().status;
  if (call_.phase() != EndpointCall::Phase::exchange) {
    record.connect_ms = std::chrono::duration<double, std::milli>(Clock::now() - call_.started()).count();
  }
  if (error == nullptr) {
    record.outcome = "retried";
  } else {
    const bool stale = upstream::was_stale(outcome_of(error));
    record.outcome = stale ? std::string_view("stale_connection") : facts(error->kind).name;
    if (!blame_.empty() && !stale) blame_.note_other(failure_of_attempt(error));
    report_health(error);
  }
  release_connection(error == nullptr && drain_response());
}

void Exchange::finish() {
  settle_blame(false);
  // Before anything that takes time: the client may know already that it has its answer.
  place_.give_back();
  upstream_place_.give_back();
  if (mirror_) drop_mirror();
  const auto duration = Clock::now() - started;
  auto& metrics = worker_.metrics();
  const bool went_somewhere = upstream_ != config::no_upstream;
  const observe::NameId upstream_name = went_somewhere ? upstream_view().runtime->name : observe::no_name;
  if (!route_) metrics.request_started(observe::no_name);
  metrics.request_finished(route_ ? route_->name : observe::no_name, upstream_name, head.method, status_,
                           std::chrono::duration<double>(duration).count());
  const bool wanted = !route_ || route_->config->access_log;
  if (std::string* line = wanted ? worker_.log_buffer() : nullptr) {
    append_log_line(*line, duration);
    worker_.log_appended();
  }
}

void Exchange::append_log_line(std::string& out, Duration duration) {
  observe::AccessRecord record;
  record.ts = wall_started_;
  record.request_id = request_id_;
  if (traceparent_.size() == traceparent_length) record.trace_id = traceparent_.substr(3, 32);
  record.listener = session_->listener().config.name;
  record.client_ip = forwarded_.client_ip;
  if (forwarded_.client_ip == session_->peer().ip) record.client_port = session_->peer().port;
  record.protocol = head.method_text.empty() ? "" : head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
  if (io::TlsSession* session = session_->stream().tls()) {
    const tls::Peer peer = tls::peer(session->ssl());
    record.tls = {true, peer.version, peer.cipher, peer.sni, {}, {}, peer.resumed};
    if (const ClientCertificate* certificate = session_->client_certificate()) {
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
  if (route_) record.route = route_->config->name;
  if (upstream_ != config::no_upstream) {
    record.upstream = upstream_config().name;
    if (proxy_->split) record.split = {upstream_config().name, split::to_string(split_why_)};
  }
  if (!attempts_.empty()) {
    observe::AttemptRecord& last = attempts_.back();
    if (response().status != 0) last.status = response().status;
    if (last.outcome.empty()) last.outcome = reason_;
    record.endpoint = last.endpoint;
    if (!retry_refusal_.empty()) attempts_.emplace_back().outcome = retry_refusal_;
    record.attempts = &attempts_;
  }
  record.status = status_;
  record.bytes_in = request_progress_.body_bytes;
  record.bytes_out = response_body_bytes_;
  record.duration_ms = std::chrono::duration<double, std::milli>(duration).count();
  record.queue_ms = queue_ms_;
  if (limited_by_) record.rate_limit = {limited_by_->config->name, refused_by_ ? "refused" : "shadow"};
  record.reason = reason_;
  if (!observe::append_access_line(out, record)) ++worker_.metrics().access_log_dropped_lines;
}

/// A tunnel gives the buffer with the head back: what the log line says is kept here.
void Exchange::keep_log_texts() {
  std::string_view agent, referer;
  if (const http::Field* field = head.find(http::FieldId::user_agent)) agent = field->value;
  if (const http::Field* field = head.find(http::FieldId::referer)) referer = field->value;
  std::string_view* texts[] = {&head.method_text, &head.host,    &head.path, &head.query,
                               &request_id_,      &traceparent_, &agent,     &referer};
  std::size_t total = 0;
  for (const std::string_view* text : texts) total += text->size();
  kept_texts_.clear();
  kept_texts_.reserve(total);  // so that the views stay good while it grows
  for (std::string_view* text : texts) {
    const std::size_t at = kept_texts_.size();
    kept_texts_ += *text;
    *text = std::string_view(kept_texts_).substr(at);
  }
  head.fields.clear();
  head.fields.push_back({http::FieldId::user_agent, "User-Agent", agent});
  head.fields.push_back({http::FieldId::referer, "Referer", referer});
}

}  // namespace weir::server
