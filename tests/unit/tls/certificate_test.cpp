#include "tls/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "support/temp_dir.hpp"
#include "support/test_certificates.hpp"
#include "tls/context.hpp"

namespace weir::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CertificateFile : public ::testing::Test {
 protected:
  testing::TempDir directory_;
  testing::TestCa ca_;
  testing::PemPair pair_ = ca_.issue();
  config::CertificatePair files(const std::string& cert, const std::string& key) {
    return {directory_.write("pair.crt", cert), directory_.write("pair.key", key)};
  }
};

TEST_F(CertificateFile, CheckAcceptsWhatWorks) {
  testing::LeafOptions expired;
  expired.valid_until = -std::chrono::hours(1);
  testing::LeafOptions rsa;
  rsa.key = testing::KeyKind::rsa;
  for (const auto& pair : {pair_, ca_.issue(expired), ca_.issue(rsa)}) {
    EXPECT_EQ(check_certificate(files(pair.cert, pair.key)), std::nullopt);
  }
  EXPECT_EQ(check_certificate(files(pair_.cert + ca_.pem(), pair_.key)), std::nullopt);
  EXPECT_EQ(
      check_certificate(files("a comment\n" + pair_.cert + "\n\n" + ca_.pem() + "the end\n", pair_.key)),
      std::nullopt);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(CertificateFile, CheckSaysWhatIsWrong) {
  testing::LeafOptions weak;
  weak.key = testing::KeyKind::rsa_too_short;
  const testing::PemPair other = ca_.issue();
  const testing::PemPair too_weak = ca_.issue(weak);
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::string broken_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  std::string long_chain = pair_.cert;
  for (std::size_t i = 0; i < chain_length_max; ++i) long_chain += ca_.pem();
  struct Case {
    config::CertificatePair pair;
    std::string text;
  };
  auto write = [this, number = 0](const std::string& cert, const std::string& key) mutable {
    const std::string base = "case-" + std::to_string(++number);
    return config::CertificatePair{directory_.write(base + ".crt", cert),
                                   directory_.write(base + ".key", key)};
  };
  const config::CertificatePair good = write(pair_.cert, pair_.key);
  const std::vector<Case> cases{
      {{directory_.file("none"), good.key}, "none: No such file or directory"},
      {{good.cert, directory_.file("none")}, "none: No such file or directory"},
      {{directory_.path().string(), good.key}, "not a regular file"},
      {write("", pair_.key), ".crt: holds no PEM certificate"},
      {write("hello", pair_.key), ".crt: holds no PEM certificate"},
      {write(pair_.key, pair_.key), ".crt: holds no PEM certificate"},
      {write(broken, pair_.key), ".crt: does not decode"},
      {write(pair_.cert + broken, pair_.key), ".crt: certificate 2 does not decode"},
      {write(long_chain, pair_.key), "more than 16 certificates"},
      {write(pair_.cert, ""), ".key: holds no PEM private key"},
      {write(pair_.cert, pair_.cert), ".key: holds no PEM private key"},
      {write(pair_.cert, broken_key), ".key: the private key does not decode"},
      {write(pair_.cert, testing::encrypt_key(pair_.key)), ".key: the private key is encrypted"},
      {write(pair_.cert, other.key), ".key: the private key does not belong to the certificate"},
      {write(ca_.pem() + pair_.cert, pair_.key), ".key: the private key does not belong to the certificate"},
      {write(too_weak.cert, too_weak.key), "cannot be used: ee key too small"},
      {write(std::string(pem_file_bytes_max + 1, ' '), pair_.key), "larger than"},
  };
  for (const Case& c : cases) {
    const auto problem = check_certificate(c.pair);
    ASSERT_TRUE(problem) << c.text;
    EXPECT_THAT(*problem, HasSubstr(c.text));
    EXPECT_EQ(ERR_peek_error(), 0u) << c.text;
  }
}

TEST_F(CertificateFile, LoadReadsNamesChainAndExpiry) {
  testing::LeafOptions options;
  options.dns = {"B.test", "a.test", "*.a.test", "b.test"};
  options.addresses = {"127.0.0.1"};
  options.common_name = "subject";
  const auto pair = ca_.issue(options);
  const auto loaded = load_certificate(files(pair.cert + ca_.pem(), pair.key));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_THAT(loaded->names, ElementsAre("*.a.test", "a.test", "b.test"));
  EXPECT_EQ(loaded->subject, "subject");
  EXPECT_EQ(sk_X509_num(loaded->chain.get()), 1);
  const auto left = loaded->not_after - std::chrono::system_clock::now();
  EXPECT_LE(left, std::chrono::hours(24));
  EXPECT_GT(left, std::chrono::hours(23));
}

TEST_F(CertificateFile, LoadManagesWithoutAnyName) {
  testing::LeafOptions options;
  options.dns.clear();
  const auto pair = ca_.issue(options);
  const auto loaded = load_certificate(files(pair.cert, pair.key));
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->names.empty());
  EXPECT_EQ(loaded->subject, "");
}

TEST_F(CertificateFile, CheckCaSaysWhatIsWrong) {
  const testing::TestCa other("Another CA");
  EXPECT_EQ(check_ca(directory_.write("one.crt", ca_.pem())), std::nullopt);
  EXPECT_EQ(check_ca(directory_.write("two.crt", ca_.pem() + "x\n" + other.pem())), std::nullopt);
  EXPECT_EQ(check_ca(directory_.write("twice.crt", ca_.pem() + ca_.pem())), std::nullopt);
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::vector<std::pair<std::string, const char*>> cases{
      {directory_.file("none"), "none: No such file"},
      {directory_.write("empty", ""), "empty: holds no PEM certificate"},
      {directory_.write("key", pair_.key), "key: holds no PEM certificate"},
      {directory_.write("broken", ca_.pem() + broken), "broken: certificate 2 does not decode"},
  };
  for (const auto& [path, text] : cases) {
    const auto problem = check_ca(path);
    ASSERT_TRUE(problem) << text;
    EXPECT_THAT(*problem, HasSubstr(text));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST_F(CertificateFile, CaBundlesDifferInDigest) {
  const testing::TestCa other("Another CA");
  const auto one = load_ca(directory_.write("one.crt", ca_.pem()));
  const auto same = load_ca(directory_.write("same.crt", ca_.pem()));
  const auto two = load_ca(directory_.write("two.crt", other.pem()));
  ASSERT_TRUE(one && same && two);
  EXPECT_EQ(one->digest, same->digest);
  EXPECT_NE(one->digest, two->digest);
  EXPECT_EQ(sk_X509_NAME_num(one->subjects.get()), 1);
}

}  // namespace
}  // namespace weir::tls
