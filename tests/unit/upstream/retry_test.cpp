#include "upstream/retry.hpp"

#include <gtest/gtest.h>

namespace weir::upstream {
namespace {

using http::Method;
using enum RetryDecision;

TryOutcome refused() {
  return {ErrorKind::connect_refused, 0, false, false, false};
}
TryOutcome reset() {
  return {ErrorKind::upstream_reset, 0, true, false, false};
}
TryOutcome reset_before_sending() {
  return {ErrorKind::upstream_reset, 0, false, false, false};
}
TryOutcome reset_mid_head() {
  return {ErrorKind::upstream_reset, 0, true, false, true};
}
TryOutcome stale() {
  return {ErrorKind::upstream_reset, 0, true, true, false};
}
TryOutcome stale_before_sending() {
  return {ErrorKind::upstream_reset, 0, false, true, false};
}
TryOutcome not_looked_at() {
  return {ErrorKind::unprocessed, 0, true, false, false};
}
TryOutcome timed_out() {
  return {ErrorKind::response_timeout, 0, true, false, false};
}
TryOutcome answered(int status) {
  return {ErrorKind::internal, status, true, false, true};
}
TryOutcome failed(ErrorKind kind) {
  return {kind, 0, true, false, true};
}

config::Retry settings(std::uint16_t on = config::failure_connect | config::failure_reset,
                       bool non_idempotent = false) {
  config::Retry made;
  made.on = on;
  made.non_idempotent = non_idempotent;
  return made;
}

RetryState sending(Method method) {
  RetryState state;
  state.method = method;
  return state;
}

struct Case {
  const char* what;
  config::Retry settings;
  TryOutcome outcome;
  RetryState state;
  RetryDecision decision;
};

class Decide : public testing::TestWithParam<Case> {};

TEST_P(Decide, As) {
  EXPECT_EQ(decide_retry(GetParam().settings, GetParam().outcome, GetParam().state), GetParam().decision)
      << GetParam().what;
}

constexpr std::uint16_t everything = 0xff;

INSTANTIATE_TEST_SUITE_P(
    Connecting, Decide,
    testing::Values(
        Case{"safe for GET", settings(), refused(), sending(Method::get), other_endpoint},
        Case{"safe for POST", settings(), refused(), sending(Method::post), other_endpoint},
        Case{"safe for unknown methods", settings(), refused(), sending(Method::other), other_endpoint},
        Case{"a timeout of connect",
             settings(),
             {ErrorKind::connect_timeout, 0, false, false, false},
             sending(Method::post),
             other_endpoint},
        Case{"an untrusted certificate",
             settings(),
             {ErrorKind::tls_certificate, 0, false, false, false},
             sending(Method::post),
             other_endpoint},
        Case{"not named", settings(config::failure_reset), refused(), sending(Method::get), give_up}));

INSTANTIATE_TEST_SUITE_P(
    Resets, Decide,
    testing::Values(Case{"GET", settings(), reset(), sending(Method::get), other_endpoint},
                    Case{"PUT", settings(), reset(), sending(Method::put), other_endpoint},
                    Case{"POST may have been done", settings(), reset(), sending(Method::post), give_up},
                    Case{"unknown methods too", settings(), reset(), sending(Method::other), give_up},
                    Case{"POST by configuration", settings(config::failure_reset, true), reset(),
                         sending(Method::post), other_endpoint},
                    Case{"POST of which nothing was sent", settings(), reset_before_sending(),
                         sending(Method::post), other_endpoint},
                    Case{"not before the response", settings(everything), reset_mid_head(),
                         sending(Method::get), give_up},
                    Case{"not named", settings(config::failure_connect), reset(), sending(Method::get),
                         give_up}));

INSTANTIATE_TEST_SUITE_P(
    Stale, Decide,
    testing::Values(
        Case{"GET", settings(), stale(), sending(Method::get), new_connection},
        Case{"GET, whatever is named", settings(0), stale(), sending(Method::get), new_connection},
        Case{"POST may have been done", settings(), stale(), sending(Method::post), give_up},
        Case{"POST by configuration", settings(0, true), stale(), sending(Method::post), new_connection},
        Case{"POST of which nothing was sent", settings(), stale_before_sending(), sending(Method::post),
             new_connection},
        Case{"bytes came back: it was alive",
             settings(),
             {ErrorKind::upstream_reset, 0, true, true, true},
             sending(Method::get),
             give_up},
        Case{"a timeout is not staleness",
             settings(),
             {ErrorKind::response_timeout, 0, true, true, false},
             sending(Method::get),
             give_up}));

config::Retry no_retries() {
  config::Retry none = settings(0);
  none.attempts = 0;
  return none;
}

INSTANTIATE_TEST_SUITE_P(
    Unprocessed, Decide,
    testing::Values(
        Case{"GET", settings(), not_looked_at(), sending(Method::get), unprocessed},
        Case{"POST was not done either", settings(), not_looked_at(), sending(Method::post), unprocessed},
        Case{"unknown methods", settings(), not_looked_at(), sending(Method::other), unprocessed},
        Case{"whatever the settings", no_retries(), not_looked_at(), sending(Method::post), unprocessed},
        Case{"on a kept connection, too",
             settings(),
             {ErrorKind::unprocessed, 0, true, true, false},
             sending(Method::get),
             unprocessed}));

INSTANTIATE_TEST_SUITE_P(
    TimeoutsAndStatuses, Decide,
    testing::Values(
        Case{"a timeout is not named by default", settings(), timed_out(), sending(Method::get), give_up},
        Case{"named", settings(config::failure_timeout), timed_out(), sending(Method::get), other_endpoint},
        Case{"named, POST", settings(config::failure_timeout), timed_out(), sending(Method::post), give_up},
        Case{"503 is not named by default", settings(), answered(503), sending(Method::get), give_up},
        Case{"503 named", settings(config::failure_503), answered(503), sending(Method::get), other_endpoint},
        Case{"502 is not 503", settings(config::failure_503), answered(502), sending(Method::get), give_up},
        Case{"504 named, POST", settings(config::failure_504), answered(504), sending(Method::post), give_up},
        Case{"504 named, POST by configuration", settings(config::failure_504, true), answered(504),
             sending(Method::post), other_endpoint},
        Case{"500 named", settings(config::failure_500), answered(500), sending(Method::get), other_endpoint},
        Case{"500 is none of the others", settings(0x7f), answered(500), sending(Method::get), give_up},
        Case{"no other status", settings(everything), answered(501), sending(Method::get), give_up},
        Case{"garbage is not named by default", settings(), failed(ErrorKind::response_malformed),
             sending(Method::get), give_up},
        Case{"garbage named", settings(config::failure_invalid_response),
             failed(ErrorKind::response_malformed), sending(Method::get), other_endpoint},
        Case{"garbage named, POST", settings(config::failure_invalid_response),
             failed(ErrorKind::response_malformed), sending(Method::post), give_up},
        Case{"an error of the client", settings(everything), failed(ErrorKind::client_gone),
             sending(Method::get), give_up},
        Case{"the total time is over", settings(everything), failed(ErrorKind::total_timeout),
             sending(Method::get), give_up}));

TEST(DecideBounds, NeverOnceTheResponseStarted) {
  RetryState state = sending(Method::get);
  state.response_started = true;
  for (const TryOutcome& outcome :
       {refused(), reset(), stale(), not_looked_at(), timed_out(), answered(503)}) {
    EXPECT_EQ(decide_retry(settings(everything, true), outcome, state), give_up);
  }
}

TEST(DecideBounds, NeverWithoutTheBody) {
  RetryState state = sending(Method::put);
  state.body_replayable = false;
  for (const TryOutcome& outcome :
       {refused(), reset(), stale(), not_looked_at(), timed_out(), answered(503)}) {
    EXPECT_EQ(decide_retry(settings(everything, true), outcome, state), give_up);
  }
}

TEST(DecideBounds, AttemptsAreCounted) {
  config::Retry twice = settings();
  twice.attempts = 2;
  RetryState state = sending(Method::get);
  state.retries_done = 1;
  EXPECT_EQ(decide_retry(twice, reset(), state), other_endpoint);
  state.retries_done = 2;
  EXPECT_EQ(decide_retry(twice, reset(), state), give_up);
  twice.attempts = 0;
  state.retries_done = 0;
  EXPECT_EQ(decide_retry(twice, refused(), state), give_up);
}

TEST(DecideBounds, TheStaleRetryIsFreeButOne) {
  config::Retry none = settings();
  none.attempts = 0;
  RetryState state = sending(Method::get);
  EXPECT_EQ(decide_retry(none, stale(), state), new_connection);
  state.stale_retry_done = true;
  EXPECT_EQ(decide_retry(none, stale(), state), give_up);
  EXPECT_EQ(decide_retry(settings(), stale(), state), other_endpoint) << "then it is a reset like any other";
}

TEST(DecideBounds, UnprocessedIsFreeTwice) {
  RetryState state = sending(Method::post);
  for (std::uint32_t done = 0; done < unprocessed_retries_max; ++done) {
    state.unprocessed_retries = done;
    EXPECT_EQ(decide_retry(settings(), not_looked_at(), state), unprocessed) << done;
  }
  state.unprocessed_retries = unprocessed_retries_max;
  EXPECT_EQ(decide_retry(settings(everything, true), not_looked_at(), state), give_up)
      << "endpoints that refuse everything are not asked for ever";
}

TEST(DecideBounds, UnprocessedAndOtherRetriesAreCountedApart) {
  config::Retry once = settings();
  once.attempts = 1;
  RetryState state = sending(Method::get);
  state.retries_done = 1;
  state.stale_retry_done = true;
  EXPECT_EQ(decide_retry(once, not_looked_at(), state), unprocessed);
  state = sending(Method::get);
  state.unprocessed_retries = unprocessed_retries_max;
  EXPECT_EQ(decide_retry(once, reset(), state), other_endpoint);
  EXPECT_EQ(decide_retry(once, stale(), state), new_connection);
}

TEST(Unprocessed, IsWhatTheEndpointSaid) {
  EXPECT_TRUE(was_unprocessed(not_looked_at()));
  for (const TryOutcome& outcome : {refused(), reset(), stale(), timed_out(), answered(503)}) {
    EXPECT_FALSE(was_unprocessed(outcome));
  }
}

TEST(Stale, OnlyAKeptConnectionThatEndedSilently) {
  EXPECT_TRUE(was_stale(stale()));
  EXPECT_TRUE(was_stale(stale_before_sending()));
  EXPECT_FALSE(was_stale(reset()));
  TryOutcome outcome = stale();
  outcome.lasted = stale_within;
  EXPECT_TRUE(was_stale(outcome));
  outcome.lasted += Milliseconds(1);
  EXPECT_FALSE(was_stale(outcome)) << "it had the request for longer than an idle connection could";
  EXPECT_FALSE(was_stale(refused()));
  EXPECT_FALSE(was_stale(answered(503)));
  EXPECT_FALSE(was_stale({ErrorKind::upstream_reset, 0, true, true, true}));
  EXPECT_FALSE(was_stale({ErrorKind::response_timeout, 0, true, true, false}));
}

TEST(Budget, IsNeededOnceAnEndpointWasReached) {
  for (const TryOutcome& outcome : {reset(), reset_before_sending(), timed_out(), answered(503)}) {
    EXPECT_TRUE(needs_budget(outcome));
  }
  for (const ErrorKind kind :
       {ErrorKind::connect_refused, ErrorKind::connect_failed, ErrorKind::connect_timeout}) {
    EXPECT_FALSE(needs_budget({kind, 0, false, false, false, false}));
  }
  // A handshake is work for the endpoint.
  EXPECT_TRUE(needs_budget({ErrorKind::tls_failed, 0, false, false, false, true}));
  EXPECT_TRUE(needs_budget({ErrorKind::connect_timeout, 0, false, false, false, true}));
}

TEST(FailureBitOfTotal, IsTheEndpointsWhereItTookHalfOfTheTime) {
  using std::chrono::milliseconds;
  const auto bit = [](int connecting_ms, int answering_ms) {
    return failure_bit_of_total(
        {milliseconds(1000), milliseconds(connecting_ms), milliseconds(answering_ms)});
  };
  EXPECT_EQ(bit(0, 1000), config::failure_timeout);
  EXPECT_EQ(bit(0, 500), config::failure_timeout);
  EXPECT_EQ(bit(0, 499), 0) << "a slow client, or earlier tries, took more";
  EXPECT_EQ(bit(0, 0), 0) << "the client was still sending";
  EXPECT_EQ(bit(1000, 0), config::failure_connect);
  EXPECT_EQ(bit(500, 0), config::failure_connect);
  EXPECT_EQ(bit(499, 0), 0);
}

TEST(FailureBitOfTry, OnlyOfTriesThatSaySomethingOfTheEndpoint) {
  EXPECT_EQ(failure_bit_of_try(refused()), config::failure_connect);
  EXPECT_EQ(failure_bit_of_try(reset()), config::failure_reset);
  EXPECT_EQ(failure_bit_of_try(timed_out()), config::failure_timeout);
  EXPECT_EQ(failure_bit_of_try(stale()), 0);
  EXPECT_EQ(failure_bit_of_try(not_looked_at()), 0);
  TryOutcome late = stale();
  late.lasted = stale_within + Milliseconds(1);
  EXPECT_EQ(failure_bit_of_try(late), config::failure_reset);
}

TEST(ConnectionFailure, IsCountedByTheFirstThatAsks) {
  ConnectionFailure failure;
  const int requests[3] = {};
  EXPECT_TRUE(failure.is_counted_by(&requests[1]));
  EXPECT_FALSE(failure.is_counted_by(&requests[0]));
  EXPECT_FALSE(failure.is_counted_by(&requests[2]));
  EXPECT_TRUE(failure.is_counted_by(&requests[1])) << "it is asked more than once about the same attempt";
}

struct BitCase {
  ErrorKind kind;
  int bit;
};

class FailureBit : public testing::TestWithParam<BitCase> {};

TEST_P(FailureBit, OfKind) {
  EXPECT_EQ(failure_bit(GetParam().kind), GetParam().bit);
}

INSTANTIATE_TEST_SUITE_P(
    All, FailureBit,
    testing::Values(BitCase{ErrorKind::connect_refused, config::failure_connect},
                    BitCase{ErrorKind::connect_failed, config::failure_connect},
                    BitCase{ErrorKind::connect_timeout, config::failure_connect},
                    BitCase{ErrorKind::tls_failed, config::failure_connect},
                    BitCase{ErrorKind::tls_certificate, config::failure_connect},
                    BitCase{ErrorKind::upstream_reset, config::failure_reset},
                    BitCase{ErrorKind::unprocessed, 0},
                    BitCase{ErrorKind::response_incomplete, config::failure_reset},
                    BitCase{ErrorKind::upstream_send_timeout, config::failure_timeout},
                    BitCase{ErrorKind::response_timeout, config::failure_timeout},
                    BitCase{ErrorKind::response_malformed, config::failure_invalid_response},
                    BitCase{ErrorKind::response_head_too_large, config::failure_invalid_response},
                    BitCase{ErrorKind::total_timeout, 0}, BitCase{ErrorKind::client_gone, 0},
                    BitCase{ErrorKind::malformed_request, 0}, BitCase{ErrorKind::name_unresolved, 0},
                    BitCase{ErrorKind::no_endpoint, 0}, BitCase{ErrorKind::internal, 0}));

TEST(FailureBitOfStatus, OnlyTheFour) {
  for (int status = 100; status < 600; ++status) {
    const int expected = status == 500   ? config::failure_500
                         : status == 502 ? config::failure_502
                         : status == 503 ? config::failure_503
                         : status == 504 ? config::failure_504
                                         : 0;
    EXPECT_EQ(failure_bit_of_status(status), expected) << status;
  }
}

TEST(LeavingASide, IsForWhatGotNoResponseAndMayBeSentAgain) {
  const RetryState get = sending(Method::get), post = sending(Method::post);
  EXPECT_TRUE(may_leave_side(settings(), refused(), get));
  EXPECT_TRUE(may_leave_side(settings(), refused(), post)) << "nothing was sent";
  EXPECT_TRUE(may_leave_side(settings(), reset(), get));
  EXPECT_FALSE(may_leave_side(settings(), reset(), post));
  EXPECT_TRUE(may_leave_side(settings(config::failure_reset, true), reset(), post));
  EXPECT_FALSE(may_leave_side(settings(), reset_mid_head(), get)) << "named are resets before a response";
  EXPECT_FALSE(may_leave_side(settings(config::failure_503), answered(503), get)) << "a response is at hand";
  EXPECT_FALSE(may_leave_side(settings(), timed_out(), get)) << "not named";
  EXPECT_TRUE(may_leave_side(settings(config::failure_timeout), timed_out(), get));
  EXPECT_TRUE(may_leave_side(settings(0), {ErrorKind::no_endpoint, 0, false, false, false}, get));
}

TEST(LeavingASide, IsPossibleOnceAndWhenItsOwnTriesAreUsedUp) {
  RetryState state = sending(Method::get);
  state.retries_done = 1;
  EXPECT_EQ(decide_retry(settings(), refused(), state), give_up);
  EXPECT_TRUE(may_leave_side(settings(), refused(), state));
  state.side_left = true;
  EXPECT_FALSE(may_leave_side(settings(), refused(), state));
}

TEST(LeavingASide, IsNotForWhatIsNeverTriedAgain) {
  config::Retry none = settings();
  none.attempts = 0;
  EXPECT_FALSE(may_leave_side(none, refused(), sending(Method::get)));
  RetryState state = sending(Method::get);
  state.response_started = true;
  EXPECT_FALSE(may_leave_side(settings(), refused(), state));
  state = sending(Method::get);
  state.body_replayable = false;
  EXPECT_FALSE(may_leave_side(settings(), refused(), state));
}

}  // namespace
}  // namespace weir::upstream
