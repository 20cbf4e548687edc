#include "io/stream.hpp"

#include <gtest/gtest.h>

#include "support/loop.hpp"

namespace weir::io {
namespace {

using testing::Loop;
using testing::StreamPair;
using namespace std::chrono_literals;

Detached start(Task<> task) {
  co_await task;
}

Task<> echo_once(Stream& a, Stream& b) {
  EXPECT_TRUE((co_await testing::send(a, "hello")).ok());
  EXPECT_EQ(co_await testing::receive(b, 5), "hello");
}

TEST(Stream, CarriesBytes) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(echo_once(*pair.a, *pair.b));
}

Task<> write_and_finish(Stream& stream, const std::string& text) {
  EXPECT_TRUE((co_await testing::send(stream, text)).ok());
  stream.finish_writing();
}

Task<> transfer(Stream& a, Stream& b, const std::string& text) {
  start(write_and_finish(a, text));
  EXPECT_EQ(co_await testing::receive_all(b), text);
}

TEST(Stream, WritesWaitForASlowReaderAndNothingIsLost) {
  Loop loop;
  StreamPair pair(loop.reactor(), true);
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += static_cast<char>('a' + i % 26);
  loop.run(transfer(*pair.a, *pair.b, text));
}

Task<> gathered(Stream& a, Stream& b) {
  std::string one = "one", two = "two", three = "three";
  iovec parts[] = {
      {one.data(), one.size()}, {nullptr, 0}, {two.data(), two.size()}, {three.data(), three.size()}};
  const IoResult written = co_await a.write_all(parts, 1s);
  EXPECT_TRUE(written.ok());
  EXPECT_EQ(written.bytes, 11u);
  EXPECT_EQ(co_await testing::receive(b, 11), "onetwothree");
}

TEST(Stream, GathersPartsAndSkipsEmptyOnes) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(gathered(*pair.a, *pair.b));
}

Task<> read_until(Stream& stream, IoStatus expected, Duration limit) {
  char byte = 0;
  const IoResult got = co_await stream.read_some(&byte, 1, stream.reactor().now() + limit);
  EXPECT_EQ(got.status, expected);
}

TEST(Stream, ReadEndsAtItsDeadline) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(read_until(*pair.a, IoStatus::timeout, 20ms));
  EXPECT_EQ(pair.a->channel().aborted(), IoStatus::ok) << "a timeout ends one operation, not the stream";
}

TEST(Stream, ReadSeesTheEndOfTheOtherSide) {
  Loop loop;
  StreamPair pair(loop.reactor());
  pair.b.reset();
  loop.run(read_until(*pair.a, IoStatus::eof, 10s));
}

TEST(Stream, AbortEndsAWaitingReadAndAllLaterOnes) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.reactor().post([&] { pair.a->channel().abort(IoStatus::shutdown); });
  loop.run(read_until(*pair.a, IoStatus::shutdown, 10s));
  loop.run(read_until(*pair.a, IoStatus::shutdown, 10s));
  pair.a->channel().abort(IoStatus::peer_gone);
  EXPECT_EQ(pair.a->channel().aborted(), IoStatus::shutdown) << "the first reason stays";
}

TEST(Stream, CancelEndsOneReadOnly) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.reactor().post([&] { pair.a->channel().cancel_read(); });
  loop.run(read_until(*pair.a, IoStatus::cancelled, 10s));
  loop.run(echo_once(*pair.b, *pair.a));
}

Task<> stuck_write(Stream& stream, IoStatus expected) {
  const std::string text(1'000'000, 'x');
  const IoResult written = co_await testing::send(stream, text, 30ms);
  EXPECT_EQ(written.status, expected);
  EXPECT_LT(written.bytes, text.size());
}

TEST(Stream, WriteWithoutProgressTimesOut) {
  Loop loop;
  StreamPair pair(loop.reactor(), true);
  loop.run(stuck_write(*pair.a, IoStatus::timeout));
}

Task<> slow_reader(Stream& stream, std::size_t bytes, Signal& done) {
  char block[2048];
  for (std::size_t read = 0; read < bytes;) {
    co_await Sleep(stream.reactor(), stream.reactor().now() + 5ms);
    const IoResult got = co_await stream.read_some(block, sizeof block, TimePoint::max());
    if (!got.ok()) break;
    read += got.bytes;
  }
  done.set();
}

Task<> slow_but_moving(Stream& a, Stream& b) {
  // Takes twice the timeout in all, and moves fifteen times in each: also where other programs take the time.
  const std::string text(250'000, 'x');
  Signal all_read(a.reactor());
  start(slow_reader(b, text.size(), all_read));
  const IoResult written = co_await testing::send(a, text, 300ms);
  EXPECT_TRUE(written.ok()) << "as long as something moves the write goes on";
  a.finish_writing();
  co_await all_read;
}

TEST(Stream, WriteTimeoutIsPerProgressNotPerWrite) {
  Loop loop;
  StreamPair pair(loop.reactor(), true);
  loop.run(slow_but_moving(*pair.a, *pair.b));
}

Task<> moving_past_the_deadline(Stream& a, Stream& b) {
  std::string text(600'000, 'x');
  Signal all_read(a.reactor());
  start(slow_reader(b, text.size(), all_read));
  iovec part{text.data(), text.size()};
  const std::span<iovec> parts(&part, 1);
  const IoResult written = co_await a.write_all(parts, 10s, a.reactor().now() + 100ms);
  EXPECT_EQ(written.status, IoStatus::timeout) << "progress does not help";
  EXPECT_LT(written.bytes, text.size());
  a.finish_writing();
  co_await all_read;
}

TEST(Stream, AWriteEndsAtItsDeadlineHoweverItMoves) {
  Loop loop;
  StreamPair pair(loop.reactor(), true);
  loop.run(moving_past_the_deadline(*pair.a, *pair.b));
}

struct Watcher final : ChannelObserver {
  int events = 0;
  void on_unread_event(Channel&) override { ++events; }
};

Task<> pause(Reactor& reactor) {
  co_await Sleep(reactor, reactor.now() + 20ms);
}

TEST(Channel, NotifiesItsObserverWhenThePeerLeaves) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(pause(loop.reactor()));  // the first events of a new socket are over
  Watcher watcher;
  pair.a->channel().observe(&watcher);
  pair.b.reset();
  loop.run(pause(loop.reactor()));
  EXPECT_GE(watcher.events, 1);
  EXPECT_TRUE(pair.a->channel().peer_closed());
}

Task<> send_byte(Stream& stream) {
  EXPECT_TRUE((co_await testing::send(stream, "?")).ok());
}

TEST(Stream, AKeptConnectionIsSilentUntilSomethingArrives) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(pause(loop.reactor()));
  EXPECT_TRUE(pair.a->is_silent());
  loop.run(send_byte(*pair.b));
  loop.run(pause(loop.reactor()));
  EXPECT_FALSE(pair.a->is_silent());
}

TEST(Stream, AKeptConnectionThatWasClosedIsNotSilent) {
  Loop loop;
  StreamPair pair(loop.reactor());
  pair.b.reset();
  loop.run(pause(loop.reactor()));
  EXPECT_FALSE(pair.a->is_silent());
}

Task<> readable_then_read(Stream& a, Stream& b) {
  EXPECT_TRUE((co_await testing::send(b, "x")).ok());
  EXPECT_TRUE((co_await a.readable(TimePoint::max())).ok());
  char byte = 0;
  IoResult result;
  EXPECT_TRUE(a.try_read(&byte, 1, result));
  EXPECT_EQ(byte, 'x');
}

TEST(Stream, ReadableHoldsNoBufferAndIsFollowedByARead) {
  Loop loop;
  StreamPair pair(loop.reactor());
  loop.run(readable_then_read(*pair.a, *pair.b));
}

}  // namespace
}  // namespace weir::io
