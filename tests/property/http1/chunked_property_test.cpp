#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "http1/chunked.hpp"

namespace weir::http1 {
namespace {

constexpr unsigned seed = 8128;

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool finished = false;
  bool failed = false;
  bool operator==(const Decoded&) const = default;
};

/// Feeds `input` in pieces that end at `ends`; what is consumed of a failed message does not count.
Decoded decode_in_pieces(std::string_view input, std::vector<std::size_t> ends) {
  ends.push_back(input.size());
  ChunkedDecoder decoder;
  Decoded result;
  for (const std::size_t end : ends) {
    while (result.consumed < end && !result.finished) {
      const auto step = decoder.decode(input.substr(result.consumed, end - result.consumed), Origin::client);
      if (!step) {
        result.failed = true;
        result.consumed = 0;
        return result;
      }
      if (step->consumed == 0 && !step->finished) {
        ADD_FAILURE() << "no progress";
      }
      result.data += step->data;
      result.consumed += step->consumed;
      result.finished = step->finished;
    }
  }
  result.trailers = result.finished ? decoder.trailers() : "";
  return result;
}

std::string random_body(std::mt19937& random) {
  std::string body(random() % 200, '\0');
  for (char& c : body) c = "\r\n0123456789abcdef;\0\xff"[random() % 21];
  return body;
}

/// `body` in chunks of random sizes, with what is allowed around them.
std::string encode(std::string_view body, std::mt19937& random) {
  static constexpr const char* extensions[] = {"", "", "", ";a", ";a=b", " ; a=\"b\""};
  std::string out;
  while (!body.empty()) {
    const std::size_t bytes = 1 + random() % body.size();
    char size[20];
    std::string line(size, write_chunk_size(bytes, size));
    line.insert(line.size() - 2, extensions[random() % std::size(extensions)]);
    out.append(line).append(body.substr(0, bytes)).append(chunk_end);
    body.remove_prefix(bytes);
  }
  out += last_chunk;
  for (unsigned i = random() % 3; i > 0; --i) out += "Trailer-" + std::to_string(i) + ": x y\r\n";
  out += chunk_end;
  return out;
}

TEST(ChunkedProperty, RoundTripForEveryCut) {
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    const std::string body = random_body(random);
    const std::string coded = encode(body, random);
    const Decoded whole = decode_in_pieces(coded + "GET / HTTP/1.1\r\n", {});
    ASSERT_TRUE(whole.finished) << round;
    EXPECT_EQ(whole.data, body) << round;
    EXPECT_EQ(whole.consumed, coded.size()) << round;
    for (std::size_t cut = 0; cut <= coded.size(); ++cut) {
      ASSERT_EQ(decode_in_pieces(coded, {cut}), whole) << round << ", cut at " << cut;
    }
  }
}

TEST(ChunkedProperty, MutationsDecodeTheSameByteByByte) {
  static constexpr std::string_view treats =
      "\r\n \t:;\0\x7f\xff"
      "0fg";
  std::mt19937 random(seed + 1);
  int finished = 0;
  int failed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string coded = encode(random_body(random).substr(0, 20), random);
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % coded.size();
      if (random() % 2 == 0) {
        coded[at] = treats[random() % treats.size()];
      } else {
        coded.insert(at, 1, treats[random() % treats.size()]);
      }
    }
    std::vector<std::size_t> every_byte;
    for (std::size_t end = 1; end < coded.size(); ++end) every_byte.push_back(end);
    const Decoded whole = decode_in_pieces(coded, {});
    Decoded pieces = decode_in_pieces(coded, every_byte);
    if (whole.failed) pieces.data = whole.data;  // how much of a broken message was seen is no promise
    ASSERT_EQ(pieces, whole) << round << ": " << ::testing::PrintToString(coded);
    finished += whole.finished ? 1 : 0;
    failed += whole.failed ? 1 : 0;
  }
  EXPECT_GT(finished, 100);
  EXPECT_GT(failed, 100);
}

}  // namespace
}  // namespace weir::http1
