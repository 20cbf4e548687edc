// One JSON object per request, with typed fields and nothing made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::MatchesRegex;

class AccessLog : public ::testing::Test {
 protected:
  ScriptableEndpoint endpoint_{behave::ok("hello")};
  WeirProcess weir_{config_for(endpoint_.address())};
};

TEST_F(AccessLog, HasAllFieldsOfAnOrdinaryRequest) {
  RawClient client = weir_.connect();
  const Response response =
      client.exchange("POST", "/path?query=1", "12345678",
                      "User-Agent: test/1\r\nReferer: http://a/\r\nX-Other: not logged\r\n");
  const boost::json::object line = weir_.access_log(1)[0];
  EXPECT_THAT(std::string(line.at("ts").as_string()), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"));
  EXPECT_EQ(line.at("request_id").as_string(), response.fields.get("X-Request-Id"));
  EXPECT_EQ(line.at("trace_id").as_string(), endpoint_.request(0).fields.get("traceparent").substr(3, 32));
  EXPECT_EQ(line.at("listener"), "http");
  EXPECT_EQ(line.at("client_ip"), "127.0.0.1");
  EXPECT_EQ(line.at("client_port"), client.local_port());
  EXPECT_EQ(line.at("protocol"), "HTTP/1.1");
  EXPECT_EQ(line.at("method"), "POST");
  EXPECT_EQ(line.at("host"), "example.test");
  EXPECT_EQ(line.at("path"), "/path");
  EXPECT_EQ(line.at("query"), "query=1");
  EXPECT_EQ(line.at("user_agent"), "test/1");
  EXPECT_EQ(line.at("referer"), "http://a/");
  EXPECT_EQ(line.at("route"), "all");
  EXPECT_EQ(line.at("upstream"), "app");
  EXPECT_EQ(line.at("endpoint").as_string(), endpoint_.address());
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("bytes_in"), 8);
  EXPECT_EQ(line.at("bytes_out"), 5);
  EXPECT_TRUE(line.at("duration_ms").is_number());
  const boost::json::object attempt = line.at("attempts").as_array().at(0).as_object();
  EXPECT_EQ(attempt.at("endpoint").as_string(), endpoint_.address());
  EXPECT_EQ(attempt.at("status"), 200);
  EXPECT_EQ(attempt.at("outcome"), "ok");
  EXPECT_TRUE(attempt.at("connect_ms").is_number());
  EXPECT_GE(attempt.at("first_byte_ms").to_number<double>(), attempt.at("connect_ms").to_number<double>());
  for (const char* absent : {"tls", "reason", "split", "rate_limit"})
    EXPECT_FALSE(line.contains(absent)) << absent;
}

TEST_F(AccessLog, AbsentIsAbsent) {
  RawClient client = weir_.connect();
  client.get("/");
  client.get("/");
  const auto lines = weir_.access_log(2);
  for (const char* absent : {"query", "user_agent", "referer"})
    EXPECT_FALSE(lines[1].contains(absent)) << absent;
}

TEST_F(AccessLog, AReusedConnectionHasNoConnectTime) {
  RawClient client = weir_.connect();
  for (int i = 0; i < 6; ++i) client.get("/");
  const auto lines = weir_.access_log(6);
  EXPECT_FALSE(lines.back().at("attempts").as_array().at(0).as_object().contains("connect_ms"));
}

TEST_F(AccessLog, HostileBytesStayInsideTheirString) {
  weir_.get("/%22%0a%7d", "User-Agent: \"}\x01\xff\\\xc3\xa9 {\"status\":500\r\n");
  const auto lines = weir_.access_log(1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("status").kind(), boost::json::kind::int64);
}

TEST_F(AccessLog, WeirsOwnAnswersHaveAReason) {
  RawClient client = weir_.connect();
  client.send("broken\r\n\r\n");
  client.read_response();
  const auto lines = weir_.access_log(1);
  EXPECT_EQ(lines[0].at("status"), 400);
  EXPECT_EQ(lines[0].at("reason"), "malformed_request");
  EXPECT_FALSE(lines[0].contains("route"));
  EXPECT_FALSE(lines[0].contains("endpoint"));
}

TEST(AccessLogSettings, ARouteCanBeLeftOut) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.routes = {"{ name: health, match: { path: /health }, upstream: app, access_log: false }"};
  WeirProcess weir(config);
  weir.get("/health");
  weir.get("/logged");
  weir.stop();
  const auto lines = weir.access_log(0);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("path"), "/logged");
}

TEST(AccessLogSettings, CanBeTurnedOff) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.log = "access: { enabled: false }";
  WeirProcess weir(config);
  weir.get("/");
  weir.stop();
  EXPECT_TRUE(weir.access_log(0).empty());
}

TEST(AccessLogSettings, GoesToAFileThatIsReopened) {
  ScriptableEndpoint endpoint(behave::ok());
  const TempDir directory;
  ConfigText config = config_for(endpoint.address());
  config.log = "access: { output: \"" + directory.file("access.log") + "\" }";
  WeirProcess weir(config);
  weir.get("/before");
  eventually("the line is written",
             [&] { return directory.read("access.log").find("/before") != std::string::npos; });
  std::filesystem::rename(directory.file("access.log"), directory.file("access.log.1"));
  weir.signal(SIGUSR1);
  eventually("the new file is there", [&] {
    weir.get("/after");
    return directory.read("access.log").find("/after") != std::string::npos;
  });
  EXPECT_NE(directory.read("access.log.1").find("/before"), std::string::npos);
}

}  // namespace
}  // namespace weir::testing
