// Whatever an endpoint or Weir answers, an HTTP/2 client gets the fields that an HTTP/1 client would get, in the same
// order, but for those of the HTTP/1 connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/rng.hpp"
#include "http/field_lines.hpp"
#include "http/field_role.hpp"
#include "http/text.hpp"
#include "http1/write.hpp"
#include "http2/response.hpp"
#include "unit/http1/parsed.hpp"
#include "unit/http2/hpack_text.hpp"

namespace weir::http2 {
namespace {

using http::BodyKind;
using http::Field;
using http1::test::Lines;

constexpr int rounds = 20'000;
constexpr unsigned seed = 9113;
constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

constexpr std::string_view names[] = {"Accept-Ranges",
                                      "content-TYPE",
                                      "SET-COOKIE",
                                      "X-Custom",
                                      "x_custom",
                                      "Via",
                                      "Trailer",
                                      "Keep-Alive",
                                      "Date",
                                      "Server",
                                      "X-Frame-Options",
                                      "x-powered-by",
                                      "X-Request-ID",
                                      "Cache-Control",
                                      "X-Hop",
                                      "Proxy-Authenticate",
                                      "RateLimit",
                                      "Vary",
                                      "ETag",
                                      "!#$%&'*+-.^_`|~0"};

template <class List>
std::string_view one_of(Rng& rng, const List& list) {
  return list[rng() % std::size(list)];
}

std::string random_value(Rng& rng) {
  static constexpr std::string_view alphabet = "ab: ;,=\t\"\\/%\x80\xff{}<>";
  std::string value;
  for (std::uint64_t n = rng() % 12; n > 0; --n) value += alphabet[rng() % alphabet.size()];
  if (rng() % 64 == 0) value += std::string(rng() % 3000, 'v');
  return std::string(http::trim_ows(value));
}

/// `own`: that Weir might add; a configuration cannot name those of the connection.
std::string random_lines(Rng& rng, std::uint64_t count_max, bool own) {
  std::string lines;
  for (std::uint64_t n = rng() % (count_max + 1); n > 0; --n) {
    const std::string_view name = one_of(rng, names);
    if (own && http::is_framing_name(name)) continue;
    lines.append(name).append(": ").append(random_value(rng)).append("\r\n");
  }
  return lines;
}

http::CompiledFields random_policy(Rng& rng) {
  http::CompiledFields policy;
  for (std::uint64_t n = rng() % 5; n > 0; --n) {
    const std::string_view name = one_of(rng, names);
    switch (rng() % 3) {
      case 0:
        policy.drop(name);
        break;
      case 1:
        policy.set(name, random_value(rng));
        break;
      default:
        policy.set_if_absent(name, random_value(rng));
        break;
    }
  }
  return policy;
}

/// Owns what its options view.
struct Options {
  http::CompiledFields policy;
  std::string own_fields;
  http::ResponseOptions options;

  explicit Options(Rng& rng) : policy(random_policy(rng)), own_fields(random_lines(rng, 2, true)) {
    if (rng() % 4 != 0) options.policy = &policy;
    if (rng() % 2 != 0) options.request_id = "id-1";
    if (rng() % 2 != 0) options.set_cookie = "weir=1; Path=/";
    options.own_fields = own_fields;
    options.keep_alive = rng() % 2 != 0;
    options.upgrade = true;
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
};

bool is_of_the_connection(std::string_view name) {
  static constexpr std::string_view connection_names[] = {"connection", "transfer-encoding", "upgrade",
                                                          "keep-alive", "proxy-connection"};
  return std::ranges::find(connection_names, name) != std::end(connection_names);
}

/// The fields of an HTTP/1 head, as HTTP/2 names them.
Lines end_to_end_fields(std::string_view head, bool tunnel) {
  head.remove_prefix(head.find("\r\n") + 2);
  Lines lines;
  http::for_each_field_line(head, [&](const Field& field) {
    const std::string name = http::lower(field.name);
    if (is_of_the_connection(name) || (tunnel && name == "sec-websocket-accept")) return;
    lines.emplace_back(name, field.value);
  });
  return lines;
}

/// The fields of a block, which begins with `:status`.
Lines fields_of(std::string_view block, int status) {
  HpackDecoder decoder;
  Lines lines;
  const auto take = [&](const FieldLine& line) { lines.emplace_back(line.name, line.value); };
  EXPECT_EQ(decoder.decode(block, true, take), HpackDecoder::Outcome::ok);
  const std::pair<std::string, std::string> first{":status", std::to_string(status)};
  EXPECT_TRUE(!lines.empty() && lines.front() == first);
  if (!lines.empty()) lines.erase(lines.begin());
  for (const auto& [name, value] : lines) {
    EXPECT_FALSE(name.starts_with(':')) << name;
    EXPECT_EQ(name, http::lower(name));
    EXPECT_FALSE(is_of_the_connection(name)) << name;
    EXPECT_EQ(value, http::trim_ows(value)) << name;
  }
  return lines;
}

http1::test::ParsedResponse random_response(Rng& rng) {
  static constexpr int statuses[] = {101, 102, 103, 200, 204, 206, 304, 404, 503};
  const int status = statuses[rng() % std::size(statuses)];
  std::string text = "HTTP/1." + std::string(status >= 200 && rng() % 4 == 0 ? "0 " : "1 ");
  text += std::to_string(status) + " \r\n" + random_lines(rng, 10, false);
  if (status == 101) {
    text += "Connection: upgrade, x-hop\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: eA==\r\n";
  } else {
    if (rng() % 3 == 0)
      text += rng() % 2 ? "Connection: X-Hop\r\n" : "Connection: keep-alive, x-hop, Vary\r\n";
    if (rng() % 2 == 0) text += "Content-Length: " + std::to_string(rng() % 100) + "\r\n";
  }
  const auto method = rng() % 3 == 0 ? http::Method::head : http::Method::get;
  return http1::test::parsed_response(text, method, true);
}

TEST(ResponseProperty, TheSameFieldsAsOverHttp1) {
  Rng rng(seed);
  std::string head;
  std::string block;
  for (int round = 0; round < rounds; ++round) {
    const auto response = random_response(rng);
    Options with(rng);
    with.options.body = response.head.body;
    if (response.head.body.kind != BodyKind::none && rng() % 2 == 0)
      with.options.body = {BodyKind::chunked, 0};
    head.clear();
    http1::write_response_head(head, response.head, with.options, date);
    block.clear();
    write_response_block(block, response.head, with.options, date);
    const bool tunnel = response.head.status == 101;
    EXPECT_EQ(fields_of(block, tunnel ? 200 : response.head.status), end_to_end_fields(head, tunnel)) << head;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(ResponseProperty, AnswersOfWeirsOwnToo) {
  Rng rng(seed);
  std::string head;
  std::string block;
  for (int round = 0; round < rounds; ++round) {
    static constexpr int statuses[] = {200, 204, 301, 304, 429, 503};
    const Options with(rng);
    const std::string extra = random_lines(rng, 4, true);
    http::OwnResponse response;
    response.status = statuses[rng() % std::size(statuses)];
    response.extra_fields = extra;
    if (rng() % 2 == 0) response.content_type = "text/plain";
    if (rng() % 2 == 0) response.body = "text\n";
    if (rng() % 2 == 0) response.proxy_status = "weir; error=x";
    response.head_only = rng() % 2 == 0;
    head.clear();
    http1::write_own_head(head, response, with.options, date);
    block.clear();
    write_own_block(block, response, with.options, date);
    Lines expected = end_to_end_fields(head, false);
    Lines written = fields_of(block, response.status);
    if (response.body.empty()) {  // what only HTTP/1 has to say
      for (Lines* lines : {&expected, &written}) std::erase(*lines, Lines::value_type("content-length", "0"));
    }
    EXPECT_EQ(written, expected) << head;
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::http2
