// Clients that keep to the letter of HTTP/2, or nearly, and cost far more than they pay. Each class ends with GOAWAY
// ENHANCE_YOUR_CALM, the metric says why, and others are served on; beside each stands what is no attack.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>

#include "integration/http2_rig.hpp"
#include "support/sanitizer.hpp"

namespace weir::testing {
namespace {

using ::testing::ValuesIn;

constexpr h2::Flags whole = h2::end_headers | h2::end_stream;

std::string times(std::size_t count, const std::string& bytes) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += bytes;
  return all;
}

/// `make` for so many streams, one after the other.
std::string on_streams(std::size_t count, const std::function<std::string(std::uint32_t)>& make) {
  std::string all;
  for (std::uint32_t i = 0; i < count; ++i) all += make(2 * i + 1);
  return all;
}

class Http2Attack : public Http2Rig {
 protected:
  Http2Client ready_client() {
    start();
    Http2Client client = this->client();
    client.wait_settings_ack();
    return client;
  }
  /// Another client is served while and after this one is sent away.
  void expect_others_served() { EXPECT_EQ(client().get("/ok").status, 200); }
};

/// CVE-2023-44487.
TEST_F(Http2Attack, RapidReset) {
  Http2Client client = ready_client();
  constexpr std::size_t at_once = 50;
  for (std::size_t round = 1; round <= 20 && client.goaways().empty(); ++round) {
    for (std::size_t i = 0; i < at_once; ++i) client.start_get("/hang");
    endpoint_.wait_for_requests(round * at_once);
    for (std::size_t i = 0; i < at_once; ++i) {
      client.reset(client.newest_stream() - 2 * static_cast<std::uint32_t>(i));
    }
    weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
    client.read_available();
  }
  expect_calmed(client, {"client_reset"});
  expect_others_served();
}

/// The same as fast as it goes: then some are more than may be at once.
TEST_F(Http2Attack, RapidResetInOneGo) {
  Http2Client client = ready_client();
  client.send(on_streams(3000, [](std::uint32_t stream) {
    return h2::frame(h2::headers, whole, stream, block_of("GET", "/hang")) +
           h2::rst_stream_frame(stream, h2::cancel);
  }));
  expect_calmed(client, {"client_reset", "refused_stream"});
  EXPECT_LT(endpoint_.connection_count(), 1000U) << "the budget is 200 and 20 a second";
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  expect_others_served();
}

TEST_F(Http2Attack, ResetsBehindTheResponseAreNone) {
  Http2Client client = ready_client();
  for (int i = 0; i < 400; ++i) {
    const std::uint32_t stream = client.start_request(client.fields_of("POST", "/own"), false);
    client.wait_end(stream);
    client.reset(stream, h2::no_error);
  }
  expect_alive(client);
}

TEST_F(Http2Attack, FewResetsAreNone) {
  Http2Client client = ready_client();
  for (int i = 0; i < 50; ++i) client.reset(client.start_get("/hang"));
  eventually("their places are free", [&] { return client.get("/ok").status == 200; });
  expect_alive(client);
}

/// A client that gives up does not get a place for it before the endpoint's side is done.
TEST_F(Http2Attack, AStreamThatWasResetCountsUntilItsEndpointIsReleased) {
  constexpr std::size_t streams_max = 10;
  start("limits: { concurrent_streams: 10 }");
  Http2Client client = this->client();
  client.wait_settings_ack();
  for (std::size_t i = 0; i < streams_max; ++i) client.start_get("/hang");
  endpoint_.wait_for_requests(streams_max);
  EXPECT_EQ(client.wait_reset(client.start_get("/ok")), h2::refused_stream);
  client.reset(1);
  eventually("the endpoint's side is gone", [&] { return endpoint_.open_count() == streams_max - 1; });
  eventually("there is a place again", [&] { return client.get("/ok").status == 200; });
  for (int i = 0; i < 100; ++i) client.reset(client.start_get("/hang"));
  for (int i = 0; i < 20; ++i) EXPECT_LE(weir_->metric("weir_upstream_in_flight"), streams_max);
  expect_others_served();
}

/// CVE-2025-8671: the client makes Weir reset.
struct Provocation {
  std::string name;
  std::function<std::string(std::uint32_t)> on_stream;
};

void PrintTo(const Provocation& provocation, std::ostream* out) {
  *out << provocation.name;
}

std::vector<Provocation> provocations() {
  const auto asked = [](std::uint32_t stream) {
    return h2::frame(h2::headers, whole, stream, block_of("GET", "/hang"));
  };
  const auto posted = [](std::uint32_t stream, const h2::FieldLines& extra) {
    return h2::frame(h2::headers, h2::end_headers, stream, block_of("POST", "/hang", extra));
  };
  return {
      {"DataAfterTheEnd", [=](std::uint32_t s) { return asked(s) + h2::frame(h2::data, 0, s, "x"); }},
      {"HeadersAfterTheEnd", [=](std::uint32_t s) { return asked(s) + asked(s); }},
      {"WindowUpdateOfZero", [=](std::uint32_t s) { return asked(s) + h2::window_update_frame(s, 0); }},
      {"WindowPastTheEnd",
       [=](std::uint32_t s) { return asked(s) + h2::window_update_frame(s, 0x7FFF'FFFF); }},
      {"MoreThanItsLength",
       [=](std::uint32_t s) {
         return posted(s, {{"content-length", "1"}}) + h2::frame(h2::data, 0, s, "xx");
       }},
      {"LessThanItsLength",
       [=](std::uint32_t s) {
         return posted(s, {{"content-length", "9"}}) + h2::frame(h2::data, h2::end_stream, s, "x");
       }},
      {"Malformed",
       [=](std::uint32_t s) {
         return posted(s, {{"connection", "close"}});
       }},
      {"TrailersWithoutEnd",
       [=](std::uint32_t s) {
         return posted(s, {}) + h2::frame(h2::headers, h2::end_headers, s, h2::hpack_literal("a", "b"));
       }},
  };
}

class Http2MadeYouReset : public Http2Attack, public ::testing::WithParamInterface<Provocation> {};

TEST_P(Http2MadeYouReset, IsCounted) {
  Http2Client client = ready_client();
  client.send(on_streams(3000, GetParam().on_stream));
  expect_calmed(client, {"server_reset", "window_update", "refused_stream"});
  EXPECT_LT(endpoint_.connection_count(), 1000U);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  expect_others_served();
}

INSTANTIATE_TEST_SUITE_P(By, Http2MadeYouReset, ValuesIn(provocations()),
                         [](const auto& row) { return row.param.name; });

/// Floods of one kind of frame: what they are counted as.
struct Flood {
  std::string name;
  std::string bytes;  // behind the settings
  std::vector<std::string> reasons;
};

void PrintTo(const Flood& flood, std::ostream* out) {
  *out << flood.name;
}

std::vector<Flood> floods() {
  const std::string upload = h2::frame(h2::headers, h2::end_headers, 1, block_of("POST", "/hang"));
  const std::string begun = h2::frame(h2::headers, h2::end_stream, 1, block_of("GET", "/ok"));
  const std::string field = h2::hpack_literal("a", "b");
  h2::SettingLines many_settings;
  for (std::uint16_t i = 0; i < 2000; ++i) many_settings.emplace_back(h2::max_frame_size, 16'384 + i);
  const std::vector<std::string> control = {"control_frame"}, blocks = {"continuations"};
  return {
      {"Continuations", begun + times(20, h2::frame(h2::continuation, 0, 1, field)), blocks},
      {"EmptyContinuations", begun + times(500, h2::frame(h2::continuation, 0, 1)), blocks},
      {"EmptyData", upload + times(2000, h2::frame(h2::data, 0, 1)), {"empty_frame"}},
      {"PaddingWithoutData",
       upload + times(2000, h2::frame(h2::data, h2::padded, 1, h2::pad("", 3))),
       {"empty_frame"}},
      {"Settings", times(3000, h2::settings_frame({{h2::initial_window_size, 1000}})), control},
      {"SettingsWithoutASetting", times(3000, h2::settings_frame({})), control},
      {"LargeSettings", times(100, h2::settings_frame(many_settings)), {"settings", "control_frame"}},
      {"Pings", times(3000, h2::ping_frame("12345678")), control},
      {"PingAnswers", times(10'000, h2::ping_frame("12345678", true)), control},
      {"Priorities", times(10'000, h2::frame(h2::priority, 0, 1, h2::number(0, 4) + "x")), control},
      {"PriorityUpdates", times(10'000, h2::priority_update_frame(1, "u=1")), control},
      {"UnknownFrames", times(10'000, h2::frame(0xBE, 0, 0)), control},
      {"WindowUpdates", times(3000, h2::window_update_frame(0, 1)), {"window_update"}},
      {"WindowUpdatesOfAStream", upload + times(3000, h2::window_update_frame(1, 1)), {"window_update"}},
  };
}

class Http2Flood : public Http2Attack, public ::testing::WithParamInterface<Flood> {};

TEST_P(Http2Flood, EndsTheConnection) {
  Http2Client client = ready_client();
  client.send(GetParam().bytes);
  expect_calmed(client, GetParam().reasons);
  expect_others_served();
}

INSTANTIATE_TEST_SUITE_P(Of, Http2Flood, ValuesIn(floods()), [](const auto& row) { return row.param.name; });

/// Answers that nobody takes do not pile up: Weir stops reading, and the flood stands in the kernel.
TEST_F(Http2Attack, AFloodWhoseAnswersAreNotReadEndsToo) {
  start("limits: { send_timeout: 1s }");
  RawClient client = weir_->connect();
  client.send(std::string(h2::preface) + h2::settings_frame({}));
  const std::string pings = times(3000, h2::ping_frame("12345678"));
  client.stream().write_available(pings);
  eventually(
      "it is sent away", [&] { return weir_->metric("weir_connections", "listener=\"http\"") == 0; },
      Deadline(30s));
  expect_others_served();
}

TEST_F(Http2Attack, EightContinuationsAreNone) {
  Http2Client client = ready_client();
  std::string bytes = h2::frame(h2::headers, h2::end_stream, 1, block_of("GET", "/ok"));
  for (int i = 1; i <= 8; ++i) {
    bytes += h2::frame(h2::continuation, i == 8 ? h2::end_headers : h2::no_flags, 1,
                       h2::hpack_literal("x-" + std::to_string(i), "y"));
  }
  client.send(bytes);
  EXPECT_EQ(client.wait_end(1).status, 200);
  EXPECT_EQ(endpoint_.request(0).fields.get("x-8"), "y");
}

/// A download in small pieces has many WINDOW_UPDATEs, each with a cause.
TEST_F(Http2Attack, WindowUpdatesOfADownloadAreNone) {
  Http2Client client = ready_client();
  EXPECT_EQ(client.get("/bytes/20000000").body.size(), 20'000'000U);
  expect_alive(client);
}

// Header blocks that are small on the wire and large behind it.

class Http2Bomb : public Http2Attack {
 protected:
  /// Stores a field, then asks with `count` references to it, one byte each.
  std::uint32_t refer(Http2Client& client, const std::string& name, const std::string& value,
                      std::size_t count) {
    const std::uint32_t first = client.start_block(block_of("GET", "/ok") + h2::hpack_stored(name, value));
    EXPECT_EQ(client.wait_end(first).status, 200);
    return client.start_block(block_of("GET", "/ok") + times(count, h2::hpack_indexed(62)));
  }
  const std::vector<std::string> reasons_ = {"header_bytes"};
};

TEST_F(Http2Bomb, OfALargeField) {
  Http2Client client = ready_client();
  refer(client, "x-bomb", std::string(3000, 'b'), 15'000);
  expect_calmed(client, reasons_);
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

/// CVE-2026-49975: almost nothing of a field, very often.
TEST_F(Http2Bomb, OfATinyField) {
  Http2Client client = ready_client();
  refer(client, "x", "", 15'000);
  expect_calmed(client, reasons_);
}

/// CVE-2026-47774: pieces of a cookie were not counted.
TEST_F(Http2Bomb, OfCookieCrumbs) {
  Http2Client client = ready_client();
  refer(client, "cookie", "c", 15'000);
  expect_calmed(client, reasons_);
}

TEST_F(Http2Bomb, InTrailers) {
  Http2Client client = ready_client();
  const std::uint32_t stream = client.start_block(
      block_of("POST", "/echo") + h2::hpack_stored("x-bomb", std::string(3000, 'b')), false);
  client.send_data(stream, "body", false);
  client.send_frame(h2::headers, whole, stream, times(15'000, h2::hpack_indexed(62)));
  expect_calmed(client, reasons_);
}

TEST_F(Http2Bomb, InABlockOfARefusedStream) {
  start("limits: { concurrent_streams: 1 }");
  Http2Client client = this->client();
  client.wait_settings_ack();
  client.start_block(block_of("GET", "/hang") + h2::hpack_stored("x-bomb", std::string(3000, 'b')));
  client.start_block(block_of("GET", "/ok") + times(15'000, h2::hpack_indexed(62)));
  expect_calmed(client, reasons_);
}

/// Up to twice the bounds the request is refused and the connection stays.
TEST_F(Http2Bomb, ALittleTooMuchIsA431) {
  Http2Client client = ready_client();
  EXPECT_EQ(client.wait_end(refer(client, "x", "", 150)).status, 431);
  const std::uint32_t large = client.start_get("/ok", {{"x-large", std::string(40 * 1024, 'l')}});
  EXPECT_EQ(client.wait_end(large).status, 431);
  const h2::FieldLines crumbs(150, {"cookie", "a=b"});
  EXPECT_EQ(client.wait_end(client.start_get("/ok", crumbs)).status, 431);
  expect_alive(client);
  EXPECT_EQ(endpoint_.request_count(), 2U);
}

TEST_F(Http2Bomb, ABrowsersCookiesAreNone) {
  Http2Client client = ready_client();
  h2::FieldLines crumbs;
  for (int i = 0; i < 90; ++i) crumbs.emplace_back("cookie", "c" + std::to_string(i) + "=v");
  EXPECT_EQ(client.wait_end(client.start_get("/ok", crumbs)).status, 200);
  const std::vector<std::string> cookies = endpoint_.request(0).fields.values("cookie");
  ASSERT_EQ(cookies.size(), 1U);
  EXPECT_TRUE(cookies[0].starts_with("c0=v; c1=v; ")) << cookies[0];
  EXPECT_TRUE(cookies[0].ends_with("; c89=v")) << cookies[0];
}

/// What is beyond a usual size counts for the worker, too; a single connection notices nothing of that.
TEST_F(Http2Attack, LargeHeadsOfManyConnectionsAreBounded) {
  OriginProcess origin;
  ConfigText text = config();
  text.upstreams = {"origin: { endpoints: [ \"" + origin.address() + "\" ] }"};
  text.routes.push_back("{ name: slow, match: { path_prefix: /delay/ }, upstream: origin }");
  start(text);
  const std::string large = h2::hpack_literal("x-large", std::string(3'900, 'l'));
  const auto rejected = [&] {
    return weir_->metric("weir_http2_streams_rejected_total", "reason=\"header_bytes\"");
  };
  std::vector<Http2Client> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(client());
    clients.back().wait_settings_ack();
    clients.back().send(on_streams(100, [&](std::uint32_t stream) {
      return h2::frame(h2::headers, whole, stream, block_of("GET", "/delay/600000") + large);
    }));
    clients.back().round_trip();
    if (i == 0) {
      EXPECT_EQ(rejected(), 0);
    }
  }
  // 8 MiB, and 32 KiB of each connection, in pieces of 2.9 KiB.
  EXPECT_GE(rejected(), 4'000 - (8'192 + 40 * 32) / 2.9);
  EXPECT_LE(rejected(), 4'000 - 8'192 / 3.0);
  expect_others_served();
}

/// What comes behind a body is held as long as its head is, under the same bound.
TEST_F(Http2Attack, HoardedTrailersAreBounded) {
  start();
  Http2Client client = this->client();
  client.wait_settings_ack();
  constexpr int streams = 100;
  const std::string trailers = h2::hpack_literal("x-long", std::string(12'000, 't'));
  for (int i = 0; i < streams; ++i) {
    const std::uint32_t stream = client.start_request(client.fields_of("POST", "/hang"), false);
    client.send_frame(h2::headers, whole, stream, trailers);
  }
  client.round_trip();
  int held = 0;
  for (std::uint32_t stream = 1; stream < 2 * streams; stream += 2) {
    const auto reset = client.response(stream).reset;
    if (!reset) ++held;
    if (reset) {
      EXPECT_EQ(*reset, h2::enhance_your_calm);
    }
  }
  EXPECT_GT(held, 0);
  EXPECT_LE(held * 12'000, 100 * 4 * 1024 + 32 * 1024) << "the bound on heads";
  EXPECT_EQ(weir_->metric("weir_http2_streams_rejected_total", "reason=\"header_bytes\""), streams - held);
  expect_others_served();
}

// Windows that stay closed, or nearly.

TEST_F(Http2Attack, HoardingBehindClosedWindowsEnds) {
  start("limits: { send_timeout: 1s }");
  Http2Client client = narrow_client(0);
  for (int i = 0; i < 100; ++i) client.start_get("/bytes/100000");
  endpoint_.wait_for_requests(100);
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  EXPECT_GE(weir_->metric("weir_slow_clients_total", "send_timeout"), 1);
  expect_others_served();
}

/// A byte now and then is progress for send_timeout; response_min_rate looks at 20 s.
TEST_F(Http2Attack, DripsDoNotKeepAHoard) {
  start("limits: { send_timeout: 5s }");
  Http2Client client = narrow_client(0);
  constexpr std::uint32_t streams = 20;
  for (std::uint32_t i = 0; i < streams; ++i) client.start_get("/bytes/100000");
  endpoint_.wait_for_requests(streams);
  const Deadline deadline(90s);
  const auto held = [&] { return weir_->metric("weir_upstream_in_flight"); };
  while (held() > 0 && !deadline.has_passed()) {
    for (std::uint32_t stream = 1; stream < 2 * streams; stream += 2) {
      if (!client.response(stream).reset) client.send_window_update(stream, 1);
    }
    client.stays_silent_for(500ms);  // the pace of the drips
  }
  weir_->wait_for_metric("weir_upstream_in_flight", "", 0);
  EXPECT_GE(weir_->metric("weir_slow_clients_total", "response_min_rate"), 1);
}

/// What 200 connections can make Weir hold, each in the same way.
struct Hoard {
  std::string name;
  std::function<void(Http2Client&)> act;
};

void PrintTo(const Hoard& hoard, std::ostream* out) {
  *out << hoard.name;
}

std::vector<Hoard> hoards() {
  return {
      {"BlocksThatDoNotEnd",
       [](Http2Client& client) {
         client.send_frame(h2::headers, h2::end_stream, 1, block_of("GET", "/ok"));
         const std::string field = h2::hpack_literal("x", std::string(7000, 'y'));
         client.send(times(7, h2::frame(h2::continuation, 0, 1, field)));
       }},
      {"ResponsesThatAreNotTaken",
       [](Http2Client& client) {
         client.send_settings({{h2::initial_window_size, 0}});
         for (int i = 0; i < 4; ++i) client.start_get("/bytes/1000000");
       }},
      {"UploadsThatAreNotTaken",
       [](Http2Client& client) {
         const std::uint32_t stream = client.start_request(client.fields_of("POST", "/deaf"), false);
         send_into_window(client, stream, 64 * 1024);
       }},
      {"RequestsThatAreResetAtOnce",
       [](Http2Client& client) {
         for (int i = 0; i < 500; ++i) client.reset(client.start_get("/own"));
       }},
      {"PingsWithoutEnd", [](Http2Client& client) { client.send(times(5000, h2::ping_frame("12345678"))); }},
      {"SmallFrames",
       [](Http2Client& client) {
         const std::uint32_t stream = client.start_request(client.fields_of("POST", "/own"), false);
         client.send(times(5000, h2::frame(h2::data, 0, stream, "x")));
       }},
  };
}

class Http2Memory : public Http2Attack, public ::testing::WithParamInterface<Hoard> {};

TEST_P(Http2Memory, IsBounded) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer keeps what was freed";
  constexpr int connections = 200;
  constexpr double growth_kib_max = 64 * 1024;
  OriginProcess origin;
  ConfigText text = config();
  text.upstreams = {"origin: { endpoints: [ \"" + origin.address() + "\" ] }"};
  text.routes.push_back("{ name: large, match: { path_prefix: /bytes/ }, upstream: origin }");
  start(text);
  EXPECT_EQ(client().get("/ok").status, 200);
  const double before = weir_->rss_kib();
  std::vector<Http2Client> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(client());
    clients.back().wait_settings_ack();
    GetParam().act(clients.back());
  }
  double growth = 0;
  for (int i = 0; i < 20; ++i) {  // as they are served meanwhile
    expect_others_served();
    growth = std::max(growth, weir_->rss_kib() - before);
  }
  EXPECT_LT(growth, growth_kib_max);
}

INSTANTIATE_TEST_SUITE_P(Of, Http2Memory, ValuesIn(hoards()), [](const auto& row) { return row.param.name; });

TEST_F(Http2Attack, TheErrorOfItsGoawayIsLogged) {
  Http2Client client = ready_client();
  client.send(h2::frame(h2::goaway, 0, 0, h2::number(0, 4) + h2::number(h2::internal_error, 4)));
  weir_->process().wait_for_error_text("HTTP/2: GOAWAY INTERNAL_ERROR");
}

}  // namespace
}  // namespace weir::testing
