// Weir's own cookie in heads that it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http1/write.hpp"

namespace weir::http1 {
namespace {

using namespace http;

std::string written(int status, std::string_view cookie, const CompiledFields* policy = nullptr) {
  ResponseHead head;
  head.status = status;
  head.reason = "Any";
  head.upgrade = "websocket";
  head.fields = {{FieldId::set_cookie, "Set-Cookie", "theirs=1"}};
  ResponseOptions options;
  options.set_cookie = cookie;
  options.policy = policy;
  options.upgrade = status == 101;
  std::string out;
  write_response_head(out, head, options, "now");
  return out;
}

TEST(SetCookie, ComesBesideTheEndpoints) {
  const std::string out = written(200, "ours=2; Path=/");
  EXPECT_THAT(out, testing::HasSubstr("Set-Cookie: theirs=1\r\n"));
  EXPECT_THAT(out, testing::HasSubstr("Set-Cookie: ours=2; Path=/\r\n"));
  EXPECT_THAT(written(101, "ours=2"), testing::HasSubstr("Set-Cookie: ours=2\r\n"));
  EXPECT_THAT(written(103, "ours=2"), testing::Not(testing::HasSubstr("ours")));
  EXPECT_THAT(written(200, ""), testing::Not(testing::HasSubstr("ours")));
}

TEST(SetCookie, PoliciesDropTheEndpointsOnly) {
  CompiledFields policy;
  policy.drop("Set-Cookie");
  const std::string out = written(200, "ours=2", &policy);
  EXPECT_THAT(out, testing::Not(testing::HasSubstr("theirs")));
  EXPECT_THAT(out, testing::HasSubstr("Set-Cookie: ours=2\r\n"));
}

}  // namespace
}  // namespace weir::http1
