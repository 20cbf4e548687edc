// Sessions of one thread share what they write to and read from; none may notice.
#include "io/tls_session.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "support/loop.hpp"
#include "unit/tls/handshake.hpp"

namespace weir::io {
namespace {

using testing::Loop;
using testing::StreamPair;
using namespace std::chrono_literals;

constexpr int connections_count = 8;
constexpr std::size_t text_bytes = 100'000;

std::string text_of(std::string_view side, int number) {
  std::string text;
  while (text.size() < text_bytes) text.append(side) += std::to_string(number) + ' ';
  text.resize(text_bytes);
  return text;
}

Detached send_all(Stream& stream, std::string text, Stream& done) {
  EXPECT_TRUE((co_await testing::send(stream, text)).ok());
  EXPECT_TRUE((co_await testing::send(done, "s")).ok());
}

/// One side: shakes hands, then sends and receives at once; a byte in `done` says that each has ended.
Detached converse(Stream& stream, std::string said, std::string expected, Stream& done) {
  const IoResult shaken = co_await stream.handshake(stream.reactor().now() + 10s);
  EXPECT_TRUE(shaken.ok()) << stream.tls()->failure_text();
  send_all(stream, std::move(said), done);
  const std::string got = co_await testing::receive(stream, expected.size());
  EXPECT_TRUE(got == expected);
  EXPECT_TRUE((co_await testing::send(done, "r")).ok());
}

Task<> wait_for(Stream& stream, std::size_t bytes) {
  const std::string got = co_await testing::receive(stream, bytes);
  EXPECT_EQ(got.size(), bytes);
}

struct Scenery {
  tls::Scene scene;
  std::shared_ptr<tls::ServerContext> server = scene.server(scene.settings());

  /// `a` serves.
  void start_tls(StreamPair& pair) {
    pair.a->start_tls(server->new_session(), true);
    pair.b->start_tls(scene.browser(), false);
  }
};

TEST(TlsSession, InterleavedOnesDoNotMix) {
  Scenery scenery;
  Loop loop;
  StreamPair done(loop.reactor());
  std::vector<std::unique_ptr<StreamPair>> pairs;
  for (int i = 0; i < connections_count; ++i) {
    pairs.push_back(std::make_unique<StreamPair>(loop.reactor(), i % 2 == 0));
    scenery.start_tls(*pairs.back());
  }
  for (int i = 0; i < connections_count; ++i) {
    converse(*pairs[i]->b, text_of("question", i), text_of("answer", i), *done.a);
  }
  for (int i = 0; i < connections_count; ++i) {
    converse(*pairs[i]->a, text_of("answer", i), text_of("question", i), *done.a);
  }
  loop.run(wait_for(*done.b, 4 * connections_count));
}

TEST(TlsSession, OneThatEndsInItsHandshakeLeavesTheOthersAlone) {
  Scenery scenery;
  Loop loop;
  StreamPair done(loop.reactor());
  StreamPair stays(loop.reactor());
  {
    StreamPair leaves(loop.reactor());
    scenery.start_tls(stays);
    scenery.start_tls(leaves);
    IoResult unused;
    EXPECT_FALSE(leaves.b->tls()->handshake(unused));
    converse(*stays.b, "question", "answer", *done.a);
    EXPECT_FALSE(leaves.a->tls()->handshake(unused));
  }
  converse(*stays.a, "answer", "question", *done.a);
  loop.run(wait_for(*done.b, 4));
}

TEST(TlsSession, BytesThatWereReadBeforeComeFirst) {
  Scenery scenery;
  Loop loop;
  StreamPair done(loop.reactor());
  StreamPair pair(loop.reactor());
  scenery.start_tls(pair);
  IoResult unused;
  EXPECT_FALSE(pair.b->tls()->handshake(unused));
  char hello[4096];
  const ssize_t bytes = ::recv(pair.a->channel().fd(), hello, 100, 0);
  ASSERT_EQ(bytes, 100);
  pair.a->tls()->feed({hello, 100});
  converse(*pair.a, "answer", "question", *done.a);
  converse(*pair.b, "question", "answer", *done.a);
  loop.run(wait_for(*done.b, 4));
}

/// Key updates and nothing else (RFC 8446 4.6.3), in one piece: more than one call may read.
void flood(Stream& stream) {
  for (int i = 0; i < 15'000; ++i) {
    ASSERT_EQ(SSL_key_update(stream.tls()->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(stream.tls()->ssl()), 1);
  }
  IoResult sent;
  (void)stream.tls()->handshake(sent);
}

TEST(TlsSession, AFloodOfKeyUpdatesDoesNotHoldTheLoop) {
  Scenery scenery;
  Loop loop;
  StreamPair done(loop.reactor());
  StreamPair pair(loop.reactor());
  const int bytes = 1 << 20;
  (void)::setsockopt(pair.b->channel().fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  scenery.start_tls(pair);
  converse(*pair.a, "answer", "question", *done.a);
  converse(*pair.b, "question", "answer", *done.a);
  loop.run(wait_for(*done.b, 4));
  flood(*pair.b);
  const std::uint64_t before = TlsSession::floods_ended();
  loop.reactor().run_turn();
  char byte = 0;
  IoResult result;
  EXPECT_TRUE(pair.a->try_read(&byte, 1, result));
  EXPECT_EQ(result.status, IoStatus::reset);
  EXPECT_EQ(TlsSession::floods_ended(), before + 1);
  EXPECT_GT(::recv(pair.a->channel().fd(), &byte, 1, MSG_DONTWAIT), 0) << "all of it was read in one call";
}

}  // namespace
}  // namespace weir::io
