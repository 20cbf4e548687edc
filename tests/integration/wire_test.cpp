// Nothing ambiguous ever reaches an endpoint: the tables of wire_cases.hpp against the running binary.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

#include "integration/wire_cases.hpp"
#include "integration/wire_endpoint.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr std::size_t every_cut_bytes_max = 400;  // longer input is cut at random places
constexpr std::size_t random_cuts = 16;
constexpr std::size_t bytewise_bytes_max = 4096;
constexpr std::size_t cases_min = 120;  // of all tables
constexpr unsigned seed = 65537;
constexpr std::string_view marker = "GET /marker ";
/// How long the first piece of a cut input has to be read by itself. Should it take longer, the pieces arrive
/// as one: a weaker test, never a failure.
constexpr std::chrono::milliseconds between_pieces{3};

/// One Weir and one endpoint for all cases: each request of Weir's goes on a connection of its own, so that
/// the endpoint's record of a connection is the record of a request.
class Wire : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    endpoint_ = std::make_unique<WireEndpoint>();
    ConfigText config = config_for(endpoint_->address());
    config.app = "keepalive: { max_idle: 0 }, passive_health: { consecutive_failures: 0 }";
    config.listeners = {
        "small: { address: \"127.0.0.1:0\", limits: { header_bytes: 1KiB, header_count: 4, uri_bytes: 64B, "
        "body_bytes: 10B } }"};
    weir_ = std::make_unique<WeirProcess>(config);
  }
  static void TearDownTestSuite() {
    weir_.reset();
    endpoint_.reset();
  }

  static void check(const std::vector<WireCase>& cases) {
    for (const WireCase& wire_case : cases) {
      SCOPED_TRACE(wire_case.name);
      try {
        check_whole(wire_case);
        if (wire_case.bytes.size() <= bytewise_bytes_max) check_bytewise(wire_case);
        check_cuts(wire_case);
      } catch (const TestFailure& failure) {
        ADD_FAILURE() << failure.what();
        requests_at_endpoint();  // the next case starts from nothing
      }
    }
  }

  /// What came to the endpoint since the last call, without what this call itself sends.
  static std::vector<std::string> requests_at_endpoint() {
    // Connections are accepted in order: once this request is there, all before it are.
    EXPECT_EQ(weir_->get("/marker").status, 200);
    std::vector<std::string> requests = endpoint_->take_all(marker);
    std::erase_if(requests,
                  [](const std::string& bytes) { return bytes.empty() || bytes.starts_with(marker); });
    return requests;
  }

  static std::unique_ptr<WireEndpoint> endpoint_;
  static std::unique_ptr<WeirProcess> weir_;

 private:
  static void check_whole(const WireCase& wire_case) {
    RawClient client = weir_->connect(wire_case.listener);
    client.send(wire_case.bytes);
    if (wire_case.half_close) client.shutdown_write();
    expect_responses(client, wire_case);
    std::vector<std::string> expected = wire_case.seen;
    // What stays open must be in step: the next request is answered, and the endpoint sees just that.
    const bool probes = !wire_case.closes && !wire_case.half_close && wire_case.statuses.back() != 101;
    if (probes) {
      client.send("GET /probe HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_EQ(client.read_response().status, 200) << "probe";
      expected.push_back(seen("GET /probe HTTP/1.1"));
    }
    client.close();
    expect_seen(expected, 1, wire_case);
  }

  static void check_bytewise(const WireCase& wire_case) {
    RawClient client = weir_->connect(wire_case.listener);
    client.send_bytewise(wire_case.bytes);
    if (wire_case.half_close) client.shutdown_write();
    expect_responses(client, wire_case);
    client.close();
    expect_seen(wire_case.seen, 1, wire_case);
  }

  static void check_cuts(const WireCase& wire_case) {
    const std::vector<std::size_t> cuts = cuts_of(wire_case.bytes.size());
    std::vector<RawClient> clients;
    for (const std::size_t cut : cuts) {
      clients.push_back(weir_->connect(wire_case.listener));
      clients.back().send(std::string_view(wire_case.bytes).substr(0, cut));
    }
    clients.front().stays_silent_for(between_pieces);
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      clients[i].send(std::string_view(wire_case.bytes).substr(cuts[i]));
      if (wire_case.half_close) clients[i].shutdown_write();
    }
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      SCOPED_TRACE("cut at " + std::to_string(cuts[i]));
      expect_responses(clients[i], wire_case);
    }
    clients.clear();
    expect_seen(wire_case.seen, cuts.size(), wire_case);
  }

  static std::vector<std::size_t> cuts_of(std::size_t size) {
    std::vector<std::size_t> cuts;
    std::mt19937 random(seed);
    const bool every = size <= every_cut_bytes_max;
    for (std::size_t i = 1; i < (every ? size : random_cuts + 1); ++i)
      cuts.push_back(every ? i : random() % size);
    return cuts;
  }

  static void expect_responses(RawClient& client, const WireCase& wire_case) {
    for (const int status : wire_case.statuses) {
      const Response response = client.read_response(wire_case.method);
      EXPECT_EQ(response.status, status) << describe(response);
      EXPECT_TRUE(response.complete) << describe(response);
      if (response.status != status) return;
    }
    if (!wire_case.closes) return;
    const RawClient::Rest rest = client.read_to_end();
    const bool answered = wire_case.half_close && rest.bytes.starts_with("HTTP/1.1 400 ");
    EXPECT_TRUE(rest.bytes.empty() || answered) << rest.bytes;
    const bool may_be_reset = wire_case.sends_on || wire_case.half_close;
    EXPECT_TRUE(rest.event == StreamEvent::end || may_be_reset) << to_string(rest.event);
  }

  /// The endpoint saw `expected`, `times` times, and nothing else.
  static void expect_seen(const std::vector<std::string>& expected, std::size_t times,
                          const WireCase& wire_case) {
    std::vector<std::string> seen;
    for (const std::string& bytes : requests_at_endpoint()) {
      const Seen each = summarise(bytes, weir_->port(wire_case.listener));
      const bool is_expected = std::ranges::find(expected, each.text) != expected.end();
      if (!wire_case.torn || each.whole || is_expected) seen.push_back(each.text);
    }
    std::vector<std::string> all;
    for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), expected.begin(), expected.end());
    if (times > 1) {
      std::ranges::sort(all);
      std::ranges::sort(seen);
    }
    EXPECT_EQ(seen, all);
  }
};

std::unique_ptr<WireEndpoint> Wire::endpoint_;
std::unique_ptr<WeirProcess> Wire::weir_;

TEST_F(Wire, RequestLines) {
  check(request_line_wire_cases());
}
TEST_F(Wire, Fields) {
  check(field_wire_cases());
}
TEST_F(Wire, Authorities) {
  check(authority_wire_cases());
}
TEST_F(Wire, ContentLengths) {
  check(length_wire_cases());
}
TEST_F(Wire, TransferCodings) {
  check(coding_wire_cases());
}
TEST_F(Wire, ChunkedBodies) {
  check(chunked_wire_cases());
}
TEST_F(Wire, Connections) {
  check(connection_wire_cases());
}
TEST_F(Wire, Limits) {
  check(limit_wire_cases());
}

// A client that leaves in the middle of a head must not decide where the reading of another's begins: neither
// may a bad head pass unread, nor a body be taken for a head.
TEST_F(Wire, AnAbandonedHeadLeavesNothingBehind) {
  const std::string padding = "Padding: " + std::string(200, 'x') + "\r\n";
  const std::string folded = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n" + padding + "\r\n";
  const std::string lines =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + std::string(200, '\n');
  for (int round = 0; round < 16; ++round) {
    for (const auto& [bytes, status] : {std::pair(folded, 400), std::pair(lines, 200)}) {
      RawClient leaving = weir_->connect();
      leaving.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(100, 'x'));
      leaving.shutdown_write();
      EXPECT_EQ(leaving.read_to_end().bytes, "");
      RawClient client = weir_->connect();
      client.send(bytes);
      EXPECT_EQ(client.read_response().status, status) << "round " << round;
    }
  }
  EXPECT_EQ(requests_at_endpoint().size(), 16U);
}

TEST(WireTables, AreLargeAndNameEachCaseOnce) {
  std::set<std::string> names;
  std::size_t count = 0;
  for (const auto& table :
       {request_line_wire_cases(), field_wire_cases(), authority_wire_cases(), length_wire_cases(),
        coding_wire_cases(), chunked_wire_cases(), connection_wire_cases(), limit_wire_cases()}) {
    count += table.size();
    for (const WireCase& wire_case : table)
      EXPECT_TRUE(names.insert(wire_case.name).second) << wire_case.name;
  }
  EXPECT_GE(count, cases_min);
}

}  // namespace
}  // namespace weir::testing
