#include "upstream/operator_state.hpp"

#include <gtest/gtest.h>

#include <array>

#include "unit/balance/endpoints.hpp"

namespace weir::upstream {
namespace {

constexpr std::array<OperatorState, 3> states{OperatorState::active, OperatorState::drain,
                                              OperatorState::disabled};

TEST(OperatorState, NamesComeBack) {
  for (const OperatorState state : states) EXPECT_EQ(parse_operator_state(name_of(state)), state);
  for (const char* name : {"", "Active", "draining", "disable", "enabled", "healthy", "drain "}) {
    EXPECT_FALSE(parse_operator_state(name)) << name;
  }
}

TEST(OperatorState, EachReplacesEachOther) {
  for (const OperatorState before : states) {
    for (const OperatorState after : states) {
      Endpoints endpoints({1});
      set_operator_state(endpoints[0], before);
      set_operator_state(endpoints[0], after);
      EXPECT_EQ(operator_state(endpoints[0]), after);
      EXPECT_EQ(endpoints[0].taken_out(), after != OperatorState::active);
      EXPECT_EQ(endpoints[0].usable(), after == OperatorState::active);
    }
  }
}

TEST(OperatorState, LeavesAloneWhatOthersSay) {
  Endpoints endpoints({1});
  endpoints[0].out = out_check_failed;
  set_operator_state(endpoints[0], OperatorState::drain);
  EXPECT_EQ(endpoints[0].out, out_check_failed | out_drain);
  set_operator_state(endpoints[0], OperatorState::disabled);
  EXPECT_EQ(endpoints[0].out, out_check_failed | out_disabled);
  set_operator_state(endpoints[0], OperatorState::active);
  EXPECT_EQ(endpoints[0].out, out_check_failed);
  EXPECT_FALSE(endpoints[0].taken_out());
  EXPECT_FALSE(endpoints[0].usable());
}

TEST(OperatorState, IsShownBeforePassiveHealth) {
  Endpoints endpoints({1});
  EXPECT_EQ(shown_state(endpoints[0]), "healthy");
  endpoints.eject(0, time_zero);
  EXPECT_EQ(shown_state(endpoints[0]), "ejected");
  set_operator_state(endpoints[0], OperatorState::drain);
  EXPECT_EQ(shown_state(endpoints[0]), "drain");
  set_operator_state(endpoints[0], OperatorState::disabled);
  EXPECT_EQ(shown_state(endpoints[0]), "disabled");
  set_operator_state(endpoints[0], OperatorState::active);
  health::Ticket probe;
  ASSERT_TRUE(endpoints[0].health.claim_probe(time_zero + std::chrono::seconds(30), probe));
  EXPECT_EQ(shown_state(endpoints[0]), "half_open");
}

TEST(OperatorState, IsShownBeforeChecksAndChecksBeforePassiveHealth) {
  Endpoints endpoints({1});
  endpoints.eject(0, time_zero);
  endpoints[0].out = out_check_pending;
  EXPECT_EQ(shown_state(endpoints[0]), "check_pending");
  endpoints[0].out = out_check_failed;
  EXPECT_EQ(shown_state(endpoints[0]), "check_failed");
  set_operator_state(endpoints[0], OperatorState::drain);
  EXPECT_EQ(shown_state(endpoints[0]), "drain");
  set_operator_state(endpoints[0], OperatorState::active);
  EXPECT_EQ(shown_state(endpoints[0]), "check_failed")
      << "an operator's word leaves that of the checks alone";
}

TEST(OperatorState, AllAreTakenOutOnlyWhenNoneIsLeft) {
  EXPECT_TRUE(all_taken_out({}));
  Endpoints endpoints({1, 1});
  EXPECT_FALSE(all_taken_out(endpoints.candidates()));
  set_operator_state(endpoints[0], OperatorState::drain);
  endpoints.eject(1, time_zero);
  EXPECT_FALSE(all_taken_out(endpoints.candidates())) << "one that is ejected may still be tried";
  set_operator_state(endpoints[1], OperatorState::disabled);
  EXPECT_TRUE(all_taken_out(endpoints.candidates()));
}

}  // namespace
}  // namespace weir::upstream
