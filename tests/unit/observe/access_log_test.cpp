// Access log lines, read back with a real JSON parser.
#include "observe/access_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

namespace weir::observe {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

json::object parse_line(const std::string& line) {
  EXPECT_FALSE(line.empty());
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "exactly one line";
  return json::parse(line).as_object();
}

json::object parse_record(const AccessRecord& record) {
  std::string line;
  append_access_line(line, record);
  return parse_line(line);
}

std::vector<std::string> keys(const json::object& object) {
  std::vector<std::string> result;
  for (const auto& member : object) result.emplace_back(member.key());
  return result;
}

/// 2026-01-31T23:59:59.007Z
constexpr std::chrono::system_clock::time_point some_time =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 31} + 23h + 59min + 59s + 7ms;

AccessRecord full_record(const std::vector<AttemptRecord>& attempts) {
  AccessRecord record;
  record.ts = some_time;
  record.request_id = "018f-id";
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.listener = "https";
  record.client_ip = *IpAddress::parse("2001:db8::1");
  record.client_port = 54321;
  record.protocol = "HTTP/1.1";
  record.tls = {true, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "example.com", "CN=alice", "ab12", true};
  record.method = "GET";
  record.host = "example.com";
  record.path = "/a/b";
  record.query = "x=1&y=%20";
  record.user_agent = "curl/8";
  record.referer = "https://example.com/";
  record.route = "api";
  record.upstream = "blue";
  record.endpoint = "127.0.0.1:9001";
  record.status = 200;
  record.bytes_in = 0;
  record.bytes_out = 18'446'744'073'709'551'615u;
  record.duration_ms = 1234.5678;
  record.queue_ms = 12.5;
  record.attempts = &attempts;
  record.reason = "total_timeout";
  return record;
}

TEST(AccessLog, FullLineIsExact) {
  const std::vector<AttemptRecord> attempts{{"127.0.0.1:9002", 0.25, -1, 0, "connect_refused"},
                                            {"127.0.0.1:9001", -1, 3.1, 200, "ok"}};
  std::string line;
  append_access_line(line, full_record(attempts));
  EXPECT_EQ(line,
            R"({"ts":"2026-01-31T23:59:59.007Z","request_id":"018f-id",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","listener":"https","client_ip":"2001:db8::1",)"
            R"("client_port":54321,"protocol":"HTTP/1.1","tls":{"resumed":true,"version":"TLSv1.3",)"
            R"("cipher":"TLS_AES_128_GCM_SHA256","sni":"example.com",)"
            R"("client_subject":"CN=alice","client_sha256":"ab12"},"method":"GET","host":"example.com",)"
            R"("path":"/a/b","query":"x=1&y=%20","user_agent":"curl/8","referer":"https://example.com/",)"
            R"("route":"api","upstream":"blue","endpoint":"127.0.0.1:9001","status":200,"bytes_in":0,)"
            R"("bytes_out":18446744073709551615,"duration_ms":1234.568,"queue_ms":12.500,)"
            R"("attempts":[{"outcome":"connect_refused",)"
            R"("endpoint":"127.0.0.1:9002","connect_ms":0.250},{"outcome":"ok","endpoint":"127.0.0.1:9001",)"
            R"("first_byte_ms":3.100,"status":200}],"reason":"total_timeout"})"
            "\n");
}

TEST(AccessLog, AbsentFieldsAreAbsent) {
  AccessRecord record;
  record.ts = some_time;
  const std::vector<AttemptRecord> none;
  record.attempts = &none;
  EXPECT_EQ(keys(parse_record(record)),
            (std::vector<std::string>{"ts", "client_ip", "bytes_in", "bytes_out", "duration_ms"}));
}

TEST(AccessLog, SaysWhichRateLimitDidWhat) {
  AccessRecord record;
  record.ts = some_time;
  record.rate_limit = {"api", "refused"};
  const json::object limit = parse_record(record).at("rate_limit").as_object();
  EXPECT_EQ(limit, (json::object{{"name", "api"}, {"decision", "refused"}}));
}

TEST(AccessLog, NumbersAreNumbers) {
  const std::vector<AttemptRecord> attempts{{"e", 1, 2, 503, "ok"}};
  const json::object line = parse_record(full_record(attempts));
  for (const char* key : {"client_port", "status", "bytes_in", "bytes_out", "duration_ms"}) {
    EXPECT_TRUE(line.at(key).is_number()) << key;
  }
  const json::object& attempt = line.at("attempts").at(0).as_object();
  for (const char* key : {"connect_ms", "first_byte_ms", "status"}) {
    EXPECT_TRUE(attempt.at(key).is_number()) << key;
  }
  EXPECT_TRUE(line.at("tls").at("resumed").is_bool());
}

TEST(AccessLog, AppendsToWhatIsThere) {
  std::string lines = "first\n";
  append_access_line(lines, {});
  append_access_line(lines, {});
  EXPECT_EQ(lines.rfind("first\n", 0), 0u);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
}

TEST(AccessLog, EveryByteInEveryClientTextSurvivesAsOneValidLine) {
  std::string hostile;
  for (int byte = 0; byte < 256; ++byte) hostile += static_cast<char>(byte);
  const std::string text = hostile + "\"}\n{\"forged\":true}";
  for (const auto member :
       {&AccessRecord::request_id, &AccessRecord::method, &AccessRecord::host, &AccessRecord::path,
        &AccessRecord::query, &AccessRecord::user_agent, &AccessRecord::referer}) {
    AccessRecord record;
    record.*member = text;
    const json::object line = parse_record(record);
    EXPECT_EQ(line.size(), 6u);
    EXPECT_FALSE(line.contains("forged"));
  }
}

TEST(AccessLog, HostileSniIsEscaped) {
  AccessRecord record;
  record.tls.present = true;
  record.tls.sni = "a\"b\\c\x01";
  EXPECT_EQ(parse_record(record).at("tls").at("sni").as_string(), "a\"b\\c\x01");
}

TEST(AccessLog, LongTextIsCutAtItsBound) {
  const std::string long_text(100'000, 'a');
  AccessRecord record;
  record.path = record.user_agent = long_text;
  const json::object line = parse_record(record);
  EXPECT_EQ(line.at("path").as_string().size(), access_text_bytes_max);
  EXPECT_EQ(line.at("user_agent").as_string().size(), access_text_bytes_max);
}

TEST(AccessLog, AttemptsAreBounded) {
  const std::vector<AttemptRecord> attempts(1000, AttemptRecord{"e", 1, 1, 502, "ok"});
  AccessRecord record;
  record.attempts = &attempts;
  EXPECT_EQ(parse_record(record).at("attempts").as_array().size(), access_attempts_max);
}

TEST(AccessLog, NoAllocationOnceTheBufferHasItsCapacity) {
  const std::vector<AttemptRecord> attempts{{"127.0.0.1:9001", -1, 3.1, 200, "ok"}};
  const AccessRecord record = full_record(attempts);
  std::string lines;
  lines.reserve(64 * 1024);
  const char* const data = lines.data();
  while (lines.size() < 60 * 1024) append_access_line(lines, record);
  EXPECT_EQ(lines.data(), data);
}

}  // namespace
}  // namespace weir::observe
