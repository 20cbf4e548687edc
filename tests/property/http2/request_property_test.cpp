// A request that both versions of HTTP can carry is the same request to everything behind the readers, or refused by
// both for the same kind of reason.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "http/cookies.hpp"
#include "http1/parse.hpp"
#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_view_literals;

constexpr unsigned seed = 20261129;
constexpr int rounds = 5000;
constexpr std::size_t uri_bytes = rules.uri_bytes;

enum class Odd : std::uint8_t {
  none,
  method,
  path,
  host,
  hosts,
  length,
  lengths,
  expect,
  name,
  value,
  count
};

/// What a request says, however it travels.
struct Message {
  std::string method = "GET";
  std::string path = "/";
  std::string authority = "h";
  std::string host;   // where it is not empty: a Host beside the authority
  bool ended = true;  // there is no body at all
  Lines fields;       // Content-Length included
};

class Generator {
 public:
  explicit Generator(unsigned start) : random_(start) {}

  /// At most one thing in it is odd, so that there is one reason to refuse it.
  Message message() {
    const auto odd = below(3) == 0 ? Odd::none : static_cast<Odd>(below(static_cast<unsigned>(Odd::count)));
    Message message;
    message.method = odd == Odd::method ? pick(odd_methods) : pick(methods);
    message.path = odd == Odd::path ? odd_path() : pick(paths);
    message.authority = odd == Odd::host ? pick(odd_hosts) : pick(hosts);
    if (below(3) == 0) message.host = message.authority;
    if (odd == Odd::hosts) message.host = message.authority + "x";
    message.ended = below(2) == 0;
    for (unsigned i = below(6); i > 0; --i) message.fields.emplace_back(pick(names), pick(values));
    add_length(message, odd);
    if (below(4) == 0) message.fields.emplace_back("te", "trailers");
    if (below(4) == 0) message.fields.emplace_back("via", "1.1 a");
    if (below(4) == 0) message.fields.emplace_back("cookie", "a=b; c=d");
    if (odd == Odd::expect) {
      message.fields.emplace_back("expect", pick(odd_expectations));
    } else if (below(4) == 0) {
      message.fields.emplace_back("expect", "100-continue");
    }
    if (odd == Odd::name) message.fields.emplace_back(spoiled("x-name", " \0\x7f\xe4()/\"\t"sv), "a");
    if (odd == Odd::value) message.fields.emplace_back("a", spoiled("a value", "\0\x01\n\x7f\x1f"sv));
    return message;
  }

  Lines cookies() {
    Lines fields;
    for (unsigned i = 2 + below(5); i > 0; --i) fields.emplace_back("cookie", pick(crumbs));
    return fields;
  }

 private:
  static constexpr std::array methods{"GET"sv,    "POST"sv, "PUT"sv,    "HEAD"sv,
                                      "DELETE"sv, "BREW"sv, "OPTIONS"sv};
  static constexpr std::array odd_methods{"TRACE"sv, "M(T"sv, "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"sv,
                                          "M\xe4"sv};
  static constexpr std::array paths{"/"sv, "/a"sv, "/a?b=c"sv, "/?"sv, "//h/a"sv, "/a%20b/../c"sv, "/\\"sv};
  static constexpr std::array odd_paths{"a"sv,     "*"sv,     "*a"sv,    "/a#b"sv, "?"sv,
                                        "/\xe4"sv, "/a\tb"sv, "/\x7f"sv, "#"sv};
  static constexpr std::array hosts{"h"sv,          "H.example"sv, "h:80"sv,     "[::1]"sv,
                                    "[::1]:8443"sv, "h:"sv,        "127.0.0.1"sv};
  static constexpr std::array odd_hosts{"a@h"sv,  "h,i"sv, "h/a"sv, "h:x"sv, ".h"sv,
                                        "[::1"sv, "h%2"sv, ":80"sv, "h i"sv};
  static constexpr std::array lengths{"0"sv, "5"sv, "005"sv, "9223372036854775807"sv};
  static constexpr std::array odd_lengths{""sv,  "+1"sv, "-0"sv, "5, 5"sv, "0x5"sv, "9223372036854775808"sv,
                                          "5a"sv};
  static constexpr std::array odd_expectations{""sv, "200-ok"sv, "100-continue, a"sv, "100"sv};
  static constexpr std::array names{"accept"sv,           "x-a"sv,  "user-agent"sv, "content_length"sv,
                                    "!#$%&'*+-.^_`|~9"sv, "range"sv};
  static constexpr std::array values{"a"sv, ""sv, "a b"sv, "a\tb"sv, "\xff"sv, "\"a, b\""sv, "a: b"sv};
  static constexpr std::array crumbs{"a=b"sv, "a=c"sv, "b=d; a=e"sv, "a"sv, "=x"sv, "c=; a=\"f\""sv};

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  std::string pick(std::span<const std::string_view> texts) {
    return std::string(texts[below(static_cast<unsigned>(texts.size()))]);
  }
  std::string odd_path() {
    if (below(4) == 0) return "/" + std::string(uri_bytes, 'a');
    return pick(odd_paths);
  }
  /// `text` with one byte of `treats` in the middle.
  std::string spoiled(std::string text, std::string_view treats) {
    text.insert(1 + below(static_cast<unsigned>(text.size() - 1)), 1,
                treats[below(static_cast<unsigned>(treats.size()))]);
    return text;
  }
  void add_length(Message& message, Odd odd) {
    if (odd != Odd::length && odd != Odd::lengths && (message.ended || below(2) == 0)) return;
    message.ended = false;
    message.fields.emplace_back("content-length", odd == Odd::length ? pick(odd_lengths) : pick(lengths));
    if (odd == Odd::lengths) message.fields.push_back(message.fields.back());
  }

  std::mt19937 random_;
};

bool has_length(const Message& message) {
  for (const auto& [name, value] : message.fields) {
    if (name == "content-length") return true;
  }
  return false;
}

std::string as_http1(const Message& message) {
  const bool absolute = !message.host.empty() && message.path.starts_with('/');
  std::string text =
      message.method + " " + (absolute ? "http://" + message.authority : "") + message.path + " HTTP/1.1\r\n";
  text += "Host: " + (absolute ? message.host : message.authority) + "\r\n";
  for (const auto& [name, value] : message.fields)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!message.ended && !has_length(message)) text += "Transfer-Encoding: chunked\r\n";
  return text + "\r\n";
}

Lines as_http2(const Message& message, bool only_host) {
  Lines lines{{":method", message.method}, {":scheme", "https"}, {":path", message.path}};
  if (!only_host) lines.emplace_back(":authority", message.authority);
  // HTTP/1 names both only in an absolute target.
  const bool both = !message.host.empty() && message.path.starts_with('/');
  if (only_host || both) lines.emplace_back("host", only_host ? message.authority : message.host);
  lines.insert(lines.end(), message.fields.begin(), message.fields.end());
  return lines;
}

/// Facts and fields, but for those that one of the versions has no use for; or the kind of the error.
std::string common(http::RequestHead& head, std::optional<ErrorKind> error) {
  if (error) return std::string(facts(*error).name);
  std::erase_if(head.fields, [](const http::Field& field) {
    return field.id == http::FieldId::host || field.id == http::FieldId::transfer_encoding;
  });
  return describe_facts(head) + describe_fields(head);
}

std::string read_http1(const std::string& text) {
  http::RequestHead head;
  std::size_t scanned = 0;
  const auto read = http1::parse_request_head(text, {.uri_bytes = uri_bytes}, scanned, head);
  EXPECT_TRUE(!read || *read) << text;
  return common(head, read ? std::nullopt : std::optional(read.error().kind));
}

std::string read_http2(const Lines& lines, bool ended) {
  FieldSection section = section_of(lines);
  http::RequestHead head;
  const ReadRequest read = read_request(section, ended, rules, head);
  return common(head, read.kind == ReadRequest::Kind::ok ? std::nullopt : std::optional(read.error.kind));
}

/// The absolute form is longer by what comes before the path.
bool too_long_in_one(const Message& message) {
  const std::size_t absolute =
      std::string_view("http://").size() + message.authority.size() + message.path.size();
  return message.path.size() <= uri_bytes && absolute > uri_bytes;
}

TEST(Http2RequestProperty, BothVersionsGiveTheSameHead) {
  Generator generator(seed);
  int accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    const Message message = generator.message();
    ASSERT_FALSE(too_long_in_one(message));
    const std::string text = as_http1(message);
    const std::string expected = read_http1(text);
    accepted += expected.find(' ') != expected.npos ? 1 : 0;
    ASSERT_EQ(read_http2(as_http2(message, false), message.ended), expected)
        << ::testing::PrintToString(text);
    if (!message.host.empty()) continue;
    ASSERT_EQ(read_http2(as_http2(message, true), message.ended), expected) << ::testing::PrintToString(text);
  }
  EXPECT_GT(accepted, rounds / 3);
  EXPECT_LT(accepted, rounds * 2 / 3);
}

TEST(Http2RequestProperty, JoinedCookiesAreTheSameCookies) {
  Generator generator(seed);
  for (int round = 0; round < 1000; ++round) {
    const Lines crumbs = generator.cookies();
    FieldSection section = section_of(get(crumbs));
    http::RequestHead head;
    ASSERT_EQ(read_request(section, true, rules, head).kind, ReadRequest::Kind::ok);
    std::vector<http::Field> apart;
    for (const auto& [name, value] : crumbs) apart.push_back({http::FieldId::cookie, name, value});
    const auto values_in = [](std::span<const http::Field> fields) {
      std::string values;
      http::any_cookie(fields, "a", [&](std::string_view value) {
        values.append(value).append("|");
        return false;
      });
      return values;
    };
    EXPECT_EQ(values_in(head.fields), values_in(apart));
    EXPECT_EQ(head.fields.size(), 2u);
  }
}

}  // namespace
}  // namespace weir::http2::testing
