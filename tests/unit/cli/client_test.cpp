// `weir status` and `weir reload` against a server, against no server, and against something else.
#include "cli/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#include "cli/pause_client.hpp"
#include "cli/reload_client.hpp"
#include "cli/split_client.hpp"
#include "cli/status_text.hpp"
#include "cli/terminal_text.hpp"
#include "cli/text_table.hpp"
#include "unit/admin/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace asio = boost::asio;
namespace json = boost::json;

struct Printed {
  ClientOutcome outcome = ClientOutcome::done;
  std::string out, err;
};

template <class Command>
Printed run(Command command, const AdminTarget& target, bool as_json = false) {
  std::ostringstream out, err;
  Printed printed;
  printed.outcome = command(target, as_json, out, err);
  printed.out = out.str();
  printed.err = err.str();
  return printed;
}

ClientOutcome plain_reload(const AdminTarget& target, bool as_json, std::ostream& out, std::ostream& err) {
  return request_reload(target, {}, as_json, out, err);
}

AdminTarget target_of(const AdminFixture& admin, std::string token = "") {
  return {admin.address(), std::move(token)};
}

/// Answers one connection with fixed bytes, whatever it asks.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), thread_([this, bytes = std::move(bytes)] {
          asio::ip::tcp::socket socket = acceptor_.accept();
          std::string request;
          boost::system::error_code ignored;
          asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", ignored);
          asio::write(socket, asio::buffer(bytes), ignored);
        }) {}
  ~OneAnswer() { thread_.join(); }
  AdminTarget target() const {
    return {"127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()), ""};
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(Client, StatusAsTable) {
  const AdminFixture admin;
  const Printed printed = run(show_status, target_of(admin));
  EXPECT_EQ(printed.outcome, ClientOutcome::done) << printed.err;
  EXPECT_THAT(printed.out, StartsWith("weir 1.2.3 (abcdef), ready, up "));
  EXPECT_THAT(printed.out, HasSubstr("generation 7, 0123456789ab, loaded "));
  EXPECT_THAT(printed.out, HasSubstr("1000 answered, 3 in flight\n"));
  EXPECT_THAT(printed.out, HasSubstr("http      127.0.0.1:8080  no   1       2     10\n"));
  EXPECT_THAT(printed.out,
              HasSubstr("blue      127.0.0.1:9001  healthy  1       0          500       0         0\n"));
}

TEST(Client, StatusSaysWhoTookAnEndpointOut) {
  AdminBackend backend = scripted_backend();
  backend.upstreams = [](const Reply<std::vector<UpstreamReport>>& reply) {
    EndpointReport endpoint;
    endpoint.address = "127.0.0.1:9001";
    endpoint.state = "drain";
    endpoint.taken_out = {"ada", "kernel", SystemTime(std::chrono::seconds(1'763'690'400))};
    reply({{"blue", "least_connections", {endpoint}}});
  };
  const AdminFixture admin(std::move(backend));
  EXPECT_THAT(
      run(show_status, target_of(admin)).out,
      testing::EndsWith("\n\nblue/127.0.0.1:9001: drain since 2025-11-21T02:00:00.000Z, by ada: kernel\n"));
}

TEST(Client, StatusSaysWhyAnEndpointIsOut) {
  AdminBackend backend = scripted_backend();
  backend.upstreams = [](const Reply<std::vector<UpstreamReport>>& reply) {
    EndpointReport out, back;
    out.address = "127.0.0.1:9001";
    out.state = "ejected";
    out.why = "3 consecutive failures (status 503 x3)";
    out.until = SystemTime(std::chrono::seconds(1'700'000'000));
    back.address = "127.0.0.1:9002";
    back.why = "its probe succeeded";
    UpstreamReport blue;
    blue.name = "blue";
    blue.endpoints = {out, back};
    blue.panic = true;
    reply({blue});
  };
  const AdminFixture admin(std::move(backend));
  const Printed printed = run(show_status, target_of(admin));
  EXPECT_THAT(
      printed.out,
      HasSubstr(
          "PANIC in blue: too few endpoints can be trusted, all that no operator took out are in use\n"));
  EXPECT_THAT(printed.out,
              HasSubstr("until 2023-11-14T22:13:20.000Z: 3 consecutive failures (status 503 x3)\n"));
  EXPECT_THAT(printed.out, ::testing::Not(HasSubstr("its probe succeeded")));
}

TEST(Client, StatusAsJson) {
  const AdminFixture admin;
  const Printed printed = run(show_status, target_of(admin), true);
  const json::value status = json::parse(printed.out);
  EXPECT_EQ(status.at("version").as_string(), "1.2.3");
  EXPECT_EQ(status.at("upstreams").at(0).at("name").as_string(), "blue");
}

TEST(Client, NamesAreResolved) {
  const AdminFixture admin;
  AdminTarget target = target_of(admin);
  target.address = "localhost:" + std::to_string(admin.port);
  EXPECT_EQ(run(show_status, target).outcome, ClientOutcome::done);
}

TEST(Client, Reload) {
  const AdminFixture admin;
  const Printed text = run(plain_reload, target_of(admin));
  EXPECT_EQ(text.outcome, ClientOutcome::done);
  EXPECT_THAT(text.out, testing::StartsWith("reloaded: generation 8, config fedcba9876543210\n"));
  EXPECT_THAT(text.out, HasSubstr("\n  routes: kept 12, changed 1, removed 0, added 2\n"));
  EXPECT_THAT(
      run(plain_reload, target_of(admin), true).out,
      testing::StartsWith(R"({"reloaded":true,"generation":8,"hash":"fedcba9876543210","changes":{)"));
}

TEST(Client, AReloadReportsSettingsAndOrder) {
  AdminBackend backend = scripted_backend();
  backend.reload = [](const ReloadCall&, const Reply<ReloadOutcome>& reply) {
    ReloadOutcome outcome;
    outcome.ok = true;
    outcome.changes.routes_reordered = true;
    outcome.changes.settings = {"log", "server"};
    reply(outcome);
  };
  const AdminFixture admin(std::move(backend));
  EXPECT_THAT(run(plain_reload, target_of(admin)).out,
              testing::EndsWith("  routes: in another order\n  log: changed\n  server: changed\n"));
}

TEST(Client, AReloadThatIsRefusedPrintsEveryProblem) {
  AdminBackend backend = scripted_backend();
  backend.reload = [](const ReloadCall&, const Reply<ReloadOutcome>& reply) {
    reply(refused_reload({"a.yaml:1:2: x", "b"}));
  };
  const AdminFixture admin(std::move(backend));
  const Printed printed = run(plain_reload, target_of(admin));
  EXPECT_EQ(printed.outcome, ClientOutcome::refused);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(printed.err, "weir: the configuration is not valid; nothing has changed\na.yaml:1:2: x\nb\n");
}

TEST(Client, TheTokenIsSent) {
  const AdminFixture admin(scripted_backend(), "secret");
  const Printed without = run(plain_reload, target_of(admin));
  EXPECT_EQ(without.outcome, ClientOutcome::refused);
  EXPECT_THAT(without.err, HasSubstr("SIGHUP reloads without a token"));
  EXPECT_EQ(run(plain_reload, target_of(admin, "secret")).outcome, ClientOutcome::done);
}

TEST(Client, TheTokenComesFromTheOptionOrTheEnvironment) {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here
  ::unsetenv("WEIR_ADMIN_TOKEN");
  EXPECT_EQ(admin_token(""), "");
  ::setenv("WEIR_ADMIN_TOKEN", "from environment", 1);
  EXPECT_EQ(admin_token(""), "from environment");
  EXPECT_EQ(admin_token("given"), "given");
  ::unsetenv("WEIR_ADMIN_TOKEN");
  // NOLINTEND(concurrency-mt-unsafe)
}

TEST(Client, NothingListens) {
  AdminTarget target;
  {
    asio::io_context io;
    const asio::ip::tcp::acceptor free_port(io, {asio::ip::address_v4::loopback(), 0});
    target.address = "127.0.0.1:" + std::to_string(free_port.local_endpoint().port());
  }
  for (const auto command : {show_status, plain_reload}) {
    const Printed printed = run(command, target);
    EXPECT_EQ(printed.outcome, ClientOutcome::unreachable);
    EXPECT_THAT(printed.err, HasSubstr("weir: admin address " + target.address + ": "));
  }
}

TEST(Client, AddressesThatAreNone) {
  for (const char* address : {"", "localhost", ":9900", "127.0.0.1:", "9900"}) {
    const auto answer = call_admin({address, ""}, "GET", "/");
    ASSERT_TRUE(answer.has_error()) << address;
    EXPECT_EQ(answer.error().kind, ErrorKind::connect_failed) << address;
  }
}

TEST(Client, SilenceIsATimeout) {
  asio::io_context io;
  const asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  const AdminTarget target{"127.0.0.1:" + std::to_string(silent.local_endpoint().port()), ""};
  const auto answer = call_admin(target, "GET", "/", Milliseconds(50));
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::connect_timeout);
}

TEST(Client, AnswersThatAreNotWeirs) {
  for (const char* bytes : {"hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", ""}) {
    const OneAnswer other(bytes);
    const Printed printed = run(show_status, other.target());
    EXPECT_EQ(printed.outcome, ClientOutcome::unreachable) << bytes;
    EXPECT_NE(printed.err, "") << bytes;
  }
  const OneAnswer page("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\npage");
  const Printed printed = run(plain_reload, page.target());
  EXPECT_EQ(printed.outcome, ClientOutcome::refused);
  EXPECT_EQ(printed.err, "weir: the admin address answered with status 404\n");
}

// Scripts decide by the outcome whether to try again.
TEST(Client, ARefusalIsNotSilence) {
  const OneAnswer busy("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  const Printed printed = run(show_status, busy.target());
  EXPECT_EQ(printed.outcome, ClientOutcome::refused);
  EXPECT_EQ(printed.err, "weir: the admin address answered with status 503\n");
}

TEST(StatusText, OtherShapesAreRecognised) {
  for (const char* text : {"{}", R"({"version":1})", R"({"version":"1","commit":"2","state":"ready"})"}) {
    EXPECT_EQ(status_text(json::parse(text).as_object()), std::nullopt) << text;
  }
}

TEST(StatusText, LastChecksHaveATableOfTheirOwn) {
  const char* const endpoint =
      R"("weight":1,"in_flight":0,"requests":0,"failures":0,"connections":{"active":0,"idle":0})";
  const auto shown = [&](const std::string& check) {
    const std::string status =
        R"({"version":"1","commit":"2","state":"ready","uptime_seconds":1,"pid":3,"workers":1,)"
        R"("config":{"generation":1,"hash":"f","last_reload":{"success":true,"at":"T"}},)"
        R"("requests":{"total":0,"in_flight":0},"listeners":[],"overload":{"bounds":{}},)"
        R"("upstreams":[{"name":"blue","panic":false,"endpoints":[)"
        R"({"address":"10.0.0.1:80","state":"check_failed",)" +
        std::string(endpoint) + check + "}]}]}";
    return status_text(json::parse(status).as_object()).value_or("nothing");
  };
  EXPECT_THAT(shown(""), testing::Not(HasSubstr("LAST CHECK")));
  EXPECT_THAT(shown(R"(,"check":{"at":"T","result":"failed","detail":"status 503","ms":1.5,"in_a_row":4})"),
              HasSubstr("UPSTREAM  ENDPOINT     LAST CHECK  DETAIL      IN A ROW  AT\n"
                        "blue      10.0.0.1:80  failed      status 503  4         T\n"));
}

// A reason is whatever somebody typed, and an older Weir took all of it.
TEST(TerminalText, ControlCharactersOfOthersAreEscapes) {
  EXPECT_EQ(terminal_text("a\xc2\x9b"
                          "2J\x1b[m\tb\nc caf\xc3\xa9\n"),
            "a\\u009b2J\\u001b[m\\tb\nc caf\xc3\xa9\n");
  EXPECT_EQ(terminal_text(""), "");
  const json::object pause{{"route", "api"},
                           {"state", "paused"},
                           {"waiting", 1},
                           {"queue", 2},
                           {"seconds_left", 3},
                           {"who", "a\x1b[2J"},
                           {"reason",
                            "b\xc2\x9b"
                            "2J"}};
  EXPECT_EQ(pause_line(pause),
            "api: paused, 1 of at most 2 requests wait, goes on in 3 s; by a\\u001b[2J: b\\u009b2J");
  const std::string split =
      R"({"route":"api","tag":"t","source":"runtime","affinity":"none","targets":[],"who":"x\u001b","since":"T",)"
      R"("reason":"\u009b","persistent":true})";
  EXPECT_THAT(split_text(split).value_or(""), HasSubstr("set by x\\u001b at T: \\u009b\n"));
}

TEST(StatusText, Uptime) {
  EXPECT_EQ(uptime_text(0), "0s");
  EXPECT_EQ(uptime_text(59), "59s");
  EXPECT_EQ(uptime_text(60), "1m 0s");
  EXPECT_EQ(uptime_text(3'599), "59m 59s");
  EXPECT_EQ(uptime_text(3'600), "1h 0m");
  EXPECT_EQ(uptime_text(86'399), "23h 59m");
  EXPECT_EQ(uptime_text(200'000), "2d 7h");
}

TEST(TextTable, ColumnsLineUp) {
  TextTable table({"A", "LONG", "C"});
  table.add({"caf\xc3\xa9", "1", ""});
  table.add({"x", "2", "last"});
  EXPECT_EQ(table.text(), "A     LONG  C\ncaf\xc3\xa9  1\nx     2     last\n");
}

TEST(TextTable, ControlCharactersAreShown) {
  TextTable table({"A"});
  table.add({"\x1b[2J\n"});
  EXPECT_EQ(table.text(), "A\n\\u001b[2J\\n\n");
}

}  // namespace
}  // namespace weir::control
