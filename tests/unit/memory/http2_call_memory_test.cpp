// A call over HTTP/2 for which there is no memory at one point or another ends, its connection ends with it where its
// codec may be half of something, and nothing of either is used or counted afterwards.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <new>
#include <string>

#include "io/spawn.hpp"
#include "server/endpoint_call.hpp"
#include "server/http2_pool.hpp"
#include "support/http2_endpoint.hpp"
#include "support/loop.hpp"
#include "unit/memory/failing_new.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;

const std::string upload(40'000, 'u');
const std::string upload_head =
    "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + std::to_string(upload.size()) + "\r\n\r\n";

struct OneCall {
  explicit OneCall(const std::string& address) {
    auto state = std::make_shared<upstream::EndpointState>("app", address, *SocketAddress::parse(address), 0);
    pool = std::make_shared<EndpointPool>(std::make_shared<upstream::ConnectionScope>(std::move(state)),
                                          counters);
    Http2Settings settings;
    settings.protocol = config::UpstreamProtocol::h2c;
    pool->configure(settings, loop.reactor(), buffers);
  }

  void turn_until(const std::function<bool()>& over) {
    const TimePoint patience = Clock::now() + std::chrono::seconds(20);
    while (!over() && Clock::now() < patience) loop.reactor().run_turn();
  }
  void start() {
    const Duration time = std::chrono::seconds(10);
    const CallTarget target{pool.get(), nullptr, &host};
    call.begin(target, {time, time, time, loop.reactor().now() + time});
    io::spawn(
        "test", [this] { return run(); }, [this](bool) { done = true; });
  }
  Task<> run() {
    if (!call.lease(true)) {
      const CallEnd connected = co_await call.connect();
      if (!connected.ok()) co_return;
    }
    io::IoResult sent;
    const WholeRequest request{upload_head, upload, {}, http::BodyKind::length};
    if (!call.try_send(request, sent)) {
      const relay::PacedWrite rest = co_await call.send_rest();
      sent.status = rest.status;
    }
    if (!EndpointCall::may_answer(sent.status)) co_return;
    call.request_written();
    const CallEnd head = co_await call.receive_final_head(http::Method::post);
    if (!head.ok()) co_return;
    const EndpointCall::DiscardBounds bounds{1 << 20, TimePoint::max(), std::chrono::seconds(10)};
    const CallEnd body = co_await call.discard_body(bounds);
    well = body.ok() && call.is_whole();
  }

  Loop loop;
  BufferPool buffers;
  observe::EndpointCounters counters;
  const std::string host = "127.0.0.1";
  std::shared_ptr<EndpointPool> pool;
  EndpointCall call{loop.reactor(), buffers};
  bool done = false, well = false;
};

TEST(Http2CallMemory, ACallEndsWhereverThereIsNone) {
  Http2Script script;
  script.end = [](const Http2EndpointStream& stream) {
    stream.head(200, {{"x-field", std::string(200, 'v')}});
    stream.data(std::string(30'000, 'd'));
    stream.trailers({{"x-trailer", "t"}});
  };
  Http2EndpointOptions options;
  options.strict = false;  // it may see half of a frame
  Http2Endpoint endpoint(script, options);
  bool all_granted = false;
  int after = 0;
  for (; !all_granted && after < 500; ++after) {
    OneCall one(endpoint.address());
    {
      const FailingNew failing(after);
      try {
        one.start();
        one.turn_until([&] { return one.done; });
      } catch (const std::bad_alloc&) {  // before anything ran
        one.done = true;
      }
      all_granted = FailingNew::failed() == 0;
    }
    EXPECT_TRUE(one.done) << after;
    EXPECT_TRUE(one.well || !all_granted) << after;
    one.call.reset();
    one.pool->retire();
    one.turn_until([&] { return one.pool->is_empty(); });
    EXPECT_TRUE(one.pool->is_empty()) << after;
    EXPECT_EQ(one.counters.streams, 0) << after;
    EXPECT_EQ(one.counters.active, 0) << after;
    EXPECT_EQ(one.counters.idle, 0) << after;
  }
  EXPECT_TRUE(all_granted);
  EXPECT_GT(after, 10);
}

}  // namespace
}  // namespace weir::server
