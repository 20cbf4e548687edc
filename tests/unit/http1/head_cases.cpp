#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace http;

std::string describe_body(const Framing& body) {
  switch (body.kind) {
    case BodyKind::none:
      return "";
    case BodyKind::length:
      return " body=length:" + std::to_string(body.length);
    case BodyKind::chunked:
      return " body=chunked";
    case BodyKind::until_close:
      return " body=until_close";
  }
  return " body=?";
}

std::string describe_failure(const Result<bool>& result) {
  return result ? "incomplete" : std::string(facts(result.error().kind).name);
}

}  // namespace

std::string describe(const Result<bool>& result, const RequestHead& head) {
  if (!result || !*result) return describe_failure(result);
  std::string text(head.method_text);
  text.append(" ").append(head.path);
  if (head.has_query) text.append(" ?").append(head.query);
  if (head.form == TargetForm::absolute) text.append(" absolute");
  if (head.minor_version == 0) text.append(" 1.0");
  text.append(" authority=").append(head.authority);
  text.append(describe_body(head.body));
  if (!head.keep_alive) text.append(" close");
  if (head.expect_continue) text.append(" continue");
  if (!head.upgrade.empty()) text.append(" upgrade=").append(head.upgrade);
  if (head.accepts_trailers) text.append(" trailers");
  return text.append(" +").append(std::to_string(head.fields.size()));
}

std::string describe(const Result<bool>& result, const ResponseHead& head) {
  if (!result || !*result) return describe_failure(result);
  std::string text = std::to_string(head.status);
  text.append(" ").append(head.reason);
  if (head.minor_version == 0) text.append(" 1.0");
  text.append(describe_body(head.body));
  if (!head.keep_alive) text.append(" close");
  if (!head.upgrade.empty()) text.append(" upgrade=").append(head.upgrade);
  return text.append(" +").append(std::to_string(head.fields.size()));
}

std::string request_verdict(std::string_view bytes) {
  RequestHead head;
  std::size_t scanned = 0;
  const auto result = parse_request_head(bytes, HeadLimits{}, scanned, head);
  return describe(result, head);
}

std::string response_verdict(std::string_view bytes, Method method, bool upgrade_requested) {
  ResponseHead head;
  std::size_t scanned = 0;
  const auto result = parse_response_head(bytes, HeadLimits{}, method, upgrade_requested, scanned, head);
  return describe(result, head);
}

std::vector<HeadCase> all_request_cases() {
  std::vector<HeadCase> all;
  for (const auto* table : {&request_line_cases(), &request_byte_cases(), &request_host_cases(),
                            &request_framing_cases(), &request_connection_cases()}) {
    all.insert(all.end(), table->begin(), table->end());
  }
  return all;
}

}  // namespace weir::http1::testing
