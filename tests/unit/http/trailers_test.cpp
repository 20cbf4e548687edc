#include "http/trailers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::http {
namespace {

TEST(ForwardableTrailers, DropsWhatConnectionNames) {
  std::string nominated = "of an earlier request";
  keep_nominated({}, nominated);
  EXPECT_EQ(nominated, "");
  const std::string_view usual[] = {"close", "Keep-Alive", "TE", "Upgrade"};
  keep_nominated(usual, nominated);
  EXPECT_EQ(nominated, "");
  const std::string_view tokens[] = {"close", "X-Checksum", "x-a"};
  keep_nominated(tokens, nominated);
  EXPECT_EQ(nominated, "X-Checksum,x-a");
  EXPECT_EQ(forwardable_trailers("x-checksum: 1\r\nX-A: 2\r\nX-B: 3\r\n", {nullptr, nominated}),
            "X-B: 3\r\n");
}

TEST(ForwardableTrailers, DropsWhatMustNotComeLate) {
  EXPECT_EQ(forwardable_trailers("", {}), "");
  EXPECT_EQ(forwardable_trailers("X-Checksum: 1\r\nServer-Timing: a\r\n", {}),
            "X-Checksum: 1\r\nServer-Timing: a\r\n");
  EXPECT_EQ(forwardable_trailers("A: 1\r\nContent-Length: 5\r\nB: 2\r\n", {}), "A: 1\r\nB: 2\r\n");
  for (const char* name : {"Transfer-Encoding", "HOST", "authorization", "Cookie", "Set-Cookie", "Connection",
                           "X-Forwarded-For", "X-Real-IP", "X-Request-Id", "Content-Type", "Cache-Control",
                           "TE", "Trailer", "Upgrade", "Forwarded", "Via", "Expect", "Range"}) {
    EXPECT_EQ(forwardable_trailers(std::string(name) + ": x\r\n", {}), "") << name;
  }
}

TEST(ForwardableTrailers, ShortestAndLongestNames) {
  for (const char* name : {"te", "age", "access-control-allow-credentials"}) {
    EXPECT_EQ(forwardable_trailers(std::string(name) + ": x\r\n", {}), "") << name;
  }
  for (const std::string& name :
       {std::string("t"), std::string("tf"), std::string("access-control-allow-credentialz"),
        std::string(33, 'a'), std::string(300, 'a')}) {
    EXPECT_EQ(forwardable_trailers(name + ": x\r\n", {}), name + ": x\r\n") << name;
  }
}

TEST(ForwardableTrailers, DropsWhatServersReadAsSuch) {
  for (const char* name : {"Set_Cookie", "content_type", "IF_Match", "Cache_Control", "X_Frame_Options",
                           "X-Frame_Options", "WWW_Authenticate"}) {
    EXPECT_EQ(forwardable_trailers(std::string(name) + ": x\r\n", {}), "") << name;
  }
  EXPECT_EQ(forwardable_trailers("X_Checksum: 1\r\n", {}), "X_Checksum: 1\r\n");
}

}  // namespace
}  // namespace weir::http
