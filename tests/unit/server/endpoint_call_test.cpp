// One call of an endpoint, step by step, against a scripted endpoint: which connection it goes over, how each step
// ends, and what becomes of the connection.
#include "server/endpoint_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/full_backlog.hpp"
#include "support/loop.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using ::testing::HasSubstr;

constexpr std::string_view get_request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

class EndpointCallTest : public ::testing::Test {
 protected:
  ~EndpointCallTest() override {
    call_.reset();
    if (pool_) pool_->retire();
  }

  void call(const ScriptableEndpoint& endpoint, Duration time = scaled(5s)) {
    call(endpoint.address(), time);
  }
  void call(const std::string& address, Duration time = scaled(5s)) {
    call_.reset();
    if (!pool_ || pool_->endpoint().label != address) {
      if (pool_) pool_->retire();
      auto state =
          std::make_shared<upstream::EndpointState>("app", address, *SocketAddress::parse(address), 0);
      pool_ = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(std::move(state)),
                                             counters_);
    }
    const CallTarget target{pool_.get(), nullptr, &host_};
    const TimePoint deadline = loop_.reactor().now() + time;
    const CallBounds bounds{time, time, time, deadline};
    call_.begin(target, bounds);
  }
  /// Sends a GET over a kept connection or a new one, and waits for the final head.
  CallEnd ask() {
    CallEnd end;
    loop_.run(ask_into(end));
    return end;
  }
  CallEnd discard(EndpointCall::DiscardBounds bounds) {
    CallEnd end;
    loop_.run(discard_into(bounds, end));
    return end;
  }
  CallEnd discard() { return discard({1 << 20, loop_.reactor().now() + 5s, 5s}); }
  void end(const config::Keepalive& keepalive = {}) {
    call_.end(call_.is_whole() && call_.response().keep_alive, keepalive);
  }

  Loop loop_;
  BufferPool buffers_;
  observe::EndpointCounters counters_;
  const std::string host_ = "127.0.0.1";
  std::shared_ptr<EndpointPool> pool_;
  EndpointCall call_{loop_.reactor(), buffers_};
  WholeRequest request_{get_request, {}, {}, http::BodyKind::none};

 private:
  Task<> ask_into(CallEnd& end) {
    if (!call_.lease(true)) {
      end = co_await call_.connect();
      if (!end.ok()) co_return;
    }
    io::IoResult sent;
    if (!call_.try_send(request_, sent)) {
      const relay::PacedWrite rest = co_await call_.send_rest();
      sent.status = rest.status;
    }
    end.status = sent.status;
    if (!EndpointCall::may_answer(sent.status)) co_return;
    call_.request_written();
    end = co_await call_.receive_final_head(http::Method::get);
  }
  Task<> discard_into(EndpointCall::DiscardBounds bounds, CallEnd& end) {
    end = co_await call_.discard_body(bounds);
  }
};

TEST_F(EndpointCallTest, AWholeBodyKeepsTheConnectionForTheNextCall) {
  ScriptableEndpoint endpoint(behave::ok(std::string(100'000, 'x')));
  for (int i = 0; i < 3; ++i) {
    call(endpoint);
    ASSERT_TRUE(ask().ok());
    EXPECT_EQ(call_.reused(), i > 0);
    EXPECT_EQ(call_.response().status, 200);
    EXPECT_TRUE(call_.response_bytes_seen());
    EXPECT_TRUE(discard().ok());
    EXPECT_TRUE(call_.is_whole());
    end();
  }
  EXPECT_EQ(endpoint.connection_count(), 1U);
  EXPECT_EQ(counters_.responses[2], 3U);
  EXPECT_EQ(counters_.idle, 1);
  EXPECT_EQ(counters_.active, 0);
}

TEST_F(EndpointCallTest, AConnectionPastItsAgeIsNotKept) {
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptableEndpoint endpoint(behave::slow(response, response.size() - 1, std::chrono::milliseconds(30)));
  config::Keepalive keepalive;
  const auto call_once = [&](Milliseconds max_age) {
    keepalive.max_age = max_age;
    call(endpoint);
    EXPECT_TRUE(ask().ok());
    EXPECT_TRUE(discard().ok());
    const bool reused = call_.reused();
    end(keepalive);
    return reused;
  };
  EXPECT_FALSE(call_once(Milliseconds(3'600'000)));
  EXPECT_TRUE(call_once(Milliseconds(3'600'000)));
  EXPECT_TRUE(call_once(Milliseconds(10))) << "it is old when the call ends";
  EXPECT_EQ(counters_.idle, 0);
  EXPECT_FALSE(call_once(Milliseconds(0))) << "no limit";
  EXPECT_EQ(counters_.idle, 1);
  EXPECT_EQ(endpoint.connection_count(), 2U);
}

TEST_F(EndpointCallTest, ABodyIsFramedAsItsHeadSays) {
  ScriptableEndpoint endpoint(behave::ok());
  call(endpoint);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n";
  request_ = {chunked, "hello", "X-Sum: 5\r\n", http::BodyKind::chunked};
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(endpoint.bytes(), chunked + "5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n");
  EXPECT_TRUE(call_.drop_buffered_body());
  end();

  call(endpoint);
  const std::string sized = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n";
  request_ = {sized, "hello", "X-Sum: 5\r\n", http::BodyKind::length};
  ASSERT_TRUE(ask().ok());
  EXPECT_TRUE(endpoint.bytes().ends_with(sized + "hello")) << "trailers have no place there";
}

TEST_F(EndpointCallTest, ALongBodyIsSentAsTheEndpointTakesIt) {
  ScriptableEndpoint endpoint(behave::ok());
  call(endpoint);
  const std::string body(8'000'000, 'x');
  const std::string head =
      "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  request_ = {head, body, {}, http::BodyKind::length};
  EXPECT_TRUE(ask().ok());
  EXPECT_EQ(call_.response().status, 200);
}

TEST_F(EndpointCallTest, PastABoundOfTheBodyTheConnectionEndsAndNothingIsWrong) {
  ScriptableEndpoint endpoint(
      behave::sequence({behave::ok(std::string(400'000, 'x')),
                        behave::respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")}));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_TRUE(discard({1000, loop_.reactor().now() + 5s, 5s}).ok());
  EXPECT_FALSE(call_.is_whole());
  end();
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_FALSE(call_.reused());
  EXPECT_TRUE(discard({1000, loop_.reactor().now() + 50ms, 5s}).ok());
  EXPECT_FALSE(call_.is_whole());
}

TEST_F(EndpointCallTest, ASilentBodyIsATimeout) {
  ScriptableEndpoint endpoint(behave::respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(discard({1000, loop_.reactor().now() + scaled(5s), 50ms}).status, io::IoStatus::timeout);
}

TEST_F(EndpointCallTest, ABodyThatBreaksIsAnError) {
  ScriptableEndpoint endpoint(
      behave::respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size at all\r\n"));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  const CallEnd broken = discard();
  ASSERT_TRUE(broken.error.has_value());
  EXPECT_EQ(broken.error->origin, Origin::upstream);

  endpoint.behave(behave::respond_then_close("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  const CallEnd cut = discard();
  ASSERT_TRUE(cut.error.has_value());
  EXPECT_EQ(cut.error->kind, ErrorKind::response_incomplete);
}

TEST_F(EndpointCallTest, ABodyThatIsHereNeedsNoWait) {
  ScriptableEndpoint endpoint(behave::sequence(
      {behave::ok("short"), behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nhalf")}));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_TRUE(call_.drop_buffered_body());
  end();
  EXPECT_EQ(counters_.idle, 1);
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_FALSE(call_.drop_buffered_body());
  end();
  EXPECT_EQ(counters_.idle, 0);
}

TEST_F(EndpointCallTest, HeadsOneAfterTheOther) {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  std::string many;
  for (unsigned i = 0; i <= EndpointCall::interim_responses_max; ++i) many += hint;
  ScriptableEndpoint endpoint(
      behave::sequence({behave::respond(hint + hint + behave::ok_message("fine")), behave::respond(many)}));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(call_.response().status, 200);
  EXPECT_TRUE(call_.drop_buffered_body());
  end();
  call(endpoint);
  const CallEnd endless = ask();
  ASSERT_TRUE(endless.error.has_value());
  EXPECT_THAT(endless.error->detail, HasSubstr("too many interim responses"));
}

TEST_F(EndpointCallTest, AKeptConnectionThatDiedShowsThatNothingCame) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("fine"));
    connection.read_request();
  }));
  call(endpoint);
  ASSERT_TRUE(ask().ok());
  EXPECT_TRUE(call_.drop_buffered_body());
  end();
  call(endpoint);
  const CallEnd died = ask();
  EXPECT_FALSE(died.ok());
  EXPECT_FALSE(died.error.has_value());
  EXPECT_TRUE(call_.reused());
  EXPECT_FALSE(call_.response_bytes_seen());
  EXPECT_EQ(call_.phase(), EndpointCall::Phase::exchange);
}

TEST_F(EndpointCallTest, ItEndsInItsTime) {
  ScriptableEndpoint silent(behave::hang());
  call(silent, 50ms);
  EXPECT_EQ(ask().status, io::IoStatus::timeout);
  EXPECT_LT(call_.handed_over(), TimePoint::max());
}

TEST_F(EndpointCallTest, NoConnectionIsTheFirstPhase) {
  ScriptableEndpoint endpoint(behave::ok());
  call(endpoint);
  endpoint.stop();
  EXPECT_EQ(ask().status, io::IoStatus::refused);
  EXPECT_EQ(call_.phase(), EndpointCall::Phase::connecting);
  end();
  EXPECT_EQ(counters_.responses[0], 1U);
}

TEST_F(EndpointCallTest, AbortEndsWhatWaitsNowAndLater) {
  ScriptableEndpoint silent(behave::hang());
  call(silent);
  Timer leave{[](void* call) { static_cast<EndpointCall*>(call)->abort(io::IoStatus::peer_gone); }, &call_};
  loop_.reactor().arm(leave, Clock::now() + 50ms);
  EXPECT_EQ(ask().status, io::IoStatus::peer_gone);
  end();

  call(silent);  // before there is a connection
  call_.abort(io::IoStatus::shutdown);
  call_.abort(io::IoStatus::cancelled);
  EXPECT_EQ(ask().status, io::IoStatus::shutdown) << "the first reason stays";

  const FullBacklog nothing_answers;
  call(nothing_answers.address());
  call_.abort(io::IoStatus::shutdown);
  EXPECT_EQ(ask().status, io::IoStatus::shutdown) << "a connection is not waited for";

  silent.behave(behave::ok());
  call(silent);
  EXPECT_TRUE(ask().ok()) << "a new call knows nothing of it";
}

}  // namespace
}  // namespace weir::server
