// Endpoints whose passive health gets reports of failures and successes, and the failures that are reported.
#pragma once

#include <gtest/gtest.h>

#include "unit/balance/endpoints.hpp"
#include "upstream/ejection.hpp"
#include "upstream/ejection_text.hpp"

namespace weir::upstream {

inline const FailedAttempt refused{health::Cause(ErrorKind::connect_refused), config::failure_connect};
inline const FailedAttempt reset{health::Cause(ErrorKind::upstream_reset), config::failure_reset};
inline const FailedAttempt busy{health::Cause::of_status(503), config::failure_503};
inline const FailedAttempt slow{health::Cause(ErrorKind::response_timeout), config::failure_timeout};
inline const FailedAttempt odd{health::Cause(ErrorKind::response_malformed),
                               config::failure_invalid_response};

class EjectionTest : public testing::Test {
 protected:
  explicit EjectionTest(std::size_t count = 3) : endpoints_(std::vector<std::uint32_t>(count, 1)) {}

  Verdict fail(std::size_t index, FailedAttempt failed = {}) {
    return report_failure(guard_, endpoints_.candidates(), endpoints_[index], settings_, now_,
                          endpoints_[index].health.ticket(), failed);
  }
  Verdict succeed(std::size_t index) { return succeed(index, endpoints_[index].health.ticket()); }
  Verdict succeed(std::size_t index, health::Ticket ticket) {
    return report_success(endpoints_.candidates(), endpoints_[index], settings_, now_, ticket);
  }
  /// Until something changes or is held.
  Verdict fail_until_due(std::size_t index, FailedAttempt failed = {}) {
    for (int i = 0; i < 10; ++i) {
      const Verdict verdict = fail(index, failed);
      if (verdict.reason != Reason::none) return verdict;
    }
    return {};
  }
  health::Change fail_until_change(std::size_t index) { return fail_until_due(index).change; }
  health::Ticket probe(std::size_t index) {
    now_ = std::max(now_, endpoints_[index].health.ejected_until());
    health::Ticket ticket;
    EXPECT_TRUE(endpoints_[index].health.claim_probe(now_, ticket));
    return ticket;
  }
  std::size_t usable() const { return usable_count(endpoints_.candidates()); }
  std::string text(const Verdict& verdict, std::size_t index) {
    return verdict_text(verdict, settings_, "blue", endpoints_[index].label);
  }

  Endpoints endpoints_;
  EjectionGuard guard_;
  config::PassiveHealth settings_ = ejecting_after(3);
  TimePoint now_ = time_zero;
};

}  // namespace weir::upstream
