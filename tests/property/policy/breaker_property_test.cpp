// The breaker of an upstream against what its documentation says, written down once more without bit fields: random
// outcomes, a random clock, several endpoints, late reports. Never more than max_ejection_percent out, never all, no
// ejection below min_requests, ejections as long as they must be, and outdated tickets change nothing.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/ejection.hpp"

namespace weir::upstream {
namespace {

using health::Change;
using health::State;

struct Outcome {
  TimePoint at;
  bool failed;
};

struct Model {
  State state = State::healthy;
  std::uint64_t failures = 0;  // in a row
  TimePoint failing_since{};
  bool beyond_cap = false;  // when it went
  TimePoint until{};
  std::uint16_t epoch = 0;
  unsigned in_row = 0;
  TimePoint since{};  // in service
  std::uint16_t due_for = 0;
  TimePoint due_at{};
  std::deque<Outcome> outcomes;  // of this epoch
};

struct Request {
  std::size_t endpoint;
  health::Ticket ticket;
};

config::PassiveHealth random_settings(Rng& rng) {
  config::PassiveHealth settings;
  settings.consecutive_failures = static_cast<std::uint32_t>(rng() % 5);
  settings.failure_rate = rng() % 2 == 0 ? 0 : static_cast<unsigned>(20 + rng() % 81);
  settings.min_requests = static_cast<std::uint32_t>(1 + rng() % 12);
  settings.window = Milliseconds(200 + rng() % 400);
  settings.ejection_time = Milliseconds(50 + rng() % 100);
  settings.max_ejection_time = settings.ejection_time * (1 + rng() % 6);
  settings.max_ejection_percent = static_cast<unsigned>(1 + rng() % 100);
  return settings;
}

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed)
      : rng_(seed),
        endpoints_(std::vector<std::uint32_t>(1 + rng_() % 6, 1)),
        models_(endpoints_.size()),
        settings_(random_settings(rng_)),
        failure_share_(1 + rng_() % 9),
        kinds_(1 + rng_() % 4) {}

  void step() {
    now_ += Milliseconds(rng_() % 500 == 0 ? rng_() % 2000 : rng_() % 10);
    if (requests_.size() < 30 && rng_() % 2 == 0) return send();
    if (requests_.empty()) return;
    std::swap(requests_[rng_() % requests_.size()], requests_.back());
    const Request request = requests_.back();
    requests_.pop_back();
    balance::release(endpoints_[request.endpoint]);
    if (rng_() % 20 == 0) return abandon(request);
    if (rng_() % 10 < failure_share_) return fail(request);
    succeed(request);
  }

  void check() {
    std::size_t out = 0, beyond = 0;
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const Model& model = models_[i];
      ASSERT_EQ(endpoints_[i].health.state(), model.state) << i;
      ASSERT_EQ(endpoints_[i].health.consecutive_failures(), model.failures) << i;
      ASSERT_EQ(endpoints_[i].health.ejections_in_row(), model.in_row) << i;
      out += model.state == State::healthy ? 0 : 1;
      beyond += model.state != State::healthy && model.beyond_cap ? 1 : 0;
    }
    ASSERT_LT(out, models_.size()) << "one always stays";
    ASSERT_LE(out - beyond, out_max(settings_, models_.size()));
  }

  int ejections = 0, held = 0, by_rate = 0, shared_causes = 0, recoveries = 0, readmissions = 0,
      beyond_cap = 0;

 private:
  void send() {
    const balance::Pick pick =
        balance::acquire(config::Balance::least_connections, shared_, endpoints_.candidates(),
                         balance::asking(now_, rng_() % 4 == 0 ? rng_() & 0xf : 0));
    if (pick.index == balance::none) return;
    Model& model = models_[pick.index];
    if (pick.ticket.probe) {
      ASSERT_EQ(model.state, State::ejected);
      ASSERT_GE(now_, model.until);
      model.state = State::half_open;
    }
    ASSERT_EQ(pick.ticket.epoch, model.epoch);
    requests_.push_back({pick.index, pick.ticket});
  }

  bool is_probe(const Request& request) const {
    const Model& model = models_[request.endpoint];
    return request.ticket.probe && request.ticket.epoch == model.epoch && model.state == State::half_open;
  }
  bool judges(const Request& request) const {
    const Model& model = models_[request.endpoint];
    return request.ticket.epoch == model.epoch && model.state == State::healthy;
  }

  void out(Model& model, unsigned in_row, Milliseconds time) {
    model.state = State::ejected;
    model.failures = 0;
    model.in_row = in_row;
    model.until = now_ + time;
    ++model.epoch;
    model.outcomes.clear();
  }

  Milliseconds time_of(unsigned in_row) const {
    double factor = 1;
    for (unsigned i = 1; i < in_row; ++i) factor *= 2;
    const double wanted = static_cast<double>(settings_.ejection_time.count()) * factor;
    if (wanted >= static_cast<double>(settings_.max_ejection_time.count()))
      return settings_.max_ejection_time;
    return Milliseconds(static_cast<Milliseconds::rep>(wanted));
  }

  void abandon(const Request& request) {
    endpoints_[request.endpoint].health.abandon_probe(now_, request.ticket);
    Model& model = models_[request.endpoint];
    if (!is_probe(request)) return;
    model.state = State::ejected;
    model.until = now_;
  }

  void succeed(const Request& request) {
    Model& model = models_[request.endpoint];
    const Verdict verdict = report_success(endpoints_.candidates(), endpoints_[request.endpoint], settings_,
                                           now_, request.ticket);
    const bool recovers = is_probe(request);
    ASSERT_EQ(verdict.change, recovers ? Change::recovered : Change::none);
    if (recovers) {
      ++recoveries;
      model.state = State::healthy;
      model.since = now_;
      model.due_for = 0;
    } else if (judges(request)) {
      if (model.failures != 0) model.due_for = 0;
      model.failures = 0;
      model.outcomes.push_back({now_, false});
    }
  }

  /// Between what 7/8 of the window hold and what all of it holds.
  void check_counts(const Model& model, const health::OutcomeWindow::Counts& counts) {
    std::uint32_t least = 0, most = 0, failures_most = 0;
    for (const Outcome& outcome : model.outcomes) {
      const Duration age = now_ - outcome.at;
      if (age <= Duration(settings_.window) * 7 / 8 - Milliseconds(8)) ++least;
      if (age <= settings_.window) ++most;
      if (age <= settings_.window && outcome.failed) ++failures_most;
    }
    ASSERT_GE(counts.requests, least);
    ASSERT_LE(counts.requests, most);
    ASSERT_LE(counts.failures, failures_most);
  }

  void fail(const Request& request) {
    Model& model = models_[request.endpoint];
    constexpr std::uint16_t kinds[] = {config::failure_connect, config::failure_503, config::failure_timeout,
                                       config::failure_500};
    const std::uint16_t bit = kinds[rng_() % kinds_];
    const FailedAttempt failed{health::Cause(ErrorKind::upstream_reset), bit};
    const bool shared_cause = shared_cause_for_ == bit && shared_cause_at_ >= now_ - settings_.window;
    const bool off = settings_.consecutive_failures == 0 && settings_.failure_rate == 0;
    const bool probe = is_probe(request), current = judges(request);
    const Verdict verdict =
        report_failure(shared_.ejections, endpoints_.candidates(), endpoints_[request.endpoint], settings_,
                       now_, request.ticket, failed);
    if (probe) {
      ASSERT_EQ(verdict.change, off ? Change::recovered : Change::re_ejected);
      const unsigned in_row =
          std::min(model.in_row + (shared_cause ? 0 : 1), health::PassiveHealth::in_row_max);
      out(model, in_row, time_of(in_row));
      model.due_for = bit;
      model.due_at = now_;
      ASSERT_EQ(verdict.ejected_for, model.until - now_);
      return;
    }
    if (!current) {
      ASSERT_EQ(verdict.reason, Reason::none) << "an outdated ticket changes nothing";
      return;
    }
    if (off) {
      ASSERT_EQ(verdict.reason, Reason::none);
      return;
    }
    if (++model.failures == 1) model.failing_since = now_;
    model.outcomes.push_back({now_, true});
    if (settings_.failure_rate != 0) {
      ASSERT_NO_FATAL_FAILURE(check_counts(model, verdict.counts));
    }
    judge(request, verdict, bit, shared_cause);
  }

  void judge(const Request& request, const Verdict& verdict, std::uint16_t bit, bool shared_cause) {
    Model& model = models_[request.endpoint];
    const bool by_row =
        settings_.consecutive_failures != 0 && model.failures >= settings_.consecutive_failures;
    const bool rate_due = settings_.failure_rate != 0 && verdict.counts.requests >= settings_.min_requests &&
                          verdict.counts.failures * 100 >= settings_.failure_rate * verdict.counts.requests;
    ASSERT_EQ(verdict.reason, by_row     ? Reason::consecutive_failures
                              : rate_due ? Reason::failure_rate
                                         : Reason::none);
    if (!by_row && !rate_due) {
      ASSERT_EQ(verdict.change, Change::none);
      return;
    }
    const bool status = bit == config::failure_503 || bit == config::failure_500;
    const bool known = model.due_for == bit && model.due_at >= now_ - settings_.window;
    model.due_for = bit;
    model.due_at = now_;
    std::size_t alike = 0, others = 0, ejected = 0, serving = 0;
    for (const Model& each : models_) {
      alike += each.due_for == bit && each.due_at >= now_ - settings_.window ? 1 : 0;
      others += &each != &model && each.state == State::healthy ? 1 : 0;
      ejected += each.state == State::healthy ? 0 : 1;
      serving += &each != &model && each.state == State::healthy && each.failures == 0 ? 1 : 0;
    }
    const bool capped =
        ejected + 1 > std::max<std::size_t>(models_.size() * settings_.max_ejection_percent / 100, 1);
    const bool only_failures = serving != 0 && now_ - model.failing_since >= settings_.window;
    Held expected = Held::none;
    if (shared_cause || (alike >= 2 && alike * 2 > models_.size())) {
      expected = Held::shared_cause;
    } else if (others == 0) {
      expected = Held::last_endpoint;
    } else if (capped && !only_failures) {
      expected = Held::max_ejection_percent;
    }
    ASSERT_EQ(verdict.held, expected);
    ASSERT_EQ(verdict.change, expected == Held::none ? Change::ejected : Change::none);
    if (expected == Held::shared_cause && !shared_cause) {
      shared_cause_for_ = bit;
      shared_cause_at_ = now_;
      ++shared_causes;
    }
    const bool all = alike >= 2 && alike == models_.size() && ejected != 0;
    const bool readmit = expected == Held::shared_cause && status && all && !(shared_cause && known);
    ASSERT_EQ(verdict.readmitted, readmit ? ejected : 0);
    if (readmit) put_back();
    if (expected != Held::none) {
      ++held;
      return;
    }
    model.beyond_cap = capped;
    beyond_cap += capped ? 1 : 0;
    ++ejections;
    by_rate += by_row ? 0 : 1;
    const auto steps = (now_ - model.since) / settings_.ejection_time;
    const auto left = std::max<std::int64_t>(static_cast<std::int64_t>(model.in_row) - steps, 0);
    const auto in_row = std::min(static_cast<unsigned>(left) + 1, health::PassiveHealth::in_row_max);
    out(model, in_row, time_of(in_row));
    ASSERT_EQ(endpoints_[request.endpoint].health.ejected_until(), model.until);
    ASSERT_GE(verdict.ejected_for, settings_.ejection_time);
    ASSERT_LE(verdict.ejected_for, settings_.max_ejection_time);
    ASSERT_EQ(verdict.in_row, in_row);
    ASSERT_EQ(verdict.usable, others);
  }

  void put_back() {
    ++readmissions;
    for (Model& each : models_) {
      if (each.state == State::healthy) continue;
      each.state = State::healthy;
      --each.in_row;
      ++each.epoch;
      each.outcomes.clear();
    }
  }

  Rng rng_;
  Endpoints endpoints_;
  std::vector<Model> models_;
  config::PassiveHealth settings_;
  const std::uint64_t failure_share_, kinds_;
  balance::Shared shared_;
  TimePoint now_ = time_zero;
  std::vector<Request> requests_;
  std::uint16_t shared_cause_for_ = 0;
  TimePoint shared_cause_at_{};
};

TEST(BreakerProperty, FollowsItsDocumentation) {
  int ejections = 0, held = 0, by_rate = 0, shared_causes = 0, recoveries = 0, readmissions = 0,
      beyond_cap = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed);
    for (int step = 0; step < 1000; ++step) {
      run.step();
      if (testing::Test::HasFatalFailure()) FAIL() << "step " << step;
      ASSERT_NO_FATAL_FAILURE(run.check()) << "step " << step;
    }
    ejections += run.ejections;
    held += run.held;
    by_rate += run.by_rate;
    shared_causes += run.shared_causes;
    recoveries += run.recoveries;
    readmissions += run.readmissions;
    beyond_cap += run.beyond_cap;
  }
  // The runs have seen everything that there is.
  EXPECT_GT(ejections, 500);
  EXPECT_GT(held, 500);
  EXPECT_GT(by_rate, 100);
  EXPECT_GT(shared_causes, 100);
  EXPECT_GT(recoveries, 500);
  EXPECT_GT(readmissions, 50);
  EXPECT_GT(beyond_cap, 0);
}

}  // namespace
}  // namespace weir::upstream
