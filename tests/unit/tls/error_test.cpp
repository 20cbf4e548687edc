#include "tls/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Classify : public ::testing::Test {
 protected:
  Scene scene_;
  std::shared_ptr<ServerContext> server_ = scene_.server(scene_.settings());
  std::shared_ptr<ClientContext> client_ = scene_.client(scene_.upstream());
  Ends ends_ = join(server_->new_session(), client_->new_session("localhost"));

  Condition read_server() {
    Condition why;
    read_some(ends_.server.get(), why);
    return why;
  }
  Condition read_client() {
    Condition why;
    read_some(ends_.client.get(), why);
    return why;
  }
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0u) << "the queue is left empty"; }
};

TEST_F(Classify, WaitingAndDone) {
  EXPECT_EQ(read_server().outcome, Outcome::want_read);
  ASSERT_TRUE(shake(ends_).ok());
  EXPECT_EQ(read_server().outcome, Outcome::want_read);
  std::size_t moved = 0;
  ASSERT_EQ(SSL_write_ex(ends_.client.get(), "hello", 5, &moved), 1);
  EXPECT_EQ(read_server().outcome, Outcome::done);
}

TEST_F(Classify, WantWriteWhenTheTransportIsFull) {
  ASSERT_TRUE(shake(ends_).ok());
  const std::string block(16 * 1024, 'x');
  Condition condition;
  for (int i = 0; i < 8 && condition.outcome == Outcome::done; ++i) {
    std::size_t moved = 0;
    ERR_clear_error();
    condition =
        classify(ends_.server.get(), SSL_write_ex(ends_.server.get(), block.data(), block.size(), &moved));
  }
  EXPECT_EQ(condition.outcome, Outcome::want_write);
}

TEST_F(Classify, CloseNotifyIsACleanEnd) {
  ASSERT_TRUE(shake(ends_).ok());
  EXPECT_EQ(SSL_shutdown(ends_.client.get()), 0);
  EXPECT_EQ(read_server().outcome, Outcome::closed);
  EXPECT_EQ(SSL_shutdown(ends_.server.get()), 1);
  EXPECT_EQ(read_client().outcome, Outcome::closed);
}

TEST_F(Classify, AnEndWithoutCloseNotifyIsTruncationForTheClient) {
  ASSERT_TRUE(shake(ends_).ok());
  BIO_shutdown_wr(SSL_get_wbio(ends_.server.get()));
  const Condition client_side = read_client();
  EXPECT_EQ(client_side.outcome, Outcome::eof);
  EXPECT_EQ(client_side.text, "connection ended without close_notify");
}

TEST_F(Classify, AnEndWithoutCloseNotifyIsAnEndForTheServer) {
  ASSERT_TRUE(shake(ends_).ok());
  BIO_shutdown_wr(SSL_get_wbio(ends_.client.get()));
  EXPECT_EQ(read_server().outcome, Outcome::closed);
}

TEST_F(Classify, AnEndInsideTheHandshake) {
  BIO_shutdown_wr(SSL_get_wbio(ends_.client.get()));
  ERR_clear_error();
  const Condition server_side = classify(ends_.server.get(), SSL_do_handshake(ends_.server.get()));
  EXPECT_TRUE(server_side.outcome == Outcome::closed || server_side.outcome == Outcome::eof);
}

TEST_F(Classify, FailureBelowTls) {
  BIO* sink = BIO_new(BIO_s_null());  // reads nothing and says so without asking for a retry
  SSL_set_bio(ends_.server.get(), sink, sink);
  ERR_clear_error();
  const Condition condition = classify(ends_.server.get(), SSL_do_handshake(ends_.server.get()));
  EXPECT_TRUE(condition.outcome == Outcome::eof || condition.outcome == Outcome::closed);
}

TEST_F(Classify, WhatIsNotTls) {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01\xff\xff", 5), std::string(64, '\0'),
        std::string("SSH-2.0-OpenSSH_9.2\r\n")}) {
    SslPtr server = server_->new_session();
    BIO* from = BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()));
    SSL_set_bio(server.get(), from, BIO_new(BIO_s_null()));
    ERR_clear_error();
    const Condition condition = classify(server.get(), SSL_do_handshake(server.get()));
    EXPECT_EQ(condition.outcome, Outcome::protocol);
    EXPECT_NE(condition.text, "");
    EXPECT_THAT(condition.text, Not(HasSubstr("HTTP/1.1")));
  }
}

TEST_F(Classify, ATamperedRecord) {
  ASSERT_TRUE(shake(ends_).ok());
  const std::string forged("\x17\x03\x03\x00\x20", 5);
  const std::string record = forged + std::string(32, 'x');
  ASSERT_EQ(BIO_write(SSL_get_wbio(ends_.client.get()), record.data(), static_cast<int>(record.size())),
            static_cast<int>(record.size()));
  const Condition condition = read_server();
  EXPECT_EQ(condition.outcome, Outcome::protocol);
  EXPECT_THAT(condition.text, HasSubstr("bad record mac"));
  EXPECT_EQ(read_client().outcome, Outcome::protocol);  // the alert
}

TEST(OpensslErrorText, ShowsTheCauseAndEmptiesTheQueue) {
  ERR_clear_error();
  EXPECT_EQ(openssl_error_text(), "unknown OpenSSL error");
  ERR_raise_data(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, "the cause");
  ERR_raise(ERR_LIB_SSL, SSL_R_CALLBACK_FAILED);
  EXPECT_EQ(openssl_error_text(), "no shared cipher (the cause)");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OutcomeNames, AreDistinct) {
  EXPECT_EQ(to_string(Outcome::done), "done");
  EXPECT_EQ(to_string(Outcome::want_read), "want_read");
  EXPECT_EQ(to_string(Outcome::want_write), "want_write");
  EXPECT_EQ(to_string(Outcome::closed), "closed");
  EXPECT_EQ(to_string(Outcome::eof), "eof");
  EXPECT_EQ(to_string(Outcome::certificate), "certificate");
  EXPECT_EQ(to_string(Outcome::protocol), "protocol");
}

}  // namespace
}  // namespace weir::tls
