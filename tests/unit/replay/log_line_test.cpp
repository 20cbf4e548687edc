#include "replay/log_line.hpp"

#include "observe/access_log.hpp"
#include "unit/replay/configs.hpp"

namespace weir::replay {
namespace {

TEST(LogLine, ReadsWhatWeirWrites) {
  observe::AccessRecord record;
  record.ts = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'769'853'599'123));
  record.listener = "https";
  record.client_ip = *IpAddress::parse("2001:db8::7");
  record.client_port = 4711;
  record.protocol = "HTTP/2";
  record.tls.present = true;
  record.method = "POST";
  record.host = "a.test:8443";
  record.path = "/a\"b%20";
  record.query = "q=1";
  record.user_agent = "curl/8";
  record.referer = "http://b.test/";
  record.route = "api";
  record.upstream = "blue";
  record.split = {"blue", "weight"};
  record.rate_limit = {"search", "refused"};
  record.reason = "rate_limited";
  record.status = 429;
  std::string line;
  ASSERT_TRUE(observe::append_access_line(line, record));
  line.pop_back();
  LogLineReader reader;
  LoggedRequest request;
  ASSERT_EQ(reader.read(line, request), std::nullopt);
  EXPECT_EQ(request.ts_ns, 1'769'853'599'123'000'000);
  EXPECT_EQ(request.listener, "https");
  EXPECT_EQ(request.client_ip, record.client_ip);
  EXPECT_TRUE(request.peer_is_client);
  EXPECT_TRUE(request.tls);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.host, "a.test:8443");
  EXPECT_EQ(request.path, "/a\"b%20");
  EXPECT_EQ(request.query, "q=1");
  EXPECT_EQ(request.user_agent, "curl/8");
  EXPECT_EQ(request.referer, "http://b.test/");
  EXPECT_EQ(request.route, "api");
  EXPECT_EQ(request.upstream, "blue");
  EXPECT_EQ(request.split_target, "blue");
  EXPECT_EQ(request.split_why, "weight");
  EXPECT_EQ(request.limit, "search");
  EXPECT_EQ(request.limit_decision, "refused");
  EXPECT_EQ(request.reason, "rate_limited");
  EXPECT_EQ(request.status, 429);
  EXPECT_FALSE(request.cut);
}

TEST(LogLine, ATextThatMayBeCutIsNoted) {
  LogLineReader reader;
  LoggedRequest request;
  ASSERT_FALSE(reader.read(log_line({{"path", "/" + std::string(2'000, 'a')}}), request));
  EXPECT_FALSE(request.cut);
  ASSERT_FALSE(reader.read(log_line({{"path", "/" + std::string(2'047, 'a')}}), request));
  EXPECT_TRUE(request.cut);
}

TEST(LogLine, WhatIsNoLineIsSaid) {
  LogLineReader reader;
  LoggedRequest request;
  EXPECT_EQ(reader.read("", request), "it is no JSON");
  EXPECT_EQ(reader.read("{\"ts\":", request), "it is no JSON");
  EXPECT_EQ(reader.read("[1]", request), "it is no JSON object");
  EXPECT_EQ(reader.read(log_line({{"ts", "yesterday"}}), request),
            "it has no \"ts\" such as 2026-01-31T23:59:59.123Z");
  EXPECT_EQ(reader.read(log_line({{"client_ip", 7}}), request), "it has no \"client_ip\"");
  EXPECT_EQ(reader.read(log_line({{"listener", nullptr}}), request), "it has no \"listener\"");
  EXPECT_EQ(reader.read(log_line(), request), std::nullopt) << "the next one is not concerned";
}

TEST(LogLine, Timestamps) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00.000Z"), 0);
  EXPECT_EQ(parse_timestamp("1970-01-02T00:00:01.5Z"), 86'401'500'000'000);
  EXPECT_EQ(parse_timestamp("2000-02-29T12:00:00Z"), 951'825'600'000'000'000);
  for (const char* wrong : {"", "1970-01-01", "1970-01-01T00:00:00.000", "1970-13-01T00:00:00Z",
                            "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00+01:00",
                            "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "1970-01-01T-1:00:00Z"}) {
    EXPECT_EQ(parse_timestamp(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace weir::replay
