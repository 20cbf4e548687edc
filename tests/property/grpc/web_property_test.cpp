// Bodies of gRPC-Web in any pieces: the cuts do not show, nothing is written beyond its bound, and what is encoded is
// decoded. Seeds are fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "grpc/web.hpp"

namespace weir::grpc {
namespace {

constexpr unsigned seed = 20261130;

std::string random_bytes(std::mt19937& random, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xff);
  return text;
}

/// The body, or nothing where it is no base64; `ends` are ascending.
std::optional<std::string> decode(std::string_view input, const std::vector<std::size_t>& ends) {
  RequestDecoder decoder(Web::text);
  std::string body;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    std::string run(input.substr(at, end - at));
    at = end;
    const auto bytes = decoder.decode(run, run.data());  // in place
    if (!bytes) return std::nullopt;
    EXPECT_LE(*bytes, run.size());
    body.append(run, 0, *bytes);
  }
  if (!decoder.finish()) return std::nullopt;
  return body;
}

std::vector<std::size_t> random_ends(std::mt19937& random, std::size_t size) {
  std::vector<std::size_t> ends(1 + random() % 8);
  for (std::size_t& end : ends) end = random() % (size + 1);
  ends.back() = size;
  std::ranges::sort(ends);
  return ends;
}

/// `body` in pieces that end at `ends`; flushed where `random` says, and at the end.
std::string encode(std::string_view body, const std::vector<std::size_t>& ends, std::mt19937& random) {
  ResponseEncoder encoder(Web::text);
  std::string out;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    const std::size_t before = out.size();
    encoder.encode(body.substr(at, end - at), out);
    if (random() % 2 == 0) encoder.flush(out);
    EXPECT_LE(out.size() - before, ResponseEncoder::encoded_bytes_max(end - at));
    at = end;
  }
  encoder.flush(out);
  return out;
}

TEST(GrpcWebProperty, EveryCutOfARequestGivesTheSame) {
  const std::string input = "AAAAAAZmb28=Zg==Zm9vYmFyZm9v+/+/Zm8=";
  const auto whole = decode(input, {input.size()});
  ASSERT_TRUE(whole);
  for (std::size_t first = 0; first <= input.size(); ++first) {
    for (std::size_t second = first; second <= input.size(); ++second) {
      ASSERT_EQ(decode(input, {first, second, input.size()}), whole) << first << " " << second;
    }
  }
  std::vector<std::size_t> every(input.size());
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i + 1;
  EXPECT_EQ(decode(input, every), whole);
}

TEST(GrpcWebProperty, CutsDoNotShowInWhatIsRefused) {
  std::mt19937 random(seed);
  constexpr std::string_view letters = "ZgAm9+/==-";
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string input(random() % 13, '\0');
    for (char& c : input) c = letters[random() % letters.size()];
    const auto whole = decode(input, {input.size()});
    accepted += whole ? 1 : 0;
    ASSERT_EQ(decode(input, random_ends(random, input.size())), whole) << input;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(GrpcWebProperty, WhatIsEncodedIsDecoded) {
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    const std::string body = random_bytes(random, random() % 200);
    const std::string text = encode(body, random_ends(random, body.size()), random);
    ASSERT_EQ(text.size() % 4, 0u);
    ASSERT_EQ(decode(text, random_ends(random, text.size())), body);
  }
}

TEST(GrpcWebProperty, ABatchCutIntoRunsLooksTheSame) {
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const std::string body = random_bytes(random, random() % 100);
    const auto in_runs = [&](const std::vector<std::size_t>& ends) {
      ResponseEncoder encoder(Web::text);
      std::string out;
      std::size_t at = 0;
      for (const std::size_t end : ends) {
        encoder.encode(std::string_view(body).substr(at, end - at), out);
        at = end;
      }
      encoder.finish("grpc-status: 0\r\n", out);
      return out;
    };
    ASSERT_EQ(in_runs(random_ends(random, body.size())), in_runs({body.size()}));
  }
}

}  // namespace
}  // namespace weir::grpc
