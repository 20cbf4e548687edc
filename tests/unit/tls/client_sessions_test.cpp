#include "tls/client_sessions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace weir::tls {
namespace {

SessionPtr session(int version = TLS1_3_VERSION, unsigned char id = 1) {
  SessionPtr made(SSL_SESSION_new());
  EXPECT_EQ(SSL_SESSION_set_protocol_version(made.get(), version), 1);
  EXPECT_EQ(SSL_SESSION_set1_id(made.get(), &id, 1), 1);  // a session without id or ticket is not resumable
  return made;
}

int id_of(const SessionPtr& session) {
  unsigned int size = 0;
  return session ? *SSL_SESSION_get_id(session.get(), &size) : -1;
}

TEST(ClientSessions, GiveTheNewestFirst) {
  ClientSessions sessions;
  sessions.put("a", session(TLS1_3_VERSION, 1).get());
  sessions.put("a", session(TLS1_3_VERSION, 2).get());
  EXPECT_EQ(sessions.take("b"), nullptr);
  EXPECT_EQ(id_of(sessions.take("a")), 2);
  EXPECT_EQ(id_of(sessions.take("a")), 1);
  EXPECT_EQ(sessions.take("a"), nullptr);
  EXPECT_EQ(sessions.size(), 0u);
}

TEST(ClientSessions, KeepTls12Sessions) {
  ClientSessions sessions;
  sessions.put("a", session(TLS1_2_VERSION, 7).get());
  EXPECT_EQ(id_of(sessions.take("a")), 7);
  EXPECT_EQ(id_of(sessions.take("a")), 7);
  EXPECT_EQ(sessions.size(), 1u);
}

TEST(ClientSessions, DropWhatCannotResume) {
  ClientSessions sessions;
  sessions.put("a", SessionPtr(SSL_SESSION_new()).get());
  EXPECT_EQ(sessions.size(), 0u);
}

TEST(ClientSessions, AreBoundedByPeer) {
  ClientSessions sessions;
  for (std::size_t i = 0; i < ClientSessions::sessions_per_peer_max + 5; ++i)
    sessions.put("a", session().get());
  EXPECT_EQ(sessions.size(), ClientSessions::sessions_per_peer_max);
}

TEST(ClientSessions, ForgetThePeerUsedLongestAgo) {
  ClientSessions sessions;
  const auto name = [](std::size_t i) { return "peer-" + std::to_string(i); };
  for (std::size_t i = 0; i < ClientSessions::peers_max; ++i)
    sessions.put(name(i), session(TLS1_2_VERSION).get());
  EXPECT_NE(sessions.take(name(0)), nullptr);  // used: peer 1 is the oldest now
  sessions.put("one more", session(TLS1_2_VERSION).get());
  EXPECT_EQ(sessions.size(), ClientSessions::peers_max);
  EXPECT_NE(sessions.take(name(0)), nullptr);
  EXPECT_EQ(sessions.take(name(1)), nullptr);
  EXPECT_NE(sessions.take("one more"), nullptr);
}

TEST(ClientSessions, ServeSeveralThreads) {
  ClientSessions sessions;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&sessions] {
      for (int i = 0; i < 500; ++i) {
        const std::string peer = "peer-" + std::to_string(i % 7);
        sessions.put(peer, session(i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION).get());
        sessions.take(peer);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(sessions.size(), 7 * ClientSessions::sessions_per_peer_max);
}

}  // namespace
}  // namespace weir::tls
