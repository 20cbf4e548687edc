// A response that both versions of HTTP can carry is the same response to everything behind the readers, or refused by
// both.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "http1/parse.hpp"
#include "http2/response_head.hpp"
#include "unit/http2/read.hpp"

namespace weir::http2::testing {
namespace {

using namespace std::string_view_literals;
using http::Method;

constexpr unsigned seed = 20261130;
constexpr int rounds = 5000;

/// What a response says, however it travels. One of unknown length is chunked, or DATA without Content-Length.
struct Message {
  std::string status = "200";
  Method method = Method::get;
  Lines fields;
  bool unknown_length = false;
};

class Generator {
 public:
  explicit Generator(unsigned start) : random_(start) {}

  /// At most one thing in it is odd, so that there is one reason to refuse it.
  Message message() {
    const unsigned odd = below(8);
    Message message;
    message.status = odd == 1 ? pick(odd_statuses) : pick(statuses);
    if (below(4) == 0) message.method = Method::head;
    for (unsigned i = below(6); i > 0; --i) message.fields.emplace_back(pick(names), pick(values));
    add_length(message, odd == 2, odd == 3);
    if (odd == 4) message.fields.emplace_back(spoiled("x-name", " \0\x7f\xe4()/\"\t"sv), "a");
    if (odd == 5) message.fields.emplace_back("a", spoiled("a value", "\0\x01\n\x7f\x1f"sv));
    return message;
  }

 private:
  static constexpr std::array statuses{"200"sv, "201"sv, "204"sv, "206"sv, "302"sv, "304"sv,
                                       "404"sv, "503"sv, "103"sv, "599"sv, "299"sv};
  static constexpr std::array odd_statuses{"600"sv, "099"sv, "000"sv, "2x0"sv, "20"sv, ""sv, "+20"sv};
  static constexpr std::array lengths{"0"sv, "5"sv, "005"sv, "9223372036854775807"sv};
  static constexpr std::array odd_lengths{""sv, "+1"sv, "5, 5"sv, "0x5"sv, "9223372036854775808"sv, "5a"sv};
  static constexpr std::array names{"server"sv,         "x-a"sv,  "set-cookie"sv,
                                    "content_length"sv, "etag"sv, "via"sv};
  static constexpr std::array values{"a"sv, ""sv, "a b"sv, "a\tb"sv, "\xff"sv, "\"a, b\""sv, "a: b"sv};

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  std::string pick(std::span<const std::string_view> texts) {
    return std::string(texts[below(static_cast<unsigned>(texts.size()))]);
  }
  /// `text` with one byte of `treats` in the middle.
  std::string spoiled(std::string text, std::string_view treats) {
    text.insert(1 + below(static_cast<unsigned>(text.size() - 1)), 1,
                treats[below(static_cast<unsigned>(treats.size()))]);
    return text;
  }
  void add_length(Message& message, bool odd, bool twice) {
    const bool bodiless =
        message.status == "204" || message.status == "103";  // where chunked is an error of its own
    message.unknown_length = !odd && !twice && !bodiless && below(2) == 0;
    if (message.unknown_length) return;
    message.fields.emplace_back("content-length", odd ? pick(odd_lengths) : pick(lengths));
    if (twice) message.fields.push_back(message.fields.back());
  }

  std::mt19937 random_;
};

/// Facts and fields, but for those that one of the versions has no use for; or `refused`.
std::string common(const http::ResponseHead& head, bool accepted) {
  if (!accepted) return "refused";
  std::string text =
      std::to_string(head.status) + describe_body(head.body) + (head.keep_alive ? " kept" : "");
  for (const http::Field& field : head.fields) {
    if (field.id == http::FieldId::transfer_encoding) continue;
    text.append(" | ").append(field.name).append(": ").append(field.value);
  }
  return text;
}

std::string read_http1(const Message& message) {
  std::string text = "HTTP/1.1 " + message.status + " \r\n";
  for (const auto& [name, value] : message.fields)
    text.append(name).append(": ").append(value).append("\r\n");
  if (message.unknown_length) text += "transfer-encoding: chunked\r\n";
  text += "\r\n";
  http::ResponseHead head;
  std::size_t scanned = 0;
  const auto read = http1::parse_response_head(text, {}, message.method, false, scanned, head);
  EXPECT_TRUE(!read || *read) << text;
  return common(head, read.has_value());
}

std::string read_http2(const Message& message) {
  FieldSection section;
  section.add(":status", message.status);
  for (const auto& [name, value] : message.fields) section.add(name, value);
  http::ResponseHead head;
  const auto read = read_response(section, false, message.method, false, head);
  return common(head, read.has_value());
}

TEST(Http2ResponseProperty, BothVersionsGiveTheSameHead) {
  Generator generator(seed);
  int accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    const Message message = generator.message();
    const std::string expected = read_http1(message);
    accepted += expected == "refused" ? 0 : 1;
    ASSERT_EQ(read_http2(message), expected)
        << message.status << " " << ::testing::PrintToString(message.fields);
  }
  EXPECT_GT(accepted, rounds / 3);
  EXPECT_LT(accepted, rounds * 2 / 3);
}

}  // namespace
}  // namespace weir::http2::testing
