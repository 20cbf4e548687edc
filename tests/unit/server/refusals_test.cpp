#include "server/refusals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace weir::server {
namespace {

using limit::Bound;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
    ours = io::FileDescriptor(fds[0]);
    client = io::FileDescriptor(fds[1]);
  }
  /// Everything up to the end; the end must be there.
  std::string read_to_end() const {
    std::string text;
    std::array<char, 4096> chunk{};
    for (;;) {
      const ssize_t count = ::recv(client.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      EXPECT_GE(count, 0) << "not closed";
      if (count <= 0) return text;
      text.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }
  io::FileDescriptor ours, client;
};

struct Fixture {
  explicit Fixture(std::size_t most = 10) : refusals(reactor, buffers, never, most) {}
  Refused whose() { return {listener, &discards}; }
  TimePoint start() const { return reactor.now(); }

  const TimePoint never = TimePoint::max();
  io::Reactor reactor;
  BufferPool buffers;
  std::shared_ptr<const ListenerRuntime> listener = std::make_shared<ListenerRuntime>();
  observe::ListenerCounters::Discards discards;
  Refusals refusals;
};

TEST(RefusalText, IsAWholeAnswer) {
  const std::string text = refusal_text(Bound::connections, 1s);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nProxy-Status: weir; error=connection_limit_reached; "
                              "details=\"overload: connections\"\r\n"));
  const std::string body = text.substr(text.find("\r\n\r\n") + 4);
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_THAT(refusal_text(Bound::memory, 1s),
              HasSubstr("error=proxy_internal_error; details=\"overload: memory\""));
}

TEST(RefusalText, RetryAfterIsInWholeSecondsRoundedUp) {
  EXPECT_THAT(refusal_text(Bound::memory, 1ms), HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(refusal_text(Bound::memory, 1001ms), HasSubstr("Retry-After: 2\r\n"));
  EXPECT_THAT(refusal_text(Bound::memory, 1h), HasSubstr("Retry-After: 3600\r\n"));
}

TEST(Refusals, AnswerAndCloseTheirSideAtOnceAndTheConnectionLater) {
  Fixture f;
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(7s);
  Pair pair;
  refusals.refuse(std::move(pair.ours), f.whose(), Bound::memory, true, true);
  EXPECT_EQ(pair.read_to_end(), refusal_text(Bound::memory, 7s));
  EXPECT_EQ(refusals.kept(), 1U);
  EXPECT_EQ(::send(pair.client.get(), "late", 4, MSG_NOSIGNAL), 4) << "a request that is still under way";
  refusals.expire(f.start() + Refusals::kept_for - 1ms);
  EXPECT_EQ(refusals.kept(), 1U);
  refusals.expire(f.start() + Refusals::kept_for);
  EXPECT_EQ(refusals.kept(), 0U);
  EXPECT_EQ(::send(pair.client.get(), "later", 5, MSG_NOSIGNAL), -1);
}

TEST(Refusals, KeepNoMoreThanTheyMay) {
  Fixture f(2);
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(1s);
  std::array<Pair, 5> pairs;
  for (Pair& pair : pairs) refusals.refuse(std::move(pair.ours), f.whose(), Bound::connections, true, true);
  EXPECT_EQ(refusals.kept(), 2U);
  for (const Pair& pair : pairs) EXPECT_THAT(pair.read_to_end(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(::send(pairs[2].client.get(), "x", 1, MSG_NOSIGNAL), -1) << "the oldest ones are closed";
  EXPECT_EQ(::send(pairs[3].client.get(), "x", 1, MSG_NOSIGNAL), 1);
}

TEST(Refusals, KeepNoneWhereDescriptorsAreShort) {
  Fixture f;
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(1s);
  Pair pair;
  refusals.refuse(std::move(pair.ours), f.whose(), Bound::descriptors, true, false);
  EXPECT_THAT(pair.read_to_end(), HasSubstr("overload: descriptors"));
  EXPECT_EQ(refusals.kept(), 0U);
}

TEST(Refusals, SayNothingUnderTls) {
  Fixture f;
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(1s);
  Pair pair;
  refusals.refuse(std::move(pair.ours), f.whose(), Bound::connections, false, true);
  EXPECT_EQ(pair.read_to_end(), "");
  EXPECT_EQ(refusals.kept(), 0U);
}

TEST(Refusals, DoNotWaitForAClientThatTakesNothing) {
  Fixture f;
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(1s);
  Pair pair;
  const std::string filler(1 << 20, 'x');
  while (::send(pair.ours.get(), filler.data(), filler.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  refusals.refuse(std::move(pair.ours), f.whose(), Bound::connections, true, true);
  EXPECT_EQ(refusals.kept(), 1U);
}

TEST(Refusals, AClientThatIsGoneIsNoTrouble) {
  Fixture f;
  Refusals& refusals = f.refusals;
  refusals.set_retry_after(1s);
  Pair pair;
  pair.client = io::FileDescriptor();
  refusals.refuse(std::move(pair.ours), f.whose(), Bound::connections, true, true);
  refusals.expire(f.start() + 10s);
  EXPECT_EQ(refusals.kept(), 0U);
}

}  // namespace
}  // namespace weir::server
