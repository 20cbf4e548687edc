// Endpoints that break HTTP/2 or try to cost Weir memory and time: their connection ends, their clients get an answer,
// and all others are served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/http2_endpoint_rig.hpp"
#include "support/scriptable_endpoint.hpp"

namespace weir::testing {
namespace {

using Stream = Http2EndpointStream;

std::string repeated(const std::string& frame, std::size_t times) {
  std::string all;
  all.reserve(frame.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += frame;
  return all;
}

/// What an endpoint sends when a request has come.
struct Hostile {
  std::string name;
  std::function<std::string(std::uint32_t stream)> frames;
  /// Whether a response before it may have reached the client.
  bool in_response = false;
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

class Http2HostileEndpoint : public Http2EndpointRig, public ::testing::WithParamInterface<Hostile> {
 protected:
  Http2HostileEndpoint() {
    ConfigText config = h2c_config({endpoint_.address()},
                                   "retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
    config.upstreams = {"good: { protocol: h2c, endpoints: [ \"" + good_.address() + "\" ] }"};
    config.routes = {"{ name: good, match: { path_prefix: /good }, upstream: good }"};
    start(config);
  }

  Http2Endpoint good_{scripts::ok("good")};
};

TEST_P(Http2HostileEndpoint, HurtsOnlyItself) {
  const Hostile& hostile = GetParam();
  endpoint_.behave(scripts::hang());
  Http2Client client = this->client();
  EXPECT_EQ(client.get("/good").body, "good");
  const double before = weir_->rss_kib();
  for (std::size_t round = 0; round < 3; ++round) {
    const std::uint32_t number = client.start_get("/");
    endpoint_.wait_for_requests(round + 1);
    const Stream stream = endpoint_.stream(round);
    if (hostile.in_response) {
      stream.head(200);
      client.wait_head(number);
    }
    endpoint_.send(endpoint_.request(round).connection, hostile.frames(endpoint_.request(round).stream));
    const Http2Response& response = client.wait_end(number, Deadline(20s));
    if (hostile.in_response) {
      EXPECT_FALSE(response.complete);
    } else {
      EXPECT_EQ(response.status, 502) << client.transcript();
    }
    EXPECT_EQ(client.get("/good").body, "good");
    endpoint_.wait_for_close(endpoint_.request(round).connection);
  }
  EXPECT_LT(weir_->rss_kib() - before, 32 * 1024) << "KiB";
  endpoint_.behave(scripts::ok("reformed"));
  EXPECT_EQ(client.get("/").body, "reformed");
  client.close();
  EXPECT_EQ(weir_->stop(), (ExitStatus{0, 0}));
}

const std::string many_acks_asked = repeated(h2::ping_frame("12345678"), 200'000);

std::string block_without_end(std::uint32_t stream) {
  return h2::frame(h2::headers, h2::no_flags, stream, h2::hpack_block({{":status", "200"}}));
}

INSTANTIATE_TEST_SUITE_P(
    Frames, Http2HostileEndpoint,
    ::testing::Values(
        Hostile{"NotHttp2",
                [](std::uint32_t) { return "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(100, 'x'); }},
        Hostile{"APushedResponse",
                [](std::uint32_t stream) {
                  return h2::frame(h2::push_promise, h2::end_headers, stream,
                                   h2::number(2, 4) + h2::hpack_block({{":method", "GET"}}));
                }},
        Hostile{"HpackThatIsNone",
                [](std::uint32_t stream) {
                  return h2::frame(h2::headers, h2::end_headers, stream, "\xFF\xFF\xFF\xFF\xFF\x7F");
                }},
        Hostile{"AnIndexOfNothing",
                [](std::uint32_t stream) {
                  return h2::frame(h2::headers, h2::end_headers, stream, h2::hpack_indexed(4000));
                }},
        Hostile{"ATableThatIsTooLarge",
                [](std::uint32_t stream) {
                  return h2::frame(h2::headers, h2::end_headers, stream, h2::hpack_table_size(1 << 20));
                }},
        Hostile{"AFrameThatIsTooLarge",
                [](std::uint32_t stream) {
                  return h2::frame_head(1 << 20, h2::data, 0, stream) + std::string(100, 'x');
                }},
        Hostile{"AHeadOnAnIdleStream",
                [](std::uint32_t stream) {
                  return h2::frame(h2::headers, h2::end_headers | h2::end_stream, stream + 100,
                                   h2::hpack_block({{":status", "200"}}));
                }},
        Hostile{"AHeadOnAnEvenStream",
                [](std::uint32_t) {
                  return h2::frame(h2::headers, h2::end_headers | h2::end_stream, 2,
                                   h2::hpack_block({{":status", "200"}}));
                }},
        Hostile{"DataOnStreamZero", [](std::uint32_t) { return h2::frame(h2::data, 0, 0, "x"); }},
        Hostile{"SettingsThatAreNone", [](std::uint32_t) { return h2::frame(h2::settings, 0, 0, "12345"); }},
        Hostile{"AWindowThatIsTooLarge",
                [](std::uint32_t) { return h2::window_update_frame(0, 0x7FFF'FFFF); }},
        Hostile{"AWindowOfNothing", [](std::uint32_t) { return h2::window_update_frame(0, 0); }},
        Hostile{"AnInitialWindowThatIsTooLarge",
                [](std::uint32_t) {
                  return h2::settings_frame({{h2::initial_window_size, 0x8000'0000}});
                }},
        Hostile{"AFrameSizeThatIsNone",
                [](std::uint32_t) {
                  return h2::settings_frame({{h2::max_frame_size, 100}});
                }},
        Hostile{"AnInterruptedBlock",
                [](std::uint32_t stream) { return block_without_end(stream) + h2::ping_frame("12345678"); }},
        Hostile{
            "AContinuationOfNothing",
            [](std::uint32_t stream) { return h2::frame(h2::continuation, h2::end_headers, stream, ""); }},
        Hostile{"ContinuationsWithoutEnd",
                [](std::uint32_t stream) {
                  return block_without_end(stream) +
                         repeated(h2::frame(h2::continuation, 0, stream, ""), 100'000);
                }},
        Hostile{"ABlockWithoutEnd",
                [](std::uint32_t stream) {
                  const std::string part = repeated(h2::hpack_literal("x-large", std::string(4000, 'v')), 4);
                  return block_without_end(stream) +
                         repeated(h2::frame(h2::continuation, 0, stream, part), 600);
                }},
        Hostile{"PingsWithoutEnd", [](std::uint32_t) { return many_acks_asked; }},
        Hostile{"SettingsWithoutEnd",
                [](std::uint32_t) { return repeated(h2::settings_frame({}), 200'000); }},
        Hostile{"UnknownFramesWithoutEnd",
                [](std::uint32_t) { return repeated(h2::frame(0xEE, 0, 0, "x"), 400'000); }},
        Hostile{"PrioritiesWithoutEnd",
                [](std::uint32_t stream) {
                  return repeated(h2::frame(h2::priority, 0, stream, h2::number(0, 4) + "x"), 400'000);
                }},
        Hostile{"EmptyDataWithoutEnd",
                [](std::uint32_t stream) { return repeated(h2::frame(h2::data, 0, stream, ""), 400'000); },
                true}),
    [](const auto& tested) { return tested.param.name; });

class Http2HostileStart : public Http2EndpointRig {};

/// A field without a value costs its sender a byte, and Weir no more than that many of them.
TEST_F(Http2HostileStart, FieldsThatCostNothingAreBounded) {
  start("retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  Http2Script script;
  script.end = [](const Stream& stream) {
    std::string block = h2::hpack_block({{":status", "200"}}) + h2::hpack_stored("a", "");
    block += repeated(h2::hpack_indexed(62), 8'000);
    stream.raw(h2::frame(h2::headers, h2::end_headers | h2::end_stream, stream.request().stream, block));
  };
  endpoint_.behave(script);
  const double before = weir_->rss_kib();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/").status, 502);
  EXPECT_LT(weir_->rss_kib() - before, 16 * 1024) << "KiB";
}

TEST_F(Http2HostileStart, WhatIsNotHttp2FromTheStartIsA502) {
  for (const std::string& greeting :
       {std::string("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), std::string(1000, '\0'),
        h2::ping_frame("12345678"), std::string("SSH-2.0-OpenSSH\r\n")}) {
    Http2EndpointOptions options;
    options.greeting = greeting;
    Http2Endpoint endpoint(scripts::hang(), options);
    start(h2c_config({endpoint.address()},
                     "retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }"));
    EXPECT_EQ(get("/").status, 502);
    EXPECT_EQ(weir_->connect().exchange("POST", "/", "body").status, 502);
  }
}

TEST_F(Http2HostileStart, AnEndpointOfHttp1IsA502AndNoSilence) {
  OriginProcess origin;
  RawClient plain(origin.port());
  EXPECT_EQ(plain.get("/bytes/2").body, "AB");
  ScriptableEndpoint old(RequestBehaviour([](EndpointConnection& connection, const Request&) {
    connection.send(
        "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.close();
  }));
  start(h2c_config({old.address()}, "retry: { attempts: 0 }"));
  EXPECT_EQ(get("/").status, 502);
}

TEST_F(Http2HostileStart, AnEndpointThatNeverSpeaksIsATimeout) {
  ScriptableEndpoint silent(
      ConnectionBehaviour([](EndpointConnection& connection) { connection.read_to_end(); }));
  start(h2c_config({silent.address()}, "retry: { attempts: 0 }, timeouts: { response: 300ms }"));
  EXPECT_EQ(get("/").status, 504);
}

/// Of a stream that is not read, too: what is beyond its window is dropped with it.
TEST_F(Http2HostileStart, DataBeyondAWindowEndsItsStream) {
  endpoint_.behave(scripts::hang());
  start("retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  Http2Options options;
  options.settings = {{h2::initial_window_size, 0}};
  Http2Client slow = client(options), other = client();
  const double before = weir_->rss_kib();
  for (std::size_t round = 0; round < 3; ++round) {
    const std::uint32_t number = slow.start_get("/");
    endpoint_.wait_for_requests(2 * round + 1);
    const Stream stream = endpoint_.stream(2 * round);
    stream.head(200);
    slow.wait_head(number);
    const Http2EndpointRequest request = stream.request();
    const std::string piece = h2::frame(h2::data, 0, request.stream, std::string(16'384, 'x'));
    endpoint_.send(request.connection, repeated(piece, 100));
    EXPECT_TRUE(slow.wait_end(number).reset.has_value());
    const std::uint32_t served = other.start_get("/");
    endpoint_.wait_for_requests(2 * round + 2);
    endpoint_.stream(2 * round + 1).answer(200, "served");
    EXPECT_EQ(other.wait_end(served).body, "served");
  }
  EXPECT_LT(weir_->rss_kib() - before, 16 * 1024) << "KiB";
}

TEST_F(Http2HostileStart, TheLogSaysWhatBroke) {
  endpoint_.behave(scripts::hang());
  start("retry: { attempts: 0 }");
  Http2Client client = this->client();
  const std::uint32_t first = client.start_get("/");
  endpoint_.wait_for_requests(1);
  endpoint_.send(0, h2::frame(h2::data, 0, 0, "x"));
  EXPECT_EQ(client.wait_end(first).status, 502);
  weir_->process().wait_for_error_text("endpoint " + endpoint_.address() + ": HTTP/2: stream_id");
}

TEST_F(Http2HostileStart, TheLogSaysWhatItsGoawayMeant) {
  endpoint_.behave(scripts::hang());
  start("retry: { attempts: 0 }");
  Http2Client client = this->client();
  const std::uint32_t number = client.start_get("/");
  endpoint_.wait_for_requests(1);
  endpoint_.goaway(0, 1, h2::enhance_your_calm);
  endpoint_.close(0);
  EXPECT_EQ(client.wait_end(number).status, 502);
  weir_->process().wait_for_error_text("endpoint " + endpoint_.address() + ": HTTP/2: ENHANCE_YOUR_CALM");
}

/// Many small heads in one go: they have their turns, and all of them come.
TEST_F(Http2HostileStart, ManyHeadsInOneGoAreAllRead) {
  endpoint_.behave(scripts::hang());
  start("h2: { max_streams: 100, connections: 1 }");
  Http2Client client = this->client();
  constexpr std::size_t count = 90;
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(client.start_get("/"));
  endpoint_.wait_for_requests(count);
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += h2::frame(h2::headers, h2::end_headers | h2::end_stream, endpoint_.request(i).stream,
                     h2::hpack_block({{":status", "204"}}));
  }
  endpoint_.send(0, all);
  for (const std::uint32_t number : numbers) EXPECT_EQ(client.wait_end(number).status, 204);
}

/// SETTINGS_MAX_HEADER_LIST_SIZE: what is larger is not sent, and is no fault of the endpoint.
TEST_F(Http2HostileStart, ARequestThatIsTooLargeForItIsA431) {
  Http2EndpointOptions options;
  options.settings = {{6, 2000}};
  Http2Endpoint modest(scripts::ok("small"), options);
  start(h2c_config({modest.address()}, "passive_health: { consecutive_failures: 1 }"));
  EXPECT_EQ(get("/").body, "small");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/", {{"x-large", std::string(2000, 'l')}}).status, 431);
  EXPECT_EQ(get("/").body, "small");
  EXPECT_EQ(modest.request_count(), 2U);
  EXPECT_EQ(failures(), 0);
}

/// Resets of what was asked for a moment ago, again and again: each is answered, and there is a bound.
TEST_F(Http2HostileStart, ResetsWithoutEndAreSurvived) {
  Http2Endpoint good(scripts::ok("good"));
  endpoint_.behave(scripts::reset(h2::internal_error));
  ConfigText config = h2c_config({endpoint_.address()},
                                 "retry: { attempts: 0 }, passive_health: { consecutive_failures: 0 }");
  config.upstreams = {"good: { protocol: h2c, endpoints: [ \"" + good.address() + "\" ] }"};
  config.routes = {"{ name: good, match: { path_prefix: /good }, upstream: good }"};
  start(config);
  Http2Client client = this->client();
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint32_t> streams;
    for (int i = 0; i < 50; ++i) streams.push_back(client.start_get("/"));
    for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).status, 502);
    EXPECT_EQ(client.get("/good").body, "good");
  }
}

}  // namespace
}  // namespace weir::testing
