#include <gtest/gtest.h>

#include "http/text.hpp"
#include "http1/write.hpp"
#include "parsed.hpp"
#include "unit/http/request_with.hpp"

namespace weir::http1 {
namespace {

using namespace http;
using test::Lines;
using test::parsed_request;

const Forwarding forwarding{.client_ip = "203.0.113.9",
                            .forwarded_for = "198.51.100.1, 203.0.113.9",
                            .proto = "https",
                            .host = "a.example",
                            .port = "8443",
                            .client_cert = {},
                            .request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
                            .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};

const std::string forwarding_lines =
    "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n"
    "X-Real-IP: 203.0.113.9\r\n"
    "X-Forwarded-Proto: https\r\n"
    "X-Forwarded-Host: a.example\r\n"
    "X-Forwarded-Port: 8443\r\n"
    "X-Request-Id: 017f22e2-79b0-7cc3-98c4-dc0c0c07398f\r\n"
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

/// What is sent for `text`, framed as it was received.
std::string written(const std::string& text, const Forwarding& with = forwarding,
                    const CompiledFields& policy = {}, bool upgrade = false) {
  const auto request = parsed_request(text);
  std::string out = "before|";
  write_request_head(out, request.head, request.head.target, request.head.body, with, policy, upgrade);
  EXPECT_TRUE(out.starts_with("before|"));
  return out.substr(7);
}

/// The client's own fields among what was written, and framing: without the lines that are always there.
std::string passed(const std::string& fields, const std::string& method = "GET") {
  std::string out = written(method + " / HTTP/1.1\r\nHost: h\r\n" + fields, {});
  const std::string start = method + " / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_TRUE(out.starts_with(start)) << out;
  EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
  out = out.substr(start.size(), out.size() - start.size() - 2);
  const std::string via = "Via: 1.1 weir\r\n";
  const auto at = out.find(via);
  if (at != out.npos) out.erase(at, via.size());
  return out;
}

TEST(WriteRequestHead, AWholeHead) {
  EXPECT_EQ(written("GET /a/b?c=d HTTP/1.1\r\nHost: a.example:81\r\nuser-agent: curl/8\r\nAccept: */*\r\n"
                    "Cookie: a=b; c=d\r\nX-Empty:\r\n"),
            "GET /a/b?c=d HTTP/1.1\r\nHost: a.example:81\r\nuser-agent: curl/8\r\nAccept: */*\r\n"
            "Cookie: a=b; c=d\r\nX-Empty: \r\n" +
                forwarding_lines + "Via: 1.1 weir\r\n\r\n");
}

/// Where the text may be translated for HTTP/2, and nowhere else.
TEST(WriteRequestHead, WhatIsNeverToBeIndexedIsMarkedWhereThatIsAskedFor) {
  auto request = parsed_request("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nx-key: secret\r\nB: 2\r\n");
  for (Field& field : request.head.fields) {
    if (field.name == "x-key") field = {FieldId::unknown, "x-key", "secret", false, true};
  }
  Forwarding with;
  for (const bool marks : {false, true}) {
    with.mark_never_indexed = marks;
    std::string out;
    write_request_head(out, request.head, "/", {}, with, {}, false);
    const std::string line = marks ? "x-key:\tsecret\r\n" : "x-key: secret\r\n";
    EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n" + line + "B: 2\r\nVia: 1.1 weir\r\n\r\n");
  }
}

TEST(WriteRequestHead, TheTargetIsTheCallers) {
  const auto request = parsed_request("GET http://h/x?y HTTP/1.1\r\nHost: h\r\n");
  std::string out;
  write_request_head(out, request.head, "/rewritten?y", {}, {}, {}, false);
  EXPECT_EQ(out, "GET /rewritten?y HTTP/1.1\r\nHost: h\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(WriteRequestHead, OneHopFieldsDoNotPass) {
  EXPECT_EQ(passed("Connection: close, X-Secret, x-other\r\nX-Secret: 1\r\nx-Other: 2\r\nX-Others: 3\r\n"),
            "X-Others: 3\r\n");
  EXPECT_EQ(passed("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"),
            "");
  EXPECT_EQ(
      passed("Proxy-Authorization: Basic eA==\r\nProxy-Authenticate: Basic\r\nAuthorization: Basic eA==\r\n"),
      "Authorization: Basic eA==\r\n");
  EXPECT_EQ(passed("Connection: upgrade, HTTP2-Settings\r\nUpgrade: websocket\r\nHTTP2-Settings: AAMA\r\n"),
            "");
  EXPECT_EQ(passed("Upgrade: websocket\r\nA: 1\r\n"), "A: 1\r\n");
  EXPECT_EQ(passed("Expect: 100-continue\r\nContent-Length: 3\r\n", "POST"), "Content-Length: 3\r\n");
}

TEST(WriteRequestHead, TheClientAddressIsOurs) {
  EXPECT_EQ(
      passed(
          "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\n"
          "X-Forwarded-Port: 1\r\nX-Forwarded-Server: s\r\nX-Forwarded-Prefix: /x\r\nX-Real-IP: 6.6.6.6\r\n"
          "Forwarded: for=6.6.6.6\r\nX-Request-ID: mine\r\nTraceparent: 00-x\r\ntracestate: a=b\r\n"
          "Proxy: http://evil\r\nA: 1\r\n"),
      "A: 1\r\n");
}

TEST(WriteRequestHead, NamesThatManyServersTakeForOursDoNotPass) {
  EXPECT_EQ(
      passed("X_Forwarded_For: 6.6.6.6\r\nx-real_ip: 6.6.6.6\r\nX_Request_Id: 1\r\nContent_Length: 9\r\n"
             "Transfer_Encoding: chunked\r\nX_Mine: 1\r\nUser_Agent: a\r\n"),
      "X_Mine: 1\r\nUser_Agent: a\r\n");
}

TEST(WriteRequestHead, TracestatePassesWithItsTraceparent) {
  Forwarding kept;
  kept.keep_tracestate = true;
  EXPECT_EQ(written("GET / HTTP/1.1\r\nHost: h\r\ntracestate: a=b\r\ntracestate: c=d\r\n", kept),
            "GET / HTTP/1.1\r\nHost: h\r\ntracestate: a=b\r\ntracestate: c=d\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(WriteRequestHead, ViaIsAppendedTo) {
  EXPECT_EQ(written("GET / HTTP/1.1\r\nHost: h\r\nVia: 1.0 a\r\nA: 1\r\nvia: 1.1 b, 2 c\r\n", {}),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nVia: 1.0 a, 1.1 b, 2 c, 1.1 weir\r\n\r\n");
  EXPECT_EQ(written("GET / HTTP/1.1\r\nHost: h\r\nVia:\r\n", {}),
            "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(WriteRequestHead, ViaSaysWhenTheRequestCameOverHttp2) {
  auto request = parsed_request("GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 a\r\n");
  request.head.major_version = 2;
  std::string out;
  write_request_head(out, request.head, "/", {}, {}, {}, false);
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 a, 2.0 weir\r\n\r\n");
  request.head.clear();
  EXPECT_EQ(request.head.major_version, 1);
}

TEST(WriteRequestHead, AnHttp10ClientWithoutHost) {
  Forwarding named;
  named.host = "192.0.2.1:8080";
  EXPECT_EQ(
      written("GET / HTTP/1.0\r\n", named),
      "GET / HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nX-Forwarded-Host: 192.0.2.1:8080\r\nVia: 1.0 weir\r\n\r\n");
  EXPECT_EQ(written("GET / HTTP/1.0\r\nHost: mine\r\n", named),
            "GET / HTTP/1.1\r\nHost: mine\r\nX-Forwarded-Host: 192.0.2.1:8080\r\nVia: 1.0 weir\r\n\r\n");
}

TEST(WriteRequestHead, FramingIsWrittenAnew) {
  EXPECT_EQ(passed("Content-Length: 007\r\n", "POST"), "Content-Length: 7\r\n");
  EXPECT_EQ(passed("Content-Length: 0\r\n", "GET"), "Content-Length: 0\r\n");
  EXPECT_EQ(passed("Transfer-Encoding: chunked\r\n", "POST"), "Transfer-Encoding: chunked\r\n");
  for (const auto* method : {"POST", "PUT", "PATCH"})
    EXPECT_EQ(passed("", method), "Content-Length: 0\r\n") << method;
  for (const auto* method : {"GET", "HEAD", "DELETE", "OPTIONS", "PURGE"})
    EXPECT_EQ(passed("", method), "") << method;
}

TEST(WriteRequestHead, TrailersAreAnnouncedWithAChunkedBodyOnly) {
  EXPECT_EQ(passed("Trailer: Digest\r\nTransfer-Encoding: chunked\r\n", "POST"),
            "Trailer: Digest\r\nTransfer-Encoding: chunked\r\n");
  EXPECT_EQ(passed("Trailer: Digest\r\nContent-Length: 1\r\n", "POST"), "Content-Length: 1\r\n");
  EXPECT_EQ(passed("Trailer: Digest\r\n"), "");
  EXPECT_EQ(passed("TE: trailers\r\nConnection: TE\r\n"), "Connection: TE\r\nTE: trailers\r\n");
  EXPECT_EQ(passed("TE: gzip\r\nConnection: TE\r\n"), "");
}

TEST(WriteRequestHead, UpgradePassesWhenAsked) {
  const std::string text =
      "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nTE: "
      "trailers\r\n"
      "Sec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n";
  EXPECT_EQ(written(text, {}, {}, true),
            "GET /ws HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\nVia: 1.1 "
            "weir\r\n"
            "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(WriteRequestHead, ThePolicyHasTheLastWord) {
  CompiledFields policy;
  policy.set("X-App", "one");
  policy.drop("Cookie");
  policy.set("Accept", "text/html");
  policy.set("X-Forwarded-Proto", "https");
  policy.drop("X-Forwarded-Port");
  policy.drop("traceparent");
  policy.drop("Via");
  policy.set("Host", "internal");
  EXPECT_EQ(
      written("GET / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nAccept: */*\r\nX_App: two\r\nB: 2\r\nVia: 1.1 x\r\n",
              forwarding, policy),
      "GET / HTTP/1.1\r\nB: 2\r\n"
      "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\nX-Forwarded-Host: "
      "a.example\r\n"
      "X-Request-Id: 017f22e2-79b0-7cc3-98c4-dc0c0c07398f\r\n"
      "X-App: one\r\nAccept: text/html\r\nX-Forwarded-Proto: https\r\nHost: internal\r\n\r\n");
}

TEST(WriteRequestHead, AWrongGuessOfTheSizeIsNoProblem) {
  RequestHead head;  // made by hand: `bytes` says nothing
  head.method = Method::get;
  head.method_text = "GET";
  head.authority = "h";
  const std::string value(100'000, 'v');
  for (int i = 0; i < 20; ++i) head.fields.push_back(http::test::field("X-Long", value));
  std::string out;
  write_request_head(out, head, "/", {}, {}, {}, false);
  std::string expected = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 20; ++i) expected += "X-Long: " + value + "\r\n";
  EXPECT_TRUE(out == expected + "Via: 1.1 weir\r\n\r\n");
}

TEST(WriteRequestHead, SaysWhichCertificateTheClientShowed) {
  Forwarding with;
  with.client_cert = "Hash=ab;Subject=\"CN=a\"";
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Client-Cert: Hash=forged\r\n";
  const std::string fields = "X-Forwarded-Client-Cert: Hash=ab;Subject=\"CN=a\"\r\nVia: 1.1 weir\r\n\r\n";
  EXPECT_EQ(written(request, with), "GET / HTTP/1.1\r\nHost: h\r\n" + fields);
  EXPECT_EQ(written(request, {}), "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 weir\r\n\r\n");
  CompiledFields without;
  without.drop("X-Forwarded-Client-Cert");
  EXPECT_EQ(written(request, with, without), "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(WriteRequestHead, MaxForwardsOfOptionsIsOneLess) {
  EXPECT_EQ(passed("Max-Forwards: 7\r\n", "OPTIONS"), "Max-Forwards: 6\r\n");
  EXPECT_EQ(passed("Max-Forwards: 7\r\n"), "Max-Forwards: 7\r\n");
}

TEST(DropNominated, WhatConnectionNamesIsNoField) {
  const auto request =
      parsed_request("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nConnection: x-a, close\r\nX-B: 2\r\n");
  for (const Field& field : request.head.fields) EXPECT_FALSE(iequals(field.name, "x-a"));
  EXPECT_EQ(passed("X-A: 1\r\nConnection: x-a\r\nX-B: 2\r\n"), "X-B: 2\r\n");
}

}  // namespace
}  // namespace weir::http1
