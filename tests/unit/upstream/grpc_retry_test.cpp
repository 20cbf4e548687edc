// Retries and failures by what grpc-status says.
#include <gtest/gtest.h>

#include "upstream/retry.hpp"

namespace weir::upstream {
namespace {

using grpc::Status;
using enum RetryDecision;

config::Retry on(std::uint16_t failures) {
  config::Retry settings;
  settings.on = failures;
  return settings;
}

/// A call's response that is its head alone.
TryOutcome ended(Status status, int http_status = 200) {
  TryOutcome outcome;
  outcome.status = http_status;
  outcome.request_bytes_sent = outcome.response_bytes_seen = true;
  outcome.grpc_status = status;
  return outcome;
}

RetryState post() {
  RetryState state;
  state.method = http::Method::post;
  return state;
}

TEST(GrpcRetry, NamingAStatusIsEnough) {
  const config::Retry settings = on(config::failure_grpc_unavailable | config::failure_grpc_cancelled);
  EXPECT_EQ(decide_retry(settings, ended(Status::unavailable), post()), other_endpoint);
  EXPECT_EQ(decide_retry(settings, ended(Status::cancelled), post()), other_endpoint);
  EXPECT_EQ(decide_retry(settings, ended(Status::internal), post()), give_up);
  EXPECT_EQ(decide_retry(settings, ended(Status::ok), post()), give_up);
  EXPECT_EQ(decide_retry(settings, ended(Status::not_found), post()), give_up);
}

TEST(GrpcRetry, EachWordIsItsStatus) {
  const std::pair<std::uint16_t, Status> words[] = {
      {config::failure_grpc_cancelled, Status::cancelled},
      {config::failure_grpc_deadline, Status::deadline_exceeded},
      {config::failure_grpc_internal, Status::internal},
      {config::failure_grpc_resource, Status::resource_exhausted},
      {config::failure_grpc_unavailable, Status::unavailable},
      {config::failure_grpc_unknown, Status::unknown},
  };
  for (std::size_t i = 0; i < grpc::status_count; ++i) {
    const auto status = static_cast<Status>(i);
    for (const auto& [failure, named] : words) {
      EXPECT_EQ(decide_retry(on(failure), ended(status), post()), status == named ? other_endpoint : give_up)
          << grpc::to_string(status);
    }
  }
}

TEST(GrpcRetry, TheRulesOfRetriesStay) {
  const config::Retry settings = on(config::failure_grpc_unavailable);
  RetryState state = post();
  state.response_started = true;
  EXPECT_EQ(decide_retry(settings, ended(Status::unavailable), state), give_up);
  state = post();
  state.body_replayable = false;
  EXPECT_EQ(decide_retry(settings, ended(Status::unavailable), state), give_up);
  state = post();
  state.retries_done = settings.attempts;
  EXPECT_EQ(decide_retry(settings, ended(Status::unavailable), state), give_up);
  EXPECT_TRUE(needs_budget(ended(Status::unavailable)));
}

TEST(GrpcRetry, AClientThatIsToWaitDecidesItself) {
  TryOutcome outcome = ended(Status::unavailable);
  outcome.grpc_pushback = true;
  EXPECT_EQ(decide_retry(on(config::failure_grpc_unavailable), outcome, post()), give_up);
}

/// A reset of the stream before a head: by the word of its status, as any status is.
TEST(GrpcRetry, AResetIsTheStatusThatItStandsFor) {
  TryOutcome outcome;
  outcome.kind = ErrorKind::upstream_reset;
  outcome.request_bytes_sent = true;
  outcome.grpc_status = Status::cancelled;
  EXPECT_EQ(decide_retry(on(config::failure_grpc_cancelled), outcome, post()), other_endpoint);
  EXPECT_EQ(decide_retry(on(config::failure_grpc_internal), outcome, post()), give_up);
  EXPECT_EQ(decide_retry(on(config::failure_reset), outcome, post()), give_up)
      << "the endpoint may have done it";
  RetryState state = post();
  state.response_started = true;
  EXPECT_EQ(decide_retry(on(config::failure_grpc_cancelled), outcome, state), give_up);
}

TEST(GrpcRetry, TheOptInIsNotForOtherFailures) {
  TryOutcome outcome;
  outcome.kind = ErrorKind::upstream_reset;
  outcome.request_bytes_sent = true;
  const config::Retry settings = on(config::failure_grpc_unavailable | config::failure_reset);
  EXPECT_EQ(decide_retry(settings, outcome, post()), give_up) << "the endpoint may have done it";
  EXPECT_EQ(decide_retry(on(config::failure_503), ended(Status::unavailable, 503), post()), give_up);
}

TEST(GrpcFailure, OfAResponseIsThatOfHttpFirst) {
  EXPECT_EQ(failure_bit_of_response(200, Status::unavailable), config::failure_grpc_unavailable);
  EXPECT_EQ(failure_bit_of_response(503, Status::unavailable), config::failure_503);
  EXPECT_EQ(failure_bit_of_response(200, Status::ok), 0);
  EXPECT_EQ(failure_bit_of_response(200, Status::permission_denied), 0);
  EXPECT_EQ(failure_bit_of_response(200, std::nullopt), 0);
  EXPECT_EQ(failure_bit_of_response(504, std::nullopt), config::failure_504);
}

TEST(GrpcFailure, IsOneThatARequestCanCauseAnywhere) {
  for (std::size_t i = 0; i < grpc::status_count; ++i) {
    const std::uint16_t failure = failure_bit_of_grpc(static_cast<Status>(i));
    EXPECT_EQ(is_status_failure(failure), failure != 0);
  }
}

}  // namespace
}  // namespace weir::upstream
