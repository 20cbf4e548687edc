// What runs beside everything else survives that there is no memory: it ends, those who wait for it go on, and nothing
// of it is used afterwards (AddressSanitizer would see it). Each test lets another call of operator new fail.
#include <gtest/gtest.h>

#include <new>
#include <optional>

#include "http1/parse.hpp"
#include "http1/write.hpp"
#include "io/spawn.hpp"
#include "listen/acceptor.hpp"
#include "observe/access_log.hpp"
#include "observe/log_writer.hpp"
#include "relay/http1_body.hpp"
#include "relay/tunnel.hpp"
#include "server/checker.hpp"
#include "support/deadline.hpp"
#include "support/loop.hpp"
#include "support/raw_client.hpp"
#include "unit/memory/failing_new.hpp"

namespace weir {
namespace {

using namespace weir::testing;
using namespace std::chrono_literals;

constexpr int failures_tried = 48;  // more calls of operator new than any of these makes

Task<> throws() {
  throw std::bad_alloc();
  co_return;
}

Task<> ends() {
  co_return;
}

TEST(Spawn, SaysOnceHowItEnded) {
  int well = 0, badly = 0;
  const auto ended = [&](bool fine) { ++(fine ? well : badly); };
  io::spawn(
      "a test", [] { return ends(); }, ended);
  EXPECT_EQ(well, 1);
  EXPECT_EQ(badly, 0);
  io::spawn(
      "a test", [] { return throws(); }, ended);
  EXPECT_EQ(well, 1);
  EXPECT_EQ(badly, 1);
}

TEST(Spawn, FailuresCostALineASecond) {
  const std::uint64_t before = io::failure_lines_withheld();
  for (int i = 0; i < 100; ++i) {
    io::spawn(
        "a test", [] { return throws(); }, [](bool) {});
  }
  EXPECT_GE(io::failure_lines_withheld() - before, 95U);
}

TEST(Spawn, WithoutMemoryToBeginItHasEndedBadly) {
  for (int after = 0; after < 4; ++after) {
    int well = 0, badly = 0;
    {
      const FailingNew failing(after, FailingNew::for_good);
      io::spawn(
          "a test", [] { return ends(); }, [&](bool fine) { ++(fine ? well : badly); });
    }
    EXPECT_EQ(well + badly, 1) << after;
  }
}

TEST(Spawn, WhatItsEndThrowsIsNoEndOfTheProcess) {
  io::spawn(
      "a test", [] { return ends(); }, [](bool) { throw std::bad_alloc(); });
}

struct Joined {
  Loop loop;
  StreamPair client{loop.reactor()}, endpoint{loop.reactor()};
  BufferPool pool;
  ReadBuffer client_in{pool}, endpoint_in{pool};
  http::Framing framing{http::BodyKind::until_close, 0};
  relay::Http1Source client_source{*client.b, client_in, framing, Origin::client};
  relay::Http1Source endpoint_source{*endpoint.b, endpoint_in, framing, Origin::upstream};
  relay::Http1Sink client_sink{*client.b, framing.kind, nullptr};
  relay::Http1Sink endpoint_sink{*endpoint.b, framing.kind, nullptr};
  Task<relay::TunnelEnd> tunnel(Duration idle_timeout) {
    return relay::run_tunnel({client_source, client_sink}, {endpoint_source, endpoint_sink}, {idle_timeout});
  }
  bool threw = false;
  std::int64_t failed = 0;
};

/// Both far ends have said something and finished; then the tunnel runs, and an allocation fails.
Task<> run_short_of_memory(Joined& joined, int after, std::int64_t times) {
  (void)co_await testing::send(*joined.client.a, "ping");
  (void)co_await testing::send(*joined.endpoint.a, "pong");
  joined.client.a->finish_writing();
  joined.endpoint.a->finish_writing();
  const FailingNew failing(after, times);
  try {
    (void)co_await joined.tunnel(10s);
  } catch (const std::bad_alloc&) {
    joined.threw = true;
  }
  joined.failed = FailingNew::failed();
  // As a session does: streams and buffers are gone the moment that the tunnel has ended.
  joined.client.b.reset();
  joined.endpoint.b.reset();
  joined.client_in.drop();
  joined.endpoint_in.drop();
}

TEST(OutOfMemory, ATunnelEndsWhicheverAllocationFails) {
  int failed = 0;
  for (int after = 0; after < failures_tried; ++after) {
    for (const std::int64_t times : {std::int64_t{1}, FailingNew::for_good}) {
      Joined joined;
      joined.loop.run(run_short_of_memory(joined, after, times));
      failed += joined.failed > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(failed, 2);
}

/// The tunnel is silent when its client's side runs out of memory: the other side must be ended, too.
TEST(OutOfMemory, ATunnelThatRunsEnds) {
  for (int after = 0; after < 8; ++after) {
    Joined joined;
    bool ended = false;
    const auto run = [&joined]() -> Task<> { (void)co_await joined.tunnel(60s); };
    io::spawn("a test", run, [&ended](bool) { ended = true; });
    ASSERT_FALSE(ended);
    ASSERT_EQ(::write(joined.client.a->channel().fd(), "ping", 4), 4);
    {
      const FailingNew failing(after, FailingNew::for_good);
      for (int turn = 0; turn < 16 && !ended; ++turn) joined.loop.reactor().run_turn();
    }
    joined.client.a.reset();
    joined.endpoint.a.reset();
    for (int turn = 0; turn < 16 && !ended; ++turn) joined.loop.reactor().run_turn();
    EXPECT_TRUE(ended) << after;
  }
}

TEST(OutOfMemory, AnAcceptorGoesOn) {
  Loop loop;
  SocketAddress bound;
  auto listening = listen::open_listener(*SocketAddress::parse("127.0.0.1:0"), bound);
  ASSERT_TRUE(listening.has_value());
  int accepted = 0;
  const auto on_accept = [&](io::FileDescriptor, const SocketAddress&) {
    if (++accepted == 1) throw std::bad_alloc();
    loop.reactor().stop();
  };
  std::optional<listen::Acceptor> acceptor;
  acceptor.emplace(loop.reactor(), std::move(*listening), on_accept, 1, [](int, bool) {});
  const RawClient first(bound.port), second(bound.port);
  Timer give_up{[](void* reactor) { static_cast<io::Reactor*>(reactor)->stop(); }, &loop.reactor()};
  loop.reactor().arm(give_up, Clock::now() + 20s);
  loop.reactor().run();
  EXPECT_EQ(accepted, 2);
  acceptor.reset();
  loop.reactor().run_turn();  // in which its coroutine ends
}

TEST(OutOfMemory, ALoopThatFindsNoRoomForMoreCoroutinesExpectsNoMore) {
  io::Reactor reactor;
  reactor.expect_waiting(8);  // and some more have room then
  bool threw = false, threw_later = false;
  {
    const FailingNew failing(0, FailingNew::for_good);
    try {
      reactor.expect_waiting(1'000'000);
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    try {
      reactor.expect_waiting(4);
      reactor.expect_waiting(-12);  // a destructor's
    } catch (const std::bad_alloc&) {
      threw_later = true;
    }
  }
  EXPECT_TRUE(threw);
  EXPECT_FALSE(threw_later);
}

TEST(OutOfMemory, PostedWorkThatFindsNoneIsDropped) {
  io::Reactor reactor;
  bool done = false;
  reactor.post([] { throw std::bad_alloc(); });
  reactor.post([&] { done = true; });
  reactor.run_turn();
  EXPECT_TRUE(done);
}

TEST(OutOfMemory, ALogLineIsThereAsAWholeOrNotAtAll) {
  observe::AccessRecord record;
  const std::string path(10'000, 'p');
  record.path = path;
  int lost = 0;
  for (int after = 0; after < 6; ++after) {
    std::string out = "before\n";
    bool written = false;
    {
      const FailingNew failing(after, FailingNew::for_good);
      written = observe::append_access_line(out, record);
    }
    lost += written ? 0 : 1;
    EXPECT_NE(written, out == "before\n") << after;
    EXPECT_TRUE(out.ends_with('\n')) << after;
  }
  EXPECT_GT(lost, 0);
}

TEST(OutOfMemory, AHeadThatFindsNoneThrows) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nX-Long: " + std::string(8000, 'v') +
                            "\r\nX-More: " + std::string(8000, 'v') + "\r\n\r\n";
  http::ResponseHead head;
  std::size_t scanned = 0;
  ASSERT_TRUE(
      http1::parse_response_head(bytes, {64 * 1024, 256, 0}, http::Method::get, false, scanned, head));
  int threw = 0;
  for (int after = 0; after < 8; ++after) {
    std::string out;
    const FailingNew failing(after, FailingNew::for_good);
    try {
      http1::write_response_head(out, head, {}, "Date: x\r\n");
    } catch (const std::bad_alloc&) {
      ++threw;
    }
  }
  EXPECT_GT(threw, 0);
}

TEST(OutOfMemory, TheThreadThatWritesLogsGoesOn) {
  observe::LogWriter full("/dev/full");  // each write fails, and that is reported
  const auto submit = [&full] {
    std::string batch(4096, 'x');
    batch += '\n';
    EXPECT_TRUE(full.submit(batch));
    full.flush();
  };
  {
    const NoMemoryElsewhere nothing;
    submit();
  }
  submit();
  EXPECT_EQ(full.unwritten_lines(), 2u);
}

TEST(OutOfMemory, ABatchOfTheLogIsTakenOverOrLeft) {
  observe::LogWriter writer("/dev/null");
  for (int after = 0; after < 80; ++after) {
    std::string batch = "a line\n";
    bool threw = false;
    {
      const FailingNew failing(after % 3, 1);
      try {
        EXPECT_TRUE(writer.submit(batch));
      } catch (const std::bad_alloc&) {
        threw = true;
      }
    }
    EXPECT_EQ(batch, threw ? "a line\n" : "");
  }
  writer.flush();
}

TEST(OutOfMemory, ChecksGoOnAfterwards) {
  SocketAddress address;  // nothing accepts there: to connect is enough
  const auto listening = listen::open_listener(*SocketAddress::parse("127.0.0.1:0"), address);
  ASSERT_TRUE(listening.has_value());
  config::Upstream config;
  config.health_check.emplace();
  config.health_check->type = config::HealthCheck::Type::tcp;
  config.health_check->interval = 10ms;
  config.health_check->timeout = 2s;
  const auto state = std::make_shared<upstream::EndpointState>("app", address.to_string(), address, 0);
  state->out = upstream::out_check_pending;
  server::Snapshot snapshot;
  server::UpstreamRuntime runtime;
  runtime.config = &config;
  server::EndpointRuntime member;
  member.state = state;
  member.host = "127.0.0.1";
  runtime.endpoints.push_back(member);
  snapshot.upstreams.push_back(std::move(runtime));
  server::Checker checker(1);
  checker.install(snapshot);
  eventually("the first check passed", [&] { return state->out == 0; });
  const std::uint64_t passed = checker.report(*state)->passed;
  {
    const NoMemoryElsewhere nothing;
    eventually("checks found no memory", [&] { return nothing.failed() >= 3; });
  }
  eventually("checks pass again", [&] { return checker.report(*state)->passed > passed + 1; });
  EXPECT_EQ(state->out, 0) << "want of memory here is no failure there";
}

}  // namespace
}  // namespace weir
