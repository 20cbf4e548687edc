// `weir run --watch`: a changed file is noticed by itself, however it was changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;

std::string answering(const std::string& body) {
  ConfigText config = config_for("127.0.0.1:1");
  config.routes = {"{ name: fixed, match: { path_prefix: / }, respond: { body: \"" + body + "\" } }"};
  config.default_route = false;
  return config.yaml();
}

WeirProcess::Options watching() {
  WeirProcess::Options options;
  options.arguments = {"--watch"};
  return options;
}

void expect_body(const WeirProcess& weir, const std::string& body) {
  eventually("the answer is " + body, [&] { return weir.get("/").body == body; });
}

TEST(Watch, AWriteAndARenameAreNoticed) {
  WeirProcess weir(answering("one"), watching());
  expect_body(weir, "one");
  weir.write_config(answering("two"));
  expect_body(weir, "two");
  // As editors save: a new file over the old one.
  fs::rename(weir.directory().write(".weir.yaml.new", answering("three")), weir.config_file());
  expect_body(weir, "three");
  // And aside first.
  fs::rename(weir.config_file(), weir.directory().file("weir.yaml~"));
  weir.write_config(answering("four"));
  expect_body(weir, "four");
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
}

TEST(Watch, ABadFileKeepsTheOldConfigurationUntilItIsMended) {
  WeirProcess weir(answering("good"), watching());
  weir.write_config("routes: [");
  weir.wait_for_metric("weir_config_last_reload_success", "", 0);
  EXPECT_EQ(weir.get("/").body, "good");
  EXPECT_EQ(weir.metric("weir_config_generation"), 1);
  weir.write_config(answering("better"));
  expect_body(weir, "better");
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
  EXPECT_EQ(weir.metric("weir_config_generation"), 2);
}

TEST(Watch, ASwappedLinkIsNoticedAsKubernetesMakesIt) {
  const TempDir volume;
  const auto publish = [&volume](const std::string& version) {
    fs::create_directory(volume.file(version));
    volume.write(version + "/weir.yaml", answering(version));
    fs::create_directory_symlink(version, volume.file("..data_tmp"));
    fs::rename(volume.file("..data_tmp"), volume.file("..data"));
  };
  publish("v1");
  fs::create_symlink("..data/weir.yaml", volume.file("weir.yaml"));
  WeirProcess::Options options = watching();
  options.arguments.insert(options.arguments.end(), {"-c", volume.file("weir.yaml")});
  WeirProcess weir(answering("base"), options);
  expect_body(weir, "v1");
  for (const char* version : {"v2", "v3", "v4"}) {
    publish(version);
    expect_body(weir, version);
  }
}

TEST(Watch, CertificatesAndBodiesAreNoticed) {
  const TempDir directory;
  const TestCa ca;
  LeafOptions leaf;
  leaf.common_name = "first";
  const CertificateFiles files = ca.issue_files(directory, "site", leaf);
  ConfigText config = config_for("127.0.0.1:1");
  config.listeners = {tls_listener(files.cert, files.key)};
  config.routes = {"{ name: page, match: { path_prefix: / }, respond: { body_file: \"" +
                   directory.write("page.html", "old page") + "\" } }"};
  config.default_route = false;
  WeirProcess weir(config.yaml(), watching());
  expect_body(weir, "old page");
  directory.write("page.html", "new page");
  expect_body(weir, "new page");
  TlsClientOptions tls;
  tls.ca_file = directory.write("ca.crt", ca.pem());
  leaf.common_name = "second";
  ca.issue_files(directory, "site", leaf);
  eventually("the new certificate is used", [&] { return weir.connect_tls(tls).peer_name() == "second"; });
  weir.process().wait_for_error_text("listeners: kept 1, changed 1");
}

TEST(Watch, AFileThatWasOnlyTouchedStartsNothing) {
  WeirProcess weir(answering("same"), watching());
  weir.write_config(answering("same"));
  weir.write_config(answering("other"));
  expect_body(weir, "other");
  const double generation = weir.metric("weir_config_generation");
  weir.write_config(answering("other"));
  fs::last_write_time(weir.config_file(), fs::file_time_type::clock::now());
  weir.write_config(answering("last"));
  expect_body(weir, "last");
  EXPECT_EQ(weir.metric("weir_config_generation"), generation + 1);
}

TEST(Watch, WithoutItNothingHappensByItself) {
  WeirProcess weir(answering("one"));
  weir.write_config(answering("two"));
  EXPECT_EQ(weir.get("/").body, "one");
  weir.signal(SIGHUP);
  expect_body(weir, "two");
}

}  // namespace
}  // namespace weir::testing
