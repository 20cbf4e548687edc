// Which connection takes a request, when there is one more, and when one leaves: spreading, joining, bounds, ages,
// reloads, and what ALPN chose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "integration/http2_endpoint_rig.hpp"
#include "support/behaviours.hpp"

namespace weir::testing {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Http2Connections : public Http2EndpointRig {
 protected:
  using Http2EndpointRig::Http2EndpointRig;

  double connections(const std::string& state) const {
    return weir_->metric("weir_upstream_connections", "state=\"" + state + "\"");
  }
  void answer_all() {
    for (std::size_t i = 0; i < endpoint_.request_count(); ++i) endpoint_.stream(i).answer(200, "answered");
  }
};

TEST_F(Http2Connections, OneServesOneRequestAfterAnother) {
  start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(get("/").body, "ok");
    EXPECT_EQ(weir_->get("/").body, "ok");
  }
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  EXPECT_EQ(endpoint_.request(19).stream, 39U);
  EXPECT_FALSE(log_line(*weir_, 20).at("attempts").as_array().at(0).as_object().contains("connect_ms"));
}

TEST_F(Http2Connections, TheySayWhatTheyAre) {
  start();
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.setting(0, h2::enable_push), 0U);
  EXPECT_TRUE(endpoint_.setting(0, h2::max_header_list_size).has_value());
  EXPECT_GE(endpoint_.send_window(0), 1024 * 1024) << "opened at the start";
}

TEST_F(Http2Connections, GaugesFollow) {
  start("h2: { connections: 1 }");
  Http2Client client = this->client();
  const auto streams = hang(client, 3);
  weir_->wait_for_metric("weir_upstream_streams", "", 3);
  EXPECT_EQ(connections("active"), 1);
  EXPECT_EQ(connections("idle"), 0);
  EXPECT_EQ(weir_->metric("weir_upstream_in_flight"), 3);
  answer_all();
  for (const std::uint32_t stream : streams) client.wait_end(stream);
  weir_->wait_for_metric("weir_upstream_streams", "", 0);
  weir_->wait_for_metric("weir_upstream_connections", "state=\"idle\"", 1);
  EXPECT_EQ(connections("active"), 0);
  client.close();
  EXPECT_EQ(weir_->stop(), (ExitStatus{0, 0}));
}

TEST_F(Http2Connections, RequestsAreSpreadOnceTheFirstIsBusy) {
  start();
  Http2Client client = this->client();
  hang(client, 8);
  EXPECT_EQ(endpoint_.connection_count(), 1U) << "not before";
  hang(client, 32);
  ASSERT_EQ(endpoint_.connection_count(), 2U) << "and no third one";
  EXPECT_EQ(endpoint_.streams_on(0) + endpoint_.streams_on(1), 40U);
  EXPECT_LE(endpoint_.most_streams_on(0), 22U);
  EXPECT_LE(endpoint_.most_streams_on(1), 22U);
  answer_all();
}

TEST_F(Http2Connections, MoreWhereTheyAreConfigured) {
  start("h2: { connections: 4 }");
  Http2Client client = this->client();
  hang(client, 60);
  EXPECT_EQ(endpoint_.connection_count(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_GE(endpoint_.streams_on(i), 9U) << i;
}

TEST_F(Http2Connections, ManyAtOnceJoinTheOneThatIsMade) {
  start();
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 60; ++i) streams.push_back(client.start_get("/"));
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body, "ok");
  EXPECT_LE(endpoint_.connection_count(), 2U);
}

TEST_F(Http2Connections, NoMoreStreamsThanTheEndpointAllows) {
  Http2EndpointOptions options;
  options.settings = {{h2::max_concurrent_streams, 4}};
  Http2Endpoint endpoint(scripts::by_path(), options);
  start(h2c_config({endpoint.address()}));
  EXPECT_EQ(get("/").body, "ok");  // its SETTINGS are known from here on
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (std::size_t i = 0; i < 12; ++i) {
    streams.push_back(client.start_get("/hang"));
    endpoint.wait_for_requests(2 + i);
  }
  EXPECT_EQ(endpoint.connection_count(), 3U) << "when all are full there is one more";
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(endpoint.most_streams_on(i), 4U);
  for (std::size_t i = 0; i < 12; ++i) endpoint.stream(1 + i).answer(200, "answered");
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body, "answered");
}

TEST_F(Http2Connections, TheEndpointMayAllowMoreLater) {
  Http2EndpointOptions options;
  options.settings = {{h2::max_concurrent_streams, 1}};
  Http2Endpoint endpoint(scripts::by_path(), options);
  start(h2c_config({endpoint.address()}, "h2: { connections: 1 }"));
  EXPECT_EQ(get("/").body, "ok");
  endpoint.settings(0, {{h2::max_concurrent_streams, 50}});
  eventually("it is acknowledged", [&] { return endpoint.unacknowledged(0) == 0; });
  Http2Client client = this->client();
  for (std::size_t i = 0; i < 20; ++i) {
    client.start_get("/hang");
    endpoint.wait_for_requests(2 + i);
  }
  EXPECT_EQ(endpoint.streams_on(0), 20U);
}

/// The last bound: 64 connections, and then requests wait in their order.
TEST_F(Http2Connections, BeyondTheLastOneRequestsWaitInOrder) {
  start("h2: { connections: 1, max_streams: 1 }");
  Http2Client client = this->client();
  hang(client, 64);
  EXPECT_EQ(endpoint_.connection_count(), 64U);
  std::vector<std::uint32_t> late;
  for (int i = 0; i < 3; ++i) late.push_back(client.start_get("/late/" + std::to_string(i)));
  client.round_trip();
  EXPECT_EQ(endpoint_.request_count(), 64U);
  endpoint_.stream(0).answer(200, "room for one after the other");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(client.wait_end(late[i]).body, "ok");
    EXPECT_EQ(endpoint_.request(64 + i).path, "/late/" + std::to_string(i));
  }
  EXPECT_EQ(endpoint_.connection_count(), 64U);
}

TEST_F(Http2Connections, WaitingForAPlaceHasABound) {
  start("h2: { connections: 1, max_streams: 1 }, timeouts: { connect: 300ms }, retry: { attempts: 0 }");
  Http2Client client = this->client();
  hang(client, 64);
  for (int i = 0; i < 4; ++i) {
    const auto refused = get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.fields.get("proxy-status"), ::testing::HasSubstr("connection_limit_reached"));
  }
  EXPECT_EQ(endpoint_.request_count(), 64U);
  EXPECT_EQ(failures(), 0) << "it is Weir's bound, and the endpoint has no part in it";
}

// When one leaves.

TEST_F(Http2Connections, ANumberOfRequestsEndsIt) {
  start("keepalive: { max_requests: 5 }");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 4U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(endpoint_.requests_on(i), 5U);
    EXPECT_EQ(endpoint_.wait_for_close(i), StreamEvent::end);
  }
}

TEST_F(Http2Connections, AnAgeEndsItWhenItsLastRequestHasEnded) {
  start("keepalive: { max_age: 500ms }");
  Http2Client client = this->client();
  const std::uint32_t running = hang(client, 1)[0];
  eventually("there is another", [&] { return get("/").body == "ok" && endpoint_.connection_count() == 2; });
  EXPECT_EQ(endpoint_.open_count(), 2U) << "what runs goes on";
  endpoint_.stream(0).answer(200, "done");
  EXPECT_EQ(client.wait_end(running).body, "done");
  EXPECT_EQ(endpoint_.wait_for_close(0), StreamEvent::end);
}

/// Long streams must not use up the 64 that there may be.
TEST_F(Http2Connections, SoManyOldOnesAreKeptForTheirRequestsAndNoMore) {
  constexpr std::size_t aside = 16, requests = 2 * aside;
  start("keepalive: { max_age: 20ms }, h2: { connections: 1 }");
  Http2Client client = this->client();
  for (std::size_t i = 0; i < requests; ++i) {
    hang(client, 1);
    EXPECT_TRUE(client.stays_silent_for(40ms)) << "until its connection is old";
  }
  EXPECT_EQ(endpoint_.connection_count(), aside + 1);
  EXPECT_EQ(endpoint_.streams_on(aside), requests - aside);
  answer_all();
  eventually("all are closed", [&] { return endpoint_.open_count() == 0; });
}

TEST_F(Http2Connections, IdleOnesAreClosed) {
  start("keepalive: { idle_timeout: 300ms }");
  Http2Client client = this->client();
  hang(client, 1);
  EXPECT_TRUE(client.stays_silent_for(600ms)) << "with a request it is not idle";
  EXPECT_EQ(endpoint_.open_count(), 1U);
  endpoint_.stream(0).answer(200);
  EXPECT_EQ(endpoint_.wait_for_close(0), StreamEvent::end);
  EXPECT_EQ(get("/").body, "ok");
}

TEST_F(Http2Connections, AReloadKeepsThem) {
  start();
  Http2Client client = this->client();
  const std::uint32_t running = hang(client, 1)[0];
  weir_->reload(h2c_config({endpoint_.address()}, "timeouts: { total: 1h }"));
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(endpoint_.connection_count(), 1U);
  endpoint_.stream(0).answer(200, "done");
  EXPECT_EQ(client.wait_end(running).body, "done");
}

TEST_F(Http2Connections, AnEndpointThatLeavesFinishesWhatRuns) {
  Http2Endpoint other(scripts::named("other"));
  start();
  Http2Client client = this->client();
  const std::vector<std::uint32_t> running = hang(client, 2);
  weir_->reload(h2c_config({other.address()}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/").body, "other");
  for (std::size_t i = 0; i < 2; ++i) {
    endpoint_.stream(i).answer(200, "done");
    EXPECT_EQ(client.wait_end(running[i]).body, "done");
  }
  EXPECT_EQ(endpoint_.wait_for_close(0), StreamEvent::end);
  EXPECT_EQ(endpoint_.request_count(), 2U);
}

TEST_F(Http2Connections, AReloadCanChangeTheProtocol) {
  OriginProcess origin;  // speaks both on one port
  ConfigText config = h2c_config({origin.address()});
  start(config);
  EXPECT_THAT(get("/").body, HasSubstr("\"protocol\":\"HTTP/2.0\""));
  config.app = "protocol: http1";
  weir_->reload(config);
  EXPECT_THAT(get("/").body, HasSubstr("\"protocol\":\"HTTP/1.1\""));
  weir_->reload(h2c_config({origin.address()}));
  EXPECT_THAT(get("/").body, HasSubstr("\"protocol\":\"HTTP/2.0\""));
}

TEST_F(Http2Connections, ADrainFinishesWhatRuns) {
  start();
  Http2Client client = this->client();
  const std::uint32_t running = hang(client, 1)[0];
  weir_->signal(SIGTERM);
  client.wait_goaway();
  endpoint_.stream(0).answer(200, "done");
  EXPECT_EQ(client.wait_end(running).body, "done");
  client.close();
  EXPECT_EQ(weir_->process().wait_exit(), (ExitStatus{0, 0}));
  EXPECT_EQ(endpoint_.wait_for_close(0), StreamEvent::end);
}

TEST_F(Http2Connections, EachWorkerHasItsOwn) {
  ConfigText config = h2c_config({endpoint_.address()});
  config.server = "workers: 2, shutdown_timeout: 5s";
  start(config);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(get("/").body, "ok");
  EXPECT_LE(endpoint_.connection_count(), 2U);
}

TEST_F(Http2Connections, AdminAddressAndExplainSayTheProtocol) {
  start();
  const boost::json::value report = weir_->admin_json("/api/v1/upstreams");
  EXPECT_EQ(report.at("upstreams").as_array().at(0).at("protocol"), "h2c");
  ProcessOptions explain;
  explain.arguments = {"explain", "-c", weir_->config_file(), "GET", "http://127.0.0.1:80/"};
  EXPECT_THAT(run_to_end(weir_binary(), explain).output, HasSubstr("h2c"));
}

// By TLS.

class Http2EndpointAlpn : public Http2Connections {
 protected:
  Http2EndpointOptions options(const std::vector<std::string>& alpn) {
    Http2EndpointOptions made = served_with_tls(directory_, alpn);
    made.http1 = [](const Request&) { return behave::ok_message("old"); };
    return made;
  }

  TempDir directory_;
};

TEST_F(Http2EndpointAlpn, H2IsSpokenOverTls) {
  Http2Endpoint endpoint(scripts::named("new"), options({"h2"}));
  start(h2_config({endpoint.address()}, "h2"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/").body, "new");
  EXPECT_EQ(weir_->get("/").body, "new");
  EXPECT_EQ(endpoint.connection_count(), 1U);
  EXPECT_EQ(endpoint.request(0).scheme, "https");
}

TEST_F(Http2EndpointAlpn, H2FailsWhereTheEndpointDoesNotChooseIt) {
  Http2Endpoint endpoint(scripts::named("new"), options({"http/1.1"}));
  start(h2_config({endpoint.address()}, "h2", "retry: { attempts: 0 }"));
  EXPECT_EQ(get("/").status, 502);
  EXPECT_EQ(log_line(*weir_).at("reason"), "tls_failed");
  EXPECT_THAT(endpoint.http1_requests(), SizeIs(0));
}

TEST_F(Http2EndpointAlpn, AutoTakesWhatTheEndpointChooses) {
  Http2Endpoint both(scripts::named("new"), options({"h2", "http/1.1"}));
  Http2Endpoint old(scripts::named("new"), options({"http/1.1"}));
  start(h2_config({both.address()}, "auto"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/").body, "new");
  EXPECT_EQ(both.connection_count(), 1U);
  weir_->reload(h2_config({old.address()}, "auto"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(get("/").body, "old");
    EXPECT_EQ(weir_->connect().exchange("POST", "/", "body").body, "old");
  }
  EXPECT_THAT(old.http1_requests(), SizeIs(10));
  EXPECT_LE(old.connection_count(), 3U) << "they are kept, and what was chosen is remembered";
}

TEST_F(Http2EndpointAlpn, AutoServesManyAtOnceOverHttp1) {
  Http2Endpoint old(scripts::hang(), options({"http/1.1"}));
  start(h2_config({old.address()}, "auto"));
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(client.start_get("/"));
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body, "old");
}

TEST_F(Http2EndpointAlpn, AutoMixesEndpoints) {
  Http2Endpoint fresh(scripts::named("new"), options({"h2"})), old(scripts::hang(), options({"http/1.1"}));
  start(h2_config({fresh.address(), old.address()}, "auto", "balance: round_robin"));
  int answered_new = 0, answered_old = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string body = get("/").body;
    answered_new += body == "new" ? 1 : 0;
    answered_old += body == "old" ? 1 : 0;
  }
  EXPECT_EQ(answered_new, 10);
  EXPECT_EQ(answered_old, 10);
}

TEST_F(Http2EndpointAlpn, AHandshakeThatIsUnderWayIsJoined) {
  Http2EndpointOptions slow = options({"h2"});
  slow.handshake = std::make_shared<Gate>();
  Http2Endpoint endpoint(scripts::named("new"), slow);
  start(h2_config({endpoint.address()}, "h2"));
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 50; ++i) streams.push_back(client.start_get("/"));
  client.round_trip();
  endpoint.wait_for_connections(1);
  EXPECT_TRUE(client.stays_silent_for(200ms));
  EXPECT_EQ(endpoint.connection_count(), 1U) << "all wait for the same";
  slow.handshake->open();
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).body, "new");
  EXPECT_LE(endpoint.connection_count(), 2U);
}

TEST_F(Http2EndpointAlpn, WhoLeavesWhileAHandshakeIsUnderWayHurtsNobody) {
  Http2EndpointOptions slow = options({"h2"});
  slow.handshake = std::make_shared<Gate>();
  Http2Endpoint endpoint(scripts::named("new"), slow);
  start(h2_config({endpoint.address()}, "h2"));
  Http2Client leaves = this->client(), stays = this->client();
  const std::uint32_t left = leaves.start_get("/");
  endpoint.wait_for_connections(1);
  const std::uint32_t stayed = stays.start_get("/");
  stays.round_trip();
  leaves.reset(left);
  leaves.round_trip();
  slow.handshake->open();
  EXPECT_EQ(stays.wait_end(stayed).body, "new");
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(Http2EndpointAlpn, AHandshakeThatFailsFailsAllThatWait) {
  ScriptableEndpoint broken(ConnectionBehaviour([](EndpointConnection& connection) {
    connection.read_some();
    connection.send("this is not TLS");
  }));
  start(h2_config({broken.address()}, "h2",
                  "retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }"));
  Http2Client client = this->client();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 10; ++i) streams.push_back(client.start_get("/"));
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).status, 502);
}

}  // namespace
}  // namespace weir::testing
