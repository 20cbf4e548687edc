// What a rule judged is what the endpoint gets: dot segments, encoded slashes, and what a rewrite leaves alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

class Paths : public ::testing::Test {
 protected:
  std::unique_ptr<WeirProcess> weir_with(const std::string& http = "") {
    ConfigText config = config_for(endpoint_.address());
    config.http = http;
    config.access = "none: { deny: [0.0.0.0/0] }";
    config.routes = {
        "{ name: admin, match: { path_prefix: /admin }, access: [none], upstream: app }",
        "{ name: rewritten, match: { path_prefix: /rw }, rewrite: { path: /v2 }, upstream: app }",
    };
    return std::make_unique<WeirProcess>(config);
  }

  /// The target that the endpoint saw, or the status of a refusal.
  std::string sent(WeirProcess& weir, const std::string& path) {
    const std::size_t before = endpoint_.request_count();
    const int status = weir.get(path).status;
    if (endpoint_.request_count() == before) return std::to_string(status);
    return endpoint_.request(before).target;
  }

  ScriptableEndpoint endpoint_{behave::ok()};
};

TEST_F(Paths, TheEndpointGetsThePathThatWasJudged) {
  const auto weir = weir_with();
  EXPECT_EQ(sent(*weir, "/admin/../public"), "/public");
  EXPECT_EQ(sent(*weir, "/admin/%2e%2e/public"), "/public");
  EXPECT_EQ(sent(*weir, "/admin/%2E./public?q=/../x"), "/public?q=/../x");
  EXPECT_EQ(sent(*weir, "/x/..//../y/../%7Ea%c3%a9"), "400") << "it leaves the root";
  EXPECT_EQ(sent(*weir, "/x/y/..//../%7Ea%c3%a9"), "/%7Ea%c3%a9");
  EXPECT_EQ(sent(*weir, "/public/../admin"), "403");
  EXPECT_EQ(sent(*weir, "//admin"), "403");
  EXPECT_EQ(sent(*weir, "/a//b/%7e"), "/a//b/%7e") << "without dot segments nothing changes";
}

TEST_F(Paths, AListenerMaySendThemRawOrRefuseThem) {
  EXPECT_EQ(sent(*weir_with("path: raw"), "/x/../public"), "/x/../public");
  const auto refuses = weir_with("path: refuse");
  EXPECT_EQ(sent(*refuses, "/x/%2e%2e/public"), "400");
  EXPECT_EQ(sent(*refuses, "/x//public"), "/x//public");
}

TEST_F(Paths, AnEncodedSlashPassesWhereItChangesNoRule) {
  const auto weir = weir_with();
  EXPECT_EQ(sent(*weir, "/api/projects/group%2Fname"), "/api/projects/group%2Fname");
  EXPECT_EQ(sent(*weir, "/@scope%2fpackage"), "/@scope%2fpackage");
  EXPECT_EQ(sent(*weir, "/api/vhosts/%2f"), "/api/vhosts/%2f");
  EXPECT_EQ(sent(*weir, "/x/..%2fadmin"), "400");
  EXPECT_EQ(sent(*weir, "/admin%2Fx"), "400");
  EXPECT_EQ(sent(*weir, "/admin/a%2fb"), "403");
  EXPECT_EQ(sent(*weir, "/a%5cb"), "400");
  EXPECT_EQ(sent(*weir, "/a%00b"), "400");
}

TEST_F(Paths, ARewriteReplacesThePrefixOnly) {
  const auto weir = weir_with();
  EXPECT_EQ(sent(*weir, "/rw//double//"), "/v2//double//");
  EXPECT_EQ(sent(*weir, "/rw/ws://h:1/p"), "/v2/ws://h:1/p");
  EXPECT_EQ(sent(*weir, "/rw/caf%c3%a9"), "/v2/caf%c3%a9");
  EXPECT_EQ(sent(*weir, "/rw/%7Etilde"), "/v2/%7Etilde");
  EXPECT_EQ(sent(*weir, "/x/../rw/%7E"), "/v2/%7E");
  EXPECT_EQ(sent(*weir, "/rw/group%2Fname"), "/v2/group%2Fname");
  EXPECT_EQ(sent(*weir, "/rw/..%2frw/x"), "400") << "decoded it would leave /v2";
}

}  // namespace
}  // namespace weir::testing
