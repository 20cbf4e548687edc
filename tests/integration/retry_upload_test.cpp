// Retries of requests with a body: what the second endpoint gets of a body that the first one took a part of, or all
// of.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "support/behaviours.hpp"
#include "support/gate.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr std::string_view chunked_put =
    "PUT /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view sized_put = "PUT /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 11\r\n\r\n";

/// Two endpoints. The one that is asked first takes `taken` bytes of the body and resets once `reset` is open; the
/// other one answers.
class Uploads {
 public:
  explicit Uploads(std::size_t taken, const std::string& retry = "{}")
      : taken_(taken), weir_(config(retry)) {}

  RawClient connect() { return weir_.connect(); }
  /// That were answered, with their bodies.
  std::vector<Request> answered() {
    const std::lock_guard lock(mutex_);
    return answered_;
  }

  Gate reset, second_began;

 private:
  ConfigText config(const std::string& retry) const {
    ConfigText text = config_for({one_.address(), other_.address()});
    text.app = "passive_health: { consecutive_failures: 0 }, retry: " + retry;
    return text;
  }
  ConnectionBehaviour behaviour() {
    return [this](EndpointConnection& connection) {
      auto request = connection.read_request_head();
      if (!request) return;
      if (turn_++ == 0) return take_and_reset(connection);
      second_began.open();
      connection.read_body(*request);
      {
        const std::lock_guard lock(mutex_);
        answered_.push_back(*request);
      }
      connection.send(behave::ok_message("good"));
    };
  }
  void take_and_reset(EndpointConnection& connection) {
    std::string got;
    while (got.size() < taken_) {
      const std::string some = connection.read_some();
      if (some.empty()) return;
      got += some;
    }
    if (connection.wait(reset)) connection.reset();
  }

  const std::size_t taken_;
  std::atomic<int> turn_{0};
  std::mutex mutex_;
  std::vector<Request> answered_;
  ScriptableEndpoint one_{behaviour()}, other_{behaviour()};
  WeirProcess weir_;
};

TEST(RetriedUpload, ABodyThatWasConsumedGoesOutAgainWithItsTrailers) {
  const std::string body(30'000, 'b');
  const std::string chunk = "7530\r\n" + body + "\r\n0\r\nX-Sum: 30000\r\n\r\n";
  Uploads uploads(body.size());
  RawClient client = uploads.connect();
  client.send(chunked_put);
  client.send(chunk);
  uploads.reset.open();
  EXPECT_EQ(client.read_response("PUT").body, "good");
  ASSERT_EQ(uploads.answered().size(), 1U);
  const Request got = uploads.answered().front();
  EXPECT_TRUE(got.chunked);
  EXPECT_EQ(got.body, body);
  EXPECT_EQ(got.trailers.get("X-Sum"), "30000");
}

class RetriedUploadInTwoParts : public ::testing::TestWithParam<bool> {};

TEST_P(RetriedUploadInTwoParts, TheRestFollowsWhatWasConsumed) {
  const bool chunked = GetParam();
  Uploads uploads(5);
  RawClient client = uploads.connect();
  client.send(chunked ? chunked_put : sized_put);
  client.send(chunked ? "5\r\nhello\r\n" : "hello");
  uploads.reset.open();
  ASSERT_TRUE(uploads.second_began.wait(Deadline()));
  client.send(chunked ? "6\r\n world\r\n0\r\n\r\n" : " world");
  EXPECT_EQ(client.read_response("PUT").body, "good");
  ASSERT_EQ(uploads.answered().size(), 1U);
  EXPECT_EQ(uploads.answered().front().body, "hello world");
  EXPECT_EQ(uploads.answered().front().chunked, chunked);
}

INSTANTIATE_TEST_SUITE_P(Framing, RetriedUploadInTwoParts, ::testing::Bool(),
                         [](const auto& framing) { return framing.param ? "Chunked" : "Length"; });

TEST(RetriedUpload, ABodyThatIsLongerThanItsBufferIsSentOnce) {
  Uploads uploads(20'000, "{ buffer_bytes: 16KiB }");
  uploads.reset.open();
  EXPECT_EQ(uploads.connect().exchange("PUT", "/up", std::string(20'000, 'b')).status, 502);
  EXPECT_TRUE(uploads.answered().empty());
}

TEST(RetriedUpload, APostIsNotKeptAndNotSentAgain) {
  Uploads uploads(5);
  uploads.reset.open();
  EXPECT_EQ(uploads.connect().exchange("POST", "/up", "hello").status, 502);
  EXPECT_TRUE(uploads.answered().empty());
}

}  // namespace
}  // namespace weir::testing
