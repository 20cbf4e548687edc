// `weir diff` with logs that a running Weir wrote: the requests whose outcome a change would alter are those that the
// changed process then treats otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

Finished diff(std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = {"diff"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(weir_binary(), std::move(options));
}

constexpr const char* logged_line =
    R"({"ts":"2026-01-31T23:59:59.123Z","listener":"http","client_ip":"127.0.0.1","client_port":9,)"
    R"("method":"GET","host":"a.test","path":"/","query":"\u009b2Jx\u001b[31m","route":"all",)"
    R"("upstream":"app","status":200})"
    "\n";

class Diff : public ::testing::Test {
 protected:
  ConfigText config() const {
    ConfigText text = config_for(blue_.address());
    text.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ] }"};
    text.access = "office: { allow: [10.0.0.0/8] }";
    return text;
  }
  std::string file(const std::string& name, const ConfigText& text) {
    return directory_.write(name, text.yaml());
  }

  ScriptableEndpoint blue_{behave::ok("blue")}, green_{behave::ok("green")};
  TempDir directory_;
};

TEST_F(Diff, KeysWithoutALog) {
  ConfigText changed = config();
  changed.route = "max_in_flight: 7";
  const std::string old = file("old.yaml", config()), now = file("new.yaml", changed);
  const Finished shown = diff({old, now});
  EXPECT_EQ(shown.status, (ExitStatus{0, 0})) << shown.errors;
  EXPECT_THAT(shown.output, HasSubstr("routes.all.max_in_flight: 0 -> 7\n"));
  EXPECT_THAT(shown.output, HasSubstr("routes: kept 0, changed 1, removed 0, added 0"));
  EXPECT_EQ(diff({"--exit-code", old, now}).status, (ExitStatus{6, 0}));
  const Finished same = diff({"--exit-code", old, old});
  EXPECT_EQ(same.status, (ExitStatus{0, 0}));
  EXPECT_EQ(same.output, "no key differs\n");
  const auto json = boost::json::parse(diff({"--json", old, now}).output);
  EXPECT_EQ(json.at("changes").at(0).at("path"), "routes.all.max_in_flight");
  EXPECT_EQ(json.at("changes").at(0).at("new"), 7);
  EXPECT_FALSE(json.as_object().contains("replay"));
}

TEST_F(Diff, LayersAreOneSide) {
  const std::string layer = directory_.write("layer.yaml", "server: { workers: 3 }\n");
  const std::string old = file("old.yaml", config());
  EXPECT_THAT(diff({old, old + "," + layer}).output, ::testing::StartsWith("server.workers: 2 -> 3\n"));
}

TEST_F(Diff, WrongInputIsSaid) {
  const std::string good = file("good.yaml", config()), bad = directory_.write("bad.yaml", "listeners: 7\n");
  EXPECT_EQ(diff({good, bad}).status, (ExitStatus{1, 0}));
  EXPECT_THAT(diff({good, bad}).errors, HasSubstr("bad.yaml:1:"));
  const Finished no_log = diff({good, good, "--replay", "/no/such/log"});
  EXPECT_EQ(no_log.status, (ExitStatus{1, 0}));
  EXPECT_THAT(no_log.errors, HasSubstr("/no/such/log: No such file or directory"));
  EXPECT_EQ(diff({good}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(diff({good, good, "--examples", "-1"}).status, (ExitStatus{2, 0}));
}

/// The log of a real process, then the same requests to one with the new configuration.
TEST_F(Diff, ReplayForetellsWhatTheChangedProcessDoes) {
  ConfigText changed = config();
  changed.routes = {"{ name: api, match: { path_prefix: /api }, upstream: green }",
                    "{ name: closed, match: { path: /admin }, upstream: app, access: [office] }",
                    "{ name: old, match: { path: /old }, redirect: { to: /new } }"};
  const std::vector<std::string> paths{"/", "/api/1", "/api/2", "/admin", "/old", "/x//../y", "/%00", "/api"};
  ConfigText logging = config();
  const std::string log = directory_.path().string() + "/access.log";
  logging.log = "access: { output: \"" + log + "\" }";
  std::vector<std::string> before, after;
  const auto seen = [](const Response& response) { return std::to_string(response.status) + response.body; };
  {
    WeirProcess weir(logging);
    for (const std::string& path : paths) before.push_back(seen(weir.get(path)));
    EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
  }
  WeirProcess weir(changed);
  for (const std::string& path : paths) after.push_back(seen(weir.get(path)));
  std::int64_t differ = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) differ += before[i] != after[i] ? 1 : 0;
  EXPECT_EQ(differ, 5);

  const std::string old = file("old.yaml", config()), now = file("new.yaml", changed);
  const Finished shown = diff({"--json", old, now, "--replay", log, "--exit-code"});
  EXPECT_EQ(shown.status, (ExitStatus{6, 0})) << shown.errors;
  const auto replay = boost::json::parse(shown.output).at("replay");
  EXPECT_EQ(replay.at("requests"), static_cast<std::int64_t>(paths.size()));
  EXPECT_EQ(replay.at("different"), differ);
  EXPECT_EQ(replay.at("unknown"), 0);
  EXPECT_EQ(replay.at("misfits"), 0);
  EXPECT_EQ(replay.at("unreadable"), 0);
  EXPECT_EQ(replay.at("kinds").at("upstream").at("requests"), 3);
  EXPECT_EQ(replay.at("kinds").at("access").at("requests"), 1);
  EXPECT_EQ(replay.at("kinds").at("answer").at("requests"), 1);
  const Finished text = diff({old, now, "--replay", log});
  EXPECT_THAT(text.output, HasSubstr("  different             5   62.5000 %\n"));
  EXPECT_THAT(text.output, HasSubstr("      new  403 by access list office, route closed\n"));
}

TEST_F(Diff, ALogFromTheStandardInputWithLinesThatAreNone) {
  const std::string old = file("old.yaml", config());
  ProcessOptions options;
  options.arguments = {"-c", "(echo 'no line'; cat " + directory_.write("access.log", logged_line) + ") | " +
                                 weir_binary() + " diff " + old + " " + old + " --replay -"};
  const Finished shown = run_to_end("/bin/sh", std::move(options));
  EXPECT_EQ(shown.status, (ExitStatus{0, 0})) << shown.errors;
  EXPECT_THAT(shown.output, HasSubstr("replay of -: 2 lines, 1 requests, "));
  EXPECT_THAT(shown.output, HasSubstr("  1 lines cannot be read, the first is line 1: it is no JSON\n"));
}

// A log that says nothing must not look like one that says that nothing differs.
TEST_F(Diff, WhatIsNoAccessLogIsAnError) {
  const std::string old = file("old.yaml", config());
  const auto replay = [&](const std::string& content) {
    return diff({old, old, "--exit-code", "--replay", directory_.write("access.log", content)});
  };
  const Finished none = replay("no line\n{}\n");
  EXPECT_EQ(none.status, (ExitStatus{1, 0}));
  EXPECT_THAT(none.errors,
              HasSubstr("access.log: none of its 2 lines is one of an access log of Weir, line 1: it is "
                        "no JSON\n"));
  const Finished packed = replay(std::string("\x1f\x8b\x08\0\0\0", 6));
  EXPECT_EQ(packed.status, (ExitStatus{1, 0}));
  EXPECT_THAT(packed.errors, HasSubstr("access.log: it is compressed; write gzip -dc "));
  const std::string folder = directory_.path().string();
  const Finished no_file = diff({old, old, "--replay", folder});
  EXPECT_EQ(no_file.status, (ExitStatus{1, 0}));
  EXPECT_THAT(no_file.errors, HasSubstr(folder + ": Is a directory"));
  EXPECT_EQ(replay(std::string(logged_line) + "cut off\n").status, (ExitStatus{6, 0})) << "it may differ";
  EXPECT_EQ(replay(logged_line).status, (ExitStatus{0, 0}));
  EXPECT_EQ(replay("").status, (ExitStatus{0, 0}));
}

TEST_F(Diff, AnOutputThatIsLostIsNoSuccess) {
  const std::string old = file("old.yaml", config());
  ProcessOptions options;
  options.arguments = {"-c", weir_binary() + " diff " + old + " " + old + " > /dev/full"};
  const Finished lost = run_to_end("/bin/sh", std::move(options));
  EXPECT_EQ(lost.status, (ExitStatus{3, 0}));
  EXPECT_THAT(lost.errors,
              HasSubstr("weir diff: the standard output takes no more: No space left on device\n"));
}

TEST_F(Diff, WhatClientsSentDoesNotReachTheTerminal) {
  ConfigText changed = config();
  changed.default_route = false;
  changed.routes = {"{ name: all, upstream: green }"};
  const std::string old = file("old.yaml", config()), now = file("new.yaml", changed);
  const Finished shown = diff({old, now, "--replay", directory_.write("access.log", logged_line)});
  EXPECT_THAT(shown.output, HasSubstr("GET a.test/?\\u009b2Jx\\u001b[31m, client 127.0.0.1\n"));
  EXPECT_EQ(shown.output.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.output.find("\xc2\x9b"), std::string::npos);
}

}  // namespace
}  // namespace weir::testing
