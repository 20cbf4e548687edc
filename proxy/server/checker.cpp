#include "server/checker.hpp"

#include <algorithm>
#include <utility>

#include "io/spawn.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"

namespace weir::server {
namespace {

using health::CheckChange;
using health::CheckState;
using upstream::EndpointState;

constexpr std::uint8_t check_bits = upstream::out_check_failed | upstream::out_check_pending;

std::uint8_t bit_of(CheckState state) {
  switch (state) {
    case CheckState::pending:
      return upstream::out_check_pending;
    case CheckState::failing:
      return upstream::out_check_failed;
    case CheckState::passing:
      break;
  }
  return 0;
}

/// Other bits belong to others, so each is set and cleared alone; the endpoint is out in between.
void put_in_force(EndpointState& endpoint, CheckState state) {
  const std::uint8_t bit = bit_of(state);
  if (bit != 0) endpoint.out.fetch_or(bit, std::memory_order_relaxed);
  endpoint.out.fetch_and(static_cast<std::uint8_t>(~(check_bits & ~bit)), std::memory_order_release);
}

/// The address as the configuration writes it.
std::string authority_of(const EndpointRuntime& endpoint) {
  const bool bare_v6 = endpoint.host.find(':') != std::string::npos && !endpoint.host.starts_with('[');
  const std::string host = bare_v6 ? '[' + endpoint.host + ']' : endpoint.host;
  return host + ':' + std::to_string(endpoint.state->address.port);
}

bool asks_the_same(const CheckTarget& a, const CheckTarget& b) {
  return a.settings == b.settings && a.authority == b.authority && a.host == b.host && a.reuse == b.reuse &&
         a.protocol == b.protocol && a.tls_settings == b.tls_settings;
}

std::string times(std::uint32_t count, std::string_view what) {
  return std::to_string(count) + (count == 1 ? " check " : " checks ") + std::string(what);
}

}  // namespace

std::vector<CheckTarget> check_targets(const Snapshot& snapshot) {
  std::vector<CheckTarget> targets;
  for (const UpstreamRuntime& upstream : snapshot.upstreams) {
    if (!upstream.config->health_check) continue;
    for (const EndpointRuntime& endpoint : upstream.endpoints) {
      CheckTarget target;
      target.endpoint = endpoint.state;
      target.host = endpoint.host;
      target.settings = *upstream.config->health_check;
      target.authority = target.settings.host.empty() ? authority_of(endpoint) : target.settings.host;
      target.tls = upstream.tls;
      target.tls_settings = upstream.config->tls;
      target.protocol = upstream.config->protocol;
      target.reuse = upstream.config->keepalive.max_idle != 0;
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

struct Checker::Entry : std::enable_shared_from_this<Entry> {
  Entry(Checker& owner, CheckTarget what, CheckState state)
      : checker(owner),
        target(std::make_shared<const CheckTarget>(std::move(what))),
        health(state),
        prober(owner.reactor_, owner.buffers_) {}

  EndpointState& endpoint() const { return *target->endpoint; }
  bool disabled() const {
    return (endpoint().out.load(std::memory_order_relaxed) & upstream::out_disabled) != 0;
  }

  Checker& checker;
  std::shared_ptr<const CheckTarget> target;
  health::ActiveHealth health;
  Prober prober;
  Timer timer{&Checker::due, this};  // the next check
  TimePoint started{};               // of the last check
  bool running = false;              // or in the queue
  bool retired = false;              // not among the entries any more
  bool discard = false;              // the running check asks what is no longer wanted
  CheckOutcome outcome;              // of the last check
};

Checker::Checker(std::uint64_t seed) : rng_(seed) {}

Checker::~Checker() {
  stop();
}

void Checker::install(const Snapshot& snapshot) {
  std::vector<CheckTarget> targets = check_targets(snapshot);
  if (stopped_ || (targets.empty() && !thread_.joinable())) return;
  Endpoints unchecked;
  for (const UpstreamRuntime& upstream : snapshot.upstreams) {
    if (upstream.config->health_check) continue;
    for (const EndpointRuntime& endpoint : upstream.endpoints) unchecked.push_back(endpoint.state);
  }
  const auto held = std::make_shared<std::vector<CheckTarget>>(std::move(targets));
  reactor_.post([this, held, unchecked = std::move(unchecked)] { take_over(std::move(*held), unchecked); });
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Checker::stop() {
  stopped_ = true;
  if (!thread_.joinable()) return;
  reactor_.stop();
  thread_.join();
}

void Checker::run() {
  reactor_.run();
  queue_.clear();
  for (const auto& [endpoint, entry] : entries_) {
    entry->retired = true;
    entry->timer.disarm();
    entry->prober.cancel();
  }
  const auto some_left = [this] {
    return running_ > 0 || std::ranges::any_of(entries_, [](const auto& each) {
             return !each.second->prober.is_disconnected();
           });
  };
  for (int turn = 0; turn < end_turns_max && some_left(); ++turn) reactor_.run_turn();
  entries_.clear();
}

void Checker::take_over(std::vector<CheckTarget> targets, const Endpoints& unchecked) {
  std::unordered_map<const EndpointState*, EntryPtr> next;
  for (CheckTarget& target : targets) {
    const EndpointState* const endpoint = target.endpoint.get();
    next.emplace(endpoint, entry_for(std::move(target)));
  }
  for (const auto& [endpoint, entry] : entries_) {
    if (!next.contains(endpoint)) retire(*entry);
  }
  entries_ = std::move(next);
  for (const auto& endpoint : unchecked) {
    endpoint->out.fetch_and(static_cast<std::uint8_t>(~check_bits), std::memory_order_release);
  }
  start_waiting();
}

Checker::EntryPtr Checker::entry_for(CheckTarget target) {
  const auto known = entries_.find(target.endpoint.get());
  if (known == entries_.end()) {
    // One without the bit has served so far, and got a check by a reload: it serves on until checks fail.
    const std::uint8_t out = target.endpoint->out.load(std::memory_order_relaxed);
    const CheckState state = (out & upstream::out_check_failed) != 0    ? CheckState::failing
                             : (out & upstream::out_check_pending) != 0 ? CheckState::pending
                                                                        : CheckState::passing;
    auto entry = std::make_shared<Entry>(*this, std::move(target), state);
    put_in_force(entry->endpoint(), entry->health.state());
    publish(*entry, nullptr);
    entry->running = true;
    queue_.push_back(entry);
    return entry;
  }
  EntryPtr entry = known->second;
  const bool same = asks_the_same(*entry->target, target);
  entry->target = std::make_shared<const CheckTarget>(std::move(target));
  if (same) return entry;
  entry->health.restart();
  if (entry->running) {
    entry->discard = true;
    entry->prober.cancel();
  } else {
    entry->prober.disconnect();
    const TimePoint soon = reactor_.now() + health::jittered(entry->target->settings.interval, rng_());
    if (soon < entry->timer.deadline()) reactor_.arm(entry->timer, soon);
  }
  return entry;
}

/// Should the endpoint come back while its state still exists, one that worked has to show that it does, and
/// one that did not is still out.
void Checker::retire(Entry& entry) {
  entry.retired = true;
  entry.timer.disarm();
  entry.prober.cancel();
  if (entry.health.state() != CheckState::failing) put_in_force(entry.endpoint(), CheckState::pending);
  const std::lock_guard lock(mutex_);
  reports_.erase(&entry.endpoint());
}

void Checker::due(void* entry) {
  Entry& self = *static_cast<Entry*>(entry);
  io::Reactor& reactor = self.checker.reactor_;
  reactor.arm(self.timer, reactor.now() + self.target->settings.interval);  // should there be no memory now
  self.checker.queue_.push_back(self.shared_from_this());
  self.running = true;
  self.timer.disarm();
  self.checker.start_waiting();
}

/// It is not checked; once it is enabled it has to show that it works.
void Checker::look_at_disabled(Entry& entry) {
  entry.prober.disconnect();
  if (entry.health.state() != CheckState::pending) {
    entry.health.forget();
    put_in_force(entry.endpoint(), CheckState::pending);
    publish(entry, nullptr);
  }
  reactor_.arm(entry.timer,
               reactor_.now() + std::min(entry.target->settings.interval, disabled_look_interval));
}

/// Checks may end before they wait for anything, and then come here again: that call leaves it to the first.
void Checker::start_waiting() {
  if (std::exchange(starting_, true)) return;
  while (running_ < checks_at_once_max && !queue_.empty()) {
    EntryPtr entry = std::move(queue_.front());
    queue_.pop_front();
    if (entry->retired) continue;
    if (entry->disabled()) {
      entry->running = false;
      look_at_disabled(*entry);
    } else {
      check(entry);
    }
  }
  starting_ = false;
  waiting_.store(queue_.size(), std::memory_order_relaxed);
}

void Checker::check(const EntryPtr& entry) {
  ++running_;
  entry->discard = false;
  entry->started = reactor_.now();
  io::spawn(
      "health check", [entry] { return run_check(entry); },
      [this, entry](bool well) { check_ended(*entry, well); });
}

Task<> Checker::run_check(EntryPtr entry) {
  std::shared_ptr<const CheckTarget> target = entry->target;
  entry->outcome = co_await entry->prober.check(std::move(target));
}

/// `well`: without an exception. A check for which this machine had no memory says nothing about the endpoint.
void Checker::check_ended(Entry& entry, bool well) {
  --running_;
  entry.running = false;
  if (!well) {
    entry.prober.abandon();
    entry.outcome = {CheckResult::skipped, "out of memory", {}};
  }
  if (!entry.retired) {
    schedule(entry);
    try {
      finish(entry);
    } catch (...) {
      io::log_failure("health check", std::current_exception());
    }
  }
  start_waiting();
}

void Checker::finish(Entry& entry) {
  if (std::exchange(entry.discard, false)) return;
  CheckChange change = CheckChange::none;
  if (entry.outcome.result != CheckResult::skipped) {
    change = entry.health.report(entry.outcome.result == CheckResult::passed, entry.target->settings);
  }
  publish(entry, &entry.outcome);
  apply(entry, change, entry.outcome);
}

/// By the start of the last check, so that slow answers do not stretch the interval.
void Checker::schedule(Entry& entry) {
  const TimePoint next = entry.started + health::jittered(entry.target->settings.interval, rng_());
  reactor_.arm(entry.timer, std::max(next, reactor_.now()));
}

void Checker::apply(Entry& entry, CheckChange change, const CheckOutcome& outcome) {
  EndpointState& endpoint = entry.endpoint();
  const std::string name = endpoint.upstream + '/' + endpoint.label;
  const std::uint32_t count = entry.health.in_a_row();
  if (change == CheckChange::none) {
    if (outcome.result == CheckResult::passed) return;
    observe::log(config::LogLevel::debug, "{}: check {}: {}", name,
                 outcome.result == CheckResult::failed ? "failed" : "skipped", outcome.detail);
    return;
  }
  if (change != CheckChange::out) {
    const auto now = std::chrono::floor<Milliseconds>(reactor_.now().time_since_epoch());
    endpoint.serving_since.store(now.count(), std::memory_order_relaxed);
  }
  put_in_force(endpoint, entry.health.state());
  observe::Event event;
  event.upstream = endpoint.upstream;
  event.endpoint = endpoint.label;
  event.kind = change == CheckChange::out ? "check_failed" : "check_passed";
  if (change == CheckChange::out) {
    event.level = config::LogLevel::warn;
    event.text = name + " is out: " + times(count, "failed in a row (") + outcome.detail + ')';
  } else if (change == CheckChange::back) {
    event.text = name + " is back: " + times(count, "passed");
  } else {
    event.text = name + " is in: its first check passed (" + outcome.detail + ')';
  }
  observe::emit(std::move(event));
}

void Checker::publish(const Entry& entry, const CheckOutcome* outcome) {
  const std::lock_guard lock(mutex_);
  CheckReport& report = reports_[&entry.endpoint()];
  report.state = entry.health.state();
  report.in_a_row = entry.health.in_a_row();
  if (outcome == nullptr) return;
  report.ever = true;
  report.last = outcome->result;
  report.detail = outcome->detail;
  report.took = outcome->took;
  report.at = std::chrono::system_clock::now();
  switch (outcome->result) {
    case CheckResult::passed:
      ++report.passed;
      break;
    case CheckResult::failed:
      ++report.failed;
      break;
    case CheckResult::skipped:
      ++report.skipped;
      break;
  }
}

std::optional<CheckReport> Checker::report(const EndpointState& endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto found = reports_.find(&endpoint);
  if (found == reports_.end()) return std::nullopt;
  return found->second;
}

}  // namespace weir::server
