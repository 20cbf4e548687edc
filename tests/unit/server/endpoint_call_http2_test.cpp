// Calls of an endpoint over HTTP/2: the same steps as over HTTP/1, several at once over one connection, and what is
// said of those that failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "server/endpoint_call.hpp"
#include "server/http2_pool.hpp"
#include "support/http2_endpoint.hpp"
#include "support/loop.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using namespace std::chrono_literals;

constexpr std::string_view get_request = "GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n";
constexpr std::string_view chunked_post =
    "POST /x HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n";

class SharedCallTest : public ::testing::Test {
 protected:
  struct One {
    One(Loop& loop, BufferPool& buffers) : call(loop.reactor(), buffers) {}
    EndpointCall call;
    WholeRequest request{get_request, {}, {}, http::BodyKind::none};
    CallEnd end;
  };

  ~SharedCallTest() override {
    calls_.clear();
    pool_->retire();
    loop_.run(turns());  // connections free themselves
  }

  void connect_to(const Http2Endpoint& endpoint) {
    auto state = std::make_shared<upstream::EndpointState>("app", endpoint.address(),
                                                           *SocketAddress::parse(endpoint.address()), 0);
    pool_ = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(std::move(state)),
                                           counters_);
    pool_->configure({config::UpstreamProtocol::h2c, {}, {}}, loop_.reactor(), buffers_);
  }
  One& make() {
    One& one = calls_.emplace_back(loop_, buffers_);
    begin(one);
    return one;
  }
  void begin(One& one) {
    one.call.reset();
    const CallTarget target{pool_.get(), nullptr, &host_};
    const CallBounds bounds{5s, 5s, 5s, loop_.reactor().now() + 10s};
    one.call.begin(target, bounds);
  }
  /// All calls at once, each up to its final head.
  void ask_all() { loop_.run(ask_each()); }
  CallEnd discard(One& one) {
    CallEnd end;
    loop_.run(discard_into(one, end));
    return end;
  }
  Task<> turns() {
    for (int i = 0; i < 4; ++i) co_await io::Sleep(loop_.reactor(), loop_.reactor().now() + 1ms);
  }
  void finish(One& one, bool reusable) { one.call.end(reusable, config::Keepalive{}); }

  Loop loop_;
  BufferPool buffers_;
  observe::EndpointCounters counters_;
  const std::string host_ = "127.0.0.1";
  std::shared_ptr<EndpointPool> pool_;
  std::deque<One> calls_;

 private:
  static Detached start(Task<> task, std::size_t& left, io::Signal& done) {
    co_await task;
    if (--left == 0) done.set();
  }
  Task<> ask_each() {
    io::Signal done(loop_.reactor());
    std::size_t left = calls_.size();
    for (One& one : calls_) start(ask(one), left, done);
    co_await done;
  }
  static Task<> ask(One& one) {
    one.end = {};
    if (!one.call.lease(true)) {
      one.end = co_await one.call.connect();
      if (!one.end.ok()) co_return;
    }
    io::IoResult sent;
    if (!one.call.try_send(one.request, sent)) {
      const relay::PacedWrite rest = co_await one.call.send_rest();
      sent.status = rest.status;
    }
    one.end.status = sent.status;
    if (!EndpointCall::may_answer(sent.status)) co_return;
    one.call.request_written();
    one.end = co_await one.call.receive_final_head(http::Method::get);
  }
  Task<> discard_into(One& one, CallEnd& end) {
    const EndpointCall::DiscardBounds bounds{1 << 20, loop_.reactor().now() + 5s, 5s};
    end = co_await one.call.discard_body(bounds);
  }
};

Http2Script answering(int status, const std::string& body) {
  Http2Script script;
  script.end = [status, body](const Http2EndpointStream& stream) { stream.answer(status, body); };
  return script;
}

TEST_F(SharedCallTest, OneConnectionCarriesManyAtOnceAndOneAfterTheOther) {
  Http2Endpoint endpoint(answering(200, std::string(50'000, 'x')));
  connect_to(endpoint);
  for (int i = 0; i < 5; ++i) make();
  for (int round = 0; round < 2; ++round) {
    ask_all();
    for (One& one : calls_) {
      EXPECT_TRUE(one.end.ok());
      EXPECT_TRUE(one.call.is_shared());
      EXPECT_EQ(one.call.response().status, 200);
      EXPECT_TRUE(one.call.response_bytes_seen());
      EXPECT_EQ(one.call.phase(), EndpointCall::Phase::exchange);
      EXPECT_TRUE(discard(one).ok());
      EXPECT_TRUE(one.call.is_whole());
      finish(one, true);
      begin(one);
    }
  }
  EXPECT_EQ(endpoint.connection_count(), 1U);
  EXPECT_EQ(endpoint.request_count(), 10U);
  EXPECT_EQ(counters_.idle, 1);
  EXPECT_EQ(counters_.active, 0);
  EXPECT_EQ(counters_.responses[2], 10U);
}

TEST_F(SharedCallTest, AWholeRequestIsAHeadADecodedBodyAndTrailers) {
  Http2Endpoint endpoint(answering(204, ""));
  connect_to(endpoint);
  One& one = make();
  one.request = {chunked_post, "hello", "X-Sum: 5\r\n", http::BodyKind::chunked};
  ask_all();
  ASSERT_TRUE(one.end.ok());
  EXPECT_EQ(one.call.response().status, 204);
  EXPECT_TRUE(one.call.drop_buffered_body());
  const Http2EndpointRequest got = endpoint.wait_for_end(0);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.trailers.get("x-sum"), "5");
  EXPECT_FALSE(got.fields.has("transfer-encoding"));

  finish(one, true);
  begin(one);
  one.request = {get_request, {}, {}, http::BodyKind::none};
  ask_all();
  EXPECT_TRUE(endpoint.wait_for_end(1).ended_by_head) << "no DATA for nothing";
}

TEST_F(SharedCallTest, AnEndThatIsNoneIsAResetAndTheConnectionStays) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) { stream.head(200); };
  Http2Endpoint endpoint(script);
  connect_to(endpoint);
  One& one = make();
  ask_all();
  ASSERT_TRUE(one.end.ok());
  EXPECT_FALSE(one.call.drop_buffered_body());
  finish(one, false);
  loop_.run(turns());  // it goes out at the end of one
  EXPECT_EQ(endpoint.wait_for_reset(0), h2::cancel);
  endpoint.behave(answering(200, "next"));
  begin(one);
  ask_all();
  EXPECT_TRUE(one.end.ok());
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(SharedCallTest, WhatTheEndpointDidNotLookAtIsSaidToBeUnprocessed) {
  Http2Script script;
  script.head = [](const Http2EndpointStream& stream) { stream.reset(h2::refused_stream); };
  Http2Endpoint endpoint(script);
  connect_to(endpoint);
  One& one = make();
  ask_all();
  EXPECT_EQ(one.end.status, io::IoStatus::unprocessed);

  script.head = [](const Http2EndpointStream& stream) { stream.goaway(0); };
  endpoint.behave(script);
  finish(one, false);
  begin(one);
  ask_all();
  EXPECT_EQ(one.end.status, io::IoStatus::unprocessed);
  EXPECT_FALSE(one.call.response_bytes_seen());
}

TEST_F(SharedCallTest, AConnectionThatDiesIsOneFailure) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    if (stream.index() == 4) stream.reset_connection();
  };
  Http2Endpoint endpoint(script);
  connect_to(endpoint);
  for (int i = 0; i < 5; ++i) make();
  ask_all();
  int counted = 0;
  for (One& one : calls_) {
    EXPECT_EQ(one.end.status, io::IoStatus::reset);
    EXPECT_FALSE(one.call.reused()) << "it was not idle before";
    counted += one.call.counts_failure();
  }
  EXPECT_EQ(counted, 1);
  for (One& one : calls_) counted += one.call.counts_failure();
  EXPECT_EQ(counted, 2) << "the same one, asked again";
}

TEST_F(SharedCallTest, AResetOfOneStreamIsItsOwnFailure) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) { stream.reset(h2::internal_error); };
  Http2Endpoint endpoint(script);
  connect_to(endpoint);
  for (int i = 0; i < 3; ++i) make();
  ask_all();
  for (One& one : calls_) {
    ASSERT_TRUE(one.end.error);
    EXPECT_EQ(one.end.error->kind, ErrorKind::upstream_reset);
    EXPECT_THAT(one.end.error->detail, ::testing::HasSubstr("INTERNAL_ERROR"));
    EXPECT_TRUE(one.call.counts_failure());
  }
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(SharedCallTest, AnIdleConnectionThatDiedIsStale) {
  Http2Endpoint endpoint(answering(200, ""));
  connect_to(endpoint);
  One& one = make();
  ask_all();
  EXPECT_FALSE(one.call.reused());
  EXPECT_TRUE(one.call.drop_buffered_body());
  finish(one, true);
  Http2Script script;
  script.head = [](const Http2EndpointStream& stream) { stream.reset_connection(); };
  endpoint.behave(script);
  begin(one);
  ask_all();
  EXPECT_EQ(one.end.status, io::IoStatus::reset);
  EXPECT_TRUE(one.call.reused());
  EXPECT_FALSE(one.call.response_bytes_seen());
}

TEST_F(SharedCallTest, AbortEndsOneCallAndNoOther) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    if (stream.index() == 1) stream.answer(200, "fine");
  };
  Http2Endpoint endpoint(script);
  connect_to(endpoint);
  One& left = make();
  One& stays = make();
  Timer leave{[](void* call) { static_cast<EndpointCall*>(call)->abort(io::IoStatus::peer_gone); },
              &left.call};
  loop_.reactor().arm(leave, Clock::now() + 50ms);
  ask_all();
  EXPECT_EQ(left.end.status, io::IoStatus::peer_gone);
  EXPECT_TRUE(stays.end.ok());

  finish(stays, true);
  calls_.pop_back();
  begin(left);  // before there is a place
  left.call.abort(io::IoStatus::shutdown);
  ask_all();
  EXPECT_EQ(left.end.status, io::IoStatus::shutdown);
}

TEST_F(SharedCallTest, NoConnectionIsTheFirstPhase) {
  Http2Endpoint endpoint(answering(200, ""));
  connect_to(endpoint);
  endpoint.stop();
  for (int i = 0; i < 3; ++i) make();
  ask_all();
  int counted = 0;
  for (One& one : calls_) {
    EXPECT_EQ(one.end.status, io::IoStatus::refused);
    EXPECT_EQ(one.call.phase(), EndpointCall::Phase::connecting);
    counted += one.call.counts_failure();
  }
  EXPECT_EQ(counted, 1) << "they waited for the same one";
}

}  // namespace
}  // namespace weir::server
