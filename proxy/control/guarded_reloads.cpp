#include "control/guarded_reloads.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "admin/request_body.hpp"
#include "admin/verb_request.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

constexpr std::size_t series_per_turn = 512;  // that one turn of a worker looks at

}  // namespace

GuardedReloads::GuardedReloads(const Parts& parts)
    : parts_(parts), guard_(parts.context, parts.audit, host()) {
  parts_.reloader.set_before(
      [this](const ReloadWish& wish, const Reloader::Go& go) { before_reload(wish, go); });
}

GuardHost GuardedReloads::host() {
  GuardHost host;
  host.count = [this](const std::function<void(const RouteCounts&)>& done) { count(done); };
  host.name_id = [this](const std::string& name) { return parts_.names.find(name); };
  host.reloading = [this] { return parts_.reloader.is_reloading() || parts_.serving.is_ending(); };
  host.take_back = [this](const std::string& why,
                          const std::function<void(const Result<std::uint64_t>&)>& done) {
    take_back(why, done);
  };
  host.ended = [this] { return_point_.reset(); };
  return host;
}

void GuardedReloads::reload(const ReloadCall& call, const Reply<ReloadOutcome>& reply) {
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
  parts_.reloader.reload(wish, reply);
}

Result<void> GuardedReloads::audit(const ReloadWish& wish, Milliseconds time) const {
  if (wish.who.empty()) return {};
  boost::json::object facts{{"generation", parts_.serving.generation() + 1},
                            {"guard", format_duration(time)}};
  if (!wish.reason.empty()) facts["reason"] = wish.reason;
  return parts_.audit.record(std::chrono::system_clock::now(), wish.who, "reload", facts);
}

/// The past of a watched reload ends before it begins. One that comes while another one is watched returns to what was
/// there before both: the first one was not judged.
void GuardedReloads::before_reload(const ReloadWish& wish, const Reloader::Go& go) {
  const Milliseconds time = wish.guard.value_or(parts_.serving.snapshot()->config->server.reload_guard);
  if (const auto recorded = audit(wish, time); !recorded) return go(recorded.error());
  if (time.count() == 0) {
    return go(Reloader::Installed(
        [this](const ReloadOutcome&, std::uint64_t) { guard_.supersede("is not watched"); }));
  }
  guard_.end_past([this, time, asked = wish.guard.has_value(), go] {
    // With the reload: the verdict on the one before may come until the workers have it.
    const auto point = std::make_shared<const ReturnPoint>(
        guard_.watching() && return_point_
            ? *return_point_
            : ReturnPoint{parts_.serving.snapshot()->config, parts_.reloader.files_in_force(),
                          parts_.splits.store().entries(), parts_.endpoints.overrides()});
    go(Reloader::Installed([this, time, asked, point](ReloadOutcome& outcome, std::uint64_t generation) {
      return_point_ = *point;
      watch(time, asked, outcome, generation);
    }));
  });
}

/// A reload that changed nothing needs no watching, but where a verdict was asked for. Nor does one that took the
/// watched one back: what failed meanwhile says nothing about the configuration that is in force.
void GuardedReloads::watch(Milliseconds time, bool asked, ReloadOutcome& outcome, std::uint64_t generation) {
  WatchedReload watched;
  watched.generation = generation;
  watched.time = time;
  watched.touched =
      config::touched_routes(*return_point_->config, *parts_.serving.snapshot()->config,
                             changed_files(return_point_->files, parts_.reloader.files_in_force()));
  if (asked || watched.touched.any()) {
    outcome.guard = guard_.watch(std::move(watched));
  } else {
    guard_.supersede("put back what was there before it");
  }
  if (!guard_.watching()) return_point_.reset();
}

void GuardedReloads::take_back(const std::string& why,
                               const std::function<void(const Result<std::uint64_t>&)>& done) {
  const auto point = std::make_shared<const ReturnPoint>(*return_point_);
  const auto put_back = [this, point] {
    const auto now = parts_.serving.snapshot()->config;
    parts_.splits.put_back(point->weights, *point->config, *now);
    parts_.endpoints.put_back(point->overrides, *now);
  };
  parts_.reloader.bring_back(
      point->config, point->files, why, put_back, [done](const ReloadOutcome& outcome) {
        if (outcome.ok) return done(outcome.generation);
        done(self_error(ErrorKind::internal, outcome.problems.empty() ? "" : outcome.problems.front()));
      });
}

void GuardedReloads::count(const std::function<void(const RouteCounts&)>& done) const {
  struct Sum {
    RouteCounts counts;
    std::size_t missing = 0;
  };
  const auto sum = std::make_shared<Sum>(Sum{{}, parts_.serving.workers().size()});
  parts_.serving.post([&context = parts_.context, sum, done](server::Worker& worker) {
    const auto counts = std::make_shared<RouteCounts>();
    const auto place = std::make_shared<std::size_t>(0);
    auto some = [&worker, counts, place] {
      return count_some(worker.metrics(), *place, series_per_turn, *counts);
    };
    auto ended = [&context, counts, sum, done](bool) {
      boost::asio::post(context, [counts, sum, done] {
        for (const auto& [route, count] : *counts) sum->counts[route] += count;
        if (--sum->missing == 0) done(sum->counts);
      });
    };
    worker.in_turns(some, ended);
  });
}

}  // namespace weir::control
