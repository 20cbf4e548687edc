// Escaping, cutting, numbers and time of log lines.
#include "observe/line_buffer.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <string>
#include <vector>

#include "core/rng.hpp"

namespace weir::observe {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

std::string json_text(std::string_view text) {
  std::string out;
  LineBuffer(out).json_text(text);
  return out;
}

std::string plain_text(std::string_view text) {
  std::string out;
  LineBuffer(out).plain_text(text);
  return out;
}

struct EscapeCase {
  const char* what;
  std::string in, out;
};

TEST(LineBuffer, JsonEscaping) {
  const std::vector<EscapeCase> cases{
      {"nothing", "", ""},
      {"plain", "plain text, longer than eight bytes", "plain text, longer than eight bytes"},
      {"quote", "a\"b", "a\\\"b"},
      {"backslash", "\\", "\\\\"},
      {"line ends", "a\r\nb", "a\\r\\nb"},
      {"tab", "\t", "\\t"},
      {"NUL", std::string(1, '\0'), "\\u0000"},
      {"escape", "\x1b[31m", "\\u001b[31m"},
      {"DEL", "\x7f", "\\u007f"},
      {"two bytes", "caf\xc3\xa9", "caf\xc3\xa9"},
      {"three bytes", "\xe2\x82\xac", "\xe2\x82\xac"},
      {"four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"last code point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"C1 control", "\xc2\x9b", "\\u009b"},
      {"first after C1", "\xc2\xa0", "\xc2\xa0"},
      {"lone continuation", "a\x80z", "a\\u0080z"},
      {"ISO-8859-1", "caf\xe9!", "caf\\u00e9!"},
      {"0xff", "\xff\xfe", "\\u00ff\\u00fe"},
      {"overlong two", "\xc0\xaf", "\\u00c0\\u00af"},
      {"overlong three", "\xe0\x80\xaf", "\\u00e0\\u0080\\u00af"},
      {"overlong four", "\xf0\x80\x80\x80", "\\u00f0\\u0080\\u0080\\u0080"},
      {"surrogate", "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"},
      {"past the last", "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"},
      {"cut short", "\xe2\x82", "\\u00e2\\u0082"},
      {"cut by ASCII", "\xe2\x82z", "\\u00e2\\u0082z"},
  };
  for (const EscapeCase& c : cases) EXPECT_EQ(json_text(c.in), c.out) << c.what;
}

TEST(LineBuffer, SpecialBytesAreFoundAtEveryPlaceOfAWord) {
  for (const char special : {'"', '\\', '\n', '\x1f', '\x7f', '\x80', '\xff', '\0'}) {
    for (std::size_t at = 0; at < 24; ++at) {
      std::string text(24, 'a');
      text[at] = special;
      EXPECT_EQ(json_text(text), text.substr(0, at) + json_text({&special, 1}) + text.substr(at + 1));
    }
  }
}

TEST(LineBuffer, PlainTextKeepsQuotesAndStaysOneLine) {
  EXPECT_EQ(plain_text("say \"hi\" \\ there\n\x1b\xe9"), "say \"hi\" \\ there\\n\\u001b\\u00e9");
}

/// ISO-8859-1 of what `json_text` must have kept, as a model: byte by byte for random, mostly invalid text.
TEST(LineBuffer, RandomBytesAlwaysGiveAValidJsonString) {
  Rng rng(20260131);
  for (int round = 0; round < 3000; ++round) {
    std::string text(rng() % 70, ' ');
    for (char& c : text) c = static_cast<char>(rng() % 4 == 0 ? 0xc0 + rng() % 64 : rng());
    boost::system::error_code ec;
    const auto value = boost::json::parse('"' + json_text(text) + '"', ec);
    ASSERT_FALSE(ec) << ec.message() << " in round " << round;
    ASSERT_LE(text.empty() ? 0 : 1, value.as_string().size());
  }
}

TEST(LineBuffer, LongTextsPassTheWindow) {
  for (const std::size_t length : {2047u, 2048u, 2049u, 4096u, 10'000u}) {
    const std::string text(length, 'x');
    EXPECT_EQ(json_text(text), text);
    std::string out;
    {
      LineBuffer line(out);
      line.raw("abc");
      line.raw(text);
      line.byte('!');
      for (std::size_t i = 0; i < length; ++i) line.byte('y');
      line.number(std::numeric_limits<std::int64_t>::min());
    }
    EXPECT_EQ(out, "abc" + text + "!" + std::string(length, 'y') + "-9223372036854775808");
  }
}

TEST(LineBuffer, Milliseconds) {
  const auto text = [](double value) {
    std::string out;
    LineBuffer(out).milliseconds(value);
    return out;
  };
  EXPECT_EQ(text(0), "0.000");
  EXPECT_EQ(text(0.0004), "0.000");
  EXPECT_EQ(text(0.0005), "0.001");
  EXPECT_EQ(text(1.5), "1.500");
  EXPECT_EQ(text(999.9996), "1000.000");
  EXPECT_EQ(text(-3), "0.000");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "0.000");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "1000000000000000.000");
}

TEST(LineBuffer, Timestamps) {
  const auto text = [](std::chrono::system_clock::time_point time) {
    std::string out;
    LineBuffer(out).timestamp(time);
    return out;
  };
  EXPECT_EQ(text({}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(sys_days{year{2024} / 2 / 29} + 1h + 2min + 3s + 999ms), "2024-02-29T01:02:03.999Z");
  EXPECT_EQ(text(sys_days{year{2024} / 2 / 29} + 1h + 2min + 3s), "2024-02-29T01:02:03.000Z");
  EXPECT_EQ(text(sys_days{year{2024} / 2 / 29} + 1h + 2min + 4s + 1ms), "2024-02-29T01:02:04.001Z");
  EXPECT_EQ(text(sys_days{year{1969} / 12 / 31} + 23h + 59min + 59s + 1ms), "1969-12-31T23:59:59.001Z");
  EXPECT_EQ(text(sys_days{year{2000} / 1 / 1}), "2000-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace weir::observe
