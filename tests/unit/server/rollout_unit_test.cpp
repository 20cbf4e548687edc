// Which requests count for a rollout, for which side, and as what.
#include "server/rollout_unit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::server {
namespace {

using upstream::TryOutcome;

constexpr std::size_t stable = 0, canary = 1, old = 2;

RolloutRuntime runtime_of(config::RolloutFailures failures = {}) {
  RolloutRuntime runtime;
  runtime.canary = canary;
  runtime.comparison = stable;
  runtime.failures = RolloutFailures(failures);
  return runtime;
}

split::Choice choice(std::size_t target, split::Why why = split::Why::weight, std::uint64_t client = 0) {
  split::Choice chosen;
  chosen.target = target;
  chosen.why = why;
  chosen.client = client;
  return chosen;
}

TryOutcome failed_by(ErrorKind kind) {
  TryOutcome outcome;
  outcome.kind = kind;
  outcome.lasted = std::chrono::seconds(1);
  return outcome;
}

TryOutcome answered(int status) {
  TryOutcome outcome;
  outcome.status = status;
  return outcome;
}

TEST(RolloutUnit, TheSideIsTheFirstChoice) {
  const RolloutRuntime runtime = runtime_of();
  const RolloutNote there = note_of(runtime, choice(canary, split::Why::weight, 7));
  EXPECT_EQ(there.runtime, &runtime);
  EXPECT_EQ(there.side, rollout::Side::canary);
  EXPECT_EQ(there.client, 7U);
  EXPECT_EQ(note_of(runtime, choice(stable, split::Why::affinity)).side, rollout::Side::comparison);
  EXPECT_NE(note_of(runtime, choice(canary, split::Why::affinity)).runtime, nullptr);
  EXPECT_EQ(note_of(runtime, choice(canary, split::Why::override_rule)).runtime, nullptr);
  EXPECT_EQ(note_of(runtime, choice(stable, split::Why::override_rule)).runtime, nullptr);
  EXPECT_EQ(note_of(runtime, choice(old)).runtime, nullptr)
      << "with a baseline the stable one is not compared";
}

struct Row {
  std::string what;
  EndedRequest ended;
  std::vector<TryOutcome> tries = {};  // that ended before the last one
  bool failed_over = false;
  // nothing, 'f'ailed, 'c'lient error, '.' neither
  char expected = '.';
};

char outcome_of(const RolloutNote& note, const EndedRequest& ended) {
  const auto unit = unit_of(note, ended);
  if (!unit) return '-';
  if (unit->failed) return 'f';
  return unit->client_error ? 'c' : '.';
}

EndedRequest relayed(int status) {
  return {.status = status, .is_relayed = true};
}

EndedRequest own(int status, const Error& error) {
  return {.status = status, .error = &error};
}

EndedRequest cut(const Error& error) {
  return {.status = 200, .is_relayed = true, .error = &error};
}

EndedRequest grpc_call(std::optional<grpc::Status> status) {
  return {.status = 200, .is_relayed = true, .grpc_status = status};
}

class RolloutTable : public ::testing::Test {
 protected:
  void expect(const std::vector<Row>& rows, const config::RolloutFailures& failures = {}) const {
    const RolloutRuntime runtime = runtime_of(failures);
    for (const Row& row : rows) {
      RolloutNote note = note_of(runtime, choice(canary));
      for (const TryOutcome& outcome : row.tries) note_try(note, outcome);
      note.failed_over = row.failed_over;
      EXPECT_EQ(outcome_of(note, row.ended), row.expected) << row.what;
    }
  }

  const Error reset = upstream_error(ErrorKind::upstream_reset, "");
  const Error incomplete = upstream_error(ErrorKind::response_incomplete, "");
  const Error connect = upstream_error(ErrorKind::connect_refused, "");
  const Error total = upstream_error(ErrorKind::total_timeout, "");
  const Error no_endpoint = self_error(ErrorKind::no_endpoint, "");
  const Error max_requests = self_error(ErrorKind::max_requests, "");
  const Error queue_full = self_error(ErrorKind::queue_full, "");
  const Error gone = client_error(ErrorKind::client_gone, "");
  const Error too_large = client_error(ErrorKind::body_too_large, "");
  const Error slow_body = client_error(ErrorKind::body_timeout, "");
  const Error draining = self_error(ErrorKind::draining, "");
  const Error descriptors = self_error(ErrorKind::out_of_resources, "");
  const Error internal = self_error(ErrorKind::internal, "");
};

TEST_F(RolloutTable, ByStatus) {
  expect({{"served", relayed(200)},
          {"no content, redirect, a tunnel's beginning", relayed(204)},
          {"redirect", relayed(302)},
          {"a tunnel begins", relayed(101)},
          {"5xx of the endpoint", relayed(500), {}, false, 'f'},
          {"503 of the endpoint", relayed(503), {}, false, 'f'},
          {"4xx of the endpoint", relayed(404), {}, false, 'c'},
          {"the lowest and the highest", relayed(400), {}, false, 'c'},
          {"the highest", relayed(498), {}, false, 'c'},
          {"past what a status can be", relayed(999)}});
}

TEST_F(RolloutTable, WhatWeirAnswersForTheSide) {
  expect({{"no endpoint", own(503, no_endpoint), {}, false, 'f'},
          {"no room at the upstream", own(503, max_requests), {}, false, 'f'},
          {"no place in its queue", own(503, queue_full), {}, false, 'f'},
          {"not connected", own(502, connect), {failed_by(ErrorKind::connect_refused)}, false, 'f'},
          {"total timeout", own(504, total), {failed_by(ErrorKind::total_timeout)}, false, 'f'},
          {"cut within the body", cut(incomplete), {failed_by(ErrorKind::response_incomplete)}, false, 'f'}});
}

TEST_F(RolloutTable, WhatDoesNotCount) {
  expect({{"client gone", own(499, gone), {failed_by(ErrorKind::client_gone)}, false, '-'},
          {"client gone while Weir answers",
           own(499, connect),
           {failed_by(ErrorKind::connect_refused)},
           false,
           '-'},
          {"nothing was sent", {}, {}, false, '-'},
          {"body too large", own(413, too_large), {}, false, '-'},
          {"body too slow", own(408, slow_body), {failed_by(ErrorKind::body_timeout)}, false, '-'},
          {"shutting down", own(503, draining), {}, false, '-'},
          {"no descriptors", own(503, descriptors), {failed_by(ErrorKind::out_of_resources)}, false, '-'},
          {"out of memory", own(500, internal), {}, false, '-'}});
}

TEST_F(RolloutTable, WhatTheClientCutsCountsByItsHead) {
  expect({{"client gone within the body", cut(gone), {failed_by(ErrorKind::client_gone)}},
          {"shutdown within the body", cut(draining), {failed_by(ErrorKind::draining)}}});
}

TEST_F(RolloutTable, TheFirstTryCountsAndNotTheRetry) {
  TryOutcome stale = failed_by(ErrorKind::upstream_reset);
  stale.reused_connection = true;
  stale.lasted = {};
  expect({{"connect, then served", relayed(200), {failed_by(ErrorKind::connect_refused)}, false, 'f'},
          {"timeout, then served", relayed(200), {failed_by(ErrorKind::response_timeout)}, false, 'f'},
          {"reset, then served", relayed(200), {failed_by(ErrorKind::upstream_reset)}, false, 'f'},
          {"malformed, then served", relayed(200), {failed_by(ErrorKind::response_malformed)}, false, 'f'},
          {"TLS, then served", relayed(200), {failed_by(ErrorKind::tls_failed)}, false, 'f'},
          {"503, then served", relayed(200), {answered(503)}, false, 'f'},
          {"stale, then served", relayed(200), {stale}},
          {"unprocessed, then served", relayed(200), {failed_by(ErrorKind::unprocessed)}},
          {"stale, then reset, then served",
           relayed(200),
           {stale, failed_by(ErrorKind::upstream_reset)},
           false,
           'f'},
          {"stale, and no other try", own(502, reset), {stale}, false, 'f'}});
}

TEST_F(RolloutTable, AnotherSideGotIt) {
  expect({{"served there", relayed(200), {}, true, 'f'},
          {"client error there", relayed(404), {}, true, 'f'},
          {"client gone", own(499, gone), {}, true, '-'}});
}

TEST_F(RolloutTable, CallsOfGrpc) {
  TryOutcome unavailable = answered(200);
  unavailable.grpc_status = grpc::Status::unavailable;
  expect({{"ok", grpc_call(grpc::Status::ok)},
          {"no status", grpc_call({})},
          {"internal", grpc_call(grpc::Status::internal), {}, false, 'f'},
          {"unknown", grpc_call(grpc::Status::unknown), {}, false, 'f'},
          {"unavailable", grpc_call(grpc::Status::unavailable), {}, false, 'f'},
          {"not found is the app's answer", grpc_call(grpc::Status::not_found)},
          {"deadline", grpc_call(grpc::Status::deadline_exceeded)},
          {"unavailable, then ok", grpc_call(grpc::Status::ok), {unavailable}, false, 'f'}});
}

TEST_F(RolloutTable, FailuresAreWhatTheConfigurationSays) {
  expect({{"named", relayed(404), {}, false, 'f'},
          {"not named", relayed(500)},
          {"not named", relayed(405), {}, false, 'c'},
          {"kind named", relayed(200), {failed_by(ErrorKind::response_timeout)}, false, 'f'},
          {"kind not named", relayed(200), {failed_by(ErrorKind::upstream_reset)}},
          {"its status neither", own(502, reset), {failed_by(ErrorKind::upstream_reset)}},
          {"another side is always a failure", relayed(200), {}, true, 'f'}},
         {config::failure_timeout, {{404, 404}}});
}

TEST(RolloutUnit, LatencyIsThatOfTheFirstTryThatGotAByteWithoutConnecting) {
  const RolloutRuntime runtime = runtime_of();
  RolloutNote note = note_of(runtime, choice(canary));
  EndedRequest ended = relayed(200);
  EXPECT_FALSE(unit_of(note, ended)->has_latency);
  std::vector<observe::AttemptRecord> attempts(3);
  attempts[0].connect_ms = 900;
  attempts[1].connect_ms = 70;
  attempts[1].first_byte_ms = 120;
  attempts[2].first_byte_ms = 3;
  ended.attempts = attempts;
  ASSERT_TRUE(unit_of(note, ended)->has_latency);
  EXPECT_EQ(unit_of(note, ended)->latency, rollout::bucket_of(std::chrono::milliseconds(50)));
  ended.attempts = std::span(attempts).last(1);
  EXPECT_EQ(unit_of(note, ended)->latency, rollout::bucket_of(std::chrono::milliseconds(3)))
      << "a kept connection";
  ended.attempts = std::span(attempts).first(1);
  EXPECT_FALSE(unit_of(note, ended)->has_latency) << "no byte came";
  ended.attempts = attempts;
  note.failed_over = true;
  EXPECT_FALSE(unit_of(note, ended)->has_latency) << "that was another side's";
}

}  // namespace
}  // namespace weir::server
