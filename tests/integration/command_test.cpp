// The command line: exit codes, messages, and what `check`, `explain` and `version` say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

class Command : public ::testing::Test {
 protected:
  Finished weir(std::vector<std::string> arguments) {
    ProcessOptions options;
    options.arguments = std::move(arguments);
    options.working_directory = directory_.path().string();
    return run_to_end(weir_binary(), std::move(options));
  }
  std::string config(const std::string& yaml) { return directory_.write("weir.yaml", yaml); }

  TempDir directory_;
};

TEST_F(Command, VersionAndHelp) {
  const Finished version = weir({"version"});
  EXPECT_EQ(version.status, (ExitStatus{0, 0}));
  EXPECT_THAT(version.output, HasSubstr("weir"));
  const Finished verbose = weir({"version", "-v"});
  EXPECT_EQ(verbose.status, (ExitStatus{0, 0}));
  for (const char* part : {"compiler: ", "openssl 3.", "nghttp2 1.", "tls groups: "})
    EXPECT_THAT(verbose.output, HasSubstr(part));
  EXPECT_THAT(weir({"version", "-v", "--json"}).output, HasSubstr(R"("libraries":{"openssl":"3.)"));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"run", "--help"}, {"check", "--help"}, {"explain", "--help"}}) {
    const Finished help = weir(arguments);
    EXPECT_EQ(help.status, (ExitStatus{0, 0}));
    EXPECT_FALSE(help.output.empty());
  }
}

TEST_F(Command, WrongUsageIsTwo) {
  EXPECT_EQ(weir({"no-such-command"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(weir({"run", "--no-such-option"}).status, (ExitStatus{2, 0}));
  EXPECT_EQ(weir({"explain"}).status, (ExitStatus{2, 0}));
}

TEST_F(Command, AnUnknownCommandIsNamed) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"foo"}, {"foo", "--json"}, {"foo", "run"}}) {
    const Finished result = weir(arguments);
    EXPECT_EQ(result.status, (ExitStatus{2, 0}));
    EXPECT_THAT(result.errors, HasSubstr("unknown command 'foo'"));
    EXPECT_EQ(result.output, "");
  }
}

TEST_F(Command, CheckAcceptsAGoodConfig) {
  const Finished result = weir({"check", "-c", config(config_for("127.0.0.1:1").yaml())});
  EXPECT_EQ(result.status, (ExitStatus{0, 0})) << result.errors;
}

TEST_F(Command, CheckWarnsOfCertificatesThatClientsRefuse) {
  const TestCa ca;
  LeafOptions expired, early, good;
  expired.common_name = "old";
  expired.valid_from = -std::chrono::hours(48);
  expired.valid_until = -std::chrono::hours(24);
  early.common_name = "early";
  early.valid_from = std::chrono::hours(24);
  early.valid_until = std::chrono::hours(48);
  good.common_name = "good";
  ConfigText text = config_for("127.0.0.1:1");
  for (const LeafOptions& options : {expired, early, good}) {
    const CertificateFiles files = ca.issue_files(directory_, options.common_name, options);
    text.listeners.push_back(tls_listener(files.cert, files.key, "", "on_" + options.common_name));
  }
  const std::string file = config(text.yaml());
  const Finished plain = weir({"check", "-c", file});
  EXPECT_EQ(plain.status, (ExitStatus{0, 0})) << "they are served all the same: " << plain.errors;
  EXPECT_THAT(plain.errors, HasSubstr("warning: listener on_old: certificate old expired on 20"));
  EXPECT_THAT(plain.errors,
              HasSubstr("warning: listener on_early: certificate early is not valid before 20"));
  EXPECT_THAT(plain.errors, ::testing::Not(HasSubstr("on_good")));
  const Finished json = weir({"check", "--json", "-c", file});
  EXPECT_EQ(json.status, (ExitStatus{0, 0}));
  EXPECT_EQ(boost::json::parse(json.output).as_object().at("warnings").as_array().size(), 2U) << json.output;
}

TEST_F(Command, CheckWarnsOfEndpointsThatAreTheAdminAddress) {
  ConfigText text = config_for("localhost:9900");
  text.admin = "address: \"127.0.0.1:9900\"";
  const std::string file = config(text.yaml());
  const Finished plain = weir({"check", "-c", file});
  EXPECT_EQ(plain.status, (ExitStatus{0, 0})) << plain.errors;
  EXPECT_THAT(plain.errors, HasSubstr("warning: upstream app: localhost:9900 is admin.address of this Weir"));
  const Finished json = weir({"check", "--json", "-c", file});
  EXPECT_EQ(json.status, (ExitStatus{0, 0}));
  EXPECT_EQ(boost::json::parse(json.output).as_object().at("warnings").as_array().size(), 1U) << json.output;
}

/// What the unit's ExecReload runs.
TEST_F(Command, ReloadWithTheFilesFailsWhenTheyAreRefused) {
  WeirProcess running(config_for("127.0.0.1:1"));
  ConfigText asked = config_for("127.0.0.1:1");
  asked.admin = "address: \"127.0.0.1:" + std::to_string(running.admin_port()) + "\"";
  const std::string file = config(asked.yaml());
  const Finished good = weir({"reload", "-c", file});
  EXPECT_EQ(good.status, (ExitStatus{0, 0})) << good.errors;
  EXPECT_THAT(good.output, HasSubstr("reloaded: generation 2"));

  running.write_config("listeners: 7\n");  // the running one reads its own files
  const Finished refused = weir({"reload", "-c", file});
  EXPECT_EQ(refused.status, (ExitStatus{1, 0}));
  EXPECT_THAT(refused.errors, HasSubstr("listeners"));

  const Finished not_asked = weir({"reload", "-c", config("listeners: 7\n")});
  EXPECT_EQ(not_asked.status, (ExitStatus{1, 0}));
  EXPECT_THAT(not_asked.errors, HasSubstr("weir.yaml:1:"));
  EXPECT_EQ(running.stop(), (ExitStatus{0, 0}));
}

TEST_F(Command, CheckFindsWhatWouldFailOnlyAtTheStart) {
  ConfigText bad = config_for("127.0.0.1:1");
  bad.log = "output: \"nowhere/error.log\", access: { output: \"good.log\" }";
  bad.listeners = {"wide: { address: \"0.0.0.0:18080\" }", "narrow: { address: \"127.0.0.1:18080\" }"};
  const Finished result = weir({"check", "-c", config(bad.yaml())});
  EXPECT_EQ(result.status, (ExitStatus{1, 0}));
  EXPECT_THAT(result.errors,
              HasSubstr("weir.yaml:3:16: log.output: cannot make 'nowhere/error.log': 'nowhere/': "
                        "No such file or directory"));
  EXPECT_THAT(result.errors,
              HasSubstr("listeners.narrow.address: 127.0.0.1:18080 is part of 0.0.0.0:18080, the "
                        "address of listener 'wide'"));
  EXPECT_THAT(result.errors, HasSubstr("2 problems"));
}

TEST_F(Command, CheckReportsEveryProblemWithItsPlace) {
  ConfigText bad = config_for("127.0.0.1:99999");
  bad.server = "workers: many, shutdown_timeout: 5 parsecs";
  bad.app = "balanse: round_robin";
  bad.route = "upstream: nowhere";
  const Finished result = weir({"check", "-c", config(bad.yaml())});
  EXPECT_EQ(result.status, (ExitStatus{1, 0}));
  for (const char* part :
       {"weir.yaml:1:", "server.workers", "server.shutdown_timeout", "balanse", "did you mean"}) {
    EXPECT_THAT(result.errors, HasSubstr(part));
  }
}

TEST_F(Command, KeysOfLaterVersionsAreRefused) {
  for (const std::string key : {"compress: {}", "queue: {}"}) {
    const Finished result = weir({"check", "-c", config(config_for("127.0.0.1:1").yaml() + key + "\n")});
    EXPECT_EQ(result.status, (ExitStatus{1, 0})) << key;
    EXPECT_THAT(result.errors, HasSubstr(key.substr(0, key.find(':'))));
  }
}

TEST_F(Command, RunStartsNothingOnABadConfig) {
  const Finished result = weir({"run", "-c", config("listeners: {}\n")});
  EXPECT_EQ(result.status, (ExitStatus{1, 0}));
  EXPECT_THAT(result.errors, HasSubstr("weir.yaml:"));
  EXPECT_THAT(result.output, ::testing::Not(HasSubstr("weir ready")));
}

TEST_F(Command, AMissingFileIsWrongInput) {
  EXPECT_EQ(weir({"check", "-c", "nowhere.yaml"}).status, (ExitStatus{1, 0}));
  EXPECT_EQ(weir({"run", "-c", "nowhere.yaml"}).status, (ExitStatus{1, 0}));
}

TEST_F(Command, AnAddressThatCannotBeHadIsThree) {
  std::uint16_t port = 0;
  const UniqueFd taken = listen_tcp(port);
  ConfigText text = config_for("127.0.0.1:1");
  text.admin = "address: \"127.0.0.1:" + std::to_string(port) + "\"";
  const Finished result = weir({"run", "-c", config(text.yaml())});
  EXPECT_EQ(result.status, (ExitStatus{3, 0}));
  EXPECT_THAT(result.errors, HasSubstr(std::to_string(port)));
}

TEST_F(Command, LayersAndTheEnvironmentAreMerged) {
  const std::string base = config(config_for("127.0.0.1:1").yaml());
  const std::string layer =
      directory_.write("layer.yaml", "server:\n  workers: ${WEIR_TEST_WORKERS:-nonsense}\n");
  EXPECT_EQ(weir({"check", "-c", base, "-c", layer}).status, (ExitStatus{1, 0}));
  ProcessOptions options;
  options.arguments = {"check", "-c", base, "-c", layer};
  options.environment = {{"WEIR_TEST_WORKERS", "3"}};
  EXPECT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{0, 0}));
  options.environment["WEIR__SERVER__WORKERS"] = "few";
  EXPECT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{1, 0}));
}

TEST_F(Command, ExplainShowsRouteAndUpstream) {
  ConfigText text = config_for("127.0.0.1:9");
  text.routes = {"{ name: api, match: { path_prefix: /api }, upstream: app }",
                 "{ name: gone, match: { path: /old }, redirect: { to: /new, status: 301 } }"};
  const std::string file = config(text.yaml());
  const Finished api = weir({"explain", "-c", file, "GET", "http://example.test/api/x"});
  EXPECT_EQ(api.status, (ExitStatus{0, 0})) << api.errors;
  EXPECT_THAT(api.output, HasSubstr("api"));
  EXPECT_THAT(api.output, HasSubstr("app"));
  const Finished gone = weir({"explain", "-c", file, "GET", "http://example.test/old"});
  EXPECT_THAT(gone.output, HasSubstr("gone"));
  EXPECT_THAT(gone.output, HasSubstr("/new"));
}

}  // namespace
}  // namespace weir::testing
