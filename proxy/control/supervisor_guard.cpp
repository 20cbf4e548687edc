// Reloads that are watched: what they return to, and how.
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <utility>

#include "admin/request_body.hpp"
#include "admin/verb_request.hpp"
#include "control/supervisor.hpp"
#include "core/units.hpp"
#include "observe/log.hpp"

namespace weir::control {
namespace {

constexpr std::size_t series_per_turn = 512;  // that one turn of a worker looks at

}  // namespace

void Supervisor::reload_asked(const ReloadCall& call, const Reply<ReloadOutcome>& reply) {
  auto parsed = parse_reload_request(call.body);
  if (auto* problems = std::get_if<Problems>(&parsed)) {
    ReloadOutcome outcome;
    outcome.bad_request = true;
    outcome.problems = std::move(*problems);
    return reply(std::move(outcome));
  }
  auto& request = std::get<ReloadRequest>(parsed);
  ReloadWish wish;
  wish.guard = request.guard;
  wish.reason = std::move(request.reason);
  if (!call.body.empty()) wish.who = asked_by(request.who, call.peer);
  reload(wish, reply);
}

/// Right before a reload is taken over: the audit, and what it would return to. A watched reload that comes while
/// another one is watched returns to what was there before both: the first one was not judged.
Result<Supervisor::AfterReload> Supervisor::guarded(const ReloadWish& wish) {
  const Milliseconds time = wish.guard.value_or(snapshot_->config->server.reload_guard);
  if (!wish.who.empty()) {
    boost::json::object facts{{"generation", generation_ + 1}, {"guard", format_duration(time)}};
    if (!wish.reason.empty()) facts["reason"] = wish.reason;
    auto recorded = audit_->record(std::chrono::system_clock::now(), wish.who, "reload", facts);
    if (!recorded) return recorded.error();
  }
  if (time.count() == 0) {
    return AfterReload([this](const ReloadOutcome&, std::uint64_t) {
      guard_->supersede();
      return_point_.reset();
    });
  }
  if (!guard_->watching() || !return_point_)
    return_point_ = ReturnPoint{snapshot_->config, files_in_force_, splits_->entries(), overrides_};
  return AfterReload(
      [this, time, asked = wish.guard.has_value()](ReloadOutcome& outcome, std::uint64_t generation) {
        WatchedReload watched;
        watched.generation = generation;
        watched.time = time;
        watched.touched = config::touched_routes(*return_point_->config, *snapshot_->config,
                                                 changed_files(return_point_->files, files_in_force_));
        if (asked || watched.touched.any()) outcome.guard = guard_->watch(std::move(watched));
      });
}

/// As a reload to what was there before. The files stay as they are, and --watch goes on comparing them with what was
/// read last: it does not load them again before they change.
void Supervisor::take_back(const std::string& why,
                           const std::function<void(const Result<std::uint64_t>&)>& done) {
  const auto point = std::make_shared<const ReturnPoint>(*return_point_);
  reloading_ = true;
  notifier_.reloading();
  const auto before_it = [this, point]() -> Result<AfterReload> {
    for (const std::string& phrase : splits_->put_back(point->weights, *point->config, *snapshot_->config,
                                                       std::chrono::system_clock::now()))
      observe::log(config::LogLevel::warn, "{}", phrase);
    overrides_.put_back(point->overrides, *snapshot_->config);
    return AfterReload();
  };
  bring(point->config, point->files, before_it, [this, why, done](const ReloadOutcome& outcome) {
    return_point_.reset();
    last_reload_success_ = false;
    if (outcome.ok) last_reload_error_ = "taken back: " + why;
    if (outcome.ok && state_ == RunState::ready) notifier_.ready("ready; the last reload was taken back");
    if (outcome.ok) return done(outcome.generation);
    done(self_error(ErrorKind::internal, outcome.problems.empty() ? "" : outcome.problems.front()));
  });
}

GuardHost Supervisor::guard_host() {
  GuardHost host;
  host.count = [this](const std::function<void(const RouteCounts&)>& done) { count_requests(done); };
  host.name_id = [this](const std::string& name) { return names_.find(name); };
  host.reloading = [this] { return reloading_ || is_ending(); };
  host.take_back = [this](const std::string& why,
                          const std::function<void(const Result<std::uint64_t>&)>& done) {
    take_back(why, done);
  };
  return host;
}

void Supervisor::count_requests(const std::function<void(const RouteCounts&)>& done) {
  struct Sum {
    RouteCounts counts;
    std::size_t missing;
  };
  const auto sum = std::make_shared<Sum>(Sum{{}, workers_.size()});
  for (const auto& worker : workers_) {
    const auto counts = std::make_shared<RouteCounts>();
    const auto place = std::make_shared<std::size_t>(0);
    auto some = [&worker = *worker, counts, place] {
      return count_some(worker.metrics(), *place, series_per_turn, *counts);
    };
    auto ended = [this, counts, sum, done](bool) {
      boost::asio::post(context_, [counts, sum, done] {
        for (const auto& [route, count] : *counts) sum->counts[route] += count;
        if (--sum->missing == 0) done(sum->counts);
      });
    };
    worker->post([&worker = *worker, some, ended] { worker.in_turns(some, ended); });
  }
}

}  // namespace weir::control
