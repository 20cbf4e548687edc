// What grpc-status says to Weir: which calls are tried again, and what counts against an endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/grpc_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

using Stream = Http2EndpointStream;

std::string up(const std::string& address) {
  return "endpoint=\"" + address + "\"";
}

const std::string no_health = "passive_health: { consecutive_failures: 0 }";

class GrpcRetry : public GrpcRig {
 protected:
  ConfigText two(const std::string& app) const {
    return h2c_config({endpoint_.address(), other_.address()}, "balance: round_robin, " + app);
  }

  Http2Endpoint other_{grpc::unary("other")};
};

TEST_F(GrpcRetry, AWordInRetryOnTriesAgain) {
  for (const auto& [word, code] :
       std::initializer_list<std::pair<std::string, int>>{{"grpc_cancelled", 1},
                                                          {"grpc_deadline_exceeded", 4},
                                                          {"grpc_resource_exhausted", 8},
                                                          {"grpc_internal", 13},
                                                          {"grpc_unavailable", 14}}) {
    endpoint_.behave(grpc::trailers_only(code));
    start(two(no_health + ", retry: { attempts: 1, on: [ " + word + " ] }"));
    const std::size_t before = endpoint_.request_count();
    for (int i = 0; i < 6; ++i) {
      const Http2Response response = call("question");
      EXPECT_EQ(grpc_status_of(response), "0") << word;
      EXPECT_THAT(grpc::messages(response.body), ElementsAre("other"));
    }
    EXPECT_GE(endpoint_.request_count(), before + 1) << word;
    EXPECT_GE(retries("succeeded"), 1) << word;
  }
  for (const Http2EndpointRequest& request : other_.requests()) {
    EXPECT_THAT(grpc::messages(request.body), ElementsAre("question"));
  }
}

TEST_F(GrpcRetry, WithoutAWordNothingIsTriedAgain) {
  endpoint_.behave(grpc::trailers_only(14));
  start(no_health);
  EXPECT_EQ(grpc_status_of(call()), "14");
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

TEST_F(GrpcRetry, OtherStatusesAreAnswers) {
  endpoint_.behave(grpc::trailers_only(5));
  start(no_health + ", retry: { attempts: 2, on: [ grpc_unavailable, grpc_internal ] }");
  EXPECT_EQ(grpc_status_of(call()), "5");
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

/// The head went to the client by then.
TEST_F(GrpcRetry, AStatusInTrailersIsTooLate) {
  endpoint_.behave(grpc::unary("beginning", 14));
  start(no_health + ", retry: { attempts: 2, on: [ grpc_unavailable ] }");
  EXPECT_EQ(grpc_status_of(call()), "14");
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

/// Negative, and what is no number: no retry is due. A time: its client knows how to wait.
TEST_F(GrpcRetry, ThePushbackOfAServerIsForItsClient) {
  for (Http2Endpoint* const each : {&endpoint_, &other_}) each->behave(grpc::trailers_only(14));
  start(two(no_health + ", retry: { attempts: 1, on: [ grpc_unavailable ] }"));
  for (const char* text : {"100", "-1", "soon", "", "00", "+0"}) {
    for (Http2Endpoint* const each : {&endpoint_, &other_})
      each->behave(grpc::trailers_only(14, "", {{"grpc-retry-pushback-ms", text}}));
    const std::size_t before = endpoint_.request_count() + other_.request_count();
    const Http2Response response = call();
    EXPECT_EQ(grpc_status_of(response), "14");
    EXPECT_EQ(response.fields.get("grpc-retry-pushback-ms"), text);
    EXPECT_EQ(endpoint_.request_count() + other_.request_count(), before + 1) << text;
  }
}

TEST_F(GrpcRetry, APushbackOfZeroIsARetryAtOnce) {
  endpoint_.behave(grpc::trailers_only(14, "", {{"grpc-retry-pushback-ms", "0"}}));
  start(two(no_health + ", retry: { attempts: 1, on: [ grpc_unavailable ] }"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(grpc_status_of(call()), "0");
  EXPECT_GE(endpoint_.request_count(), 1U);
}

/// gRFC A6, "Exposed Retry Metadata".
TEST_F(GrpcRetry, ARetrySaysHowManyTriesCameBefore) {
  const std::string name = "grpc-previous-rpc-attempts";
  Http2Endpoint third(grpc::trailers_only(14));
  for (Http2Endpoint* const each : {&endpoint_, &other_}) each->behave(grpc::trailers_only(14));
  start(h2c_config({endpoint_.address(), other_.address(), third.address()},
                   no_health + ", retry: { attempts: 2, on: [ grpc_unavailable ] }"));
  const auto attempts = [&] {
    std::vector<std::string> values;
    for (Http2Endpoint* const each : {&endpoint_, &other_, &third}) {
      const Http2EndpointRequest request = each->request(each->request_count() - 1);
      values.push_back(request.fields.get(name));
      EXPECT_LE(request.fields.values(name).size(), 1U);
      EXPECT_EQ(request.fields.get("x-behind"), "b");
    }
    return values;
  };
  EXPECT_EQ(grpc_status_of(call("x", {{"x-behind", "b"}, {"grpc-timeout", "10S"}})), "14");
  EXPECT_THAT(attempts(), UnorderedElementsAre("", "1", "2"));
  EXPECT_EQ(grpc_status_of(call("x", {{name, "3"}, {"x-behind", "b"}, {"grpc-timeout", "10S"}})), "14");
  EXPECT_THAT(attempts(), UnorderedElementsAre("3", "4", "5")) << "the client's own count, too";
  for (Http2Endpoint* const each : {&endpoint_, &other_, &third}) {
    EXPECT_THAT(each->request(each->request_count() - 1).fields.get("grpc-timeout"),
                ::testing::EndsWith("m"));
  }
}

TEST_F(GrpcRetry, ARefusedConnectionIsNoTryBefore) {
  start(h2c_config({refused_address(), endpoint_.address()},
                   "balance: round_robin, retry: { attempts: 1, on: [ connect ] }, " + no_health));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(grpc_status_of(call()), "0");
    EXPECT_FALSE(endpoint_.request(i).fields.has("grpc-previous-rpc-attempts"));
  }
  EXPECT_GE(retries("succeeded"), 1);
}

/// What no endpoint looked at is no try.
TEST_F(GrpcRetry, ARefusedStreamIsNoTryBefore) {
  endpoint_.behave(scripts::sequence({scripts::reset(h2::refused_stream), grpc::unary("answer")}));
  start(no_health);
  EXPECT_EQ(grpc_status_of(call()), "0");
  EXPECT_FALSE(endpoint_.request(1).fields.has("grpc-previous-rpc-attempts"));
}

/// A reset before the head is the status that it stands for.
TEST_F(GrpcRetry, AResetIsTriedAgainByTheWordOfItsStatus) {
  for (const auto& [word, code] :
       std::initializer_list<std::pair<std::string, std::uint32_t>>{{"grpc_cancelled", h2::cancel},
                                                                    {"grpc_internal", h2::internal_error},
                                                                    {"grpc_resource_exhausted", 0xb}}) {
    endpoint_.behave(scripts::reset(code));
    start(two(no_health + ", retry: { attempts: 1, on: [ " + word + " ] }"));
    const std::size_t before = endpoint_.request_count();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(grpc_status_of(call()), "0") << word;
    EXPECT_GE(endpoint_.request_count(), before + 1) << word;
  }
  endpoint_.behave(scripts::reset(h2::cancel));
  start(two(no_health + ", retry: { attempts: 1, on: [ grpc_internal ] }"));
  std::vector<std::string> statuses;
  for (int i = 0; i < 2; ++i) statuses.push_back(grpc_status_of(call()));
  EXPECT_THAT(statuses, UnorderedElementsAre("0", "1"));
}

TEST_F(GrpcRetry, TheLastTryIsTheAnswer) {
  for (Http2Endpoint* const each : {&endpoint_, &other_})
    each->behave(grpc::trailers_only(14, "still%20not"));
  start(two(no_health + ", retry: { attempts: 1, on: [ grpc_unavailable ] }"));
  const Http2Response response = call();
  EXPECT_EQ(grpc_status_of(response), "14");
  EXPECT_EQ(grpc_message_of(response), "still%20not");
  EXPECT_TRUE(response.ended_by_head);
  EXPECT_EQ(endpoint_.request_count() + other_.request_count(), 2U);
  EXPECT_EQ(calls("unavailable"), 1) << "one call, however often it was tried";
}

TEST_F(GrpcRetry, AnOpenStreamIsTriedAgainWhileItIsKept) {
  Http2Script refuses;
  refuses.head = [](const Stream& stream) {
    h2::FieldLines lines = grpc::head();
    lines.emplace_back("grpc-status", "14");
    stream.head(lines, true);
    stream.reset(h2::no_error);
  };
  for (Http2Endpoint* const each : {&endpoint_, &other_}) each->behave(grpc::echo());
  start(two(no_health + ", retry: { attempts: 1, on: [ grpc_unavailable ] }"));
  call();  // whose turn it is next is known from here on
  (endpoint_.request_count() == 0 ? endpoint_ : other_).behave(refuses);
  Http2Client client = this->client();
  const std::uint32_t call = start_call(client);
  client.send_data(call, grpc::message("one"), false);
  client.wait_body(call, grpc::message("one").size());
  client.send_data(call, grpc::message("two"));
  EXPECT_THAT(grpc::messages(client.wait_end(call).body), ElementsAre("one", "two"));
}

TEST_F(GrpcRetry, TheBudgetHolds) {
  for (Http2Endpoint* const each : {&endpoint_, &other_}) each->behave(grpc::trailers_only(14));
  start(two(no_health +
            ", retry: { attempts: 1, on: [ grpc_unavailable ], budget: { percent: 0, min_per_second: 1 } }"));
  for (int i = 0; i < 30; ++i) EXPECT_EQ(grpc_status_of(call()), "14");
  EXPECT_LE(endpoint_.request_count() + other_.request_count(), 45U);
  EXPECT_GE(retries("budget_exhausted"), 1);
}

// Passive health.

TEST_F(GrpcRetry, UnavailableTakesAnEndpointOut) {
  endpoint_.behave(grpc::unary("beginning", 14));  // in trailers: which endpoint it is of is beyond doubt
  start(two("retry: { attempts: 0 }, passive_health: { consecutive_failures: 3, ejection_time: 1h }"));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 0);
  EXPECT_EQ(endpoint_.request_count(), 3U);
  EXPECT_EQ(weir_->metric("weir_upstream_failures_total", "kind=\"grpc_unavailable\""), 3);
  weir_->process().wait_for_error_text("ejected app/" + endpoint_.address() +
                                       " for 1h: 3 consecutive failures (grpc_unavailable x3)");
}

TEST_F(GrpcRetry, InTheHeadItCountsToo) {
  endpoint_.behave(grpc::trailers_only(14));
  start(
      two("retry: { attempts: 1, on: [ grpc_unavailable ] }, passive_health: { consecutive_failures: 3, "
          "ejection_time: 1h }"));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(grpc_status_of(call()), "0");
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 0);
}

TEST_F(GrpcRetry, InternalCountsWhereItIsNamed) {
  endpoint_.behave(grpc::unary("beginning", 13));
  const std::string health = "consecutive_failures: 3, ejection_time: 1h";
  start(two("retry: { attempts: 0 }, passive_health: { " + health + " }"));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1);
  start(two("retry: { attempts: 0 }, passive_health: { " + health +
            ", failures: [ grpc_internal, grpc_unknown ] }"));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 0);
}

TEST_F(GrpcRetry, ADeadlineOfItsClientDoesNot) {
  endpoint_.behave(grpc::unary("beginning", 4));
  start(two("retry: { attempts: 0 }, passive_health: { consecutive_failures: 2, ejection_time: 1h }"));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1);
}

/// A server ends a call so when its deadline is over, or its app wants no more of it: the others are well.
TEST_F(GrpcRetry, ACancelByTheServerIsNoFailure) {
  const std::string health = "passive_health: { consecutive_failures: 3, ejection_time: 1h }";
  endpoint_.behave(scripts::reset(h2::cancel));
  start(two("retry: { attempts: 0 }, " + health));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1);
  Http2Script between;
  between.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("one"));
    stream.reset(h2::cancel);
  };
  endpoint_.behave(between);
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 1);
  endpoint_.behave(scripts::reset(h2::internal_error));
  for (int i = 0; i < 12; ++i) call();
  EXPECT_EQ(weir_->metric("weir_endpoint_up", up(endpoint_.address())), 0) << "other codes are failures";
}

/// The request that decides about an ejected endpoint: its head alone says nothing.
class GrpcProbe : public GrpcRetry {
 protected:
  /// `endpoint_` is out. Calls may be repeated, so that they may probe, but not for a status.
  void eject() {
    endpoint_.behave(grpc::unary("beginning", 14));
    start(
        two("retry: { attempts: 1, on: [ connect ], non_idempotent: true }, passive_health: { "
            "consecutive_failures: 3, ejection_time: 200ms, max_ejection_time: 200ms }"));
    for (int i = 0; i < 12 && is_up(); ++i) call();
    ASSERT_FALSE(is_up());
  }
  bool is_up() const { return weir_->metric("weir_endpoint_up", up(endpoint_.address())) == 1; }
};

TEST_F(GrpcProbe, IsJudgedByItsStatus) {
  eject();
  Http2Script no_message;
  no_message.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.trailers(grpc::status(14));
  };
  endpoint_.behave(no_message);
  const std::size_t before = endpoint_.request_count();
  eventually("three probes", [&] {
    call();
    return endpoint_.request_count() >= before + 3;
  });
  EXPECT_FALSE(is_up());
  EXPECT_GE(weir_->metric("weir_ejections_total"), 4) << "each was a failure";
}

/// A stream may last: its first message is an answer.
TEST_F(GrpcProbe, ThatStreamsIsJudgedByItsFirstMessage) {
  eject();
  endpoint_.behave(scripts::hang());
  const std::size_t index = endpoint_.request_count();
  Http2Client client = this->client();
  std::uint32_t probe = 0;
  eventually("a probe runs", [&] {
    if (probe == 0 || client.response(probe).complete) {
      probe = start_call(client);
      client.send_data(probe, grpc::message("x"));
    }
    client.read_available();
    return endpoint_.request_count() > index;
  });
  const Stream stream = endpoint_.stream(index);
  stream.head(grpc::head());
  client.wait_head(probe);
  EXPECT_FALSE(is_up());
  const std::string message = grpc::message("one");
  stream.data(message);
  client.wait_body(probe, message.size());
  EXPECT_TRUE(is_up());
  stream.trailers(grpc::status(0));
  EXPECT_EQ(grpc_status_of(client.wait_end(probe)), "0");
}

/// What says 200 and nothing of the call is no server of gRPC, whatever the head looks like.
TEST_F(GrpcProbe, WithoutAnyStatusHasFailed) {
  eject();
  Http2Script no_status;
  no_status.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data("", true);
  };
  Http2Script head_only;
  head_only.end = [](const Stream& stream) { stream.head(grpc::head(), true); };
  double failed = weir_->metric("weir_ejections_total");
  for (const Http2Script& script : {no_status, head_only, scripts::ok("<html>maintenance</html>")}) {
    endpoint_.behave(script);
    const std::size_t before = endpoint_.request_count();
    eventually("two probes", [&] {
      call();
      return endpoint_.request_count() >= before + 2;
    });
    EXPECT_FALSE(is_up());
    EXPECT_GE(weir_->metric("weir_ejections_total"), failed + 1);
    failed = weir_->metric("weir_ejections_total");
  }
  EXPECT_GE(weir_->metric("weir_upstream_failures_total", "kind=\"response_malformed\""), 3);
  endpoint_.behave(grpc::unary("well"));
  eventually("it is back", [&] {
    call();
    return is_up();
  });
}

/// Its head came, and nothing else: others may find out sooner than in probe_patience, half a minute.
TEST_F(GrpcProbe, ThatIsSilentDoesNotKeepOthersFromProbing) {
  eject();
  Http2Script silent;
  silent.end = [](const Stream& stream) { stream.head(grpc::head()); };
  endpoint_.behave(scripts::sequence({silent, grpc::unary("well")}));
  const std::size_t before = endpoint_.request_count();
  Http2Client client = this->client();
  const auto ask = [&] {
    const std::uint32_t stream = start_call(client);
    client.send_data(stream, grpc::message("x"));
    return stream;
  };
  eventually("a probe runs", [&] {
    client.wait_head(ask());
    return endpoint_.request_count() > before;
  });
  EXPECT_FALSE(is_up());
  eventually(
      "another one follows",
      [&] {
        client.wait_head(ask());
        return is_up();
      },
      Deadline(20s));
}

// Latency.

/// Such a reset comes at a deadline of the client's: it says nothing of how fast the endpoint is. Other failures count
/// as slow answers.
TEST_F(GrpcRetry, ACancelByTheServerAddsNoLatency) {
  start(h2c_config({endpoint_.address(), other_.address()},
                   "balance: least_latency, retry: { attempts: 0 }, " + no_health));
  const auto asked_in_twenty = [&] {
    const std::size_t before = endpoint_.request_count();
    for (int i = 0; i < 20; ++i) call();
    return endpoint_.request_count() - before;
  };
  endpoint_.behave(scripts::reset(h2::cancel));
  EXPECT_GE(asked_in_twenty(), 15U) << "nothing is known of it, so it is worth a try";
  endpoint_.behave(scripts::reset(h2::internal_error));
  EXPECT_LE(asked_in_twenty(), 3U);
}

// Active checks.

class GrpcChecks : public GrpcRig {
 protected:
  /// Starts with checks of `service`, and waits for the state of the endpoint.
  void expect_check(const Http2Script& script, const std::string& detail, bool passes,
                    const std::string& service = "") {
    endpoint_.behave(script);
    start("health_check: { interval: 100ms, grpc: { service: \"" + service + "\" } }");
    eventually(detail, [&] { return std::string(last_check().at("detail").as_string()) == detail; });
    EXPECT_EQ(last_check().at("result"), passes ? "passed" : "failed");
    weir_->wait_for_metric("weir_endpoint_up", up(endpoint_.address()), passes ? 1 : 0);
  }
  boost::json::object last_check() const {
    const boost::json::value report = weir_->admin_json("/api/v1/upstreams");
    const boost::json::object& endpoint =
        report.at("upstreams").as_array().at(0).at("endpoints").as_array().at(0).as_object();
    if (!endpoint.contains("check") || !endpoint.at("check").as_object().contains("detail")) {
      return {{"detail", ""}, {"result", ""}};
    }
    return endpoint.at("check").as_object();
  }
};

TEST_F(GrpcChecks, Serving) {
  expect_check(grpc::health(1), "SERVING", true, "shop.v1.Orders");
  const Http2EndpointRequest request = endpoint_.request(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(request.fields.get("content-type").substr(0, 16), "application/grpc");
  EXPECT_EQ(request.fields.get("te"), "trailers");
  EXPECT_THAT(grpc::messages(request.body), ElementsAre("\x0A\x0Eshop.v1.Orders"));
  endpoint_.wait_for_requests(10);
  EXPECT_EQ(endpoint_.connection_count(), 1U);
}

TEST_F(GrpcChecks, ServingOfTheServerAsAWhole) {
  expect_check(grpc::health(1), "SERVING", true);
  EXPECT_THAT(grpc::messages(endpoint_.request(0).body), ElementsAre(""));
}

TEST_F(GrpcChecks, NotServing) {
  expect_check(grpc::health(2), "NOT_SERVING", false);
}

TEST_F(GrpcChecks, UnknownService) {
  expect_check(grpc::trailers_only(5), "the service is unknown", false, "no.such.Service");
}

TEST_F(GrpcChecks, NotImplemented) {
  expect_check(grpc::trailers_only(12), "grpc.health.v1 is not implemented", false);
}

TEST_F(GrpcChecks, AnotherStatus) {
  expect_check(grpc::trailers_only(14), "grpc-status 14 (unavailable)", false);
}

TEST_F(GrpcChecks, NotAServerOfGrpc) {
  expect_check(scripts::ok("hello"), "no grpc-status", false);
}

TEST_F(GrpcChecks, AnAnswerThatIsNone) {
  expect_check(grpc::unary("\xFF\xFF\xFF"), "malformed answer", false);
}

TEST_F(GrpcChecks, TrailersHaveTheLastWord) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    h2::FieldLines head = grpc::head();
    head.emplace_back("grpc-status", "0");
    stream.head(head);
    stream.data(grpc::message("\x08\x01"));
    stream.trailers(grpc::status(14));
  };
  expect_check(script, "grpc-status 14 (unavailable)", false);
}

TEST_F(GrpcChecks, AStatusWithoutAMessageIsNoAnswer) {
  expect_check(grpc::trailers_only(0), "malformed answer", false);
}

TEST_F(GrpcChecks, AMessageWithoutAStatusIsNoAnswer) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("\x08\x01"));
  };
  expect_check(script, "no answer in 100ms", false);
}

TEST_F(GrpcChecks, AnAnswerWithoutAnEndIsBounded) {
  Http2Script script;
  script.end = [](const Stream& stream) {
    stream.head(grpc::head());
    stream.data(grpc::message("\x08\x01") + std::string(64 * 1024, 'x'));
  };
  expect_check(script, "malformed answer", false);
}

TEST_F(GrpcChecks, SayWhatAServerResetThemFor) {
  expect_check(scripts::reset(h2::internal_error), "the endpoint reset the stream: INTERNAL_ERROR", false);
}

TEST_F(GrpcChecks, BringAnEndpointBack) {
  Http2Endpoint other(grpc::health(1));
  endpoint_.behave(grpc::health(2));
  start(h2c_config({endpoint_.address(), other.address()}, "health_check: { interval: 100ms, type: grpc }"));
  weir_->wait_for_metric("weir_endpoint_up", up(endpoint_.address()), 0);
  endpoint_.behave(grpc::health(1));
  weir_->wait_for_metric("weir_endpoint_up", up(endpoint_.address()), 1);
}

TEST_F(GrpcChecks, OverTls) {
  const TempDir directory;
  Http2Endpoint endpoint(grpc::health(1), served_with_tls(directory));
  start(h2_config({endpoint.address()}, "h2", "health_check: { interval: 100ms, type: grpc }"));
  weir_->wait_for_metric("weir_endpoint_up", up(endpoint.address()), 1);
  EXPECT_EQ(endpoint.request(0).scheme, "https");
}

}  // namespace
}  // namespace weir::testing
