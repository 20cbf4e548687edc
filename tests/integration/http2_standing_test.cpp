// Clients of HTTP/2 that ask for much and open no window for it: what they make Weir hold, that others notice little of
// them, and that requests which wait for them are served as any other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "integration/http2_rig.hpp"
#include "support/sanitizer.hpp"

namespace weir::testing {
namespace {

constexpr h2::Flags whole = h2::end_headers | h2::end_stream;

/// `make` for so many streams, one after the other.
std::string on_streams(std::size_t count, const std::function<std::string(std::uint32_t)>& make) {
  std::string all;
  for (std::uint32_t i = 0; i < count; ++i) all += make(2 * i + 1);
  return all;
}

/// What clients make Weir hold that ask for much and take little of it, each on all the streams that it may have.
struct Closed {
  std::string name;
  std::uint32_t stream_window;
  std::uint32_t added_to_connection;
  std::string protocol;  // of the endpoint
};

void PrintTo(const Closed& closed, std::ostream* out) {
  *out << closed.name;
}

class Http2StandingClients : public Http2Rig {
 protected:
  static constexpr int connections = 200;
  static constexpr double growth_kib_max = 64 * 1024;

  /// `/bytes/` goes to an origin of its own.
  void start_with_origin(const std::string& protocol) {
    origin_ = std::make_unique<OriginProcess>();
    ConfigText text = config();
    text.http +=
        ", limits: { send_timeout: 10m, response_min_rate: 0 }";  // none ends while a slow machine counts
    text.upstreams = {"origin: { protocol: " + protocol + ", endpoints: [ \"" + origin_->address() +
                      "\" ] }"};
    text.routes.push_back("{ name: large, match: { path_prefix: /bytes/ }, upstream: origin }");
    start(text);
  }
  void ask_on_all_streams(Http2Client& client, const std::string& path) {
    client.send(on_streams(100, [&path](std::uint32_t stream) {
      return h2::frame(h2::headers, whole, stream, block_of("GET", path));
    }));
  }
  double delayed() const { return weir_->metric("weir_http2_streams_delayed_total"); }
  double waiting() const { return weir_->metric("weir_http2_streams", "state=\"waiting\""); }
  double standing() const { return weir_->metric("weir_http2_streams", "state=\"standing\""); }
  /// So many connections whose responses of 1 MB all stand still after `window` bytes: nothing more begins for them.
  std::vector<Http2Client> crowd(int size, std::uint32_t window) {
    std::vector<Http2Client> clients;
    for (int i = 0; i < size; ++i) {
      clients.push_back(narrow_client(window));
      ask_on_all_streams(clients.back(), "/bytes/1000000");
    }
    eventually(
        "what all share is used up", [&] { return standing() > 450 && waiting() > 0; }, Deadline(30s));
    return clients;
  }

  std::unique_ptr<OriginProcess> origin_;
};

class Http2ClosedWindows : public Http2StandingClients, public ::testing::WithParamInterface<Closed> {};

TEST_P(Http2ClosedWindows, HoldLittle) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer keeps what was freed";
  start_with_origin(GetParam().protocol);
  EXPECT_EQ(client().get("/bytes/1000000").body.size(), 1'000'000U);
  const double before = weir_->rss_kib();
  std::vector<Http2Client> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(narrow_client(GetParam().stream_window, GetParam().added_to_connection));
    ask_on_all_streams(clients.back(), "/bytes/1000000");
  }
  for (Http2Client& each : clients) each.round_trip(Deadline(60s));
  EXPECT_GT(weir_->metric("weir_upstream_in_flight"), 0) << "those that are few on their connections go on";
  double growth = 0;
  for (int i = 0; i < 20; ++i) {  // as they are served meanwhile
    EXPECT_EQ(client().get("/bytes/1000000").body.size(), 1'000'000U);
    growth = std::max(growth, weir_->rss_kib() - before);
  }
  EXPECT_LT(growth, growth_kib_max) << weir_->metric("weir_upstream_in_flight") << " in flight";
  EXPECT_GT(delayed(), 0);
  for (Http2Client& each : clients) {
    each.read_available();
    for (std::uint32_t stream = 1; stream < 200; stream += 2) ASSERT_FALSE(each.response(stream).reset);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Http2ClosedWindows,
                         ::testing::Values(Closed{"NothingOverHttp1", 0, 0, "http1"},
                                           Closed{"NothingOverHttp2", 0, 0, "h2c"},
                                           Closed{"AByteOverHttp1", 1, 0, "http1"},
                                           Closed{"AByteOverHttp2", 1, 0, "h2c"},
                                           Closed{"AKiBOverHttp1", 1024, 1 << 24, "http1"},
                                           Closed{"AKiBOverHttp2", 1024, 1 << 24, "h2c"},
                                           Closed{"FourKiBOverHttp1", 4096, 1 << 24, "http1"},
                                           Closed{"FourKiBOverHttp2", 4096, 1 << 24, "h2c"}),
                         [](const auto& row) { return row.param.name; });

/// While many stand still, who takes what it asked for, or pauses, notices nothing, and none is reset.
TEST_F(Http2StandingClients, ACrowdHurtsNoOneElse) {
  start_with_origin("http1");
  constexpr std::uint32_t window = 1024;
  Http2Client pauses = narrow_client(window, 1 << 20);
  for (int i = 0; i < 20; ++i) pauses.start_get("/bytes/5000");
  for (std::uint32_t stream = 1; stream < 40; stream += 2) pauses.wait_body(stream, window);
  std::vector<Http2Client> clients = crowd(30, window);
  EXPECT_EQ(client().get("/bytes/1000000").body.size(), 1'000'000U);
  for (std::uint32_t stream = 1; stream < 40; stream += 2) pauses.send_window_update(stream, 10'000);
  for (std::uint32_t stream = 1; stream < 40; stream += 2) {
    EXPECT_EQ(pauses.wait_end(stream).body.size(), 5'000U) << stream;
  }
  EXPECT_LE(weir_->metric("weir_upstream_in_flight"), 512 + 31 * 6 + 2);
  for (Http2Client& each : clients) each.round_trip();
  for (Http2Client& each : clients) {
    for (std::uint32_t stream = 1; stream < 200; stream += 2) ASSERT_FALSE(each.response(stream).reset);
  }
}

/// Its connection is new and asks for a hundred things at once, as for a page: they come, whichever others stand still.
TEST_F(Http2StandingClients, AHundredRequestsOfANewClientAreServedBesideACrowd) {
  start_with_origin("http1");
  const std::vector<Http2Client> clients = crowd(30, 1024);
  const double before = delayed();
  Http2Client fresh = client();
  fresh.wait_settings_ack();
  ask_on_all_streams(fresh, "/bytes/2000");
  for (std::uint32_t stream = 1; stream < 200; stream += 2) {
    EXPECT_EQ(fresh.wait_end(stream).body.size(), 2'000U) << stream;
  }
  EXPECT_GT(delayed(), before) << "some of them had to wait";
}

/// Without a crowd there is nothing to wait for.
TEST_F(Http2StandingClients, AHundredRequestsOfANewClientBeginAtOnce) {
  start();
  Http2Client fresh = client();
  fresh.wait_settings_ack();
  ask_on_all_streams(fresh, "/gate");
  endpoint_.wait_for_requests(100);
  gate_->open();
  for (std::uint32_t stream = 1; stream < 200; stream += 2) EXPECT_EQ(fresh.wait_end(stream).status, 200);
  EXPECT_EQ(delayed(), 0);
}

/// What waits keeps what comes of its body, and its trailers; one that its client takes back is gone, and reaches no
/// endpoint.
TEST_F(Http2StandingClients, WhatWaitsIsServedAsAnyOther) {
  start_with_origin("http1");
  std::vector<Http2Client> clients = crowd(30, 1024);
  Http2Client late = narrow_client(1024, 1 << 24);
  for (int i = 0; i < 6; ++i) late.start_get("/bytes/1000000");
  for (std::uint32_t stream = 1; stream < 12; stream += 2) late.wait_body(stream, 1024);
  const std::uint32_t posted =
      late.start_request(late.fields_of("POST", "/echo", {{"cookie", "a=1"}, {"cookie", "b=2"}}), false);
  const std::uint32_t taken_back = late.start_get("/ok");
  late.send_data(posted, "what was sent meanwhile", true);
  late.round_trip();
  EXPECT_EQ(endpoint_.request_count(), 0U);
  late.reset(taken_back);
  late.round_trip();
  late.reset(1);
  const Http2Response response = late.wait_end(posted);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "what was sent meanwhile");
  EXPECT_EQ(endpoint_.request(0).fields.get("cookie"), "a=1; b=2");
  clients.clear();
  eventually(
      "nothing waits", [&] { return waiting() == 0 && standing() <= 5; }, Deadline(20s));
}

}  // namespace
}  // namespace weir::testing
