#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

using ::testing::HasSubstr;

struct Endpoint {
  std::shared_ptr<ServerContext> server;
  explicit Endpoint(Scene& scene, const config::CertificatePair& certificate) {
    config::ListenerTls settings;
    settings.certificates = {certificate};
    server = scene.server(settings);
  }
};

struct Case {
  const char* what;
  std::vector<std::string> dns, addresses;
  std::string host;
  std::string server_name;
  Outcome want;
  const char* text = "";
};

TEST(ClientContext, VerifiesWhomItTalksTo) {
  Scene scene;
  const Outcome ok = Outcome::done;
  const Outcome refused = Outcome::certificate;
  const std::vector<Case> cases{
      {"the name", {"app.test"}, {}, "app.test", "", ok},
      {"the name in capitals", {"app.test"}, {}, "APP.test", "", ok},
      {"the name with the root's dot", {"app.test"}, {}, "app.test.", "", ok},
      {"one of several", {"x.test", "app.test"}, {}, "app.test", "", ok},
      {"a wildcard", {"*.test.example"}, {}, "app.test.example", "", ok},
      {"a wildcard over two labels", {"*.example"}, {}, "app.test.example", "", refused, "ostname mismatch"},
      {"a partial wildcard", {"a*.test.example"}, {}, "app.test.example", "", refused, "ostname mismatch"},
      {"another name", {"app.test"}, {}, "other.test", "", refused, "ostname mismatch"},
      {"the address", {}, {"127.0.0.1"}, "127.0.0.1", "", ok},
      {"the IPv6 address", {}, {"::1"}, "::1", "", ok},
      {"another address", {}, {"127.0.0.2"}, "127.0.0.1", "", refused, "IP address mismatch"},
      {"a name for an address", {"127.0.0.1"}, {}, "127.0.0.1", "", refused, "IP address mismatch"},
      {"server_name over the host", {"app.test"}, {}, "10.0.0.1", "app.test", ok},
      {"server_name that is wrong", {"app.test"}, {}, "app.test", "x.test", refused, "ostname mismatch"},
      {"server_name is an address", {}, {"127.0.0.1"}, "app.test", "127.0.0.1", ok},
  };
  int number = 0;
  for (const Case& c : cases) {
    testing::LeafOptions leaf;
    leaf.dns = c.dns;
    leaf.addresses = c.addresses;
    leaf.common_name = c.host;  // never looked at
    const Endpoint endpoint(scene, scene.certificate(std::to_string(++number), leaf));
    auto settings = scene.upstream();
    settings.server_name = c.server_name;
    const auto client = scene.client(settings);
    const Ends ends = join(endpoint.server->new_session(), client->new_session(c.host));
    const Handshake result = shake(ends);
    EXPECT_EQ(result.client.outcome, c.want) << c.what << ": " << result.client.text;
    EXPECT_THAT(result.client.text, HasSubstr(c.text)) << c.what;
    if (c.want == refused) {
      EXPECT_EQ(result.server.outcome, Outcome::certificate) << c.what;
    }
  }
}

TEST(ClientContext, SendsNamesAndNeverAddresses) {
  Scene scene;
  auto settings = scene.upstream();
  settings.verify = false;
  const auto client = scene.client(settings);
  const Endpoint endpoint(scene, scene.named({"localhost"}));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"app.test", "app.test"}, {"app.test.", "app.test"}, {"127.0.0.1", ""}, {"::1", ""}};
  for (const auto& [host, sni] : cases) {
    const Ends ends = join(endpoint.server->new_session(), client->new_session(host));
    EXPECT_TRUE(shake(ends).ok()) << host;
    EXPECT_EQ(peer(ends.server.get()).sni, sni);
    EXPECT_EQ(peer(ends.server.get()).alpn, "http/1.1");
  }
}

TEST(ClientContext, RefusesCertificatesThatAreNotGood) {
  Scene scene;
  const testing::TestCa stranger("Another CA");
  testing::LeafOptions expired;
  expired.valid_until = -std::chrono::minutes(5);
  testing::LeafOptions early;
  early.valid_from = std::chrono::hours(5);
  const auto foreign = stranger.issue_files(scene.directory, "foreign");
  const std::vector<std::pair<config::CertificatePair, const char*>> cases{
      {{foreign.cert, foreign.key}, "unable to get local issuer certificate"},
      {scene.certificate("expired", expired), "certificate has expired"},
      {scene.certificate("early", early), "certificate is not yet valid"},
  };
  const auto client = scene.client(scene.upstream());
  auto careless_settings = scene.upstream();
  careless_settings.verify = false;
  const auto careless = scene.client(careless_settings);
  for (const auto& [certificate, text] : cases) {
    const Endpoint endpoint(scene, certificate);
    const Handshake result = shake(join(endpoint.server->new_session(), client->new_session("localhost")));
    EXPECT_EQ(result.client.outcome, Outcome::certificate);
    EXPECT_EQ(result.client.text, std::string("certificate refused: ") + text);
    EXPECT_TRUE(shake(join(endpoint.server->new_session(), careless->new_session("localhost"))).ok());
  }
}

TEST(ClientContext, TheSystemsCertificatesDoNotTrustATestCa) {
  Scene scene;
  const auto client = scene.client(config::UpstreamTls{});
  const Endpoint endpoint(scene, scene.named({"localhost"}));
  const Handshake result = shake(join(endpoint.server->new_session(), client->new_session("localhost")));
  EXPECT_EQ(result.client.outcome, Outcome::certificate);
}

TEST(ClientContext, TrustsAnIntermediateThatIsListed) {
  Scene scene;
  // The leaf itself is listed: trust ends there, no root is needed.
  const auto pair = scene.named({"localhost"});
  auto settings = scene.upstream();
  settings.ca = pair.cert;
  const auto client = scene.client(settings);
  const Endpoint endpoint(scene, pair);
  const Handshake result = shake(join(endpoint.server->new_session(), client->new_session("localhost")));
  EXPECT_TRUE(result.ok()) << result.client.text;
}

TEST(ClientContext, ShowsItsCertificate) {
  Scene scene;
  auto listener = scene.settings();
  listener.client_auth = config::ClientAuth::required;
  listener.client_auth_ca = scene.ca_file;
  const auto server = scene.server(listener);
  testing::LeafOptions leaf;
  leaf.common_name = "weir";
  const auto own = scene.certificate("own", leaf);
  auto settings = scene.upstream();
  const auto without = scene.client(settings);
  settings.cert = own.cert;
  settings.key = own.key;
  const auto with = scene.client(settings);
  const Ends ends = join(server->new_session(), with->new_session("localhost"));
  ASSERT_TRUE(shake(ends).ok());
  EXPECT_EQ(client_subject(ends.server.get()), "CN=weir");
  const Handshake refused = shake(join(server->new_session(), without->new_session("localhost")));
  EXPECT_EQ(refused.client.outcome, Outcome::certificate) << refused.client.text;
  EXPECT_THAT(refused.client.text, HasSubstr("certificate required"));
}

TEST(ClientContext, ResumesByHostAndPort) {
  Scene scene;
  const auto client = scene.client(scene.upstream());
  const Endpoint endpoint(scene, scene.named({"a.test", "b.test"}));
  const auto resumed = [&](const std::string& host, std::uint16_t port) {
    const Ends ends = join(endpoint.server->new_session(), client->new_session(host, port));
    EXPECT_TRUE(shake(ends).ok());
    return peer(ends.client.get()).resumed;
  };
  EXPECT_FALSE(resumed("a.test", 1));
  EXPECT_TRUE(resumed("a.test", 1));
  EXPECT_TRUE(resumed("a.test", 1));
  EXPECT_FALSE(resumed("a.test", 2));
  EXPECT_FALSE(resumed("b.test", 1));
  EXPECT_TRUE(resumed("a.test", 2));
}

TEST(ClientContext, NeverResumesWhatWasNotVerified) {
  Scene scene;
  const testing::TestCa stranger("Another CA");
  const auto foreign = stranger.issue_files(scene.directory, "foreign");
  const Endpoint endpoint(scene, {foreign.cert, foreign.key});
  const auto client = scene.client(scene.upstream());
  for (int i = 0; i < 2; ++i) {
    const Handshake result = shake(join(endpoint.server->new_session(), client->new_session("localhost")));
    EXPECT_EQ(result.client.outcome, Outcome::certificate);
  }
}

TEST(ClientContext, SessionsOutliveTheContext) {
  Scene scene;
  auto client = scene.client(scene.upstream());
  const Endpoint endpoint(scene, scene.named({"localhost"}));
  const Ends ends = join(endpoint.server->new_session(), client->new_session("localhost"));
  client.reset();
  EXPECT_TRUE(shake(ends).ok());
}

TEST(ClientContext, AndServerContextServeSeveralThreads) {
  Scene scene;
  const auto keys = std::make_shared<TicketKeys>();
  config::ListenerTls settings;
  settings.certificates = {scene.named({"a.test"}), scene.named({"b.test"})};
  const auto server = scene.server(settings, keys);
  const auto client = scene.client(scene.upstream());
  std::atomic<int> good{0};
  std::vector<std::thread> workers;
  constexpr int workers_count = 3;
  constexpr int visits = 30;
  for (int worker = 0; worker < workers_count; ++worker) {
    workers.emplace_back([&] {
      for (int visit = 0; visit < visits; ++visit) {
        const std::string host = visit % 3 == 0 ? "a.test" : "b.test";
        if (shake(join(server->new_session(), client->new_session(host))).ok()) ++good;
      }
    });
  }
  for (int hours = 0; hours < 100; ++hours) keys->rotate(TimePoint{std::chrono::hours(hours)});
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(good, workers_count * visits);
}

TEST(ClientContext, RefusesOldVersions) {
  Scene scene;
  const auto client = scene.client(scene.upstream());
  const SslPtr ssl = client->new_session("localhost");
  EXPECT_EQ(SSL_get_min_proto_version(ssl.get()), TLS1_2_VERSION);
}

TEST(ClientContext, RefusesWhatCannotBeAHost) {
  Scene scene;
  const auto client = scene.client(scene.upstream());
  EXPECT_EQ(client->new_session(std::string("a\0b", 3)), nullptr);
  EXPECT_EQ(client->new_session(std::string(300, 'a')), nullptr);
}

TEST(ClientContext, BuildSaysWhatIsWrong) {
  Scene scene;
  auto settings = scene.upstream();
  settings.ca = scene.directory.write("empty.crt", "");
  auto built = ClientContext::build(settings);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().detail, HasSubstr("empty.crt: holds no PEM certificate"));
  settings = scene.upstream();
  settings.cert = scene.directory.file("none.crt");
  settings.key = settings.cert;
  built = ClientContext::build(settings);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().detail, HasSubstr("none.crt: No such file"));
}

}  // namespace
}  // namespace weir::tls
