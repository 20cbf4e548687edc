#include "http1/copied_head.hpp"

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "http1/write.hpp"
#include "parsed.hpp"

namespace weir::http1 {
namespace {

using namespace http;
using test::Lines;

std::string copied(std::string_view head, bool keep = false) {
  std::string out;
  append_copied_head(out, head, {keep}, "api");
  return out;
}

constexpr std::string_view original =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\nAccept: */*\r\nAUTHORIZATION: Basic x\r\n"
    "X-Request-Id: 7\r\nproxy-authorization: y\r\nCookie: t=2\r\nContent-Length: 3\r\n\r\n";

TEST(CopiedHead, CredentialsStayBehind) {
  EXPECT_EQ(copied(original),
            "POST /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nX-Request-Id: 7\r\nContent-Length: 3\r\n"
            "X-Weir-Mirror: api\r\n\r\n");
}

TEST(CopiedHead, OrPassWhereThatIsAllowed) {
  const std::string all = copied(original, true);
  EXPECT_EQ(all, std::string(original.substr(0, original.size() - 2)) + "X-Weir-Mirror: api\r\n\r\n");
}

TEST(CopiedHead, NamesThatOnlyBeginAlikePass) {
  const std::string head =
      "GET / HTTP/1.1\r\nCookies: a\r\nCookie2: b\r\nX-Authorization: c\r\nAuthorization-Info: d\r\n\r\n";
  EXPECT_EQ(copied(head), head.substr(0, head.size() - 2) + "X-Weir-Mirror: api\r\n\r\n");
}

TEST(CopiedHead, SaysOnceThatItIsACopy) {
  EXPECT_EQ(copied("GET / HTTP/1.1\r\nx-weir-mirror: forged\r\nHost: h\r\n\r\n", true),
            "GET / HTTP/1.1\r\nHost: h\r\nX-Weir-Mirror: api\r\n\r\n");
}

TEST(CopiedHead, MarksPassWhereTheCopyMayGoOutOverHttp2) {
  constexpr std::string_view marked = "GET / HTTP/1.1\r\nx-key:\tsecret:\tv\r\nHost: h\r\n\r\n";
  std::string out;
  append_copied_head(out, marked, {}, "r");
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nx-key:\tsecret:\tv\r\nHost: h\r\nX-Weir-Mirror: r\r\n\r\n");
  out.clear();
  CopyRules plain;
  plain.marks = false;
  append_copied_head(out, marked, plain, "r");
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nx-key: secret:\tv\r\nHost: h\r\nX-Weir-Mirror: r\r\n\r\n");
}

TEST(CopiedHead, AHeadWithoutFields) {
  EXPECT_EQ(copied("OPTIONS * HTTP/1.1\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nX-Weir-Mirror: api\r\n\r\n");
}

TEST(CopiedHead, GoesBehindWhatIsThere) {
  std::string out = "before";
  append_copied_head(out, "GET / HTTP/1.1\r\n\r\n", {}, "r");
  EXPECT_EQ(out, "beforeGET / HTTP/1.1\r\nX-Weir-Mirror: r\r\n\r\n");
}

TEST(CopiedHead, AClientCannotSayIt) {
  auto request =
      test::parsed_request("GET / HTTP/1.1\r\nHost: h\r\nX-Weir-Mirror: a\r\nX_Weir_Mirror: b\r\n");
  std::string out;
  write_request_head(out, request.head, "/", {}, {}, {}, false);
  EXPECT_EQ(out.find("Mirror"), out.npos) << out;
}

/// What a request writer wrote, read back strictly: the same fields in the same order, less the credentials.
TEST(CopiedHead, ReadsBackAsTheSameRequest) {
  constexpr std::string_view names[] = {"Cookie",  "COOKIE",   "Authorization", "authorization", "Accept",
                                        "Cookie2", "X-Custom", "x-auth",        "User-Agent",    "Referer"};
  Rng rng(41);
  for (int round = 0; round < 5000; ++round) {
    std::string text = "PUT /p" + std::to_string(rng() % 100) + " HTTP/1.1\r\nHost: h\r\n";
    for (std::uint64_t n = rng() % 10; n > 0; --n) {
      text.append(names[rng() % std::size(names)]).append(": ");
      for (std::uint64_t length = rng() % 6; length > 0; --length) text += ":;= aZ"[rng() % 6];
      text += "x\r\n";
    }
    const auto request = test::parsed_request(text);
    std::string written;
    const Framing body{BodyKind::length, rng() % 1000};
    write_request_head(written, request.head, request.head.path, body, {}, {}, false);
    written.resize(written.size() - 2);
    const auto sent = test::parsed_request(written);
    const bool keep = rng() % 2 == 0;
    std::string copy = copied(written + "\r\n", keep);
    copy.resize(copy.size() - 2);
    const auto read = test::parsed_request(copy);

    Lines expected;
    for (const Field& field : sent.head.fields) {
      if (keep || !is_credential(field.name)) expected.emplace_back(field.name, field.value);
    }
    expected.emplace_back("X-Weir-Mirror", "api");
    EXPECT_EQ(test::lines_of(read.head.fields), expected);
    EXPECT_EQ(read.head.method_text, sent.head.method_text);
    EXPECT_EQ(read.head.path, sent.head.path);
    EXPECT_EQ(read.head.body.length, body.length);
  }
}

}  // namespace
}  // namespace weir::http1
