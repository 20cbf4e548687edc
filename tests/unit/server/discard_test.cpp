// What a client still sends after its answer: one time each bound, and the drain.
#include "server/discard.hpp"

#include <gtest/gtest.h>

#include "http/framing.hpp"
#include "support/loop.hpp"

namespace weir::server {
namespace {

using testing::Loop;
using testing::StreamPair;
using namespace std::chrono_literals;

struct Fixture {
  Loop loop;
  StreamPair pair{loop.reactor()};
  BufferPool buffers;
  ReadBuffer in{buffers};
  config::ListenerLimits limits;
  observe::ListenerCounters::Discards counts;
  TimePoint draining_since = TimePoint::max();

  Discard discard() { return {*pair.b, in, limits, counts, draining_since}; }
};

Detached send_for_ever(io::Stream& stream, io::Signal& stopped) {
  const std::string piece(16 * 1024, 'x');
  for (;;) {
    const io::IoResult sent = co_await testing::send(stream, piece);
    if (!sent.ok()) break;
  }
  stopped.set();
}

/// Chunked, and no end: what the sender sends is one chunk.
Task<> body_then_rest(Fixture& f, Discard::End& end) {
  (void)co_await testing::send(*f.pair.a, "ffffffff\r\n");
  io::Signal stopped(f.loop.reactor());
  send_for_ever(*f.pair.a, stopped);
  {
    http1::BodyDecoder body(http::Framing{http::BodyKind::chunked, 0}, Origin::client);
    Discard discard = f.discard();
    end = co_await discard.body(body);
    if (end == Discard::End::unfinished) co_await discard.rest();
  }
  f.pair.b.reset();
  co_await stopped;
}

TEST(Discard, BodyAndRestHaveOneBoundOfBytes) {
  for (const std::uint64_t most : {512 * 1024, 3 * 1024 * 1024}) {
    Fixture f;
    f.limits.discard_bytes = most;
    Discard::End end{};
    f.loop.run(body_then_rest(f, end));
    EXPECT_EQ(end, most < Discard::kept_bytes_max ? Discard::End::over : Discard::End::unfinished);
    EXPECT_EQ(f.counts.discard_bytes, 1U);
    EXPECT_GE(f.counts.bytes, most);
    EXPECT_LE(f.counts.bytes, most + BufferPool::small_bytes);
  }
}

Task<> rest_of_a_silent_client(Fixture& f) {
  Discard discard = f.discard();
  co_await discard.rest();
}

TEST(Discard, ADrainEndsASilentOneSoonWhateverItsBounds) {
  Fixture f;
  f.limits.discard_timeout = 1h;
  f.limits.discard_min_rate = 0;
  Timer drain{[](void* fixture) {
                auto& self = *static_cast<Fixture*>(fixture);
                self.draining_since = self.loop.reactor().now();
              },
              &f};
  f.loop.reactor().arm(drain, Clock::now() + 100ms);
  f.loop.run(rest_of_a_silent_client(f));
  EXPECT_EQ(f.counts.discard_timeout, 1U);
}

Task<> body_of_a_client_that_leaves(Fixture& f, Discard::End& end) {
  (void)co_await testing::send(*f.pair.a, "some");
  f.pair.a.reset();
  http1::BodyDecoder body(http::Framing{http::BodyKind::length, 100}, Origin::client);
  Discard discard = f.discard();
  end = co_await discard.body(body);
}

TEST(Discard, AClientThatLeavesInTheMiddleIsGone) {
  Fixture f;
  Discard::End end{};
  f.loop.run(body_of_a_client_that_leaves(f, end));
  EXPECT_EQ(end, Discard::End::over);
  EXPECT_EQ(f.counts.client_gone, 1U);
  EXPECT_EQ(f.counts.complete, 0U);
}

}  // namespace
}  // namespace weir::server
