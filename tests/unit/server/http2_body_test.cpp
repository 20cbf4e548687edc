// What arrives of a request's body in DATA, and how the exchange gets it. What opens the client's windows again is seen
// over sockets: tests/integration/http2_flow_test.cpp.
#include "server/http2_body.hpp"

#include <gtest/gtest.h>

#include "server/http2_stream.hpp"
#include "server/worker.hpp"
#include "support/loop.hpp"

namespace weir::server {
namespace {

using namespace std::chrono_literals;

class Http2BodyTest : public ::testing::Test {
 protected:
  Http2BodyTest() { body_.begin(stream_, false); }

  /// What a batch has; its end is `ended_`.
  std::string take() {
    batch_.begin({});
    EXPECT_TRUE(body_.take(batch_));
    std::string text;
    for (const iovec& run : batch_.runs()) text.append(static_cast<const char*>(run.iov_base), run.iov_len);
    return text;
  }
  io::IoResult wait(Duration time = 10s) {
    io::IoResult result;
    loop_.run([](Http2Body& body, TimePoint until, io::IoResult& out) -> Task<> {
      out = co_await body.wait(until);
    }(body_, loop_.reactor().now() + time, result));
    return result;
  }

  testing::Loop loop_;
  BufferPool buffers_;
  ProcessShared shared_;
  Worker worker_{0, shared_, 1};
  Http2Stream stream_{worker_};
  Http2Body body_{loop_.reactor(), buffers_};
  relay::BodyBatch batch_;
};

TEST_F(Http2BodyTest, GivesWhatArrivedInOrderAndThenItsEnd) {
  io::IoResult read;
  EXPECT_FALSE(body_.try_read(read));
  body_.add("one ");
  body_.add("two");
  EXPECT_TRUE(body_.try_read(read));
  EXPECT_EQ(read.bytes, 7U);
  EXPECT_EQ(body_.unread(), 7U);
  EXPECT_EQ(take(), "one two");
  EXPECT_FALSE(batch_.ended());
  EXPECT_FALSE(body_.has_more());
  EXPECT_EQ(body_.unread(), 0U);
  body_.add("!");  // into the block that was handed out, behind it
  body_.set_trailers("X: y\r\n");
  body_.end();
  EXPECT_TRUE(body_.has_more());
  EXPECT_FALSE(body_.finished());
  EXPECT_EQ(take(), "!");
  EXPECT_TRUE(batch_.ended());
  EXPECT_EQ(batch_.trailers(), "X: y\r\n");
  EXPECT_TRUE(body_.finished());
  EXPECT_FALSE(body_.has_more());
}

TEST_F(Http2BodyTest, AnEndWithoutBytesIsThereToBeTaken) {
  body_.end();
  io::IoResult read;
  EXPECT_TRUE(body_.try_read(read));
  EXPECT_EQ(read.status, io::IoStatus::ok);
  EXPECT_EQ(take(), "");
  EXPECT_TRUE(batch_.ended());
}

TEST_F(Http2BodyTest, OfARequestThatHasNoneNothingIsLeft) {
  body_.clear();
  body_.begin(stream_, true);
  EXPECT_TRUE(body_.finished());
  EXPECT_TRUE(body_.ended());
  EXPECT_FALSE(body_.has_more());
}

/// The end comes behind all bytes, also those that the batch has no room for.
TEST_F(Http2BodyTest, AFullBatchLeavesTheRest) {
  const std::string piece(16 * 1024, 'p');
  for (std::size_t i = 0; i <= relay::BodyBatch::runs_max; ++i) body_.add(piece);
  body_.end();
  std::size_t bytes = 0, batches = 0;
  do {
    bytes += take().size();
    ++batches;
  } while (body_.has_more() && batches < 10);
  EXPECT_TRUE(batch_.ended());
  EXPECT_EQ(batches, 2U);
  EXPECT_EQ(bytes, piece.size() * (relay::BodyBatch::runs_max + 1));
}

/// A byte a frame: blocks of a kilobyte are filled, so a window of such frames holds no more than one of long ones.
TEST_F(Http2BodyTest, ShortPiecesShareTheirBlocks) {
  for (int i = 0; i < 8 * 1024; ++i) body_.add("x");
  EXPECT_EQ(take().size(), 8 * 1024U);
  EXPECT_EQ(batch_.runs().size(), 8U);
}

TEST_F(Http2BodyTest, AWaitEndsWithWhatArrives) {
  Timer arrival{[](void* body) { static_cast<Http2Body*>(body)->add("late"); }, &body_};
  loop_.reactor().arm(arrival, Clock::now() + 20ms);
  const io::IoResult result = wait();
  EXPECT_EQ(result.status, io::IoStatus::ok);
  EXPECT_EQ(result.bytes, 4U);
  EXPECT_EQ(wait(10ms).status, io::IoStatus::timeout);
  Timer cancel{[](void* body) { static_cast<Http2Body*>(body)->cancel_wait(); }, &body_};
  loop_.reactor().arm(cancel, Clock::now() + 20ms);
  EXPECT_EQ(wait().status, io::IoStatus::cancelled);
}

TEST_F(Http2BodyTest, BrokenOffItGivesWhatWasThereAndThenTheFirstReason) {
  body_.add("some");
  body_.break_off(io::IoStatus::peer_gone);
  body_.break_off(io::IoStatus::shutdown);
  io::IoResult read;
  EXPECT_TRUE(body_.try_read(read));
  EXPECT_EQ(read.status, io::IoStatus::ok);
  EXPECT_EQ(take(), "some");
  EXPECT_FALSE(body_.has_more());
  body_.clear();
  body_.begin(stream_, false);
  body_.break_off(io::IoStatus::peer_gone);
  body_.break_off(io::IoStatus::shutdown);
  EXPECT_TRUE(body_.try_read(read));
  EXPECT_EQ(read.status, io::IoStatus::peer_gone);
}

TEST_F(Http2BodyTest, AWaitEndsWithWhyItIsBrokenOff) {
  Timer leave{[](void* body) { static_cast<Http2Body*>(body)->break_off(io::IoStatus::shutdown); }, &body_};
  loop_.reactor().arm(leave, Clock::now() + 20ms);
  EXPECT_EQ(wait().status, io::IoStatus::shutdown);
}

TEST_F(Http2BodyTest, AMalformedOneIsAnErrorWhateverWasThere) {
  body_.add("some");
  body_.break_off(client_error(ErrorKind::malformed_request, "first"));
  body_.break_off(client_error(ErrorKind::malformed_request, "second"));
  EXPECT_TRUE(body_.has_more());
  batch_.begin({});
  const auto taken = body_.take(batch_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().detail, "first");
  EXPECT_TRUE(batch_.empty());
}

TEST_F(Http2BodyTest, ClearedItKnowsNothingOfTheOneBefore) {
  body_.add("some");
  body_.set_trailers("X: y\r\n");
  body_.end();
  body_.break_off(client_error(ErrorKind::malformed_request, "broken"));
  body_.clear();
  body_.begin(stream_, false);
  EXPECT_FALSE(body_.has_more());
  EXPECT_FALSE(body_.ended());
  EXPECT_EQ(body_.unread(), 0U);
  EXPECT_EQ(body_.trailers(), "");
  body_.add("new");
  EXPECT_EQ(take(), "new");
}

}  // namespace
}  // namespace weir::server
