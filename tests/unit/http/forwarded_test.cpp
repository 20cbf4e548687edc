#include "http/forwarded.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "http/forwarded_element.hpp"
#include "unit/http/request_with.hpp"

namespace weir::http {
namespace {

const std::vector<Cidr> proxies{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8:ffff::/48")};

struct Case {
  const char* peer;
  std::string fields;
  std::string client;
  std::string forwarded_for;
};

ForwardedFacts evaluate(const test::MadeRequest& request, const char* peer, bool tls = false,
                        const std::vector<Cidr>& trusted = proxies) {
  ForwardedFacts facts;
  evaluate_forwarded(request.head, *IpAddress::parse(peer), tls, "8080", trusted, facts);
  return facts;
}

test::MadeRequest request_with(const std::string& fields) {
  auto request = test::request_with("Host: a.example:81\r\n" + fields);
  request.head.authority = "a.example:81";
  request.head.host = "a.example";
  return request;
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto request = request_with(c.fields);
    const ForwardedFacts facts = evaluate(request, c.peer);
    EXPECT_EQ(facts.client_ip.to_string(), c.client) << c.peer << "\n" << c.fields;
    EXPECT_EQ(facts.forwarded_for, c.forwarded_for) << c.peer << "\n" << c.fields;
  }
}

TEST(Forwarded, OtherPeersAreNotTrusted) {
  check({
      {"203.0.113.9", "", "203.0.113.9", "203.0.113.9"},
      {"2001:db8::9", "", "2001:db8::9", "2001:db8::9"},
      {"203.0.113.9", "X-Forwarded-For: 1.2.3.4\r\n", "203.0.113.9", "203.0.113.9"},
      {"203.0.113.9", "Forwarded: for=1.2.3.4\r\n", "203.0.113.9", "203.0.113.9"},
      {"203.0.113.9", "X-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.2\r\n", "203.0.113.9", "203.0.113.9"},
  });
  const auto request =
      request_with("X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 443\r\n");
  const ForwardedFacts facts = evaluate(request, "203.0.113.9");
  EXPECT_FALSE(facts.peer_trusted);
  EXPECT_EQ(facts.proto, "http");
  EXPECT_EQ(facts.host, "a.example:81");
  EXPECT_EQ(facts.port, "8080");
}

TEST(Forwarded, WithoutTrustedProxiesEverythingIsReplaced) {
  const auto request = request_with("X-Forwarded-For: 1.2.3.4\r\n");
  const ForwardedFacts facts = evaluate(request, "127.0.0.1", true, {});
  EXPECT_EQ(facts.client_ip.to_string(), "127.0.0.1");
  EXPECT_EQ(facts.forwarded_for, "127.0.0.1");
  EXPECT_EQ(facts.proto, "https");
}

TEST(Forwarded, WalksLeftOverTrustedProxies) {
  check({
      {"10.0.0.1", "", "10.0.0.1", "10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", "1.2.3.4", "6.6.6.6, 1.2.3.4, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4, 10.0.0.2\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4,10.0.0.3 ,\t10.0.0.2\r\n", "1.2.3.4",
       "1.2.3.4, 10.0.0.3, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3", "10.0.0.3, 10.0.0.2, 10.0.0.1"},
      {"2001:db8:ffff::1", "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7",
       "2001:db8::7, 2001:db8:ffff::1"},
      {"10.0.0.1", "X-Forwarded-For: ::ffff:1.2.3.4\r\n", "1.2.3.4", "::ffff:1.2.3.4, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4, ::ffff:10.0.0.2\r\n", "1.2.3.4",
       "1.2.3.4, ::ffff:10.0.0.2, 10.0.0.1"},
  });
}

TEST(Forwarded, SeveralFieldsAreOneList) {
  check({
      {"10.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nAccept: */*\r\nx-forwarded-for: 1.2.3.4, 10.0.0.2\r\n",
       "1.2.3.4", "6.6.6.6, 1.2.3.4, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.2\r\n", "1.2.3.4",
       "1.2.3.4, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For:\r\nX-Forwarded-For: ,, 1.2.3.4,\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.1"},
  });
}

TEST(Forwarded, PortsAndBracketsAreUnderstood) {
  check({
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4:5678\r\n", "1.2.3.4", "1.2.3.4:5678, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: [2001:db8::1]:4711\r\n", "2001:db8::1", "[2001:db8::1]:4711, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1", "[2001:db8::1], 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4, 10.0.0.2:99\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.2:99, 10.0.0.1"},
  });
}

TEST(Forwarded, WhatIsNoAddressEndsTheWalk) {
  for (const std::string bad :
       {"unknown", "_hidden", "example.com", "1.2.3", "1.2.3.4:", "1.2.3.4:99999", "[1.2.3.4]", "[::1",
        "::1]", "\"1.2.3.4\"", "1.2.3.4 5.6.7.8", "fe80::1%eth0", "[::1]x", ":80", "1.2.3.4;x"}) {
    check({
        {"10.0.0.1", "X-Forwarded-For: " + bad + "\r\n", "10.0.0.1", bad + ", 10.0.0.1"},
        {"10.0.0.1", "X-Forwarded-For: 1.1.1.1, " + bad + ", 10.0.0.2\r\n", "10.0.0.2",
         "1.1.1.1, " + bad + ", 10.0.0.2, 10.0.0.1"},
        {"10.0.0.1", "X-Forwarded-For: " + bad + ", 1.1.1.1\r\n", "1.1.1.1", bad + ", 1.1.1.1, 10.0.0.1"},
    });
  }
}

TEST(Forwarded, TheStandardFieldIsReadWhereTheOtherIsAbsent) {
  check({
      {"10.0.0.1", "Forwarded: for=1.2.3.4\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: For=\"1.2.3.4:80\";proto=https;by=10.0.0.1\r\n", "1.2.3.4",
       "1.2.3.4, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: for=\"[2001:db8::1]:4711\"\r\n", "2001:db8::1", "2001:db8::1, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: for=6.6.6.6, by=_x;for=1.2.3.4 , for=10.0.0.2\r\n", "1.2.3.4",
       "6.6.6.6, 1.2.3.4, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: for=1.2.3.4\r\nForwarded: for=10.0.0.2\r\n", "1.2.3.4",
       "1.2.3.4, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: for=unknown, for=10.0.0.2\r\n", "10.0.0.2", "unknown, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: for=1.2.3.4, for=_secret\r\n", "10.0.0.1", "1.2.3.4, unknown, 10.0.0.1"},
      {"10.0.0.1", "Forwarded: proto=https\r\n", "10.0.0.1", "unknown, 10.0.0.1"},
      // A comma inside quotes does not start an element that the client could have made up.
      {"10.0.0.1", "Forwarded: for=\"x, for=6.6.6.6\", for=10.0.0.2\r\n", "10.0.0.2",
       "unknown, 10.0.0.2, 10.0.0.1"},
      {"10.0.0.1", "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=6.6.6.6\r\n", "1.2.3.4", "1.2.3.4, 10.0.0.1"},
  });
}

TEST(Forwarded, ATrustedPeerSetsProtoHostAndPort) {
  struct Row {
    std::string fields, proto, host, port;
  };
  const Row rows[] = {
      {"", "http", "a.example:81", "8080"},
      {"X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\nX-Forwarded-Port: 443\r\n", "https",
       "b.example", "443"},
      {"x-forwarded-proto: HTTPS\r\nx-forwarded-host: [::1]:8443\r\nx-forwarded-port: 65535\r\n", "https",
       "[::1]:8443", "65535"},
      {"X-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Port: 65536\r\n", "http",
       "a.example:81", "8080"},
      {"X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: b, c\r\nX-Forwarded-Port: 0\r\n", "http",
       "a.example:81", "8080"},
      {"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nX-Forwarded-Host: "
       "b\r\n"
       "X-Forwarded-Port: 1\r\nX-Forwarded-Port: 1\r\n",
       "http", "a.example:81", "8080"},
      {"X-Forwarded-Proto:\r\nX-Forwarded-Host: user@b\r\nX-Forwarded-Port: 080\r\n", "http", "a.example:81",
       "8080"},
      {"X-Forwarded-Host: b/../c\r\nX-Forwarded-Port: +80\r\n", "http", "a.example:81", "8080"},
  };
  for (const Row& row : rows) {
    const auto request = request_with(row.fields);
    const ForwardedFacts facts = evaluate(request, "10.9.9.9");
    EXPECT_TRUE(facts.peer_trusted);
    EXPECT_EQ(facts.proto, row.proto) << row.fields;
    EXPECT_EQ(facts.host, row.host) << row.fields;
    EXPECT_EQ(facts.port, row.port) << row.fields;
  }
}

TEST(Forwarded, TheListStaysWithinItsHops) {
  std::string list;
  for (int i = 0; i < 100; ++i) list += (i > 0 ? "," : "") + ("1.0.0." + std::to_string(i));
  const auto request = request_with("X-Forwarded-For: " + list + "\r\n");
  const ForwardedFacts facts = evaluate(request, "10.0.0.1");
  EXPECT_EQ(facts.client_ip.to_string(), "1.0.0.99");
  EXPECT_TRUE(facts.forwarded_for.starts_with("1.0.0.36, 1.0.0.37, ")) << facts.forwarded_for;
  EXPECT_TRUE(facts.forwarded_for.ends_with("1.0.0.99, 10.0.0.1"));

  std::string elements;
  for (int i = 0; i < 100; ++i) elements += (i > 0 ? ", for=" : "for=") + ("1.0.0." + std::to_string(i));
  const auto standard = request_with("Forwarded: " + elements + "\r\n");
  EXPECT_EQ(evaluate(standard, "10.0.0.1").forwarded_for, facts.forwarded_for);
}

TEST(Forwarded, AWalkPastTheHopsEndsAtTheLastOneSeen) {
  std::string list = "6.6.6.6";
  for (int i = 0; i < 64; ++i) list += ", 10.0.1." + std::to_string(i);
  const auto request = request_with("X-Forwarded-For: " + list + "\r\n");
  EXPECT_EQ(evaluate(request, "10.0.0.1").client_ip.to_string(), "10.0.1.0");
}

TEST(Forwarded, TheListStaysWithinItsBytes) {
  const std::string long_member(1'015, 'x');
  const auto request =
      request_with("X-Forwarded-For: first, " + long_member + ", " + long_member + ", last\r\n");
  const ForwardedFacts facts = evaluate(request, "10.0.0.1");
  EXPECT_EQ(facts.forwarded_for, long_member + ", " + long_member + ", last, 10.0.0.1");
  EXPECT_LE(facts.forwarded_for.size(), forwarded_for_bytes_max);

  const auto longer = request_with("X-Forwarded-For: first, " + std::string(3'000, 'x') + ", last\r\n");
  EXPECT_EQ(evaluate(longer, "10.0.0.1").forwarded_for, "last, 10.0.0.1");
}

TEST(Forwarded, FactsAreReusableAndKeepNothing) {
  ForwardedFacts facts;
  const auto forwarded =
      request_with("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n");
  evaluate_forwarded(forwarded.head, *IpAddress::parse("10.0.0.1"), false, "80", proxies, facts);
  EXPECT_EQ(facts.proto, "https");
  const auto plain = request_with("");
  evaluate_forwarded(plain.head, *IpAddress::parse("5.5.5.5"), false, "81", proxies, facts);
  EXPECT_EQ(facts.client_ip.to_string(), "5.5.5.5");
  EXPECT_EQ(facts.forwarded_for, "5.5.5.5");
  EXPECT_EQ(facts.proto, "http");
  EXPECT_EQ(facts.host, "a.example:81");
  EXPECT_EQ(facts.port, "81");
  EXPECT_FALSE(facts.peer_trusted);
}

TEST(ForwardedElement, Nodes) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"for=192.0.2.43", "192.0.2.43"},
      {"FOR=192.0.2.43", "192.0.2.43"},
      {"for=\"192.0.2.43:47011\"", "192.0.2.43"},
      {"for=\"192.0.2.43:_port\"", "192.0.2.43"},
      {"for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
      {"for=\"[2001:db8:cafe::17]:_x.y-z\"", "2001:db8:cafe::17"},
      {"proto=http;by=203.0.113.43;for=192.0.2.60", "192.0.2.60"},
      {"for=192.0.2.60; proto=http", "192.0.2.60"},
      {"host=\"a;for=6.6.6.6\";for=192.0.2.60", "192.0.2.60"},
      {"host=\"a\\\";for=6.6.6.6\";for=192.0.2.60", "192.0.2.60"},
      {"for=192.0.2.60;", "192.0.2.60"},
      {"for=unknown", "unknown"},
      {"for=\"_gazonk\"", "unknown"},
      {"", "unknown"},
      {"for", "unknown"},
      {"for=", "unknown"},
      {"for=\"\"", "unknown"},
      {"=1.2.3.4", "unknown"},
      {"for=192.0.2.43:80", "unknown"},    // not a token: had to be quoted
      {"for=2001:db8::1", "unknown"},      // the same
      {"for=\"2001:db8::1\"", "unknown"},  // no brackets
      {"for=\"[192.0.2.1]\"", "unknown"},  // brackets around IPv4
      {"for=\"[2001:db8::1\"", "unknown"},
      {"for=\"[2001:db8::1]4711\"", "unknown"},
      {"for=\"192.0.2.1:_\"", "unknown"},
      {"for=\"192.0.2.1:123456\"", "unknown"},
      {"for=\"192.0.2.1:65536\"", "unknown"},
      {"for=\"192.0.2.1", "unknown"},
      {"for=\"192.0.2.1\\", "unknown"},
      {"for=1.2.3.4;for=5.6.7.8", "unknown"},
      {"for=1.2.3.4 x", "unknown"},
      {"for=\"1.2.3.4\"x", "unknown"},
      {"for=1.2.3.4;;proto=http", "unknown"},
      {";for=1.2.3.4", "unknown"},
  };
  for (const auto& [element, node] : rows) EXPECT_EQ(parse_forwarded_element(element).node, node) << element;
}

TEST(RequestId, WhatIsAcceptable) {
  for (const std::string text : {"a", "0", "A-b_c.9", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}) {
    EXPECT_TRUE(valid_request_id(text)) << text;
  }
  EXPECT_TRUE(valid_request_id(std::string(128, 'x')));
  EXPECT_FALSE(valid_request_id(std::string(129, 'x')));
  for (const std::string_view text :
       {std::string_view(""), std::string_view("a b"), std::string_view("a\r\nb"), std::string_view("\"a\""),
        std::string_view("a/b"), std::string_view("a\0b", 3), std::string_view("\xc3\xa4")}) {
    EXPECT_FALSE(valid_request_id(text)) << text;
  }
}

TEST(Traceparent, WhatIsAcceptable) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_TRUE(valid_traceparent(good));
  EXPECT_TRUE(valid_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff"));
  const std::string bad[] = {
      "",
      good + "-",
      good.substr(1),
      "01" + good.substr(2),
      "ff" + good.substr(2),
      "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-g1",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
  };
  for (const std::string& text : bad) EXPECT_FALSE(valid_traceparent(text)) << text;
}

}  // namespace
}  // namespace weir::http
