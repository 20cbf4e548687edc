// A request that goes to an endpoint says the same in both versions of HTTP: what our own strict reader makes of the
// block is what HTTP/1's parser makes of the text.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http1/write.hpp"
#include "http2/request_block.hpp"
#include "unit/http1/parsed.hpp"
#include "unit/http2/hpack_text.hpp"
#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_view_literals;

constexpr unsigned seed = 20261130;
constexpr int rounds = 3000;

class Generator {
 public:
  explicit Generator(unsigned start) : random_(start) {}

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  /// As a client sends it, without the empty line.
  std::string request() {
    std::string text = pick(methods) + " " + pick(paths) + " HTTP/1.1\r\nHost: " + pick(hosts) + "\r\n";
    for (unsigned i = below(12); i > 0; --i) text += pick(names) + ": " + pick(values) + "\r\n";
    if (below(4) == 0) text += "Cookie: a=b; c=d\r\n";
    if (below(4) == 0) text += "TE: trailers\r\nConnection: TE, X-Hop\r\n";
    if (below(4) == 0) text += "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
    if (below(4) == 0) text += "Via: 1.0 a\r\n";
    return text;
  }

  http::CompiledFields policy() {
    http::CompiledFields policy;
    if (below(4) == 0) policy.set("Host", "by.policy");
    if (below(4) == 0) policy.set("X-Set-By-Policy", "a: b");
    if (below(4) == 0) policy.drop("User-Agent");
    return policy;
  }

 private:
  static constexpr std::array methods{"GET"sv, "POST"sv, "PUT"sv, "HEAD"sv, "DELETE"sv, "BREW"sv};
  static constexpr std::array paths{"/"sv, "/a"sv, "/a?b=c"sv, "/?"sv, "/index.html"sv, "/a%20b"sv};
  static constexpr std::array hosts{"h"sv, "H.example"sv, "h:80"sv, "[::1]:8443"sv};
  static constexpr std::array names{"Accept"sv,          "X-Custom"sv,     "user-agent"sv,
                                    "Accept-Encoding"sv, "Max-Forwards"sv, "If-None-Match"sv,
                                    "x-hop"sv,           "X-Request-ID"sv, "!#$%&'*+-.^_`|~9"sv,
                                    "Authorization"sv,   "Refresh"sv};
  static constexpr std::array values{
      "a"sv, ""sv, "a b"sv, "a\tb"sv, "\xff"sv, "gzip, deflate"sv, "\"a\""sv, "a: b"sv, "  spaced \t"sv};

  std::string pick(std::span<const std::string_view> texts) {
    return std::string(texts[below(static_cast<unsigned>(texts.size()))]);
  }

  std::mt19937 random_;
};

bool is_framing(const http::Field& field) {
  return field.id == http::FieldId::transfer_encoding || field.id == http::FieldId::connection ||
         field.id == http::FieldId::host;
}

std::string common(const http::RequestHead& head) {
  std::string text = describe_facts(head);
  for (const http::Field& field : head.fields) {
    if (is_framing(field)) continue;
    text.append(" | ").append(http::lower(field.name)).append(": ").append(field.value);
  }
  return text;
}

std::string read_http1(const std::string& text) {
  http::RequestHead head;
  std::size_t scanned = 0;
  const auto read = http1::parse_request_head(text, {}, scanned, head);
  EXPECT_TRUE(read && *read) << text;
  return common(head);
}

std::string read_http2(const std::string& text, bool ended) {
  std::string block;
  write_request_block(block, text, {});
  HpackDecoder decoder;
  FieldSection section;
  const auto outcome =
      decoder.decode(block, true, [&](const FieldLine& line) { section.add(line.name, line.value); });
  EXPECT_EQ(outcome, HpackDecoder::Outcome::ok);
  http::RequestHead head;
  const ReadRequest read = read_request(section, ended, {}, head);
  EXPECT_EQ(read.kind, ReadRequest::Kind::ok) << read.error.detail << "\n" << text;
  return common(head);
}

TEST(RequestBlockProperty, BothVersionsSayTheSame) {
  Generator generator(seed);
  http::Forwarding forwarding;
  forwarding.client_ip = "192.0.2.1";
  forwarding.proto = "https";
  forwarding.request_id = "id-1";
  for (int round = 0; round < rounds; ++round) {
    const auto request = http1::test::parsed_request(generator.request());
    http::Framing body;
    body.kind = static_cast<http::BodyKind>(generator.below(3));
    if (body.kind == http::BodyKind::length) body.length = 1 + generator.below(1000);
    std::string text;
    http1::write_request_head(text, request.head, request.head.target, body, forwarding, generator.policy(),
                              false);
    const bool ended = body.kind == http::BodyKind::none;
    ASSERT_EQ(read_http2(text, ended), read_http1(text)) << text;
  }
}

}  // namespace
}  // namespace weir::http2::testing
