#include "control/split_control.hpp"

#include <algorithm>
#include <utility>

#include "admin/request_body.hpp"
#include "admin/split_request.hpp"
#include "observe/log.hpp"

namespace weir::control {
namespace {

// The wall clock may be set: it is looked at this often at least.
constexpr std::chrono::seconds expiry_check_max{30};

void log_all(const std::vector<std::string>& phrases) {
  for (const std::string& phrase : phrases) observe::log(config::LogLevel::warn, "{}", phrase);
}

std::string affinity_text(const config::SplitAffinity& affinity) {
  switch (affinity.by) {
    case config::AffinityBy::none:
      return "none";
    case config::AffinityBy::client_ip:
      return "client_ip";
    case config::AffinityBy::header:
      return "header:" + affinity.header;
    case config::AffinityBy::cookie:
      return "cookie";
  }
  return {};
}

SplitOutcome refused(int status, std::string detail, std::vector<std::string> errors = {}) {
  SplitOutcome outcome;
  outcome.status = status;
  outcome.detail = std::move(detail);
  outcome.errors = std::move(errors);
  return outcome;
}

}  // namespace

SplitControl::SplitControl(boost::asio::io_context& context, Serving& serving, Publisher& publisher,
                           AuditLog& audit, const std::string& folder)
    : serving_(serving), publisher_(publisher), store_(audit, folder), timer_(context) {}

Result<void> SplitControl::open() {
  if (auto opened = store_.open(); !opened) return opened;
  if (!store_.problem().empty()) observe::log(config::LogLevel::error, "{}", store_.problem());
  return {};
}

void SplitControl::reconcile(const config::Config& config) {
  const auto now = std::chrono::system_clock::now();
  log_all(store_.expire(now));
  log_all(store_.reconcile(config, now));
  watch_expiry();
}

SplitReport SplitControl::report(const config::Route& route) const {
  const server::Snapshot& snapshot = *serving_.snapshot();
  SplitReport item;
  item.route = route.name;
  item.generation = serving_.generation();
  item.tag = serving_.tag();
  item.affinity = affinity_text(split_of(route)->affinity);
  item.persistent = store_.persistent();
  const auto weights = store_.weights_of(route);
  const auto configured = configured_weights(*snapshot.config, route);
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const auto& upstream = snapshot.upstreams[split_of(route)->targets[i].upstream];
    SplitTargetReport target;
    target.upstream = configured[i].first;
    target.configured = configured[i].second;
    target.effective = weights[i];
    target.total = upstream.candidates.size() + upstream.unresolved.size();
    target.healthy = upstream::usable_count(upstream.candidates);
    item.targets.push_back(std::move(target));
  }
  if (const split::RuntimeWeights* entry = store_.find(route.name)) {
    SplitReport::Runtime& runtime = item.runtime.emplace();
    runtime.who = entry->who;
    runtime.reason = entry->reason;
    runtime.since = SystemTime(Milliseconds(entry->since_ms));
    if (entry->expires_ms != 0) runtime.expires = SystemTime(Milliseconds(entry->expires_ms));
  }
  return item;
}

std::vector<SplitReport> SplitControl::reports() const {
  std::vector<SplitReport> reports;
  for (const config::Route& route : serving_.snapshot()->config->routes) {
    if (split_of(route) != nullptr) reports.push_back(report(route));
  }
  return reports;
}

void SplitControl::set(const SplitCall& call, const Reply<SplitOutcome>& reply) {
  const auto config = serving_.snapshot()->config;
  const auto route = std::ranges::find(config->routes, call.route, &config::Route::name);
  if (route == config->routes.end()) return reply(refused(404, "no route has that name"));
  if (split_of(*route) == nullptr) return reply(refused(404, "that route has no split"));
  auto parsed = parse_split_request(call.body);
  if (auto* problems = std::get_if<std::vector<std::string>>(&parsed))
    return reply(refused(422, "the weights are not changed", std::move(*problems)));
  const auto& request = std::get<SplitRequest>(parsed);
  if (serving_.state() == RunState::draining) return reply(refused(503, "shutting down"));
  if (request.generation && !serving_.is_generation(*request.generation)) {
    return reply(refused(409, "generation " + serving_.tag() + " is in use, not " + *request.generation +
                                  "; look again and decide anew"));
  }
  auto matched = match_weights(request.weights, configured_weights(*config, *route));
  if (auto* problems = std::get_if<std::vector<std::string>>(&matched))
    return reply(refused(422, "the weights are not changed", std::move(*problems)));

  WeightChange change;
  change.weights = std::move(std::get<split::NamedWeights>(matched));
  change.reason = request.reason;
  change.ttl = request.ttl;
  change.who = asked_by(request.who, call.peer);
  const auto set = store_.set(*config, *route, change, std::chrono::system_clock::now());
  if (!set) return reply(refused(500, "the weights are not changed: " + set.error().detail));
  observe::log(config::LogLevel::info, "split of route {}: {} set by {}{}{}", route->name,
               split::to_string(change.weights), change.who, change.reason.empty() ? "" : ": ",
               change.reason);
  publisher_.publish_generation();
  watch_expiry();
  serving_.when_installed([this, reply, name = route->name] {
    SplitOutcome outcome;
    // A reload may have taken the route away since.
    const auto now_there = std::ranges::find(serving_.snapshot()->config->routes, name, &config::Route::name);
    if (now_there == serving_.snapshot()->config->routes.end() || split_of(*now_there) == nullptr)
      return reply(refused(409, "the route was removed by a reload"));
    outcome.report = report(*now_there);
    reply(outcome);
  });
}

void SplitControl::watch_expiry() {
  const auto next = store_.next_expiry();
  timer_.cancel();
  if (!next) return;
  const auto wait = std::max<std::chrono::system_clock::duration>(*next - std::chrono::system_clock::now(),
                                                                  std::chrono::milliseconds(1));
  timer_.expires_after(std::min<std::chrono::steady_clock::duration>(wait, expiry_check_max));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto phrases = store_.expire(std::chrono::system_clock::now());
    log_all(phrases);
    if (phrases.empty()) return watch_expiry();
    if (serving_.state() != RunState::draining) publisher_.publish_generation();
    watch_expiry();
  });
}

}  // namespace weir::control
