// Live weights: what is in force, what changes it, and when it ends by itself.
#include <algorithm>
#include <utility>

#include "admin/generation_tag.hpp"
#include "admin/request_body.hpp"
#include "admin/split_request.hpp"
#include "control/durable_file.hpp"
#include "control/supervisor.hpp"
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

Result<void> Supervisor::claim_state_folder(const std::string& folder) {
  if (auto made = make_folder(folder); !made) return made;
  auto claimed = claim_folder(folder);
  if (!claimed) return claimed.error();
  state_folder_ = std::move(*claimed);
  return {};
}

Result<void> Supervisor::open_state(const std::string& folder) {
  audit_.emplace(folder);
  splits_.emplace(*audit_, folder);
  Result<void> opened;
  if (!folder.empty()) opened = claim_state_folder(folder);
  if (opened) opened = audit_->open();
  if (opened) opened = splits_->open();
  if (!opened) return self_error(opened.error().kind, "server.state_dir: " + opened.error().detail);
  if (!splits_->problem().empty()) observe::log(config::LogLevel::error, "{}", splits_->problem());
  return {};
}

/// For a configuration that is in force from now on: what the file changed itself wins.
void Supervisor::reconcile_splits(const config::Config& config) {
  const auto now = std::chrono::system_clock::now();
  log_all(splits_->expire(now));
  log_all(splits_->reconcile(config, now));
}

SplitReport Supervisor::split_report(const config::Route& route) const {
  const config::Config& config = *snapshot_->config;
  SplitReport report;
  report.route = route.name;
  report.generation = generation_;
  report.tag = generation_tag(boot_mark_, generation_);
  report.affinity = affinity_text(split_of(route)->affinity);
  report.persistent = splits_->persistent();
  const auto weights = splits_->weights_of(route);
  const auto configured = configured_weights(config, route);
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const auto& upstream = snapshot_->upstreams[split_of(route)->targets[i].upstream];
    SplitTargetReport target;
    target.upstream = configured[i].first;
    target.configured = configured[i].second;
    target.effective = weights[i];
    target.total = upstream.candidates.size() + upstream.unresolved.size();
    target.healthy = upstream::usable_count(upstream.candidates);
    report.targets.push_back(std::move(target));
  }
  if (const split::RuntimeWeights* entry = splits_->find(route.name)) {
    SplitReport::Runtime& runtime = report.runtime.emplace();
    runtime.who = entry->who;
    runtime.reason = entry->reason;
    runtime.since = SystemTime(Milliseconds(entry->since_ms));
    if (entry->expires_ms != 0) runtime.expires = SystemTime(Milliseconds(entry->expires_ms));
  }
  return report;
}

std::vector<SplitReport> Supervisor::split_reports() const {
  std::vector<SplitReport> reports;
  for (const config::Route& route : snapshot_->config->routes) {
    if (split_of(route) != nullptr) reports.push_back(split_report(route));
  }
  return reports;
}

void Supervisor::set_split(const SplitCall& call, const Reply<SplitOutcome>& reply) {
  const auto config = snapshot_->config;
  const auto route = std::ranges::find(config->routes, call.route, &config::Route::name);
  if (route == config->routes.end()) return reply(refused(404, "no route has that name"));
  if (split_of(*route) == nullptr) return reply(refused(404, "that route has no split"));
  auto parsed = parse_split_request(call.body);
  if (auto* problems = std::get_if<std::vector<std::string>>(&parsed))
    return reply(refused(422, "the weights are not changed", std::move(*problems)));
  const auto& request = std::get<SplitRequest>(parsed);
  if (state_ == RunState::draining) return reply(refused(503, "shutting down"));
  if (request.generation && !names_generation(*request.generation, boot_mark_, generation_)) {
    return reply(refused(409, "generation " + generation_tag(boot_mark_, generation_) + " is in use, not " +
                                  *request.generation + "; look again and decide anew"));
  }
  auto matched = match_weights(request.weights, configured_weights(*config, *route));
  if (auto* problems = std::get_if<std::vector<std::string>>(&matched))
    return reply(refused(422, "the weights are not changed", std::move(*problems)));

  WeightChange change;
  change.weights = std::move(std::get<split::NamedWeights>(matched));
  change.reason = request.reason;
  change.ttl = request.ttl;
  change.who = asked_by(request.who, call.peer);
  put_weights(*route, change, reply);
}

void Supervisor::put_weights(const config::Route& route, const WeightChange& change,
                             const Reply<SplitOutcome>& reply) {
  const auto set = splits_->set(*snapshot_->config, route, change, std::chrono::system_clock::now());
  if (!set) return reply(refused(500, "the weights are not changed: " + set.error().detail));
  observe::log(config::LogLevel::info, "split of route {}: {} set by {}{}{}", route.name,
               split::to_string(change.weights), change.who, change.reason.empty() ? "" : ": ",
               change.reason);
  const std::string name = route.name;
  publish_weights();
  when_installed([this, reply, name] {
    SplitOutcome outcome;
    // A reload may have taken the route away since.
    const auto now_there = std::ranges::find(snapshot_->config->routes, name, &config::Route::name);
    if (now_there == snapshot_->config->routes.end() || split_of(*now_there) == nullptr)
      return reply(refused(409, "the route was removed by a reload"));
    outcome.report = split_report(*now_there);
    reply(outcome);
  });
}

SplitVerbHost Supervisor::split_verb_host() {
  SplitVerbHost host;
  host.config = [this] { return snapshot_->config; };
  host.report = [this](const config::Route& route) { return split_report(route); };
  host.put = [this](const config::Route& route, const WeightChange& change,
                    const Reply<SplitOutcome>& reply) { put_weights(route, change, reply); };
  host.is_generation = [this](std::string_view text) {
    return names_generation(text, boot_mark_, generation_);
  };
  host.draining = [this] { return state_ == RunState::draining; };
  host.rollout_runs = [](std::string_view) { return false; };
  return host;
}

void Supervisor::publish_weights() {
  ++generation_;
  publish({});
  watch_expiry();
}

void Supervisor::watch_expiry() {
  const auto next = splits_->next_expiry();
  split_timer_.cancel();
  if (!next) return;
  const auto wait = std::max<std::chrono::system_clock::duration>(*next - std::chrono::system_clock::now(),
                                                                  std::chrono::milliseconds(1));
  split_timer_.expires_after(std::min<std::chrono::steady_clock::duration>(wait, expiry_check_max));
  split_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto phrases = splits_->expire(std::chrono::system_clock::now());
    log_all(phrases);
    if (phrases.empty()) return watch_expiry();
    if (state_ != RunState::draining) publish_weights();
  });
}

}  // namespace weir::control
