// certs/make-dev-certs.sh makes what the quickstart serves: run it, then shake hands with its files.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/process.hpp"
#include "tls/certificate.hpp"
#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

class DevCertificates : public ::testing::Test {
 protected:
  testing::TempDir directory_;

  int make(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--dir", directory_.path().string()});
    testing::ProcessOptions options;
    options.arguments = std::move(arguments);
    return testing::run_to_end(WEIR_SOURCE_DIR "/certs/make-dev-certs.sh", options).status.code;
  }
  config::CertificatePair pair(const std::string& base) {
    return {directory_.file(base + ".crt"), directory_.file(base + ".key")};
  }
};

TEST_F(DevCertificates, ServeLocalhostInAllItsForms) {
  ASSERT_EQ(make({}), 0);
  config::ListenerTls listener;
  listener.certificates = {pair("localhost")};
  const auto server = ServerContext::build(listener, std::make_shared<TicketKeys>());
  ASSERT_TRUE(server) << server.error().detail;
  config::UpstreamTls upstream;
  upstream.ca = directory_.file("ca.crt");
  const auto client = ClientContext::build(upstream);
  ASSERT_TRUE(client) << client.error().detail;
  for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
    const Handshake result = shake(join((*server)->new_session(), (*client)->new_session(host)));
    EXPECT_TRUE(result.ok()) << host << ": " << result.client.text;
  }
}

TEST_F(DevCertificates, KeysAreTheirOwnersAlone) {
  ASSERT_EQ(make({}), 0);
  for (const char* key : {"ca.key", "localhost.key"}) {
    struct stat facts {};
    ASSERT_EQ(::stat(directory_.file(key).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << key;
  }
}

TEST_F(DevCertificates, WhatIsValidIsKept) {
  ASSERT_EQ(make({}), 0);
  const std::string ca = directory_.read("ca.crt");
  const std::string leaf = directory_.read("localhost.crt");
  ASSERT_EQ(make({"--name", "a.test", "--name", "*.b.test"}), 0);
  EXPECT_EQ(directory_.read("ca.crt"), ca);
  EXPECT_EQ(directory_.read("localhost.crt"), leaf);
  EXPECT_EQ(check_certificate(pair("a.test")), std::nullopt);
  EXPECT_EQ(load_certificate(pair("wildcard.b.test")).value().names.front(), "*.b.test");
  directory_.write("localhost.key", directory_.read("a.test.key"));  // no longer a pair
  ASSERT_EQ(make({}), 0);
  EXPECT_EQ(directory_.read("ca.crt"), ca);
  EXPECT_EQ(check_certificate(pair("localhost")), std::nullopt);
  ASSERT_EQ(make({"--force"}), 0);
  EXPECT_NE(directory_.read("ca.crt"), ca);
}

TEST_F(DevCertificates, OddArgumentsAreRefused) {
  EXPECT_EQ(make({"--name", "../x"}), 2);
  EXPECT_EQ(make({"--name", "ca"}), 2);
  EXPECT_EQ(make({"--unknown"}), 2);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("ca.crt")));
}

}  // namespace
}  // namespace weir::tls
