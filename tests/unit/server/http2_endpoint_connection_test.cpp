// Calls that share connections of HTTP/2, against a scripted endpoint: who goes over which connection, how calls and
// connections end, and what is counted.
#include "server/http2_endpoint_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/spawn.hpp"
#include "server/endpoint_call.hpp"
#include "server/http2_pool.hpp"
#include "support/http2_endpoint.hpp"
#include "support/loop.hpp"
#include "support/unique_fd.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using ::testing::HasSubstr;

constexpr std::string_view get_request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

Http2Script answer_ok(std::string body = "ok") {
  Http2Script script;
  script.end = [body](const Http2EndpointStream& stream) { stream.answer(200, body); };
  return script;
}

/// One call, from its begin to the end of its body, in a coroutine of its own.
class Asked {
 public:
  Asked(Loop& loop, BufferPool& buffers) : reactor_(loop.reactor()), call_(reactor_, buffers) {}
  ~Asked() { call_.reset(); }

  void start(EndpointPool& pool, std::string_view head, Duration time, std::string_view body) {
    head_ = head;
    body_ = body;
    const CallTarget target{&pool, nullptr, &host_};
    call_.begin(target, {time, time, time, reactor_.now() + time});
    io::spawn(
        "test", [this] { return run(); }, [this](bool) { done_ = true; });
  }
  void finish(const config::Keepalive& keepalive = {}) {
    call_.end(end_.ok() && call_.is_whole(), keepalive);
    call_.reset();
  }

  bool done() const { return done_; }
  const CallEnd& end() const { return end_; }
  int status() const { return status_; }
  EndpointCall& call() { return call_; }

 private:
  Task<> run() {
    if (!call_.lease(true)) {
      end_ = co_await call_.connect();
      if (!end_.ok()) co_return;
    }
    io::IoResult sent;
    const auto kind = body_.empty() ? http::BodyKind::none : http::BodyKind::length;
    const WholeRequest request{head_, body_, {}, kind};
    if (!call_.try_send(request, sent)) {
      const relay::PacedWrite rest = co_await call_.send_rest();
      sent.status = rest.status;
    }
    end_.status = sent.status;
    if (!EndpointCall::may_answer(sent.status)) co_return;
    call_.request_written();
    end_ = co_await call_.receive_final_head(http::Method::get);
    if (!end_.ok()) co_return;
    status_ = call_.response().status;
    const EndpointCall::DiscardBounds bounds{1 << 20, reactor_.now() + scaled(5s), scaled(5s)};
    end_ = co_await call_.discard_body(bounds);
  }

  io::Reactor& reactor_;
  EndpointCall call_;
  std::string head_, body_;
  const std::string host_ = "127.0.0.1";
  CallEnd end_;
  int status_ = 0;
  bool done_ = false;
};

class Http2EndpointConnectionTest : public ::testing::Test {
 protected:
  ~Http2EndpointConnectionTest() override {
    for (const auto& each : asked_) each->call().abort(io::IoStatus::cancelled);
    wait_for_all();  // what waits has coroutines
    asked_.clear();
    if (!pool_) return;
    pool_->retire();
    turn_until([this] { return pool_->is_empty(); });
  }

  void speak_to(const std::string& address, config::UpstreamHttp2 h2 = {}) {
    auto state = std::make_shared<upstream::EndpointState>("app", address, *SocketAddress::parse(address), 0);
    pool_ = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(std::move(state)),
                                           counters_);
    pool_->configure({config::UpstreamProtocol::h2c, h2, {}}, loop_.reactor(), buffers_);
  }
  void turn_until(const std::function<bool()>& done) {
    const TimePoint patience = Clock::now() + scaled(20s);
    while (!done() && Clock::now() < patience) loop_.reactor().run_turn();
    EXPECT_TRUE(done());
  }
  Asked& ask(std::string_view head = get_request, Duration time = scaled(5s), std::string_view body = {}) {
    asked_.push_back(std::make_unique<Asked>(loop_, buffers_));
    asked_.back()->start(*pool_, head, time, body);
    return *asked_.back();
  }
  void wait_for_all() {
    turn_until([this] {
      return std::ranges::all_of(asked_, &Asked::done, [](const auto& each) -> Asked& { return *each; });
    });
  }
  std::size_t count(io::IoStatus status) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(asked_, [status](const auto& each) { return each->end().status == status; }));
  }

  Loop loop_;
  BufferPool buffers_;
  observe::EndpointCounters counters_;
  std::shared_ptr<EndpointPool> pool_;
  std::vector<std::unique_ptr<Asked>> asked_;
};

TEST_F(Http2EndpointConnectionTest, CallsFollowEachOtherOnOneConnection) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  for (int i = 0; i < 3; ++i) {
    Asked& asked = ask();
    wait_for_all();
    EXPECT_TRUE(asked.end().ok());
    EXPECT_EQ(asked.status(), 200);
    EXPECT_EQ(counters_.active, 1);
    EXPECT_EQ(counters_.streams, 1);
    EXPECT_TRUE(asked.call().is_shared());
    asked.finish();
    EXPECT_EQ(counters_.idle, 1);
    EXPECT_EQ(counters_.streams, 0);
  }
  EXPECT_EQ(endpoint.connection_count(), 1U);
  EXPECT_EQ(counters_.responses[2], 3U);
  const Http2EndpointRequest request = endpoint.request(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.authority, "app.test");
  EXPECT_TRUE(request.ended_by_head);
}

TEST_F(Http2EndpointConnectionTest, CallsThatFindNoConnectionWaitForOne) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  for (int i = 0; i < 8; ++i) ask();
  EXPECT_EQ(counters_.streams, 0);
  wait_for_all();
  EXPECT_EQ(count(io::IoStatus::ok), 8U);
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(Http2EndpointConnectionTest, ABusyConnectionGetsAnotherBesideIt) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  for (int i = 0; i < 9; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 9; });
  EXPECT_EQ(endpoint.connection_count(), 1U);
  ask();  // goes over the first one, and has another made for those to come
  turn_until([&] { return counters_.idle == 1; });
  for (int i = 0; i < 10; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 20; });
  EXPECT_EQ(endpoint.connection_count(), 2U);
  EXPECT_EQ(endpoint.requests_on(0), 10U);
  EXPECT_EQ(endpoint.requests_on(1), 10U);
}

TEST_F(Http2EndpointConnectionTest, NoneIsMadeForLaterWhereNoneIsKept) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  config::Keepalive keepalive;
  keepalive.max_idle = 0;
  pool_->configure({config::UpstreamProtocol::h2c, {}, keepalive}, loop_.reactor(), buffers_);
  for (int i = 0; i < 9; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 9; });
  for (std::size_t i = 10; i < 13; ++i) {
    ask();
    turn_until([&] { return endpoint.request_count() == i; });
  }
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(Http2EndpointConnectionTest, WhereAllAreFullMoreAreMadeThanRequestsAreSpreadOver) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address(), {.connections = 1, .max_streams = 2});
  for (int i = 0; i < 5; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 5; });
  EXPECT_EQ(endpoint.connection_count(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LE(endpoint.most_streams_on(i), 2U);
}

TEST_F(Http2EndpointConnectionTest, NoMoreGoOverAConnectionThanTheEndpointAllows) {
  Http2EndpointOptions options;
  options.settings = {{h2::max_concurrent_streams, 1}};
  Http2Endpoint endpoint(answer_ok(), options);
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  asked_.back()->finish();
  endpoint.behave({});
  for (int i = 0; i < 3; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 4; });
  // What a new connection allows is not known before its SETTINGS.
  EXPECT_GE(endpoint.connection_count(), 2U);
  EXPECT_EQ(endpoint.most_streams_on(0), 1U);
}

TEST_F(Http2EndpointConnectionTest, ANewConnectionTakesAsManyAsOnesBeforeItWereAllowed) {
  Http2EndpointOptions options;
  options.settings = {{h2::max_concurrent_streams, 2}};
  Http2Endpoint endpoint(answer_ok(), options);
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  asked_.back()->finish();
  endpoint.close(0);
  turn_until([&] { return counters_.idle == 0; });
  endpoint.behave({});
  endpoint.freeze(true);  // before their SETTINGS
  for (int i = 0; i < 6; ++i) ask();
  turn_until([&] { return counters_.streams == 6; });
  EXPECT_EQ(counters_.active, 3);
  endpoint.freeze(false);
  turn_until([&] { return endpoint.request_count() == 7; });
}

TEST_F(Http2EndpointConnectionTest, OfTheCallsThatAConnectionTakesWithItOneCounts) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address(), {.connections = 1});
  for (int i = 0; i < 8; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 8; });
  endpoint.reset(0);
  wait_for_all();
  EXPECT_EQ(count(io::IoStatus::reset), 8U);
  EXPECT_EQ(std::ranges::count_if(asked_, [](auto& each) { return each->call().counts_failure(); }), 1);
  EXPECT_EQ(std::ranges::count_if(asked_, [](auto& each) { return each->call().counts_failure(); }), 1)
      << "the same one, each time";
  for (const auto& each : asked_) each->finish();
  turn_until([&] { return counters_.active == 0; });
  EXPECT_EQ(counters_.idle, 0);
  EXPECT_EQ(counters_.streams, 0);
}

TEST_F(Http2EndpointConnectionTest, WhatGoawayLeavesOutWasNotLookedAt) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  for (int i = 0; i < 4; ++i) ask();
  turn_until([&] { return endpoint.request_count() == 4; });
  endpoint.goaway(0, 3);
  turn_until([&] { return count(io::IoStatus::unprocessed) == 2; });
  EXPECT_FALSE(asked_[0]->done());
  for (std::size_t i = 0; i < 2; ++i) endpoint.stream(i).answer(200, "late");
  wait_for_all();
  EXPECT_EQ(count(io::IoStatus::ok), 2U);
  endpoint.behave(answer_ok());
  Asked& next = ask();
  wait_for_all();
  EXPECT_TRUE(next.end().ok());
  EXPECT_EQ(endpoint.connection_count(), 2U) << "the first one takes no more";
  for (const auto& each : asked_) each->finish();
  turn_until([&] { return endpoint.open_count() == 1; });
}

TEST_F(Http2EndpointConnectionTest, ARefusedStreamWasNotLookedAt) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) { stream.reset(h2::refused_stream); };
  Http2Endpoint endpoint(script);
  speak_to(endpoint.address());
  Asked& asked = ask();
  wait_for_all();
  EXPECT_EQ(asked.end().status, io::IoStatus::unprocessed);
  asked.finish();
  EXPECT_EQ(counters_.idle, 1) << "the connection stays";
}

TEST_F(Http2EndpointConnectionTest, ACallThatIsNotWantedAnyMoreIsResetAlone) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  Asked& first = ask();
  Asked& second = ask();
  turn_until([&] { return endpoint.request_count() == 2; });
  first.call().abort(io::IoStatus::peer_gone);
  turn_until([&] { return first.done(); });
  EXPECT_EQ(first.end().status, io::IoStatus::peer_gone);
  first.finish();
  turn_until([&] { return endpoint.request(0).reset.has_value(); });
  EXPECT_EQ(endpoint.request(0).reset, h2::cancel);
  endpoint.stream(1).answer(200, "ok");
  turn_until([&] { return second.done(); });
  EXPECT_TRUE(second.end().ok());
}

TEST_F(Http2EndpointConnectionTest, ACallLeavesTheWaitForAConnection) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  Asked& first = ask();
  Asked& second = ask();
  first.call().abort(io::IoStatus::peer_gone);
  wait_for_all();
  EXPECT_EQ(first.end().status, io::IoStatus::peer_gone);
  EXPECT_TRUE(second.end().ok());
  EXPECT_EQ(endpoint.request_count(), 1U);
}

TEST_F(Http2EndpointConnectionTest, ARefusedConnectionFailsAllThatWaitAndCountsOnce) {
  std::string address;
  {
    Http2Endpoint gone({});
    address = gone.address();
  }
  speak_to(address);
  for (int i = 0; i < 3; ++i) ask();
  wait_for_all();
  // Each may have had its own, as a refusal on this machine comes at once.
  EXPECT_EQ(count(io::IoStatus::refused), 3U);
  EXPECT_TRUE(asked_[0]->call().counts_failure());
  EXPECT_EQ(asked_[0]->call().phase(), EndpointCall::Phase::connecting);
}

TEST_F(Http2EndpointConnectionTest, AKeptConnectionThatEndsIsSeenAndNotUsed) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  asked_.back()->finish();
  EXPECT_EQ(counters_.idle, 1);
  endpoint.close(0);
  turn_until([&] { return counters_.idle == 0; });
  Asked& next = ask();
  wait_for_all();
  EXPECT_TRUE(next.end().ok());
  EXPECT_FALSE(next.call().reused());
  EXPECT_EQ(endpoint.connection_count(), 2U);
}

TEST_F(Http2EndpointConnectionTest, AConnectionThatIsNotToBeKeptClosesWithItsLastCall) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  config::Keepalive keepalive;
  keepalive.max_idle = 0;
  asked_.back()->finish(keepalive);
  EXPECT_EQ(counters_.idle, 0);
  turn_until([&] { return endpoint.open_count() == 0; });
  EXPECT_EQ(endpoint.goaway_code(0), h2::no_error);
}

TEST_F(Http2EndpointConnectionTest, ItTakesAsManyCallsAsOneMay) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  config::Keepalive keepalive;
  keepalive.max_requests = 2;
  for (int i = 0; i < 4; ++i) {
    ask();
    wait_for_all();
    asked_.back()->finish(keepalive);
  }
  EXPECT_EQ(endpoint.connection_count(), 2U);
  EXPECT_EQ(endpoint.requests_on(0), 2U);
}

TEST_F(Http2EndpointConnectionTest, AnIdleOneEndsInTime) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  config::Keepalive keepalive;
  keepalive.idle_timeout = Milliseconds(30);
  asked_.back()->finish(keepalive);
  EXPECT_EQ(counters_.idle, 1);
  turn_until([&] { return counters_.idle == 0; });
}

TEST_F(Http2EndpointConnectionTest, ASilentEndpointThatIsThereIsAsked) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  Asked& asked = ask(get_request, scaled(20s));
  turn_until([&] { return endpoint.request_count() == 1; });
  const TimePoint since = Clock::now();
  turn_until([&] { return endpoint.ping_count(0) == 1; });
  EXPECT_GE(Clock::now() - since, Http2EndpointConnection::ping_after - Milliseconds(500));
  endpoint.stream(0).answer(200, "ok");
  turn_until([&] { return asked.done(); });
  EXPECT_TRUE(asked.end().ok());
}

TEST_F(Http2EndpointConnectionTest, AnEndpointThatDoesNotAnswerAPingIsGone) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address());
  for (int i = 0; i < 2; ++i) ask(get_request, scaled(30s));
  turn_until([&] { return endpoint.request_count() == 2; });
  endpoint.freeze(true);
  wait_for_all();
  EXPECT_EQ(count(io::IoStatus::reset), 2U);
  endpoint.freeze(false);
}

TEST_F(Http2EndpointConnectionTest, AWebSocketNeedsAnEndpointThatTakesThem) {
  constexpr std::string_view upgrade =
      "GET /chat HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  Http2Script script;
  script.head = [](const Http2EndpointStream& stream) { stream.head(200); };
  for (const std::uint32_t taken : {0U, 1U}) {
    Http2EndpointOptions options;
    if (taken == 1) options.settings = {{h2::enable_connect_protocol, 1}};
    Http2Endpoint endpoint(script, options);
    if (pool_) pool_->retire();
    speak_to(endpoint.address());
    EndpointCall call(loop_.reactor(), buffers_);
    const std::string host = "127.0.0.1";
    const CallTarget target{pool_.get(), nullptr, &host, true};
    call.begin(target, {scaled(5s), scaled(5s), scaled(5s), loop_.reactor().now() + scaled(5s)});
    CallEnd end;
    loop_.run([](EndpointCall& calls, std::string_view head, CallEnd& out) -> Task<> {
      out = co_await calls.connect();
      if (!out.ok()) co_return;
      io::IoResult sent;
      const WholeRequest request{head, {}, {}, http::BodyKind::none};
      if (!calls.try_send(request, sent)) {
        const relay::PacedWrite rest = co_await calls.send_rest();
        sent.status = rest.status;
      }
      calls.request_written();
      out = co_await calls.receive_head(http::Method::get, true);
    }(call, upgrade, end));
    if (taken == 0) {
      ASSERT_TRUE(end.error);
      EXPECT_THAT(end.error->detail, HasSubstr("does not take WebSockets over HTTP/2"));
      EXPECT_FALSE(call.counts_failure()) << "any client could cause it";
      EXPECT_EQ(endpoint.request_count(), 0U);
    } else {
      ASSERT_TRUE(end.ok());
      EXPECT_EQ(call.response().status, 101);
      EXPECT_EQ(call.response().upgrade, "websocket");
      const http::Field* accept = call.response().find(http::FieldId::sec_websocket_accept);
      ASSERT_NE(accept, nullptr);
      EXPECT_EQ(accept->value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      const Http2EndpointRequest request = endpoint.request(0);
      EXPECT_EQ(request.method, "CONNECT");
      EXPECT_EQ(request.protocol, "websocket");
      EXPECT_FALSE(request.ended_by_head);
      EXPECT_FALSE(request.fields.has("Sec-WebSocket-Key"));
    }
    call.end(false, {});
    call.reset();
    turn_until([&] { return counters_.streams == 0; });
    pool_->retire();
    turn_until([&] { return pool_->is_empty(); });
  }
}

/// Listens, and accepts when a test says so.
class Listening {
 public:
  Listening() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    socklen_t bytes = sizeof address_;
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(fd_.get(), any, bytes), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd_.get(), any, &bytes), 0);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }
  /// Waits for a connection.
  UniqueFd accept() { return UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  bool has_another() {
    pollfd waiting{fd_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }

 private:
  UniqueFd fd_;
  sockaddr_in address_{};
};

TEST_F(Http2EndpointConnectionTest, AConnectionThatEndsBeforeItIsUsedIsAFailureAndNotMadeAgain) {
  Listening listening;
  speak_to(listening.address());
  for (int i = 0; i < 2; ++i) ask();
  listening.accept();  // and closes, before the loop looks
  wait_for_all();
  EXPECT_FALSE(listening.has_another());
  EXPECT_EQ(count(io::IoStatus::reset), 2U);
  EXPECT_EQ(std::ranges::count_if(asked_, [](auto& each) { return each->call().counts_failure(); }), 1);
}

TEST_F(Http2EndpointConnectionTest, AConnectionThatEndsInGoodOrderBeforeItIsUsedLooksAtNothing) {
  Listening listening;
  speak_to(listening.address());
  ask();
  const UniqueFd accepted = listening.accept();
  const std::string frames = h2::settings_frame({}) + h2::goaway_frame(0, h2::no_error);
  ASSERT_EQ(::send(accepted.get(), frames.data(), frames.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(frames.size()));
  wait_for_all();
  EXPECT_FALSE(listening.has_another());
  EXPECT_EQ(count(io::IoStatus::unprocessed), 1U);
}

TEST_F(Http2EndpointConnectionTest, ABodyWhoseHeadComesTooLateForItsConnectionIsNotSent) {
  Http2Endpoint endpoint(answer_ok());
  speak_to(endpoint.address());
  ask();
  wait_for_all();
  asked_.back()->finish();
  EndpointCall late(loop_.reactor(), buffers_), other(loop_.reactor(), buffers_);
  const std::string host = "127.0.0.1";
  const CallTarget target{pool_.get(), nullptr, &host};
  const CallBounds bounds{scaled(5s), scaled(5s), scaled(5s), loop_.reactor().now() + scaled(20s)};
  late.begin(target, bounds);
  ASSERT_TRUE(late.lease(true));
  endpoint.goaway(0, 1);
  turn_until([&] {  // it takes no more calls
    other.begin(target, bounds);
    const bool leased = other.lease(true);
    other.reset();
    return !leased;
  });
  io::IoResult sent;
  const WholeRequest request{
      "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n", "hello", {}, http::BodyKind::length};
  EXPECT_TRUE(late.try_send(request, sent));
  EXPECT_EQ(sent.status, io::IoStatus::unprocessed);
  late.reset();
  EXPECT_EQ(endpoint.request_count(), 1U);
}

TEST_F(Http2EndpointConnectionTest, AConnectionThatIsGoneMakesRoomForAnother) {
  Http2Endpoint endpoint({});
  speak_to(endpoint.address(), {.connections = 1, .max_streams = 1});
  for (std::size_t i = 0; i < Http2Pool::connections_max; ++i) ask();
  turn_until([&] { return endpoint.request_count() == Http2Pool::connections_max; });
  Asked& waiting = ask();
  endpoint.reset(0);
  const auto is_over = [&](const auto& each) { return each.get() != &waiting && each->done(); };
  turn_until([&] { return std::ranges::any_of(asked_, is_over); });
  (*std::ranges::find_if(asked_, is_over))->finish();
  turn_until([&] { return endpoint.request_count() == Http2Pool::connections_max + 1; });
}

TEST_F(Http2EndpointConnectionTest, UploadsOverOneConnectionTakeTurns) {
  Http2EndpointOptions options;
  options.keep_windows = false;
  options.settings = {{h2::initial_window_size, 1 << 20}};
  Http2Endpoint endpoint(answer_ok(), options);
  speak_to(endpoint.address(), {.connections = 1});
  ask();
  wait_for_all();  // its SETTINGS are here
  asked_.back()->finish();
  const std::string body(300'000, 'b');
  const std::string head =
      "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  for (int i = 0; i < 2; ++i) ask(head, scaled(20s), body);
  const auto come = [&](std::size_t request) { return endpoint.request(request).body.size(); };
  turn_until([&] { return endpoint.request_count() == 3; });
  std::size_t room = 65'535;
  while (room < body.size()) {
    turn_until([&] { return come(1) + come(2) == room; });
    endpoint.window_update(0, 30'000);
    room += 30'000;
  }
  turn_until([&] { return come(1) + come(2) == room; });
  EXPECT_GT(come(1), 100'000U);
  EXPECT_GT(come(2), 100'000U);
  endpoint.window_update(0, 1 << 20);
  wait_for_all();
}

}  // namespace
}  // namespace weir::server
