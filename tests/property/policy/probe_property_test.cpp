// An endpoint that hangs: whatever the response timeout is, and however its clients come and go, its ejection is
// repeated as soon as the first probe that waits for its end has failed, and only few requests meet it until then.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/rng.hpp"
#include "health/passive.hpp"

namespace weir::health {
namespace {

constexpr TimePoint start{std::chrono::hours(1)};

struct Waiting {
  Ticket ticket;
  TimePoint ends;
  bool fails = false;  // otherwise its client leaves before
};

class HungEndpoint {
 public:
  explicit HungEndpoint(std::uint64_t seed)
      : rng_(seed), response_timeout_(Milliseconds(1 + rng_() % 300'000)), leave_percent_(rng_() % 60) {
    settings_.consecutive_failures = 1;
    health_.report_failure(settings_, now_, true, health_.ticket());
  }

  /// Until it is ejected once more.
  void run_once() {
    now_ = health_.ejected_until();
    const unsigned row = health_.ejections_in_row();
    std::vector<Waiting> probes;
    TimePoint bound = TimePoint::max();  // when the first probe fails whose client stays
    std::size_t left_early = 0;
    for (;;) {
      const auto next = std::min_element(probes.begin(), probes.end(),
                                         [](const Waiting& a, const Waiting& b) { return a.ends < b.ends; });
      now_ += Milliseconds(1 + rng_() % 2'000);
      if (next != probes.end() && next->ends <= now_) {
        const Waiting over = *next;
        probes.erase(next);
        now_ = over.ends;
        if (over.fails) {
          ASSERT_EQ(health_.report_failure(settings_, now_, true, over.ticket), Change::re_ejected);
          break;
        }
        health_.abandon_probe(now_, over.ticket);
        ++left_early;
      }
      Waiting probe;
      if (!health_.claim_probe(now_, probe.ticket)) continue;
      probe.fails = rng_() % 100 >= leave_percent_;
      probe.ends =
          now_ + (probe.fails ? response_timeout_ : response_timeout_ * static_cast<int>(rng_() % 100) / 100);
      if (probe.fails && bound == TimePoint::max()) bound = probe.ends;
      probes.push_back(probe);
      const auto overlap = static_cast<std::size_t>(response_timeout_ / PassiveHealth::probe_patience);
      ASSERT_LE(probes.size(), overlap + 1 + left_early);
    }
    ASSERT_EQ(now_, bound);
    ASSERT_EQ(health_.ejections_in_row(), std::min(row + 1, PassiveHealth::in_row_max));
    ASSERT_EQ(health_.ejected_until(),
              std::chrono::ceil<Milliseconds>(now_ + ejection_time(settings_, row + 1)));
    for (const Waiting& late : probes) {
      ASSERT_EQ(health_.report_failure(settings_, late.ends, true, late.ticket), Change::none);
      health_.abandon_probe(late.ends, late.ticket);
    }
    ASSERT_EQ(health_.state(), State::ejected);
  }

 private:
  Rng rng_;
  config::PassiveHealth settings_;
  const Milliseconds response_timeout_;
  const std::uint64_t leave_percent_;
  PassiveHealth health_;
  TimePoint now_ = start;
};

TEST(ProbeProperty, AHungEndpointIsEjectedAgainByTheFirstProbeThatTimesOut) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    HungEndpoint endpoint(seed);
    for (int i = 0; i < 10; ++i) ASSERT_NO_FATAL_FAILURE(endpoint.run_once());
  }
}

}  // namespace
}  // namespace weir::health
