// Writes to a side that takes slowly, over TCP: its kernel and ours hold much, and say for long that there is no room.
#include "relay/http1_body.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/loop.hpp"

namespace weir::relay {
namespace {

using testing::Loop;
using namespace std::chrono_literals;

constexpr int send_buffer_bytes = 200'000, receive_buffer_bytes = 4096;
constexpr std::size_t body_bytes = 600'000;

struct TcpPair {
  explicit TcpPair(io::Reactor& reactor) {
    const io::FileDescriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    (void)::setsockopt(listening.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    EXPECT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    io::FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    (void)::setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                       sizeof receive_buffer_bytes);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
    EXPECT_EQ(::fcntl(client.get(), F_SETFL, O_NONBLOCK), 0);
    io::FileDescriptor accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    reader = std::make_unique<io::Stream>(reactor, std::move(client));
    writer = std::make_unique<io::Stream>(reactor, std::move(accepted));
  }
  std::unique_ptr<io::Stream> reader, writer;
};

struct Fixture {
  Loop loop;
  TcpPair pair{loop.reactor()};
  TakenPace pace{1000, 200ms};
  PacedWrite end;

  io::Signal taken{loop.reactor()};

  Task<> write(WriteBounds bounds) {
    const std::string text(body_bytes, 'x');
    Http1Sink sink(*pair.writer, http::BodyKind::length, bounds.pace);
    BodyBatch batch;
    batch.begin(text);
    end = co_await write_batch(sink, batch, bounds);
  }
};

/// A few KiB at each tick: the send buffer has room for more long after the bounds of the tests below.
Detached take_slowly(Fixture& f) {
  char block[2048];
  for (;;) {  // until the writer has closed and all of it is here
    io::IoResult got;
    if (f.pair.reader->try_read(block, sizeof block, got) && !got.ok()) break;
    co_await io::Sleep(f.loop.reactor(), f.loop.reactor().now() + 1ms);
  }
  f.taken.set();
}

Task<> write_to_slow_side(Fixture& f, WriteBounds bounds) {
  take_slowly(f);
  co_await f.write(bounds);
  f.pair.writer.reset();
  co_await f.taken;
}

TEST(PacedWrite, ASlowSideThatTakesOnIsNotStalled) {
  Fixture f;
  f.loop.run(write_to_slow_side(f, {100ms}));
  EXPECT_TRUE(f.end.ok());
  EXPECT_EQ(f.end.bytes, body_bytes);
}

TEST(PacedWrite, ASlowSideThatKeepsItsPaceGetsEverything) {
  Fixture f;
  f.loop.run(write_to_slow_side(f, {10s, TimePoint::max(), &f.pace}));
  EXPECT_TRUE(f.end.ok());
  EXPECT_EQ(f.end.bytes, body_bytes);
}

TEST(PacedWrite, ASideThatTakesNothingIsStalled) {
  Fixture f;
  f.loop.run(f.write({50ms}));
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_FALSE(f.end.too_slow);
}

TEST(PacedWrite, OneThatTakesNothingIsStalledWhateverThePace) {
  Fixture f;
  f.loop.run(f.write({600ms, TimePoint::max(), &f.pace}));
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_FALSE(f.end.too_slow);
}

TEST(PacedWrite, ASideBelowItsPaceIsTooSlow) {
  Fixture f;
  TakenPace high{1'000'000'000, 50ms};
  f.loop.run(write_to_slow_side(f, {10s, TimePoint::max(), &high}));
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_TRUE(f.end.too_slow);
}

TEST(PacedWrite, TheDeadlineEndsIt) {
  Fixture f;
  f.loop.run(f.write({10s, f.loop.reactor().now() + 50ms}));
  EXPECT_EQ(f.end.status, io::IoStatus::timeout);
  EXPECT_FALSE(f.end.too_slow);
}

}  // namespace
}  // namespace weir::relay
