// What a connection pays for, and what it does not: floods end in ENHANCE_YOUR_CALM with the kind as reason.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "http2/server_codec.hpp"
#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

using namespace std::chrono_literals;

/// How often `once` can be done, up to `bound` times, and the reason why not more often.
std::string often(Client& client, int bound, const std::function<void(int)>& once) {
  int count = 0;
  for (; count < bound && !client.codec.failed(); ++count) {
    once(count);
    client.codec.output().clear();
    client.owner.take_events();
  }
  return client.codec.failed() ? std::to_string(count - 1) + " " + client.state() : "any";
}

class Budget : public testing::Test {
 protected:
  Budget() {
    // Without what the handshake cost.
    client.connect();
    client.now += 1h;
  }
  std::uint32_t next_id() { return id_ += 2; }
  Client client;

 private:
  std::uint32_t id_ = static_cast<std::uint32_t>(-1);
};

TEST_F(Budget, RapidReset) {
  EXPECT_EQ(often(client, 1000,
                  [&](int) {
                    const std::uint32_t id = next_id();
                    client.tell(headers(id, get_block(), true) + rst_stream(id));
                    client.owner.release(id);
                  }),
            "200 ENHANCE_YOUR_CALM client_reset");
}

TEST_F(Budget, ResetsAtAModestRate) {
  EXPECT_EQ(often(client, 1000,
                  [&](int) {
                    const std::uint32_t id = next_id();
                    client.now += 50ms;
                    client.tell(headers(id, get_block(), true) + rst_stream(id));
                    client.owner.release(id);
                  }),
            "any");
}

TEST_F(Budget, ResetsAfterTheHeadAreFree) {
  EXPECT_EQ(often(client, 1000,
                  [&](int i) {
                    const std::uint32_t id = next_id();
                    client.tell(headers(id, get_block(), true));
                    client.codec.send_head(client.owner.stream(id), "\x88", i % 2 == 0);
                    client.tell(rst_stream(id));
                    client.owner.release(id);
                    client.tell(rst_stream(id));
                  }),
            "any");
}

TEST_F(Budget, ResetsAfterAnInterimHeadAreNot) {
  EXPECT_EQ(often(client, 1000,
                  [&](int) {
                    const std::uint32_t id = next_id();
                    client.tell(headers(id, post_block(), false));
                    client.codec.send_interim(client.owner.stream(id),
                                              "\x08\x03"
                                              "100");
                    client.tell(rst_stream(id));
                    client.owner.release(id);
                  }),
            "200 ENHANCE_YOUR_CALM client_reset");
}

TEST_F(Budget, ResetsThatTheServerIsMadeToSend) {
  const std::function<std::string(std::uint32_t)> ways[] = {
      [](std::uint32_t id) { return headers(id, get_block(), true) + data(id, "x"); },
      [](std::uint32_t id) { return headers(id, get_block(), true) + headers(id, get_block(), true); },
      [](std::uint32_t id) { return headers(id, post_block(), false) + headers(id, get_block(), false); },
      [](std::uint32_t id) {
        return headers(id, post_block({{"content-length", "3"}}), true);
      },
      [](std::uint32_t id) {
        return headers(id, get_block(), true) + frame(FrameType::priority, 0, id, "1");
      },
  };
  for (const auto& way : ways) {
    Client fresh;
    fresh.connect();
    fresh.now += 1h;
    std::uint32_t id = 1;
    EXPECT_EQ(often(fresh, 1000,
                    [&](int) {
                      fresh.tell(way(id));
                      fresh.owner.release(id);
                      id += 2;
                    }),
              "200 ENHANCE_YOUR_CALM server_reset");
  }
}

TEST_F(Budget, ResetsByTheOwnerForErrorsOfTheClient) {
  const auto with = [&](ErrorCode code) {
    return often(client, 300, [&](int) {
      const std::uint32_t id = next_id();
      client.tell(headers(id, get_block(), true));
      client.codec.reset(client.owner.stream(id), code);
      client.owner.release(id);
    });
  };
  EXPECT_EQ(with(ErrorCode::internal_error), "any");
  EXPECT_EQ(with(ErrorCode::no_error), "any");
  EXPECT_EQ(with(ErrorCode::protocol_error), "200 ENHANCE_YOUR_CALM server_reset");
}

TEST_F(Budget, InvalidWindowUpdates) {
  EXPECT_EQ(
      often(client, 1000,
            [&](int i) {
              const std::uint32_t id = next_id();
              client.tell(headers(id, get_block(), true) + window_update(id, i % 2 == 0 ? 0 : 0x7fffffff));
              client.owner.release(id);
            }),
      "200 ENHANCE_YOUR_CALM window_update");
}

TEST_F(Budget, WindowUpdatesInDrips) {
  client.tell(settings({{Setting::initial_window_size, 0}}) + headers(next_id(), get_block(), true));
  client.now += 1h;
  // 5 + 2 for a stream are free.
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(window_update(1, 1)); }),
            "207 ENHANCE_YOUR_CALM window_update");
}

TEST_F(Budget, WindowUpdatesForDataAreFree) {
  client.tell(headers(next_id(), get_block(), true));
  EXPECT_EQ(often(client, 2000,
                  [&](int) {
                    client.send_data(1, "x", false);
                    client.tell(window_update(1, 1) + window_update(0, 1));
                  }),
            "any");
}

TEST_F(Budget, RefusedStreams) {
  client.owner.refuse = true;
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(headers(next_id(), get_block(), true)); }),
            "300 ENHANCE_YOUR_CALM refused_stream");
}

TEST_F(Budget, MoreStreamsThanAnnounced) {
  while (client.codec.streams() < 100) client.tell(headers(next_id(), get_block(), true));
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(headers(next_id(), get_block(), true)); }),
            "300 ENHANCE_YOUR_CALM refused_stream");
}

TEST_F(Budget, EmptyData) {
  client.tell(headers(next_id(), post_block(), false));
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(data(1, "")); }), "200 ENHANCE_YOUR_CALM empty_frame");
}

TEST_F(Budget, EmptyDataWithPadding) {
  client.tell(headers(next_id(), post_block(), false));
  const std::string bytes = frame(FrameType::data, flag::padded, 1, padded("", 3));
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(bytes); }), "200 ENHANCE_YOUR_CALM empty_frame");
}

TEST_F(Budget, EmptyDataThatEndsARequestIsFree) {
  EXPECT_EQ(often(client, 1000,
                  [&](int) {
                    const std::uint32_t id = next_id();
                    client.tell(headers(id, post_block(), false) + data(id, "", true));
                    client.respond(id);
                    client.owner.release(id);
                  }),
            "any");
}

TEST_F(Budget, EmptyHeaderFragments) {
  EXPECT_EQ(often(client, 1000,
                  [&](int) {
                    const std::uint32_t id = next_id();
                    client.tell(frame(FrameType::headers, flag::end_stream, id) +
                                frame(FrameType::continuation, 0, id) +
                                frame(FrameType::continuation, flag::end_headers, id, get_block()));
                    if (client.codec.failed()) return;
                    client.respond(id);
                    client.owner.release(id);
                  }),
            "100 ENHANCE_YOUR_CALM empty_frame");
}

TEST_F(Budget, Settings) {
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(settings({})); }),
            "400 ENHANCE_YOUR_CALM control_frame");
}

TEST_F(Budget, Pings) {
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(frame(FrameType::ping, 0, 0, "12345678")); }),
            "400 ENHANCE_YOUR_CALM control_frame");
}

TEST_F(Budget, PingsThatMeasureADownloadAreFree) {
  client.tell(headers(next_id(), get_block(), true) + window_update(0, 100'000) + window_update(1, 100'000));
  EXPECT_EQ(often(client, 2000,
                  [&](int) {
                    client.send_data(1, "x", false);
                    client.tell(frame(FrameType::ping, 0, 0, "12345678"));
                  }),
            "any");
}

TEST_F(Budget, FramesThatAreIgnored) {
  const std::string frames[] = {frame(FrameType::priority, 0, 1, u32(0) + "x"), frame(FrameType{0x50}, 0, 0),
                                frame(FrameType::priority_update, 0, 0, u32(1) + "u=1"),
                                frame(FrameType::ping, flag::ack, 0, "12345678"),
                                frame(FrameType::settings, flag::ack, 0)};
  for (const std::string& bytes : frames) {
    Client fresh;
    fresh.connect();
    fresh.now += 1h;
    EXPECT_EQ(often(fresh, 5000, [&](int) { fresh.tell(bytes); }), "2000 ENHANCE_YOUR_CALM control_frame");
  }
}

TEST_F(Budget, DataAfterOurResetIsFree) {
  client.tell(headers(next_id(), post_block(), false));
  client.codec.reset(client.owner.stream(1), ErrorCode::cancel);
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(data(1, "x")); }), "any");
}

TEST_F(Budget, DataAfterTheirResetIsNot) {
  client.tell(headers(next_id(), post_block(), false));
  client.respond(1);
  client.tell(rst_stream(1));
  EXPECT_EQ(often(client, 1000, [&](int) { client.tell(data(1, "x")); }),
            "200 ENHANCE_YOUR_CALM server_reset");
}

}  // namespace
}  // namespace weir::http2
