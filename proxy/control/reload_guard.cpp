#include "control/reload_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "core/units.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"
#include "rollout/wording.hpp"

namespace weir::control {
namespace {

using State = GuardReport::State;

void emit(std::string_view kind, config::LogLevel level, std::string text) {
  observe::Event event;
  event.kind = kind;
  event.level = level;
  event.text = std::move(text);
  observe::emit(std::move(event));
}

rollout::RequestCount count_of(const RouteCounts& counts, observe::NameId route) {
  const auto found = counts.find(route);
  return found == counts.end() ? rollout::RequestCount{} : found->second;
}

}  // namespace

ReloadGuard::ReloadGuard(boost::asio::io_context& io, AuditLog& audit, GuardHost host)
    : audit_(audit), host_(std::move(host)), past_timer_(io), look_timer_(io) {}

void ReloadGuard::start() {
  past_timer_.expires_after(RequestHistory::stretch);
  past_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    start();
    if (!watching()) keep_past();
  });
}

void ReloadGuard::stop() {
  past_timer_.cancel();
  look_timer_.cancel();
}

void ReloadGuard::keep_past() {
  host_.count([this](const RouteCounts& totals) {
    if (!watching()) history_.add(totals);
  });
}

void ReloadGuard::end_past(const std::function<void()>& done) {
  if (watching()) return done();
  host_.count([this, done](const RouteCounts& totals) {
    if (!watching()) history_.add(totals);
    done();
  });
}

GuardReport ReloadGuard::watch(WatchedReload reload) {
  look_timer_.cancel();
  reload_ = std::move(reload);
  report_ = {};
  report_.state = State::watching;
  report_.generation = reload_.generation;
  report_.since = std::chrono::system_clock::now();
  report_.until = report_.since + reload_.time;
  began_ = Clock::now();
  shared_said_ = false;
  const std::uint64_t turn = ++turn_;
  host_.count([this, turn](const RouteCounts& totals) {
    if (turn == turn_ && watching()) begin(totals);
  });
  return report_;
}

/// `totals` are what came up to now.
void ReloadGuard::begin(const RouteCounts& totals) {
  totals_ = totals;
  if (!reload_.touched.any()) return end(State::kept, "nothing that requests pass was changed");
  judged_ = past_of(reload_.touched);
  std::vector<rollout::RequestCount> control;
  for (const std::string& route : reload_.touched.kept) {
    const auto stretches = history_.of(host_.name_id(route));
    control.resize(std::max(control.size(), stretches.size()));
    for (std::size_t i = 0; i < stretches.size(); ++i) control[i] += stretches[i];
  }
  control_ = past(control);
  if (judged_.empty())
    return end(State::kept,
               "the routes that it touched had no requests before it that others could be compared with");
  looks_ =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(reload_.time / look_interval_min, 1, looks_max));
  looked_ = 0;
  arm();
}

/// New routes have no past of their own: theirs is that of all.
std::vector<rollout::JudgedRoutes> ReloadGuard::past_of(const config::TouchedRoutes& touched) const {
  std::vector<rollout::JudgedRoutes> judged;
  for (const std::string& route : touched.changed) {
    const auto counts = past(history_.of(host_.name_id(route)));
    if (counts.before.requests != 0) judged.push_back({"route " + route, counts});
  }
  if (touched.added.empty()) return judged;
  const auto counts = past(history_.of_all());
  const std::string name =
      touched.added.size() == 1 ? "the new route " + touched.added.front() : "the new routes";
  if (counts.before.requests != 0) judged.push_back({name, counts});
  return judged;
}

rollout::BeforeAfter ReloadGuard::past(const std::vector<rollout::RequestCount>& stretches) const {
  rollout::BeforeAfter counts;
  for (const rollout::RequestCount& each : stretches) counts.before += each;
  counts.dispersion = rollout::dispersion(stretches);
  return counts;
}

void ReloadGuard::arm() {
  look_timer_.expires_at(began_ + reload_.time * (looked_ + 1) / looks_);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void ReloadGuard::look() {
  if (host_.reloading()) {  // which will be watched in its place, or refused
    look_timer_.expires_after(look_interval_min);
    look_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) look();
    });
    return;
  }
  host_.count([this, turn = turn_](const RouteCounts& totals) {
    if (turn == turn_ && watching() && !host_.reloading()) judge(totals);
    if (turn == turn_ && watching() && host_.reloading()) look();
  });
}

void ReloadGuard::judge(const RouteCounts& totals) {
  fill_in(difference(totals, totals_));
  ++looked_;
  const rollout::ReloadVerdict verdict = rollout::judge_reload(judged_, control_, looks_);
  if (verdict.take_back) return take_back(verdict);
  if (verdict.shared && !std::exchange(shared_said_, true)) {
    emit("reload_guard_shared_cause", config::LogLevel::warn,
         fmt::format(
             "generation {}: {} Routes that the reload did not touch fail more often, too, so it stays while "
             "they do",
             reload_.generation, rollout::evidence_sentence(judged_[verdict.worst], verdict)));
  }
  if (looked_ < looks_) return arm();
  end(State::kept, rollout::kept_sentence(judged_, reload_.time) +
                       (verdict.shared ? "; routes that it did not touch fail more often, too" : ""));
}

/// What came since the reload, to each of those that are judged.
void ReloadGuard::fill_in(const RouteCounts& came) {
  const auto sum_of = [&](const std::vector<std::string>& routes) {
    rollout::RequestCount sum;
    for (const std::string& route : routes) sum += count_of(came, host_.name_id(route));
    return sum;
  };
  std::size_t at = 0;
  for (const std::string& route : reload_.touched.changed) {
    if (at < judged_.size() && judged_[at].name == "route " + route)
      judged_[at++].counts.after = sum_of({route});
  }
  if (at < judged_.size()) judged_[at].counts.after = sum_of(reload_.touched.added);
  control_.after = sum_of(reload_.touched.kept);
}

void ReloadGuard::take_back(const rollout::ReloadVerdict& verdict) {
  const std::string sentence = rollout::evidence_sentence(judged_[verdict.worst], verdict);
  const std::string after =
      rollout::how_long(std::chrono::duration_cast<Milliseconds>(Clock::now() - began_));
  const std::uint64_t turn = ++turn_;
  host_.take_back(sentence, [this, turn, sentence, after](const Result<std::uint64_t>& returned) {
    if (turn != turn_) return;
    if (!returned) {
      end(State::failed, sentence + " It could not be taken back: " + returned.error().detail);
      return;
    }
    end(State::taken_back,
        fmt::format("taken back after {}: {} Generation {} has the configuration before it", after, sentence,
                    *returned));
  });
}

void ReloadGuard::end(State state, std::string text) {
  look_timer_.cancel();
  report_.state = state;
  report_.text = std::move(text);
  host_.ended();
  // What failed under a configuration that is gone is no past of the next one.
  host_.count([this, kept = state == State::kept](const RouteCounts& totals) {
    if (watching()) return;
    if (kept) return history_.add(totals);
    history_.skip(totals);
  });
  const bool bad = state == State::taken_back || state == State::failed;
  std::uint64_t Verdicts::*const counter = state == State::kept         ? &Verdicts::kept
                                           : state == State::taken_back ? &Verdicts::taken_back
                                           : state == State::superseded ? &Verdicts::superseded
                                                                        : &Verdicts::failed;
  ++(verdicts_.*counter);
  const std::string kind = "reload_" + std::string(name_of(state));
  emit(kind, bad ? config::LogLevel::error : config::LogLevel::info,
       fmt::format("generation {}: {}", report_.generation, report_.text));
  if (!bad) return;
  const auto recorded =
      audit_.record(std::chrono::system_clock::now(), "weir", kind,
                    boost::json::object{{"generation", report_.generation}, {"reason", report_.text}});
  if (!recorded) observe::log(config::LogLevel::error, "audit: {}", recorded.error().detail);
}

void ReloadGuard::supersede(std::string_view why) {
  if (!watching()) return;
  ++turn_;
  end(State::superseded, "another reload came, which " + std::string(why));
}

}  // namespace weir::control
