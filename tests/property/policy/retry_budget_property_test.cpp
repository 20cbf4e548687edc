// What the retry budget promises about load: whatever fails, and however the load changes, retries are never more than
// `percent` of all requests, and the floor for each ten seconds that have begun.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "upstream/retry_budget.hpp"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

/// Random load in which every try asks for a retry: quiet times, bursts, and a clock that jumps.
class Load {
 public:
  explicit Load(std::uint64_t seed) : random_(seed) {
    settings_.percent = static_cast<unsigned>(random_() % 101);
    settings_.min_per_second = static_cast<std::uint32_t>(random_() % 4);
  }

  void step() {
    now_ += random_() % 8 == 0 ? Milliseconds(random_() % 15'000) : Milliseconds(random_() % 300);
    const std::uint64_t burst = random_() % 5 == 0 ? random_() % 200 : random_() % 10;
    for (std::uint64_t i = 0; i < burst; ++i) {
      budget_.requests_of(random_() % 3).add(now_);
      ++requests_;
      counted_.push_back({second(), true});
    }
    for (std::uint64_t asked = random_() % 100; asked > 0 && budget_.withdraw(settings_, now_); --asked) {
      ++retries_;
      counted_.push_back({second(), false});
      check_window();
    }
  }

  /// Over the whole time.
  void check_total() const {
    const auto windows = static_cast<std::uint64_t>((now_ - begin) / seconds(budget_window_s)) + 1;
    EXPECT_LE(retries_, requests_ * settings_.percent / 100 + retries_allowed(settings_, 0) * (windows + 1));
    if (settings_.percent == 0 && settings_.min_per_second == 0) {
      EXPECT_EQ(retries_, 0u);
    }
  }

 private:
  static constexpr TimePoint begin{seconds(5000)};

  struct Counted {
    std::int64_t second = 0;
    bool request = false;
  };

  std::int64_t second() const { return std::chrono::floor<seconds>(now_.time_since_epoch()).count(); }
  /// The rule written down once more, at the moment of each retry.
  void check_window() {
    while (counted_.front().second <= second() - static_cast<std::int64_t>(budget_window_s)) {
      counted_.pop_front();
    }
    std::uint64_t requests = 0, retries = 0;
    for (const Counted& each : counted_) ++(each.request ? requests : retries);
    ASSERT_LE(retries, requests * settings_.percent / 100 + settings_.min_per_second * budget_window_s);
  }

  std::mt19937_64 random_;
  config::RetryBudget settings_;
  RetryBudget budget_;
  TimePoint now_ = begin;
  std::deque<Counted> counted_;
  std::uint64_t requests_ = 0, retries_ = 0;
};

TEST(RetryBudgetProperty, AmplificationIsBounded) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Load load(seed);
    for (int i = 0; i < 200 && !testing::Test::HasFatalFailure(); ++i) load.step();
    load.check_total();
  }
}

/// 64 clients whose every try fails, with the defaults: a fifth more load, and what the floor adds.
TEST(RetryBudgetProperty, ABrownOutIsNotMadeWorse) {
  const config::RetryBudget settings;
  RetryBudget budget;
  RecentCount& requests = budget.requests_of(0);
  constexpr std::uint64_t seconds_long = 100, rounds_per_second = 40, clients = 64;
  std::uint64_t asked = 0, retries = 0;
  for (std::uint64_t round = 0; round < seconds_long * rounds_per_second; ++round) {
    const TimePoint now = TimePoint{seconds(1)} + Milliseconds(round * 1000 / rounds_per_second);
    for (std::uint64_t i = 0; i < clients; ++i, ++asked) requests.add(now);
    for (std::uint64_t i = 0; i < clients; ++i) retries += budget.withdraw(settings, now) ? 1 : 0;
  }
  EXPECT_LE(retries, asked / 5 + settings.min_per_second * (seconds_long + budget_window_s));
  EXPECT_GE(retries, asked / 6) << "and it is used";
}

}  // namespace
}  // namespace weir::upstream
