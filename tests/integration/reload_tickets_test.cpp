// Ticket keys belong to the configuration in force: a refused one does not touch them, an accepted one replaces them.
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

class ReloadTickets : public ::testing::Test {
 protected:
  ReloadTickets() {
    tls_.ca_file = directory_.write("ca.crt", ca_.pem());
    files_ = ca_.issue_files(directory_, "site");
  }

  ConfigText with_key(char fill) {
    const std::string file = directory_.write(std::string("ticket-") + fill, std::string(80, fill));
    ConfigText config = config_for(endpoint_.address());
    config.listeners = {tls_listener(files_.cert, files_.key, "ticket_keys: [ \"" + file + "\" ]")};
    return config;
  }

  /// Connects with the session of the connection before; returns whether it was resumed.
  bool resumes(const WeirProcess& weir) {
    RawClient client = weir.connect_tls(tls_);
    EXPECT_EQ(client.get("/").status, 200);
    tls_.session = client.session();
    const bool reused = client.session_reused();
    client.close();
    return reused;
  }

  TempDir directory_;
  TestCa ca_;
  CertificateFiles files_;
  TlsClientOptions tls_;
  ScriptableEndpoint endpoint_{behave::ok()};
};

TEST_F(ReloadTickets, ARefusedReloadLeavesThemAlone) {
  WeirProcess weir(with_key('a'));
  EXPECT_FALSE(resumes(weir));
  EXPECT_TRUE(resumes(weir));
  // Right in itself, and it gets as far as the sockets: one of them cannot be had.
  std::uint16_t port = 0;
  const UniqueFd taken = listen_tcp(port);
  ConfigText refused = with_key('b');
  refused.listeners.push_back("extra: { address: \"127.0.0.1:" + std::to_string(port) + "\" }");
  weir.reload_refused(refused.yaml());
  EXPECT_TRUE(resumes(weir));
  EXPECT_TRUE(resumes(weir));
}

TEST_F(ReloadTickets, AnAcceptedReloadReplacesThem) {
  WeirProcess weir(with_key('a'));
  EXPECT_FALSE(resumes(weir));
  weir.reload(with_key('b'));
  EXPECT_FALSE(resumes(weir));
  EXPECT_TRUE(resumes(weir));
  weir.reload(with_key('b'));
  EXPECT_TRUE(resumes(weir));
}

}  // namespace
}  // namespace weir::testing
