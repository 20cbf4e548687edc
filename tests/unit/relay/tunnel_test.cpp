#include "relay/tunnel.hpp"

#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <cstring>

#include "relay/http1_body.hpp"
#include "relay/relay_body.hpp"
#include "support/loop.hpp"

namespace weir::relay {
namespace {

using testing::Loop;
using testing::StreamPair;
using namespace std::chrono_literals;

/// client.a talks to client.b, which the tunnel joins with endpoint.b; endpoint.a is the far end.
struct Fixture {
  Loop loop;
  StreamPair client{loop.reactor()}, endpoint{loop.reactor()};
  BufferPool pool;
  ReadBuffer client_in{pool}, endpoint_in{pool};
  Http1Source client_source{*client.b, client_in, tunnel_framing, Origin::client, BufferPool::small_bytes};
  Http1Source endpoint_source{*endpoint.b, endpoint_in, tunnel_framing, Origin::upstream,
                              BufferPool::small_bytes};
  Http1Sink client_sink{*client.b, tunnel_framing.kind, nullptr};
  Http1Sink endpoint_sink{*endpoint.b, tunnel_framing.kind, nullptr};
  TunnelEnd end;
  io::Signal ended{loop.reactor()};

  Detached start(Duration idle_timeout, TimePoint ends_at = TimePoint::max()) {
    const TunnelSide near{client_source, client_sink}, far{endpoint_source, endpoint_sink};
    const TunnelBounds bounds{idle_timeout, ends_at};
    end = co_await run_tunnel(near, far, bounds);
    client.b.reset();
    endpoint.b.reset();
    ended.set();
  }
};

Task<> talk_both_ways(Fixture& f) {
  f.start(5s);
  EXPECT_TRUE((co_await testing::send(*f.client.a, "ping")).ok());
  EXPECT_EQ(co_await testing::receive(*f.endpoint.a, 4), "ping");
  EXPECT_TRUE((co_await testing::send(*f.endpoint.a, "pong!")).ok());
  EXPECT_EQ(co_await testing::receive(*f.client.a, 5), "pong!");
  f.client.a->finish_writing();
  EXPECT_EQ(co_await testing::receive_all(*f.endpoint.a), "");
  // The client's direction has ended; the endpoint's goes on.
  EXPECT_TRUE((co_await testing::send(*f.endpoint.a, "bye")).ok());
  EXPECT_EQ(co_await testing::receive(*f.client.a, 3), "bye");
  f.endpoint.a->finish_writing();
  co_await f.ended;
}

TEST(Tunnel, CarriesBothDirectionsAndEndsEachOnItsOwn) {
  Fixture f;
  f.loop.run(talk_both_ways(f));
  EXPECT_EQ(f.end.client_bytes, 4u);
  EXPECT_EQ(f.end.endpoint_bytes, 8u);
  EXPECT_EQ(f.end.status, io::IoStatus::ok);
}

Task<> idle(Fixture& f) {
  f.start(30ms);
  co_await f.ended;
}

TEST(Tunnel, EndsWhenNothingMoves) {
  Fixture f;
  f.loop.run(idle(f));
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_FALSE(f.client_in.has_block());
}

Task<> one_sided(Fixture& f) {
  f.start(60ms);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE((co_await testing::send(*f.endpoint.a, "x")).ok());
    co_await io::Sleep(f.loop.reactor(), f.loop.reactor().now() + 20ms);
  }
  EXPECT_FALSE(f.ended.is_set()) << "traffic in one direction keeps the tunnel open";
  f.endpoint.a->channel().abort(io::IoStatus::shutdown);
  f.endpoint.a.reset();
  f.client.a->finish_writing();
  co_await f.ended;
}

TEST(Tunnel, TrafficInOneDirectionKeepsBothOpen) {
  Fixture f;
  f.loop.run(one_sided(f));
  EXPECT_EQ(f.end.endpoint_bytes, 6u);
}

Task<> early_bytes(Fixture& f) {
  f.client_in.reserve(BufferPool::small_bytes);
  std::memcpy(f.client_in.free_begin(), "early", 5);
  f.client_in.produced(5);
  f.start(5s);
  EXPECT_EQ(co_await testing::receive(*f.endpoint.a, 5), "early");
  f.client.a->finish_writing();
  f.endpoint.a->finish_writing();
  co_await f.ended;
}

TEST(Tunnel, PassesOnWhatWasReadTooEarly) {
  Fixture f;
  f.loop.run(early_bytes(f));
}

std::size_t readable_bytes(io::Stream& stream) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(stream.channel().fd(), FIONREAD, &bytes), 0);
  return static_cast<std::size_t>(bytes);
}

TEST(Tunnel, HoldsTheLoopForABoundedAmountOnly) {
  Fixture f;
  const int buffer_bytes = 1 << 20;
  for (io::Stream* writer : {f.endpoint.a.get(), f.client.b.get()}) {
    (void)::setsockopt(writer->channel().fd(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  }
  const std::string flood(2 << 20, 'f');
  iovec part{const_cast<char*>(flood.data()), flood.size()};
  std::span<iovec> parts(&part, 1);
  io::IoResult sent;
  EXPECT_FALSE(f.endpoint.a->try_write(parts, sent)) << "more than the kernel takes";
  constexpr std::size_t most = rounds_per_turn * BufferPool::small_bytes;
  ASSERT_GT(sent.bytes, most);
  f.start(5s);  // runs until it gives its turn back
  EXPECT_GT(readable_bytes(*f.client.a), 0U);
  EXPECT_LE(readable_bytes(*f.client.a), most);
  EXPECT_GT(readable_bytes(*f.endpoint.b), 0U) << "all of it was moved in one turn";
  f.loop.reactor().run_turn();
  EXPECT_LE(readable_bytes(*f.client.a), 2 * most);
  f.endpoint.a.reset();
  f.client.a.reset();
  f.loop.run([](Fixture& fixture) -> Task<> { co_await fixture.ended; }(f));
}

Task<> age(Fixture& f, TimePoint ends_at) {
  f.start(5s, ends_at);
  EXPECT_TRUE((co_await testing::send(*f.client.a, "ping")).ok());
  EXPECT_EQ(co_await testing::receive_all(*f.endpoint.a), "ping") << "and then an end";
  EXPECT_EQ(co_await testing::receive_all(*f.client.a), "");
  co_await f.ended;
}

TEST(Tunnel, EndsAtItsAgeOnBothSides) {
  Fixture f;
  const TimePoint ends_at = f.loop.reactor().now() + 50ms;
  f.loop.run(age(f, ends_at));
  EXPECT_TRUE(f.end.too_old);
  EXPECT_EQ(f.end.status, io::IoStatus::ok);
  EXPECT_GE(Clock::now(), ends_at);
  EXPECT_FALSE(f.client_in.has_block());
}

Task<> keep_talking(Fixture& f) {
  f.start(5s, f.loop.reactor().now() + 50ms);
  io::IoResult sent;
  while (!f.ended.is_set()) {
    sent = co_await testing::send(*f.client.a, "x");
    if (!sent.ok()) break;
    co_await io::Yield(f.loop.reactor());
  }
  co_await f.ended;
}

TEST(Tunnel, TrafficDoesNotKeepItOpenPastItsAge) {
  Fixture f;
  f.loop.run(keep_talking(f));
  EXPECT_TRUE(f.end.too_old);
  EXPECT_GT(f.end.client_bytes, 0U);
}

/// A side that takes nothing must not keep it either.
Task<> stand_still(Fixture& f) {
  f.start(5s, f.loop.reactor().now() + 50ms);
  const std::string flood(8 << 20, 'f');
  iovec part{const_cast<char*>(flood.data()), flood.size()};
  while (!f.ended.is_set()) {
    std::span<iovec> parts(&part, 1);
    io::IoResult sent;
    (void)f.client.a->try_write(parts, sent);
    co_await io::Sleep(f.loop.reactor(), f.loop.reactor().now() + 10ms);
  }
}

TEST(Tunnel, AWriteThatWaitsEndsAtItsAge) {
  Fixture f;
  const int buffer_bytes = 4096;
  (void)::setsockopt(f.endpoint.b->channel().fd(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  f.loop.run(stand_still(f));
  EXPECT_TRUE(f.end.too_old) << "not after the 5 s that a write may make no progress";
}

Task<> half_closed(Fixture& f) {
  f.start(5s, f.loop.reactor().now() + 50ms);
  f.client.a->finish_writing();
  EXPECT_EQ(co_await testing::receive_all(*f.endpoint.a), "");
  EXPECT_EQ(co_await testing::receive_all(*f.client.a), "") << "the endpoint says nothing";
  co_await f.ended;
}

TEST(Tunnel, HalfOfOneEndsAtItsAge) {
  Fixture f;
  f.loop.run(half_closed(f));
  EXPECT_TRUE(f.end.too_old);
  EXPECT_EQ(f.end.status, io::IoStatus::ok);
}

/// What a stream of HTTP/2 is when its client has broken a rule: it has something to say, again and again.
class BrokenSource final : public BodySource {
 public:
  Result<void> take(BodyBatch&) override {
    EXPECT_LT(++taken_, 10) << "asked again and again";
    if (taken_ >= 10) more_ = false;
    return client_error(ErrorKind::malformed_request, "it breaks the protocol");
  }
  bool finished() const override { return false; }
  bool has_more() const override { return more_; }
  bool try_read(io::IoResult& result) override {
    result = {0, io::IoStatus::reset};
    return true;
  }
  Task<io::IoResult> wait(TimePoint) override { co_return io::IoResult{0, io::IoStatus::reset}; }
  Result<void> end_of_stream() override { return {}; }
  std::string_view trailers() const override { return {}; }

 private:
  int taken_ = 0;
  bool more_ = true;
};

TEST(Tunnel, ASourceThatIsMalformedEndsIt) {
  Fixture f;
  BrokenSource broken;
  TunnelEnd end;
  f.loop.run([](Fixture& fixture, BrokenSource& source, TunnelEnd& out) -> Task<> {
    const TunnelSide near{source, fixture.client_sink}, far{fixture.endpoint_source, fixture.endpoint_sink};
    const TunnelBounds bounds{5s};
    out = co_await run_tunnel(near, far, bounds);
  }(f, broken, end));
  EXPECT_EQ(end.status, io::IoStatus::reset);
}

}  // namespace
}  // namespace weir::relay
