#include <algorithm>
#include <string>

#include "config/hosts.hpp"
#include "config/names.hpp"
#include "explain/explanation.hpp"
#include "explain/live.hpp"
#include "http/reason.hpp"

namespace weir::control {
namespace {

constexpr std::size_t label_width = 11;

class TextPage {
 public:
  /// A line with a label in the first column.
  void line(std::string_view label, std::string_view text) {
    out_.append(label);
    out_.append(label.size() < label_width ? label_width - label.size() : 1, ' ');
    out_.append(text).append("\n");
  }
  template <class... Parts>
  void item(const Parts&... parts) {
    out_.append("  ");
    (out_.append(parts), ...);
    out_.append("\n");
  }
  void text(std::string_view lines) { out_.append(lines); }
  void heading(std::string_view text) { out_.append("\n").append(text).append("\n"); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) joined.append(joined.empty() ? "" : separator).append(part);
  return joined;
}

/// Only the first condition that failed is needed to say why a route was passed over.
std::string why_not(const ConsideredRoute& considered) {
  const auto failed = std::ranges::find(considered.findings, false, &route::Finding::holds);
  return failed == considered.findings.end() ? "" : failed->text;
}

void show_arrival(TextPage& page, const Explanation& explanation) {
  page.line("request", explanation.method + ' ' + explanation.url);
  std::string listener =
      explanation.listener + ", " + explanation.listener_address + (explanation.tls ? ", TLS" : "");
  if (!explanation.listener_note.empty()) listener += " (" + explanation.listener_note + ')';
  page.line("listener", listener);
  page.line("client", explanation.client_ip +
                          (explanation.peer_trusted ? ", from the trusted proxy " + explanation.peer : ""));
  if (!explanation.path.empty())
    page.line("seen as", "host " + explanation.host + ", path " + explanation.path);
}

void show_routes(TextPage& page, const Explanation& explanation) {
  if (explanation.route) {
    page.line("route", explanation.route->name);
    for (const route::Finding& finding : explanation.route->findings) page.item(finding.text);
    for (const AccessFinding& finding : explanation.access)
      page.item("access " + finding.list + ": " + finding.text);
    if (explanation.max_in_flight != 0) {
      page.item("at most " + std::to_string(explanation.max_in_flight) + " requests at once");
    }
  }
  if (explanation.earlier.empty()) return;
  page.heading(explanation.route ? "routes before it" : "routes that do not match");
  for (const ConsideredRoute& considered : explanation.earlier)
    page.item(considered.name + "  " + why_not(considered));
  if (explanation.earlier_omitted != 0) {
    page.item("and " + std::to_string(explanation.earlier_omitted) + " more that are further off");
  }
}

void show_limits(TextPage& page, const std::vector<MetLimit>& limits) {
  if (!limits.empty()) page.heading("rate limits");
  for (const MetLimit& limit : limits) {
    page.item(limit.name + "  " + limit.rate + ", burst " + std::to_string(limit.burst) +
              ", a bucket for each " + join(limit.key, " + ") + ": " + limit.effect +
              (limit.shadow ? " (shadow, refuses nothing)" : ""));
  }
}

void show_answer(TextPage& page, const Explanation& explanation) {
  const OwnAnswer& answer = explanation.answer;
  std::string text = std::to_string(answer.status) + ' ' + std::string(http::reason_phrase(answer.status));
  text += " by Weir itself (" + std::string(to_string(explanation.ending)) + ')';
  page.heading("then");
  page.line("answer", text);
  if (!answer.reason.empty()) page.line("because", answer.reason);
  for (const auto& [name, value] : answer.headers) page.item(name, ": ", value);
  if (answer.body_bytes != 0) page.line("body", std::to_string(answer.body_bytes) + " bytes");
}

std::string endpoint_notes(const config::Endpoint& endpoint, const std::string& zone) {
  std::string notes;
  if (endpoint.max_connections != 0) {
    notes += ", at most " + std::to_string(endpoint.max_connections) + " requests at once";
  }
  if (endpoint.backup) notes += ", backup";
  if (!endpoint.zone.empty()) notes += ", zone " + endpoint.zone;
  if (!zone.empty()) notes += endpoint.zone == zone ? " (local)" : " (not the local zone)";
  return notes;
}

void show_proxy(TextPage& page, const ProxyPlan& plan) {
  const bool http1 = plan.protocol == config::UpstreamProtocol::http1;
  const std::string protocol = config::name_of(config::upstream_protocols, plan.protocol);
  page.heading("then");
  if (!plan.split.empty()) {
    std::vector<std::string> shares;
    shares.reserve(plan.split.size());
    for (const SplitShare& share : plan.split)
      shares.push_back(share.upstream + ' ' + std::to_string(share.weight));
    page.line("split", join(shares, ", ") + ": " + plan.split_rule);
    if (!plan.rollout.empty()) page.line("rollout", plan.rollout);
  }
  page.line("upstream", plan.upstream + ", " + plan.balance +
                            (plan.hash_key.empty() ? "" : " of " + plan.hash_key) +
                            (plan.tls ? ", TLS" : "") + (http1 ? "" : ", protocol " + protocol));
  for (const config::Endpoint& endpoint : plan.endpoints) {
    page.item(config::endpoint_text(endpoint) +
              (endpoint.weight == 1 ? "" : ", weight " + std::to_string(endpoint.weight)) +
              endpoint_notes(endpoint, plan.zone));
  }
  if (!plan.at_once.empty()) page.line("at once", plan.at_once);
  std::vector<std::string> timeouts;
  timeouts.reserve(plan.timeouts.size());
  for (const auto& [name, value] : plan.timeouts) timeouts.emplace_back(name).append(" ").append(value);
  page.line("timeouts", join(timeouts, ", "));
  page.line("retry", plan.retry);
  if (!plan.health_check.empty()) page.line("checks", plan.health_check);
  if (!plan.mirror.empty()) page.line("mirror", plan.mirror);
  if (!plan.grpc.empty()) page.line("gRPC", plan.grpc);
  if (plan.websocket) page.line("websocket", "the upgrade is passed on");
  page.heading(http1 ? "request to the endpoint" : "request to the endpoint, as HTTP/1.1 would have it");
  for (const std::string& line : plan.request_lines) page.item(line);
}

void show_response(TextPage& page, const Explanation& explanation) {
  const ResponseChanges& changes = explanation.response;
  page.heading("response to the client, header policies " +
               (explanation.policies.empty() ? "none" : join(explanation.policies, ", ")));
  for (const auto& [name, value] : changes.set) page.item("set ", name, ": ", value);
  for (const auto& [name, value] : changes.set_if_absent) page.item("set where absent ", name, ": ", value);
  for (const std::string& name : changes.removed) page.item("remove " + name);
  if (!explanation.access_log) page.item("no line in the access log");
}

}  // namespace

std::string show_text(const Explanation& explanation) {
  TextPage page;
  show_arrival(page, explanation);
  show_routes(page, explanation);
  show_limits(page, explanation.limits);
  if (explanation.live) page.text(live_text(*explanation.live));
  if (explanation.ending == Ending::proxy) {
    show_proxy(page, explanation.proxy);
  } else {
    show_answer(page, explanation);
  }
  show_response(page, explanation);
  return page.take();
}

}  // namespace weir::control
