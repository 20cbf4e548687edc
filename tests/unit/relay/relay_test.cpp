#include "relay/relay_body.hpp"

#include <gtest/gtest.h>

#include "relay/http1_body.hpp"
#include "relay/wrapped_source.hpp"
#include "support/loop.hpp"

namespace weir::relay {
namespace {

using http::BodyKind;
using http::Framing;
using testing::Loop;
using testing::StreamPair;
using namespace std::chrono_literals;

Detached start(Task<> task) {
  co_await task;
}

/// source.a -> (relay reads source.b, writes target.a) -> target.b
struct Fixture {
  explicit Fixture(bool small_buffers = false)
      : source(loop.reactor(), small_buffers), target(loop.reactor(), small_buffers), in(pool) {
    options.read_timeout = 5s;
    options.write_timeout = 5s;
  }

  Task<> write_source(std::string text) {
    EXPECT_TRUE((co_await testing::send(*source.a, text, 60s)).ok());
    if (close_source) source.a->finish_writing();
  }

  Task<> write_pieces(std::vector<std::string> pieces) {
    for (const std::string& piece : pieces) {
      co_await io::Sleep(loop.reactor(), loop.reactor().now() + 1ms);
      EXPECT_TRUE((co_await testing::send(*source.a, piece)).ok());
    }
  }

  Task<> collect() {
    co_await io::Sleep(loop.reactor(), loop.reactor().now() + target_pause);
    received = co_await testing::receive_all(*target.b);
    collected.set();
  }

  Task<> relay(Framing framing, BodyKind out, std::string_view head) {
    Http1Source body(*source.b, in, framing, Origin::client);
    Http1Sink sink(*target.a, out, nullptr);
    start(collect());
    end = co_await relay_body(body, sink, head, options, progress);
    target.a->finish_writing();
    co_await collected;
  }

  /// Relays `text` and returns what the target got.
  std::string run(std::string text, Framing framing, BodyKind out, std::string_view head = "HEAD\r\n\r\n") {
    start(write_source(std::move(text)));
    loop.run(relay(framing, out, head));
    return received;
  }

  Loop loop;
  StreamPair source, target;
  BufferPool pool;
  ReadBuffer in;
  RelayOptions options;
  RelayProgress progress;
  RelayEnd end;
  std::string received;
  io::Signal collected{loop.reactor()};
  Duration target_pause{};  // in which the target takes nothing
  bool close_source = false;
};

TEST(Relay, LengthToLength) {
  Fixture f;
  EXPECT_EQ(f.run("hello", {BodyKind::length, 5}, BodyKind::length), "HEAD\r\n\r\nhello");
  EXPECT_TRUE(f.end.complete());
  EXPECT_EQ(f.progress.body_bytes, 5u);
  EXPECT_EQ(f.progress.written_bytes, 13u);
}

TEST(Relay, WithoutABodyOnlyTheHeadGoes) {
  Fixture f;
  EXPECT_EQ(f.run("next message", {BodyKind::none, 0}, BodyKind::none), "HEAD\r\n\r\n");
  EXPECT_TRUE(f.end.complete());
}

TEST(Relay, ChunkedIsDecodedAndFramedAnew) {
  Fixture f;
  EXPECT_EQ(f.run("3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::chunked),
            "HEAD\r\n\r\n7\r\nabcdefg\r\n0\r\n\r\n");
  EXPECT_EQ(f.progress.body_bytes, 7u);
}

TEST(Relay, ChunkedToAnOldClientIsPlainBytes) {
  Fixture f;
  EXPECT_EQ(f.run("3\r\nabc\r\n0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::until_close), "HEAD\r\n\r\nabc");
}

TEST(Relay, UntilCloseBecomesChunked) {
  Fixture f;
  f.close_source = true;
  EXPECT_EQ(f.run("abc", {BodyKind::until_close, 0}, BodyKind::chunked), "HEAD\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_TRUE(f.end.complete());
}

TEST(Relay, TrailersPassBehindTheLastChunk) {
  Fixture f;
  EXPECT_EQ(f.run("1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::chunked),
            "HEAD\r\n\r\n1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n");
}

TEST(Relay, EachPieceArrivesAsItComes) {
  Fixture f;
  start(f.write_pieces({"2\r\nab\r\n", "2\r\ncd\r\n", "0\r\n\r\n"}));
  f.loop.run(f.relay({BodyKind::chunked, 0}, BodyKind::chunked, ""));
  EXPECT_EQ(f.received, "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
}

TEST(Relay, WhatAnEarlierTryConsumedGoesFirst) {
  for (const bool chunked : {false, true}) {
    Fixture f;
    std::string replay = "hel";
    f.options.resend = replay;
    f.options.replay = &replay;
    f.options.replay_bytes_max = 64 * 1024;
    f.progress.body_bytes = replay.size();
    const std::string rest = "lo" + std::string(40'000, '!');  // the kept text moves when this joins it
    const Framing framing{BodyKind::length, rest.size()};
    const std::string got = f.run(rest, framing, chunked ? BodyKind::chunked : BodyKind::length);
    if (chunked) {
      EXPECT_TRUE(got.starts_with("HEAD\r\n\r\n3\r\nhel\r\n"));
      EXPECT_TRUE(got.ends_with("!\r\n0\r\n\r\n"));
    } else {
      EXPECT_EQ(got, "HEAD\r\n\r\nhel" + rest);
    }
    EXPECT_TRUE(f.end.complete());
    EXPECT_EQ(replay, "hel" + rest) << "once, for the try after this one";
    EXPECT_EQ(f.progress.body_bytes, replay.size());
  }
}

TEST(Relay, WhatIsSentAgainCountsForTheLimit) {
  Fixture f;
  const std::string replay = "hello";
  f.options.resend = replay;
  f.options.body_bytes_max = 6;
  f.progress.body_bytes = replay.size();
  f.run("!!", {BodyKind::length, 2}, BodyKind::length);
  EXPECT_EQ(f.end.side, RelayEnd::Side::limit);
  EXPECT_EQ(f.end.error->kind, ErrorKind::body_too_large);
}

TEST(Relay, ALongBodyPassesThroughASmallKernelBuffer) {
  Fixture f(true);
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += static_cast<char>('a' + i % 23);
  EXPECT_EQ(f.run(body, {BodyKind::length, body.size()}, BodyKind::length, ""), body);
}

TEST(Relay, ManySmallChunksInOneRead) {
  Fixture f;
  std::string chunks, body;
  for (int i = 0; i < 500; ++i) {
    chunks += "1\r\nx\r\n";
    body += 'x';
  }
  f.run(chunks + "0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::until_close, "");
  EXPECT_EQ(f.received, body);
}

TEST(Relay, TheSourceEndingEarlyIsAnError) {
  Fixture f;
  f.close_source = true;
  f.run("abc", {BodyKind::length, 5}, BodyKind::length);
  EXPECT_EQ(f.end.side, RelayEnd::Side::source);
  ASSERT_TRUE(f.end.error);
  EXPECT_EQ(f.end.error->kind, ErrorKind::client_gone);
}

TEST(Relay, BrokenChunkingIsAnErrorAndNothingOfItPasses) {
  Fixture f;
  EXPECT_EQ(f.run("zz\r\n", {BodyKind::chunked, 0}, BodyKind::chunked), "HEAD\r\n\r\n");
  EXPECT_EQ(f.end.side, RelayEnd::Side::source);
  EXPECT_TRUE(f.end.error);
}

TEST(Relay, ABodyPastTheLimitIsRefused) {
  Fixture f;
  f.options.body_bytes_max = 4;
  f.run("5\r\nabcde\r\n0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::chunked);
  EXPECT_EQ(f.end.side, RelayEnd::Side::limit);
  EXPECT_EQ(f.end.error->kind, ErrorKind::body_too_large);
}

TEST(Relay, KeepsTheBodyForAReplayUntilItDoesNotFit) {
  std::string kept;
  {
    Fixture f;
    f.options.replay = &kept;
    f.options.replay_bytes_max = 8;
    f.run("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::chunked);
    EXPECT_EQ(kept, "abcde");
    EXPECT_FALSE(f.progress.replay_overflow);
  }
  kept.clear();
  Fixture f;
  f.options.replay = &kept;
  f.options.replay_bytes_max = 4;
  f.run("abcdef", {BodyKind::length, 6}, BodyKind::length);
  EXPECT_TRUE(f.progress.replay_overflow);
  EXPECT_EQ(f.received, "HEAD\r\n\r\nabcdef");
}

TEST(Relay, ACopyOfTheBodyIsTakenBesidesTheOneForRetries) {
  std::string kept;
  BodyCopy copy([](void*) {}, nullptr);
  copy.begin(6);
  Fixture f;
  f.options.replay = &kept;
  f.options.replay_bytes_max = 2;
  f.options.copy = &copy;
  f.run("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", {BodyKind::chunked, 0}, BodyKind::chunked);
  EXPECT_TRUE(f.end.complete());
  EXPECT_TRUE(f.progress.replay_overflow);
  EXPECT_TRUE(copy.complete());
  EXPECT_EQ(copy.bytes(), "abcdef");
}

TEST(Relay, ABodyTooLargeToCopyIsRelayedAllTheSame) {
  BodyCopy copy([](void*) {}, nullptr);
  copy.begin(5);
  Fixture f;
  f.options.copy = &copy;
  f.run("abcdef", {BodyKind::length, 6}, BodyKind::length);
  EXPECT_EQ(f.received, "HEAD\r\n\r\nabcdef");
  EXPECT_FALSE(copy.complete());
}

TEST(Relay, ASilentSourceTimesOutHoldingNoBuffer) {
  Fixture f;
  f.options.read_timeout = 20ms;
  f.run("ab", {BodyKind::length, 5}, BodyKind::length);
  EXPECT_EQ(f.end.side, RelayEnd::Side::source);
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_FALSE(f.in.has_block());
}

/// No clock but the real one reaches a relay, so this takes as long as a window does. The source has more at once
/// whenever it is asked: were the target's pause its own, it would be far below the rate.
TEST(Relay, ATargetThatTakesNothingDoesNotMakeItsSourceTooSlow) {
  Fixture f(true);
  f.target_pause = source_rate_window + 1s;
  f.options.write_timeout = 60s;
  f.options.source_min_rate = 1'000'000;
  const std::string body(200'000, 'b');
  EXPECT_EQ(f.run(body, {BodyKind::length, body.size()}, BodyKind::length, ""), body);
  EXPECT_TRUE(f.end.complete());
  EXPECT_FALSE(f.end.too_slow);
}

TEST(Relay, TheDeadlineEndsItAll) {
  Fixture f;
  f.options.deadline = f.loop.reactor().now() + 20ms;
  f.run("ab", {BodyKind::length, 5}, BodyKind::length);
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
}

TEST(Relay, ATargetThatLeavesEndsIt) {
  Fixture f;
  f.target.b.reset();
  Http1Source body(*f.source.b, f.in, {BodyKind::length, 5}, Origin::client);
  Http1Sink sink(*f.target.a, BodyKind::length, nullptr);
  start(f.write_source("hello"));
  auto relay = [](Fixture& fixture, BodySource& from, BodySink& to) -> Task<> {
    fixture.end = co_await relay_body(from, to, "HEAD", fixture.options, fixture.progress);
  };
  f.loop.run(relay(f, body, sink));
  EXPECT_EQ(f.end.side, RelayEnd::Side::target);
}

TEST(Relay, AnAbortDuringItsPauseForOthersIsNotLost) {
  Fixture f;
  // Room for a few bytes at a time only, so that a short body takes many rounds.
  constexpr std::size_t bytes_per_round = 64;
  f.in.reserve(BufferPool::small_bytes);
  const std::size_t used = f.in.free_bytes() - bytes_per_round;
  f.in.produced(used);
  f.in.consume(used);
  f.in.pin(used);
  Http1Source body(*f.source.b, f.in, {BodyKind::length, 1'000'000}, Origin::client);
  Http1Sink sink(*f.target.a, BodyKind::length, nullptr);
  auto scene = [](Fixture& fixture, BodySource& from, BodySink& to) -> Task<> {
    EXPECT_TRUE(
        (co_await testing::send(*fixture.source.a, std::string(bytes_per_round * rounds_per_turn, 'x')))
            .ok());
    io::Signal ended(fixture.loop.reactor());
    auto relay = [](Fixture& inner, BodySource& source, BodySink& target, io::Signal& done) -> Task<> {
      inner.end = co_await relay_body(source, target, "", inner.options, inner.progress);
      done.set();
    };
    start(relay(fixture, from, to, ended));
    // It waits for its next turn now: neither of these finds an operation to end.
    fixture.target.a->channel().abort(io::IoStatus::cancelled);
    fixture.source.b->channel().cancel_read();
    co_await ended;
  };
  f.options.read_timeout = 3s;
  f.loop.run(scene(f, body, sink));
  EXPECT_EQ(f.end.side, RelayEnd::Side::target);
  EXPECT_EQ(f.end.status, io::IoStatus::cancelled);
  EXPECT_EQ(f.progress.body_bytes, bytes_per_round * (rounds_per_turn - 1));
}

/// A body whose client may not send for a while, because a window of ours is closed.
class HeldSource final : public BodySource {
 public:
  /// From now on for `held`, and then silent for `silent`, until its only byte comes.
  HeldSource(io::Reactor& reactor, Duration held, Duration silent)
      : reactor_(reactor), began_(reactor.now()), held_(held), due_(began_ + held + silent) {}

  Result<void> take(BodyBatch& batch) override {
    if (!arrived_) return {};
    batch.add("x");
    batch.end({});
    finished_ = true;
    return {};
  }
  bool finished() const override { return finished_; }
  bool has_more() const override { return arrived_ && !finished_; }
  bool try_read(io::IoResult& result) override {
    if (reactor_.now() < due_) return false;
    arrived_ = true;
    result = {1, io::IoStatus::ok};
    return true;
  }
  Task<io::IoResult> wait(TimePoint until) override {
    const bool comes = due_ <= until;
    co_await io::Sleep(reactor_, std::min(until, due_));
    io::IoResult result;
    result.status = comes ? io::IoStatus::ok : io::IoStatus::timeout;
    co_return result;
  }
  Result<void> end_of_stream() override { return {}; }
  std::string_view trailers() const override { return {}; }
  Duration held_back() const override { return std::min<Duration>(held_, reactor_.now() - began_); }

 private:
  io::Reactor& reactor_;
  TimePoint began_;
  Duration held_;
  TimePoint due_;
  bool arrived_ = false, finished_ = false;
};

RelayEnd relay_from(Fixture& f, BodySource& source) {
  Http1Sink sink(*f.target.a, BodyKind::until_close, nullptr);
  f.loop.run([](Fixture& fixture, BodySource& from, BodySink& to) -> Task<> {
    fixture.end = co_await relay_body(from, to, "", fixture.options, fixture.progress);
  }(f, source, sink));
  return f.end;
}

RelayEnd relay_held(Fixture& f, Duration held, Duration silent) {
  HeldSource source(f.loop.reactor(), held, silent);
  return relay_from(f, source);
}

TEST(Relay, ASourceThatWeHoldBackIsNotSilent) {
  Fixture f;
  f.options.read_timeout = 100ms;
  EXPECT_TRUE(relay_held(f, 350ms, 30ms).complete());
}

TEST(Relay, ItsSilenceCountsFromWhenItMaySend) {
  Fixture f;
  f.options.read_timeout = 100ms;
  const TimePoint began = Clock::now();
  const RelayEnd end = relay_held(f, 250ms, 10s);
  EXPECT_EQ(end.side, RelayEnd::Side::source);
  EXPECT_EQ(end.status, io::IoStatus::timeout);
  EXPECT_GE(Clock::now() - began, 350ms);
  EXPECT_LT(Clock::now() - began, 5s);
}

TEST(Relay, TheDeadlineEndsASourceThatWeHoldBack) {
  Fixture f;
  f.options.read_timeout = 50ms;
  f.options.deadline = f.loop.reactor().now() + 200ms;
  const RelayEnd end = relay_held(f, 1h, 0ms);
  EXPECT_EQ(end.side, RelayEnd::Side::target) << "others did not take what holds it back";
  EXPECT_EQ(end.status, io::IoStatus::timeout);
}

/// As long as a window of its pace, see above.
TEST(Relay, ASourceThatWeHoldBackIsNotSlow) {
  Fixture f;
  f.options.read_timeout = 60s;
  f.options.source_min_rate = 1'000'000;
  EXPECT_TRUE(relay_held(f, source_rate_window + 500ms, 10ms).complete());
}

/// Between two things that it sends, where it owes nothing.
class PausingSource final : public WrappedSource {
 public:
  explicit PausingSource(BodySource& source) : WrappedSource(source) {}
  Result<void> take(BodyBatch& batch) override { return body().take(batch); }
  bool owes_more() const override { return false; }
};

TEST(Relay, ASourceThatOwesNothingIsNotSlow) {
  Fixture f;
  f.options.read_timeout = 60s;
  f.options.source_min_rate = 1'000'000;
  HeldSource silent(f.loop.reactor(), 0ms, source_rate_window + 500ms);
  PausingSource source(silent);
  EXPECT_TRUE(relay_from(f, source).complete());
}

TEST(Relay, ItsSilenceIsBoundedAllTheSame) {
  Fixture f;
  f.options.read_timeout = 50ms;
  f.options.source_min_rate = 1'000'000;
  HeldSource silent(f.loop.reactor(), 0ms, 10s);
  PausingSource source(silent);
  const RelayEnd end = relay_from(f, source);
  EXPECT_EQ(end.status, io::IoStatus::timeout);
  EXPECT_FALSE(end.too_slow);
}

/// A sink that serves others first.
class CrowdedSink final : public BodySink {
 public:
  CrowdedSink(io::Reactor& reactor, const ReadBuffer& in) : reactor_(reactor), in_(in) {}

  bool try_write(BodyBatch& batch, io::IoResult&) override {
    if (batch.empty()) return false;
    for (const iovec& run : batch.runs()) {
      largest_ = std::max(largest_, run.iov_len);
      bytes_ += run.iov_len;
    }
    has_turn_ = false;
    return true;
  }
  Task<PacedWrite> write_rest(WriteBounds) override {
    EXPECT_FALSE(in_.has_block()) << "it waits with a block";
    co_await io::Sleep(reactor_, reactor_.now() + 1ms);
    has_turn_ = ++turns_ > 0;
    PacedWrite written;
    written.status = status;
    co_return written;
  }
  bool has_turn() const override { return has_turn_; }
  std::size_t read_max() const override {
    EXPECT_TRUE(has_turn_) << "it is read for one that waits";
    return 30'000;
  }
  io::IoStatus aborted() const override { return io::IoStatus::ok; }
  void finish() override {}
  void abort(io::IoStatus) override {}
  io::Reactor& reactor() const override { return reactor_; }

  io::IoStatus status = io::IoStatus::ok;  // of a wait for its turn
  std::size_t largest_ = 0, bytes_ = 0;
  int turns_ = 0;

 private:
  io::Reactor& reactor_;
  const ReadBuffer& in_;
  bool has_turn_ = true;
};

/// Of a body of `bytes` the first `sent` come.
RelayEnd relay_crowded(Fixture& f, CrowdedSink& sink, std::size_t bytes, std::size_t sent) {
  Http1Source body(*f.source.b, f.in, {BodyKind::length, bytes}, Origin::upstream);
  start(f.write_source(std::string(sent, 'x')));
  f.loop.run([](Fixture& fixture, BodySource& from, BodySink& to) -> Task<> {
    fixture.end = co_await relay_body(from, to, "", fixture.options, fixture.progress);
  }(f, body, sink));
  return f.end;
}

TEST(Relay, IsReadWhenTheTargetHasItsTurn) {
  Fixture f;
  CrowdedSink sink(f.loop.reactor(), f.in);
  EXPECT_TRUE(relay_crowded(f, sink, 500'000, 500'000).complete());
  EXPECT_EQ(sink.bytes_, 500'000U);
  EXPECT_LE(sink.largest_, 30'000U);
  EXPECT_GE(sink.turns_, 16);
}

TEST(Relay, AWaitForATurnCanEndBadly) {
  Fixture f;
  CrowdedSink sink(f.loop.reactor(), f.in);
  sink.status = io::IoStatus::peer_gone;
  const RelayEnd end = relay_crowded(f, sink, 500'000, 1'000);
  EXPECT_EQ(end.side, RelayEnd::Side::target);
  EXPECT_EQ(end.status, io::IoStatus::peer_gone);
}

}  // namespace
}  // namespace weir::relay
