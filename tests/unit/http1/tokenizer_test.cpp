// The tokenizer against Beast's parser: whatever a scanned field section holds, both find the same fields or refuse it.
#include "http1/tokenizer.hpp"

#include <gtest/gtest.h>

#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <random>
#include <string>

#include "http1/parse.hpp"
#include "http1/scan.hpp"

namespace weir::http1 {
namespace {

using namespace http;

namespace beast = boost::beast;

constexpr std::string_view status_line = "HTTP/1.1 200 OK\r\n";

/// Collects what Beast finds in a response head.
class Reference final : public beast::http::basic_parser<false> {
 public:
  std::vector<Field> fields;

  bool split(std::string_view head) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    beast::error_code ec;
    const std::size_t used = put(boost::asio::const_buffer(head.data(), head.size()), ec);
    return !ec && used == head.size() && is_header_done();
  }

 private:
  using View = beast::string_view;
  void on_request_impl(beast::http::verb, View, View, int, beast::error_code&) override {}
  void on_response_impl(int, View, int, beast::error_code&) override {}
  void on_field_impl(FieldId id, View name, View value, beast::error_code&) override {
    fields.push_back({id, {name.data(), name.size()}, {value.data(), value.size()}});
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(View, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, View, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}
};

TokenizeOutcome split(std::string_view section, std::vector<Field>& fields) {
  return tokenize_fields(section, 100, fields);
}

TEST(Tokenizer, TakesWhitespaceAroundValuesAway) {
  std::vector<Field> fields;
  ASSERT_EQ(split("Host: \t a b \t\r\nX-Empty:\r\nX-Blank:  \r\n\r\n", fields), TokenizeOutcome::split);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].id, FieldId::host);
  EXPECT_EQ(fields[0].name, "Host");
  EXPECT_EQ(fields[0].value, "a b");
  EXPECT_EQ(fields[1].id, FieldId::unknown);
  EXPECT_EQ(fields[1].value, "");
  EXPECT_EQ(fields[2].value, "");
}

TEST(Tokenizer, NeedsATokenAndAColon) {
  for (const std::string_view section :
       {": a\r\n\r\n", "a b: c\r\n\r\n", "a : b\r\n\r\n", "a\r\n\r\n", "a(b): c\r\n\r\n", "\xe4: b\r\n\r\n",
        "a: b\r\n", "a: b", "a", "", "\r", "\r\nmore", "a: b\rc\r\n\r\n"}) {
    std::vector<Field> fields;
    EXPECT_EQ(split(section, fields), TokenizeOutcome::malformed) << section;
  }
}

TEST(Tokenizer, CountsOnlyItsOwnFields) {
  std::vector<Field> fields(3);
  EXPECT_EQ(tokenize_fields("a: 1\r\nb: 2\r\n\r\n", 2, fields), TokenizeOutcome::split);
  EXPECT_EQ(fields.size(), 5u);
  EXPECT_EQ(tokenize_fields("a: 1\r\nb: 2\r\nc: 3\r\n\r\n", 2, fields), TokenizeOutcome::too_many_fields);
  EXPECT_EQ(tokenize_fields("\r\n", 0, fields), TokenizeOutcome::split);
}

TEST(TokenizerProperty, FindsWhatBeastFinds) {
  static constexpr std::string_view pieces[] = {"Accept", "x-a",   ":",    ": ",    " :", "\t", " ", "\r\n",
                                                "\r\n",   "value", "a, b", "\"q\"", "(",  "_",  "~", "\xff",
                                                "0",      "Host",  "@",    "/",     ";",  "=",  "|", ":\r\n"};
  std::mt19937 random(7);
  const auto draw = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  std::size_t both_split = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string head(status_line);
    for (std::size_t count = draw(12); count != 0; --count) {
      // Half of the lines begin well, so that many heads are good as a whole.
      if (head.ends_with('\n') && draw(2) == 0) head += "Name:";
      head += pieces[draw(std::size(pieces))];
    }
    if (!head.ends_with("\r\n")) head += "\r\n";
    head += "\r\n";
    const HeadScan scan = scan_head(head, status_line.size());
    if (scan.wrong != nullptr || !scan.complete || scan.at != head.size()) continue;
    Reference reference;
    std::vector<Field> fields;
    const bool good =
        split(std::string_view(head).substr(status_line.size()), fields) == TokenizeOutcome::split;
    ASSERT_EQ(good, reference.split(head)) << head;
    if (!good) continue;
    ++both_split;
    ASSERT_EQ(fields.size(), reference.fields.size()) << head;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      EXPECT_EQ(fields[i].id, reference.fields[i].id) << head;
      EXPECT_EQ(fields[i].name, reference.fields[i].name) << head;
      EXPECT_EQ(fields[i].value, reference.fields[i].value) << head;
    }
  }
  EXPECT_GT(both_split, 1'000u);
}

// Beast also judges the fields that frame a message. What the whole reading accepts, Beast accepts too.
TEST(TokenizerProperty, NoHeadIsAcceptedThatBeastRefuses) {
  static constexpr std::string_view names[] = {"Content-Length", "Transfer-Encoding", "Connection", "Upgrade",
                                               "TE"};
  static constexpr std::string_view values[] = {"5",         "5, 5",    "-1",
                                                "+5",        "0x5",     "chunked",
                                                "close",     "close,",  "keep-alive",
                                                "a b",       ",",       "",
                                                "gzip",      "CHUNKED", "websocket",
                                                "\"close\"", "5 ",      "chunked, gzip",
                                                "te",        "a;b",     "99999999999999999999",
                                                "upgrade"};
  std::mt19937 random(11);
  const auto draw = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  std::size_t accepted = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string head(status_line);
    for (std::size_t count = 1 + draw(3); count != 0; --count) {
      head.append(names[draw(std::size(names))])
          .append(": ")
          .append(values[draw(std::size(values))])
          .append("\r\n");
    }
    head += "\r\n";
    ResponseHead parsed;
    std::size_t scanned = 0;
    const auto result = parse_response_head(head, HeadLimits{}, Method::get, true, scanned, parsed);
    if (!result) continue;
    ASSERT_TRUE(*result) << head;
    ++accepted;
    Reference reference;
    EXPECT_TRUE(reference.split(head)) << head;
  }
  EXPECT_GT(accepted, 1'000u);
}

}  // namespace
}  // namespace weir::http1
