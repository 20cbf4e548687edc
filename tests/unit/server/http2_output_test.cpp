// What is sent is what was given, whatever of it was copied meanwhile and however much the socket took at a time.
#include "server/http2_output.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace weir::server {
namespace {

struct Message : http2::Stream {};

class Http2OutputTest : public ::testing::Test {
 protected:
  void text(std::string_view bytes) { next_ += bytes; }
  void run(std::string& block, std::size_t from, std::size_t bytes, http2::Stream& stream) {
    output_.runs().push_back({next_.size(), {block.data() + from, bytes}, &stream});
    output_.note_runs(output_.runs().size() - 1);
  }
  /// Takes up to `bytes` of what is sent now, as a socket does.
  std::string take(std::size_t bytes) {
    std::string taken;
    std::span<iovec>& parts = output_.rest();
    while (bytes > 0 && !parts.empty()) {
      iovec& part = parts.front();
      const std::size_t piece = std::min(bytes, part.iov_len);
      taken.append(static_cast<const char*>(part.iov_base), piece);
      part.iov_base = static_cast<char*>(part.iov_base) + piece;
      part.iov_len -= piece;
      bytes -= piece;
      if (part.iov_len == 0) parts = parts.subspan(1);
    }
    return taken;
  }
  std::vector<http2::Stream*> end() {
    std::vector<http2::Stream*> taken;
    output_.end([&taken](http2::Stream& stream) { taken.push_back(&stream); });
    return taken;
  }

  std::string next_;  // the codec's
  Http2Output output_;
  Message first_, second_;
};

TEST_F(Http2OutputTest, TextAloneIsOnePart) {
  text("frames");
  output_.begin(next_);
  EXPECT_EQ(output_.rest().size(), 1U);
  EXPECT_EQ(take(100), "frames");
  EXPECT_TRUE(end().empty());
  EXPECT_TRUE(next_.empty());
}

TEST_F(Http2OutputTest, RunsGoBetweenTheText) {
  std::string block = "onetwothree";
  text("a");
  run(block, 0, 3, first_);
  run(block, 3, 3, first_);
  text("b");
  run(block, 6, 5, second_);
  EXPECT_EQ(output_.run_bytes(), 11U);
  output_.begin(next_);
  EXPECT_EQ(output_.run_bytes(), 0U);
  EXPECT_EQ(take(100), "aonetwobthree");
  EXPECT_EQ(end(), (std::vector<http2::Stream*>{&first_, &first_, &second_}));
}

TEST_F(Http2OutputTest, WhatAStreamGivesUpIsCopied) {
  std::string block = "gone", kept = "kept";
  run(block, 0, 4, first_);
  text("-");
  run(kept, 0, 4, second_);
  output_.begin(next_);
  EXPECT_EQ(take(2), "go");
  run(block, 0, 2, first_);  // of the next output
  output_.copy(first_);
  block = "xxxx";
  EXPECT_EQ(take(100), "ne-kept");
  EXPECT_EQ(end(), std::vector<http2::Stream*>{&second_});
  output_.begin(next_);
  EXPECT_EQ(take(100), "go");
  EXPECT_TRUE(end().empty());
}

TEST_F(Http2OutputTest, NothingIsReportedOfWhatIsForgotten) {
  std::string block = "block";
  run(block, 0, 5, first_);
  output_.begin(next_);
  output_.forget(first_);
  EXPECT_TRUE(end().empty());
  EXPECT_TRUE(output_.rest().empty());
}

TEST_F(Http2OutputTest, BytesAreTheSameWhateverTheCuts) {
  std::mt19937 random(7);
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> blocks(4);
    std::vector<Message> streams(4);
    std::string wanted, sent;
    for (int batch = 0; batch < 3; ++batch) {
      for (std::string& block : blocks) {
        block.resize(200);
        for (char& byte : block) byte = static_cast<char>(random());
      }
      std::string expected;
      for (std::size_t pieces = below(8); pieces > 0; --pieces) {
        const std::size_t which = below(4), from = below(100), bytes = 1 + below(100);
        const std::string frame(below(3), 'f');
        text(frame);
        run(blocks[which], from, bytes, streams[which]);
        expected += frame + blocks[which].substr(from, bytes);
      }
      wanted += expected;
      const bool given_up_before = below(2) == 0;
      const std::size_t given_up = below(4);
      if (given_up_before) output_.copy(streams[given_up]);
      output_.begin(next_);
      sent += take(below(300));
      output_.copy(streams[given_up]);
      blocks[given_up].assign(200, 'X');
      while (!output_.rest().empty()) sent += take(1 + below(300));
      for (const http2::Stream* stream : end()) EXPECT_NE(stream, &streams[given_up]);
    }
    ASSERT_TRUE(sent == wanted) << "round " << round;
  }
}

}  // namespace
}  // namespace weir::server
