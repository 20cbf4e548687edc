// Requests with retries against endpoints of which some are bad and URLs of which some are: a bad URL alone never takes
// an endpoint out, a bad endpoint always goes, whatever else is asked for meanwhile.
#include <gtest/gtest.h>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/pending_failures.hpp"

namespace weir::upstream {
namespace {

constexpr std::uint16_t bit_500 = config::failure_500;

class World {
 public:
  explicit World(std::uint64_t seed)
      : rng_(seed), endpoints_(std::vector<std::uint32_t>(3 + rng_() % 6, 1)), tries_(2 + rng_() % 3) {
    settings_.failures |= bit_500;
    settings_.max_ejection_percent = 50;
  }

  /// What the walk of a request does, without sockets.
  void request(bool bad_url, std::size_t bad_endpoint) {
    now_ += Milliseconds(rng_() % 20);
    balance::PickRequest asked = balance::asking(now_);
    PendingFailures pending;
    bool answered = false;
    for (std::size_t i = 0; i < tries_ && !answered; ++i) {
      asked.random = rng_();
      const balance::Pick pick =
          balance::acquire(config::Balance::least_connections, shared_, endpoints_.candidates(), asked);
      if (pick.index == balance::none) break;
      asked.tried.add(pick.index);
      balance::release(endpoints_[pick.index]);
      if (bad_url || pick.index == bad_endpoint) {
        pending.add({pick.index, pick.ticket, health::Cause::of_status(500), bit_500});
      } else {
        answered = true;
        report_success(endpoints_.candidates(), endpoints_[pick.index], settings_, now_, pick.ticket);
      }
    }
    settle(pending, answered);
  }

  std::size_t ejections() const { return ejections_; }
  std::size_t size() const { return endpoints_.size(); }
  bool usable(std::size_t index) { return endpoints_[index].usable(); }
  std::uint64_t draw() { return rng_(); }

 private:
  void settle(const PendingFailures& pending, bool answered) {
    if (pending.empty()) return;
    if (pending.is_request_failure(answered)) {
      discount(shared_.ejections, endpoints_.candidates(), pending.all(), settings_, now_);
      return;
    }
    for (const PendingFailure& each : pending.all()) {
      const Verdict verdict =
          report_failure(shared_.ejections, endpoints_.candidates(), endpoints_[each.endpoint], settings_,
                         now_, each.ticket, {each.cause, each.failure});
      ejections_ += verdict.change == health::Change::ejected ? 1 : 0;
    }
  }

  Rng rng_;
  Endpoints endpoints_;
  const std::size_t tries_;
  config::PassiveHealth settings_;
  balance::Shared shared_;
  TimePoint now_ = time_zero;
  std::size_t ejections_ = 0;
};

constexpr std::size_t no_endpoint = static_cast<std::size_t>(-1);

TEST(PendingFailuresProperty, ABadUrlEjectsNoEndpoint) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world(seed);
    const std::uint64_t share = 1 + world.draw() % 10;  // tenths of the requests, up to all
    for (int i = 0; i < 300; ++i) world.request(world.draw() % 10 < share, no_endpoint);
    ASSERT_EQ(world.ejections(), 0u) << seed;
  }
}

TEST(PendingFailuresProperty, ABadEndpointGoesWhateverElseIsAskedFor) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world(seed);
    const std::size_t bad = world.draw() % world.size();
    const std::uint64_t share = world.draw() % 8;
    for (int i = 0; i < 1000 && world.ejections() == 0; ++i) world.request(world.draw() % 10 < share, bad);
    ASSERT_EQ(world.ejections(), 1u) << seed;
    ASSERT_FALSE(world.usable(bad)) << seed;
  }
}

}  // namespace
}  // namespace weir::upstream
