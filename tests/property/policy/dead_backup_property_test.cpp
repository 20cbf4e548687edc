// A backup that is dead, in front of it endpoints that fail for a while, in any way: whatever happens, first tries
// never all go to the backup for longer than it takes to see that it fails.
#include <gtest/gtest.h>

#include <algorithm>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/ejection.hpp"

namespace weir::upstream {
namespace {

constexpr FailedAttempt kinds[] = {{health::Cause(ErrorKind::connect_refused), config::failure_connect},
                                   {health::Cause(ErrorKind::upstream_reset), config::failure_reset},
                                   {health::Cause(ErrorKind::response_timeout), config::failure_timeout},
                                   {health::Cause::of_status(503), config::failure_503},
                                   {health::Cause::of_status(502), config::failure_502}};

class DeadBackupRun {
 public:
  explicit DeadBackupRun(std::uint64_t seed) : rng_(seed), endpoints_(weights()) {
    endpoints_.candidate(backup()).backup = true;
    settings_ = ejecting_after(static_cast<std::uint32_t>(1 + rng_() % 4), Milliseconds(500 + rng_() % 5000));
    settings_.max_ejection_time = settings_.ejection_time * (1 + rng_() % 4);
    settings_.max_ejection_percent = static_cast<unsigned>(1 + rng_() % 100);
    settings_.window = Milliseconds(200 + rng_() % 5000);
    rules_ = balance::Rules(config::Upstream{}, endpoints_.candidates());
  }

  void run() {
    for (int step = 0; step < 4000 && !testing::Test::HasFatalFailure(); ++step) {
      if (rng_() % 100 == 0) new_phase();
      now_ += Milliseconds(rng_() % 20);
      request();
    }
  }

  int to_backup = 0;

 private:
  std::vector<std::uint32_t> weights() { return std::vector<std::uint32_t>(3 + rng_() % 4, 1); }
  std::size_t backup() const { return endpoints_.size() - 1; }

  void new_phase() {
    failing_percent_ = rng_() % 3 == 0 ? 0 : 60 + rng_() % 41;
    same_kind_ = rng_() % 2 == 0;
    kind_ = rng_() % std::size(kinds);
  }

  void request() {
    balance::PickRequest asking;
    asking.now = now_;
    asking.random = rng_();
    const balance::Pick pick = balance::acquire(rules_, shared_, endpoints_.candidates(), asking);
    ASSERT_NE(pick.index, balance::none);
    balance::release(endpoints_[pick.index]);
    if (pick.index == backup()) {
      ++to_backup;
      ASSERT_LE(++in_row_, settings_.consecutive_failures);
      fail(pick, kinds[0]);
    } else {
      in_row_ = 0;
      if (rng_() % 100 < failing_percent_) {
        fail(pick, kinds[same_kind_ ? kind_ : rng_() % std::size(kinds)]);
      } else {
        report_success(endpoints_.candidates(), endpoints_[pick.index], settings_, now_, pick.ticket);
      }
    }
    shared_.panic.observe(panicking(endpoints_.candidates()));
  }

  void fail(const balance::Pick& pick, FailedAttempt failed) {
    report_failure(shared_.ejections, endpoints_.candidates(), endpoints_[pick.index], settings_, now_,
                   pick.ticket, failed);
  }

  Rng rng_;
  Endpoints endpoints_;
  balance::Shared shared_;
  balance::Rules rules_;
  config::PassiveHealth settings_;
  TimePoint now_ = time_zero;
  std::uint64_t failing_percent_ = 0;
  bool same_kind_ = false;
  std::size_t kind_ = 0;
  std::uint32_t in_row_ = 0;
};

TEST(DeadBackupProperty, NeverHoldsAllFirstTriesForLong) {
  int to_backup = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    DeadBackupRun run(seed);
    run.run();
    if (testing::Test::HasFatalFailure()) return;
    to_backup += run.to_backup;
  }
  EXPECT_GT(to_backup, 1000) << "it is asked at all";
}

}  // namespace
}  // namespace weir::upstream
