#include "observe/access_log.hpp"

#include <algorithm>
#include <new>

#include "core/cut_text.hpp"
#include "observe/line_buffer.hpp"

namespace weir::observe {
namespace {

/// Keys carry the punctuation around them, so that a field is one copy, its value and the closing quote.
void text_field(LineBuffer& line, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  line.raw(key);
  line.json_text(cut_text(value, access_text_bytes_max));
  line.byte('"');
}

template <std::integral Number>
void number_field(LineBuffer& line, std::string_view key, Number value) {
  line.raw(key);
  line.number(value);
}

void ip_field(LineBuffer& line, const IpAddress& ip) {
  char text[46];
  line.raw(R"(,"client_ip":")");
  line.raw({text, ip.write(text)});
  line.byte('"');
}

void tls_field(LineBuffer& line, const AccessRecord::Tls& tls) {
  line.raw(tls.resumed ? R"(,"tls":{"resumed":true)" : R"(,"tls":{"resumed":false)");
  text_field(line, R"(,"version":")", tls.version);
  text_field(line, R"(,"cipher":")", tls.cipher);
  text_field(line, R"(,"sni":")", tls.sni);
  text_field(line, R"(,"client_subject":")", tls.client_subject);
  text_field(line, R"(,"client_sha256":")", tls.client_sha256);
  line.byte('}');
}

void attempt(LineBuffer& line, const AttemptRecord& record) {
  line.raw(R"({"outcome":")");
  line.json_text(cut_text(record.outcome, access_text_bytes_max));
  line.byte('"');
  text_field(line, R"(,"endpoint":")", record.endpoint);
  if (record.connect_ms >= 0) {
    line.raw(R"(,"connect_ms":)");
    line.milliseconds(record.connect_ms);
  }
  if (record.first_byte_ms >= 0) {
    line.raw(R"(,"first_byte_ms":)");
    line.milliseconds(record.first_byte_ms);
  }
  if (record.status != 0) number_field(line, R"(,"status":)", record.status);
  line.byte('}');
}

void attempts_field(LineBuffer& line, const std::vector<AttemptRecord>& attempts) {
  line.raw(R"(,"attempts":[)");
  const std::size_t count = std::min(attempts.size(), access_attempts_max);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) line.byte(',');
    attempt(line, attempts[i]);
  }
  line.byte(']');
}

void split_field(LineBuffer& line, const AccessRecord::Split& split) {
  line.raw(R"(,"split":{"target":")");
  line.json_text(cut_text(split.target, access_text_bytes_max));
  line.byte('"');
  text_field(line, R"(,"why":")", split.why);
  line.byte('}');
}

void connection_fields(LineBuffer& line, const AccessRecord& record) {
  text_field(line, R"(,"request_id":")", record.request_id);
  text_field(line, R"(,"trace_id":")", record.trace_id);
  text_field(line, R"(,"listener":")", record.listener);
  ip_field(line, record.client_ip);
  if (record.client_port != 0) number_field(line, R"(,"client_port":)", record.client_port);
  text_field(line, R"(,"protocol":")", record.protocol);
  if (record.tls.present) tls_field(line, record.tls);
}

void request_fields(LineBuffer& line, const AccessRecord& record) {
  text_field(line, R"(,"method":")", record.method);
  text_field(line, R"(,"host":")", record.host);
  text_field(line, R"(,"path":")", record.path);
  text_field(line, R"(,"query":")", record.query);
  text_field(line, R"(,"user_agent":")", record.user_agent);
  text_field(line, R"(,"referer":")", record.referer);
}

void rate_limit_field(LineBuffer& line, const AccessRecord::RateLimit& limit) {
  line.raw(R"(,"rate_limit":{"name":")");
  line.json_text(limit.name);
  line.byte('"');
  text_field(line, R"(,"decision":")", limit.decision);
  line.byte('}');
}

void outcome_fields(LineBuffer& line, const AccessRecord& record) {
  text_field(line, R"(,"route":")", record.route);
  text_field(line, R"(,"upstream":")", record.upstream);
  if (!record.split.target.empty()) split_field(line, record.split);
  text_field(line, R"(,"endpoint":")", record.endpoint);
  if (record.status != 0) number_field(line, R"(,"status":)", record.status);
  if (record.grpc_status >= 0) number_field(line, R"(,"grpc_status":)", record.grpc_status);
  number_field(line, R"(,"bytes_in":)", record.bytes_in);
  number_field(line, R"(,"bytes_out":)", record.bytes_out);
  line.raw(R"(,"duration_ms":)");
  line.milliseconds(record.duration_ms);
  if (record.queue_ms >= 0) {
    line.raw(R"(,"queue_ms":)");
    line.milliseconds(record.queue_ms);
  }
  if (record.attempts != nullptr && !record.attempts->empty()) attempts_field(line, *record.attempts);
  if (!record.rate_limit.name.empty()) rate_limit_field(line, record.rate_limit);
  text_field(line, R"(,"reason":")", record.reason);
}

}  // namespace

bool append_access_line(std::string& out, const AccessRecord& record) {
  const std::size_t before = out.size();
  try {
    LineBuffer line(out);
    line.raw(R"({"ts":")");
    line.timestamp(record.ts);
    line.byte('"');
    connection_fields(line, record);
    request_fields(line, record);
    outcome_fields(line, record);
    line.raw("}\n");
  } catch (const std::bad_alloc&) {  // `out` has nothing of it
  }
  return out.size() > before;
}

}  // namespace weir::observe
